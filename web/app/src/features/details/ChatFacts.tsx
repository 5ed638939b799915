import { useLingui } from "@lingui/react/macro";
import type { ChatView, MessageView } from "@plauder/client/api";
import { ChevronRight } from "lucide-react";
import { useEffect, useState } from "react";
import { useClient, useLiveOf } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { useMediaUrl } from "../../lib/media.ts";
import { SwitchRow } from "../../ui/Switch.tsx";
import { TimerDialog } from "./TimerDialog.tsx";

interface Props {
  chat: ChatView;
  onMedia: () => void;
  onInfo?: () => void;
}

/** Pictures, disappearing messages, groups in common, mute: the same under both details. */
export function ChatFacts({ chat, onMedia, onInfo }: Props) {
  const { t } = useLingui();
  const client = useClient();
  const format = useFormat();
  const view = useLiveOf((one) => one.conversation(chat.id), [chat.id]);
  const [media, setMedia] = useState<readonly MessageView[]>([]);
  const [common, setCommon] = useState<number>();
  const [asking, setAsking] = useState(false);
  useEffect(() => {
    let gone = false;
    const stay =
      <T,>(set: (value: T) => void) =>
      (value: T) =>
        !gone && set(value);
    void client.conversation(chat.id).media("visual").then(stay(setMedia));
    if (chat.kind === "person")
      void client.contacts.groupsInCommon(chat.id).then((list) => stay(setCommon)(list.length));
    return () => {
      gone = true;
    };
  }, [client, chat.id, chat.kind]);
  const timer = view?.timer ?? 0;
  return (
    <>
      <h3 className="sect">
        <span className="flex-1">{t`Photos, links and files`}</span>
        <button type="button" className="min-h-6 px-1 font-semibold text-brand" onClick={onMedia}>
          {media.length > 0 ? format.number(media.length) : t`Show`}
        </button>
      </h3>
      {media.length > 0 && (
        <div className="mt-2 grid grid-cols-3 gap-1.5">
          {media.slice(0, 3).map((one) => (
            <Thumb key={one.id} message={one} onOpen={onMedia} />
          ))}
        </div>
      )}
      <h3 className="sect">{t`This chat`}</h3>
      <button
        type="button"
        className="flex w-full items-center gap-2 py-2.5 text-start"
        onClick={() => setAsking(true)}
      >
        <span className="flex-1">{t`Disappearing messages`}</span>
        <span className="text-ink-2">{timer === 0 ? t`Off` : format.span(timer)}</span>
        <ChevronRight size={14} className="rtl:rotate-180" aria-hidden />
      </button>
      {common !== undefined && onInfo && (
        <button type="button" className="flex w-full items-center gap-2 py-2.5 text-start" onClick={onInfo}>
          <span className="flex-1">{t`Groups in common`}</span>
          <span className="num text-ink-2">{format.number(common)}</span>
          <ChevronRight size={14} className="rtl:rotate-180" aria-hidden />
        </button>
      )}
      <div className="-mx-4">
        <SwitchRow
          label={t`Mute`}
          on={chat.mutedUntil !== undefined}
          onChange={(on) => void client.chats.mute(chat.id, on ? Number.POSITIVE_INFINITY : undefined)}
        />
      </div>
      {asking && <TimerDialog chat={chat.id} timer={timer} onClose={() => setAsking(false)} />}
    </>
  );
}

function Thumb({ message, onOpen }: { message: MessageView; onOpen: () => void }) {
  const { t } = useLingui();
  const media = "media" in message.content ? message.content.media : undefined;
  const url = useMediaUrl(message, media?.transfer.state === "here" && message.content.kind === "image");
  return (
    <button
      type="button"
      className="h-[72px] overflow-hidden rounded-[10px] bg-surface-3"
      onClick={onOpen}
      aria-label={media?.alt ?? t`Photo`}
    >
      {(url ?? media?.preview) && (
        <img src={url ?? media?.preview} alt="" className="size-full object-cover" />
      )}
    </button>
  );
}
