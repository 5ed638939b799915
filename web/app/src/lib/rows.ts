/** Turns messages into the rows of the log: day lines, the unread line, and runs of bubbles. */

import type { MessageId, MessageView } from "@plauder/client/api";

export type Place = "single" | "first" | "middle" | "last";

export type Row =
  | { readonly kind: "banner"; readonly key: string }
  | { readonly kind: "day"; readonly key: string; readonly at: number }
  | { readonly kind: "unread"; readonly key: string; readonly count: number }
  | {
      readonly kind: "message";
      readonly key: string;
      readonly message: MessageView;
      readonly place: Place;
      /** Pictures sent in one go are one row; `message` is the first of them. */
      readonly album?: readonly MessageView[];
    };

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

/** From how many pictures on they are an album. */
const ALBUM = 4;

/** Bare pictures and films: a caption is allowed on the first alone. */
function isLeaf(message: MessageView | undefined, isFirst: boolean): boolean {
  const { content } = message ?? {};
  return (
    message !== undefined &&
    (content?.kind === "image" || content?.kind === "video") &&
    (isFirst || (content.caption === "" && !message.quote && !message.forwarded)) &&
    message.reactions.length === 0 &&
    message.tick !== "failed"
  );
}

/** The day that was asked about last, from midnight to midnight here: neighbours are mostly of one day. */
let day = { begins: 0, ends: 0 };

function sameDay(a: number, b: number): boolean {
  if (b < day.begins || b >= day.ends) {
    const at = new Date(b);
    const [year, month, date] = [at.getFullYear(), at.getMonth(), at.getDate()];
    day = { begins: new Date(year, month, date).getTime(), ends: new Date(year, month, date + 1).getTime() };
  }
  return a >= day.begins && a < day.ends;
}

export function rowsOf(
  messages: readonly MessageView[],
  options: { hasOlder: boolean; firstUnread?: MessageId | undefined },
): Row[] {
  const rows: Row[] = [];
  const { hasOlder } = options;
  const unreadFrom = options.firstUnread ? messages.findIndex((one) => one.id === options.firstUnread) : -1;
  const breaks = (index: number) =>
    index === unreadFrom || !sameDay(messages[index - 1]?.at ?? 0, messages[index]?.at ?? 0);
  if (!hasOlder) rows.push({ kind: "banner", key: "banner" });
  const albumFrom = (index: number): number => {
    if (!isLeaf(messages[index], true)) return 1;
    let length = 1;
    while (
      isLeaf(messages[index + length], false) &&
      joins(messages[index + length - 1], messages[index + length]) &&
      !breaks(index + length)
    )
      length += 1;
    return length >= ALBUM ? length : 1;
  };
  for (let index = 0, taken = 1; index < messages.length; index += taken) {
    const message = messages[index] as MessageView;
    const previous = messages[index - 1];
    taken = albumFrom(index);
    // Where a stretch begins its day may have begun long before; and that row would be there again with older ones.
    if (previous ? !sameDay(previous.at, message.at) : !hasOlder)
      rows.push({ kind: "day", key: `day-${new Date(message.at).toDateString()}`, at: message.at });
    if (index === unreadFrom)
      rows.push({
        kind: "unread",
        key: "unread",
        count: messages.slice(index).filter((one) => !one.own && one.content.kind !== "system").length,
      });
    const before = joins(previous, message) && !breaks(index);
    const last = index + taken - 1;
    const after = joins(messages[last], messages[last + 1]) && !breaks(last + 1);
    const place = before ? (after ? "middle" : "last") : after ? "first" : "single";
    const album = taken > 1 ? messages.slice(index, index + taken) : undefined;
    rows.push({ kind: "message", key: message.id, message, place, ...(album && { album }) });
  }
  return rows;
}
