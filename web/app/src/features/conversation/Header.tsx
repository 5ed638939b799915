import { useLingui } from "@lingui/react/macro";
import type { ChatView, ContactView } from "@plauder/client/api";
import { ChevronLeft, MoreVertical, Phone, Search, Store, Video } from "lucide-react";
import { memo, type ReactNode } from "react";
import { useLiveOf } from "../../lib/client.ts";
import { dayAndTime, useFormat } from "../../lib/format.ts";
import { useWording } from "../../lib/wording.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Dots } from "../../ui/Dots.tsx";
import { IconButton } from "../../ui/IconButton.tsx";
import { Menu, type MenuEntry } from "../../ui/Menu.tsx";
import { useDesk } from "../calls/context.ts";

interface Props {
  chat: ChatView;
  entries: readonly (MenuEntry | false)[];
  onBack: () => void;
  onInfo: () => void;
  onSearch: () => void;
}

export const Header = memo(function Header({ chat, entries, onBack, onInfo, onSearch }: Props) {
  const { t } = useLingui();
  const wording = useWording();
  const desk = useDesk();
  const status = useStatus(chat);
  const typing = chat.typing.length > 0;
  const calls = chat.kind === "person" && !chat.isRequest;
  return (
    <header className="bar">
      <IconButton label={t`Back to chats`} className="only-phone !me-[-8px]" onClick={onBack}>
        <ChevronLeft size={22} className="rtl:rotate-180" />
      </IconButton>
      <h1 className="sr">{chat.name}</h1>
      <button
        type="button"
        className="flex min-w-0 flex-1 items-center gap-3 rounded-md text-start"
        onClick={onInfo}
      >
        <Avatar of={chat.avatar} square={chat.kind === "business"} size={44} online={chat.online} />
        <span className="min-w-0 flex-1">
          <span className="bar-title flex items-center gap-1.5">
            <span className="cut">{chat.name}</span>
            {chat.kind === "business" && (
              <Store size={15} className="flex-none text-plum" role="img" aria-label={t`Business`} />
            )}
          </span>
          <span className={`cut block text-sm ${typing || chat.recording ? "text-brand" : "text-ink-2"}`}>
            {typing || chat.recording ? (
              <>
                <Dots />
                {wording.typing(chat.typing, chat.kind === "group", chat.recording)}
              </>
            ) : (
              status
            )}
          </span>
        </span>
      </button>
      {calls && (
        <>
          <IconButton label={t`Voice call`} onClick={() => void desk.start(chat.id, false)}>
            <Phone size={20} strokeWidth={1.75} />
          </IconButton>
          <IconButton label={t`Video call`} onClick={() => void desk.start(chat.id, true)}>
            <Video size={20} strokeWidth={1.75} />
          </IconButton>
        </>
      )}
      {/* On a phone the name needs the room; the menu has it too. */}
      <IconButton label={t`Search in chat`} className={calls ? "not-phone" : undefined} onClick={onSearch}>
        <Search size={20} strokeWidth={1.75} />
      </IconButton>
      <Menu entries={[{ label: t`Search in chat`, icon: Search, onSelect: onSearch }, ...entries]}>
        <IconButton label={t`More`}>
          <MoreVertical size={20} strokeWidth={1.75} />
        </IconButton>
      </Menu>
    </header>
  );
});

/** The line under the name: who is in the group, or when the person was here. */
function useStatus(chat: ChatView): ReactNode {
  const { t } = useLingui();
  const format = useFormat();
  const contact = useLiveOf((client) => client.contacts.one(chat.id), [chat.id]);
  const group = useLiveOf((client) => client.groups.one(chat.id), [chat.id]);
  if (chat.kind === "group")
    return group
      ? format.list(group.members.map((one) => (one.isMe ? t`you` : (one.name.split(" ")[0] ?? one.name))))
      : "";
  if (chat.online) return t`online`;
  if (chat.kind === "business") return contact?.about ?? t`Business`;
  return lastSeen(contact);

  function lastSeen(one: ContactView | undefined): string {
    if (one?.presence.kind === "online") return t`online`;
    if (one?.presence.kind !== "last-seen") return "";
    const { at } = one.presence;
    const now = Date.now();
    return format.daysAgo(at, now) === 0
      ? t`last seen at ${format.time(at)}`
      : t`last seen ${dayAndTime(format, at, now)}`;
  }
}
