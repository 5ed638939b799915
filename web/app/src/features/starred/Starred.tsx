import { useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { Star } from "lucide-react";
import { useClient, useLive } from "../../lib/client.ts";
import { shortWhen, useFormat } from "../../lib/format.ts";
import { useNow } from "../../lib/now.ts";
import { useWording } from "../../lib/wording.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Empty } from "../../ui/Empty.tsx";
import { RowsSkeleton } from "../../ui/Skeleton.tsx";

/** What I starred, newest first, across chats. */
export function Starred() {
  const { t } = useLingui();
  const client = useClient();
  const wording = useWording();
  const format = useFormat();
  const now = useNow();
  const starred = useLive(client.starred);
  const chats = useLive(client.chats.list) ?? [];
  return (
    <div className="panes" data-open="false">
      <section className="list-pane" aria-label={t`Starred`}>
        <header className="pane-head">
          <h1>{t`Starred`}</h1>
        </header>
        <div className="flex min-h-0 flex-1 flex-col overflow-y-auto px-2 [scrollbar-width:thin]">
          {!starred && <RowsSkeleton />}
          {starred?.length === 0 && (
            <Empty
              icon={<Star size={28} className="text-ink-3" aria-hidden />}
              title={t`Nothing starred yet`}
            >
              {t`Star a message from its menu to find it again here.`}
            </Empty>
          )}
          <ul>
            {starred?.map((message) => (
              <li key={message.id}>
                <Link
                  to="/chats/$chat"
                  params={{ chat: message.chat }}
                  search={{ at: message.id }}
                  className="chat-row"
                >
                  <Avatar of={message.sender.avatar} />
                  <span className="min-w-0 flex-1">
                    <span className="line">
                      <span className="name cut">{message.own ? t`You` : message.sender.name}</span>
                      <time className="time">{shortWhen(format, message.at, now)}</time>
                    </span>
                    <span className="preview cut !block">{wording.content(message.content)}</span>
                    <span className="cut block text-xs text-ink-3">
                      {chats.find((chat) => chat.id === message.chat)?.name}
                    </span>
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        </div>
      </section>
      <div className="main-pane place-items-center bg-[image:var(--wash)] bg-ground">
        <Empty title={t`Starred messages of all chats`} />
      </div>
    </div>
  );
}
