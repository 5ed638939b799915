import { useLingui } from "@lingui/react/macro";
import type { CallRecord } from "@plauder/client/api";
import { Link } from "@tanstack/react-router";
import { Phone, PhoneIncoming, PhoneMissed, PhoneOutgoing, Video } from "lucide-react";
import { useEffect } from "react";
import { useClient, useLive } from "../../lib/client.ts";
import { shortWhen, useFormat } from "../../lib/format.ts";
import { useNow } from "../../lib/now.ts";
import { useWording } from "../../lib/wording.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Empty } from "../../ui/Empty.tsx";
import { IconButton } from "../../ui/IconButton.tsx";
import { RowsSkeleton } from "../../ui/Skeleton.tsx";
import { useDesk } from "./context.ts";

/** Calls that were, newest first. */
export function CallLog() {
  const { t } = useLingui();
  const client = useClient();
  const log = useLive(client.calls.log);
  const missed = useLive(client.calls.missed);
  useEffect(() => {
    if (missed) void client.calls.logSeen();
  }, [client, missed]);
  return (
    <div className="panes" data-open="false">
      <section className="list-pane" aria-label={t`Calls`}>
        <header className="pane-head">
          <h1>{t`Calls`}</h1>
        </header>
        <div className="flex min-h-0 flex-1 flex-col overflow-y-auto px-2 [scrollbar-width:thin]">
          {!log && <RowsSkeleton />}
          {log?.length === 0 && (
            <Empty icon={<Phone size={28} className="text-ink-3" aria-hidden />} title={t`No calls yet`}>
              {t`Call somebody from their chat. Calls are end-to-end encrypted, as messages are.`}
            </Empty>
          )}
          <ul>
            {log?.map((call) => (
              <CallRow key={call.id} call={call} />
            ))}
          </ul>
        </div>
      </section>
      <div className="main-pane grid place-items-center bg-[image:var(--wash)] bg-ground">
        <Empty title={t`Calls you made, took and missed`} />
      </div>
    </div>
  );
}

function CallRow({ call }: { call: CallRecord }) {
  const { t } = useLingui();
  const desk = useDesk();
  const format = useFormat();
  const wording = useWording();
  const now = useNow();
  const missed = call.outcome === "missed";
  const Icon = missed ? PhoneMissed : call.own ? PhoneOutgoing : PhoneIncoming;
  return (
    <li className="flex items-center">
      <Link
        to="/chats/$chat"
        params={{ chat: call.chat }}
        search={{ at: call.id }}
        className="chat-row min-w-0 flex-1"
      >
        <Avatar of={call.avatar} />
        <span className="min-w-0 flex-1">
          <span className="line">
            <span className={missed ? "name cut text-danger" : "name cut"}>{call.name}</span>
            <time className="time">{shortWhen(format, call.at, now)}</time>
          </span>
          <span className="preview cut !flex items-center gap-1.5">
            <Icon size={14} className={missed ? "flex-none text-danger" : "flex-none"} aria-hidden />
            {wording.system({ kind: "call", ...call })}
          </span>
        </span>
      </Link>
      <IconButton
        label={call.video ? t`Video call with ${call.name}` : t`Voice call with ${call.name}`}
        onClick={() => void desk.start(call.chat, call.video)}
      >
        {call.video ? <Video size={20} strokeWidth={1.75} /> : <Phone size={20} strokeWidth={1.75} />}
      </IconButton>
    </li>
  );
}
