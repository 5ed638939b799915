/** Sentences that several screens share: what a message is, in a few words. */

import { useLingui } from "@lingui/react/macro";
import type {
  ChatPreview,
  Content,
  LockReason,
  MessageView,
  PreviewKind,
  SystemEvent,
} from "@plauder/client/api";
import { useFormat } from "./format.ts";
import { plain } from "./links.ts";

export interface Wording {
  /** "Photo", "Voice note, 0:24" … for kinds that have no text of their own. */
  kind(kind: PreviewKind, text: string, seconds?: number): string;
  system(event: SystemEvent): string;
  content(content: Content): string;
  preview(preview: ChatPreview): string;
  lock(reason: LockReason): string;
  /** Why a message is not to be taken for granted. */
  doubt(doubt: NonNullable<MessageView["doubt"]>): string;
  typing(names: readonly string[], group: boolean, recording: boolean): string;
}

export function useWording(): Wording {
  const { t } = useLingui();
  const format = useFormat();

  // The macro only sees `t` where it was made, so these sentences stay in the hook.
  const system = (event: SystemEvent): string => {
    switch (event.kind) {
      case "encrypted":
        return t`Messages here are end-to-end encrypted.`;
      case "key-changed":
        return t`${event.name}’s safety number changed.`;
      case "new-device":
        return t`${event.name} uses a new device.`;
      case "verified":
        return t`You verified ${event.name}.`;
      case "group-created":
        return t`${event.by} created this group`;
      case "group-renamed":
        return t`${event.by} renamed the group to ${event.to}`;
      case "group-picture":
        return t`${event.by} changed the group’s picture`;
      case "joined":
        return t`${event.who} joined by the invite link`;
      case "added":
        return event.by ? t`${event.by} added ${event.who}` : t`${event.who} was added`;
      case "left":
        return t`${event.who} left`;
      case "removed":
        return event.by ? t`${event.by} removed ${event.who}` : t`${event.who} was removed`;
      case "role":
        if (event.role === "owner") return t`${event.who} owns the group now`;
        return event.role === "admin"
          ? t`${event.who} is an admin now`
          : t`${event.who} is no longer an admin`;
      case "timer":
        return event.seconds === 0
          ? t`${event.by} turned disappearing messages off`
          : t`${event.by} set messages to disappear after ${format.span(event.seconds)}`;
      case "call":
        return call(event);
    }
  };

  const call = ({ video, own, outcome, seconds }: Extract<SystemEvent, { kind: "call" }>): string => {
    if (outcome === "missed") return video ? t`Missed video call` : t`Missed voice call`;
    const what = video ? t`Video call` : t`Voice call`;
    if (outcome === "talked") return t`${what}, ${format.clock(seconds)}`;
    if (outcome === "declined") return t`${what}, declined`;
    if (outcome === "failed") return t`${what}, no connection`;
    return own ? t`${what}, no answer` : what;
  };

  const lock = (reason: LockReason): string => {
    switch (reason) {
      case "healing":
        return t`Being unlocked. The keys are renewed by themselves; this takes a moment.`;
      case "before-device":
        return t`Sent before this device was linked. Open Plauder on your other device to bring it here.`;
      case "not-for-device":
        return t`The sender’s app did not know this device yet. Ask for it to be sent again.`;
      case "keys-lost":
        return t`The keys for this message are gone. Ask for it to be sent again.`;
    }
  };

  const kind = (what: PreviewKind, marked: string, seconds?: number): string => {
    const text = plain(marked);
    switch (what) {
      case "image":
        return text || t`Photo`;
      case "video":
        return text || t`Video`;
      case "voice":
        return !seconds ? t`Voice note` : t`Voice note, ${format.clock(seconds)}`;
      case "file":
        return text || t`Document`;
      case "location":
        return text || t`Location`;
      case "deleted":
        return t`This message was deleted`;
      case "locked":
        return t`This message is still locked`;
      case "unsupported":
        return text || t`A message that this version cannot show`;
      default:
        return text;
    }
  };

  return {
    kind,
    system,
    lock,
    content: (content) => {
      if (content.kind === "system") return system(content.event);
      const text = "text" in content ? content.text : "caption" in content ? content.caption : "";
      if (content.kind === "file") return text ? `${content.media.name}. ${text}` : content.media.name;
      if (content.kind === "location")
        return kind("location", [content.name, content.address].filter(Boolean).join(", "));
      if (content.kind === "locked") return `${kind("locked", "")}. ${lock(content.reason)}`;
      if (content.kind === "image" && content.media.alt)
        return [t`Photo`, content.media.alt, text].filter(Boolean).join(". ");
      return kind(content.kind, text, content.kind === "voice" ? content.seconds : undefined);
    },
    preview: (preview) =>
      preview.system ? system(preview.system) : kind(preview.kind, preview.text, preview.duration),
    doubt: (doubt) => (doubt === "clear" ? t`not encrypted` : t`from an unconfirmed device`),
    typing: (names, group, recording) => {
      const first = names.map((name) => name.split(" ")[0] ?? name);
      if (recording) return group ? t`${format.list(first)}: recording…` : t`recording…`;
      if (!group) return t`typing…`;
      return t`${format.list(first.slice(0, 3))}: typing…`;
    },
  };
}
