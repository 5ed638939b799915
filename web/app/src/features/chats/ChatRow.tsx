import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { ChatView } from "@plauder/client/api";
import { Link } from "@tanstack/react-router";
import { BellOff, Image as ImageIcon, Mic, PhoneMissed, Pin, Store } from "lucide-react";
import { memo } from "react";
import { shortWhen, useFormat } from "../../lib/format.ts";
import { useWording } from "../../lib/wording.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Dots } from "../../ui/Dots.tsx";
import { Tick } from "../../ui/Tick.tsx";

interface Props {
  chat: ChatView;
  now: number;
  onMenu: (chat: ChatView, at: { x: number; y: number }) => void;
}

export const ChatRow = memo(function ChatRow({ chat, now, onMenu }: Props) {
  const { t } = useLingui();
  const format = useFormat();
  const muted = chat.mutedUntil !== undefined && chat.mutedUntil > now;
  const unread = (chat.unread > 0 || chat.markedUnread) && !muted;
  return (
    <Link
      to="/chats/$chat"
      params={{ chat: chat.id }}
      activeOptions={{ includeSearch: false }}
      className={unread ? "chat-row unread" : "chat-row"}
      onContextMenu={(event) => {
        event.preventDefault();
        onMenu(chat, { x: event.clientX, y: event.clientY });
      }}
    >
      <Avatar of={chat.avatar} square={chat.kind === "business"} online={chat.online} />
      <span className="min-w-0 flex-1">
        <span className="line">
          <span className="name cut">{chat.name}</span>
          {chat.kind === "business" && (
            <Store size={14} className="flex-none text-plum" role="img" aria-label={t`Business`} />
          )}
          {chat.at !== undefined && <time className="time">{shortWhen(format, chat.at, now)}</time>}
        </span>
        <span className="line">
          <span className="preview">
            <Preview chat={chat} />
          </span>
          <span className="aside">
            {muted && <BellOff size={14} role="img" aria-label={t`Muted`} />}
            {chat.pinned && <Pin size={14} role="img" aria-label={t`Pinned`} />}
            {chat.mentioned && (
              <span className="badge" role="img" aria-label={t`You were mentioned`}>
                @
              </span>
            )}
            {(chat.unread > 0 || chat.markedUnread) && (
              <span className={muted ? "badge quiet" : "badge"}>
                <span aria-hidden="true">{chat.unread > 0 ? format.number(chat.unread) : ""}</span>
                <span className="sr">
                  <Plural value={chat.unread} one="# new message" other="# new messages" />
                </span>
              </span>
            )}
          </span>
        </span>
      </span>
    </Link>
  );
});

/** One line: typing, draft, failure, or the last message. */
function Preview({ chat }: { chat: ChatView }) {
  const { t } = useLingui();
  const wording = useWording();
  const { preview } = chat;
  if (chat.typing.length > 0 || chat.recording)
    return (
      <span className="cut font-[550] text-brand">
        <Dots />
        {wording.typing(chat.typing, chat.kind === "group", chat.recording)}
      </span>
    );
  if (chat.draft)
    return (
      <span className="cut">
        <span className="font-semibold text-coral">{t`Draft:`}</span> {chat.draft}
      </span>
    );
  if (chat.isRequest) return <span className="cut font-semibold text-brand">{t`Wants to write to you`}</span>;
  if (!preview) return <span className="cut">{t`No messages yet`}</span>;
  if (preview.tick === "failed")
    return (
      <>
        <Tick state="failed" silent />
        <span className="cut">
          <Trans>
            <b className="font-semibold text-danger">Not sent.</b> Tap to try again
          </Trans>
        </span>
      </>
    );
  const Icon = { image: ImageIcon, video: ImageIcon, voice: Mic }[preview.kind as "image"];
  return (
    <>
      {preview.own && preview.tick && <Tick state={preview.tick} />}
      {preview.system?.kind === "call" && preview.system.outcome === "missed" && (
        <PhoneMissed size={14} className="flex-none text-danger" aria-hidden />
      )}
      {Icon && !preview.tick && <Icon size={14} className="flex-none" aria-hidden />}
      <span className="cut">
        {preview.sender && !preview.system && `${preview.sender}: `}
        {wording.preview(preview)}
      </span>
    </>
  );
}
