/** Turns messages into the rows of the log: day lines, the unread line, and runs of bubbles. */

import type { MessageId, MessageView } from "@plauder/client/api";

export type Place = "single" | "first" | "middle" | "last";

export type Row =
  | { readonly kind: "banner"; readonly key: string }
  | { readonly kind: "day"; readonly key: string; readonly at: number }
  | { readonly kind: "unread"; readonly key: string; readonly count: number }
  | { readonly kind: "message"; readonly key: string; readonly message: MessageView; readonly place: Place };

/** Bubbles of one sender within two minutes join. */
const RUN = 120_000;

function joins(a: MessageView | undefined, b: MessageView | undefined): boolean {
  return (
    a !== undefined &&
    b !== undefined &&
    a.content.kind !== "system" &&
    b.content.kind !== "system" &&
    a.sender.id === b.sender.id &&
    a.own === b.own &&
    b.at - a.at < RUN &&
    a.tick !== "failed" &&
    a.reactions.length === 0
  );
}

const sameDay = (a: number, b: number): boolean => new Date(a).toDateString() === new Date(b).toDateString();

export function rowsOf(
  messages: readonly MessageView[],
  options: { hasOlder: boolean; firstUnread?: MessageId | undefined },
): Row[] {
  const rows: Row[] = [];
  const unreadFrom = options.firstUnread ? messages.findIndex((one) => one.id === options.firstUnread) : -1;
  const breaks = (index: number) =>
    index === unreadFrom || !sameDay(messages[index - 1]?.at ?? 0, messages[index]?.at ?? 0);
  if (!options.hasOlder) rows.push({ kind: "banner", key: "banner" });
  messages.forEach((message, index) => {
    const previous = messages[index - 1];
    if (!previous || !sameDay(previous.at, message.at))
      rows.push({ kind: "day", key: `day-${new Date(message.at).toDateString()}`, at: message.at });
    if (index === unreadFrom)
      rows.push({
        kind: "unread",
        key: "unread",
        count: messages.slice(index).filter((one) => !one.own && one.content.kind !== "system").length,
      });
    const before = joins(previous, message) && !breaks(index);
    const after = joins(message, messages[index + 1]) && !breaks(index + 1);
    const place = before ? (after ? "middle" : "last") : after ? "first" : "single";
    rows.push({ kind: "message", key: message.id, message, place });
  });
  return rows;
}
