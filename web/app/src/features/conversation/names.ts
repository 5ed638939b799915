/** The one composed name a message has for a screen reader: sender, text or kind, time, state. */

import { plural } from "@lingui/core/macro";
import { useLingui } from "@lingui/react/macro";
import type { MessageView } from "@plauder/client/api";
import { useFormat } from "../../lib/format.ts";
import { useWording } from "../../lib/wording.ts";
import { useTickName } from "../../ui/Tick.tsx";

export function useMessageName(): (message: MessageView, pictures?: number) => string {
  const { t } = useLingui();
  const format = useFormat();
  const wording = useWording();
  const tickName = useTickName();
  return (message, pictures) => {
    if (message.content.kind === "system") return wording.content(message.content);
    const parts = [message.own ? t`You` : message.sender.name];
    if (message.quote) parts.push(t`in reply to ${message.quote.own ? t`you` : message.quote.name}`);
    if (pictures !== undefined) parts.push(plural(pictures, { one: "# photo", other: "# photos" }));
    const caption = "caption" in message.content ? message.content.caption : "";
    if (pictures === undefined) parts.push(wording.content(message.content));
    else if (caption) parts.push(caption);
    parts.push(format.time(message.at));
    if (message.doubt) parts.push(wording.doubt(message.doubt));
    if (message.edited) parts.push(t`edited`);
    if (message.forwarded) parts.push(t`forwarded`);
    if (message.starred) parts.push(t`starred`);
    if (message.tick) parts.push(tickName(message.tick));
    for (const reaction of message.reactions) parts.push(`${reaction.emoji} ${reaction.count}`);
    return parts.join(", ");
  };
}

/** Names in groups have a colour of their own; all of these are legible on a bubble in both themes. */
const COLOURS = ["text-brand-strong", "text-plum", "text-ok", "text-coral", "text-warn"] as const;

export function senderColour(color: number): string {
  return COLOURS[color % COLOURS.length] ?? COLOURS[0];
}
