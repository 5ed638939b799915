import { useLingui } from "@lingui/react/macro";
import type { ChatView } from "@plauder/client/api";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Archive, ChevronLeft, MessageSquarePlus, Plus, QrCode, Search } from "lucide-react";
import { type KeyboardEvent, useCallback, useMemo, useRef, useState } from "react";
import { useClient, useLive } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { useNow } from "../../lib/now.ts";
import { usePreferences } from "../../lib/preferences.ts";
import { Empty } from "../../ui/Empty.tsx";
import { IconButton } from "../../ui/IconButton.tsx";
import { RowsSkeleton } from "../../ui/Skeleton.tsx";
import { ChatMenu } from "./ChatMenu.tsx";
import { ChatRow } from "./ChatRow.tsx";
import { type Filter, matching, totals } from "./filters.ts";

interface Props {
  archived: boolean;
  onSearch: () => void;
  onNew: () => void;
  onInvite: () => void;
  onQr: () => void;
}

export function ChatList({ archived, onSearch, onNew, onInvite, onQr }: Props) {
  const { t } = useLingui();
  const client = useClient();
  const format = useFormat();
  const now = useNow();
  const { density } = usePreferences();
  const all = useLive(client.chats.list);
  const [filter, setFilter] = useState<Filter>("all");
  const [menu, setMenu] = useState<{ chat: ChatView; at: { x: number; y: number } }>();
  const openMenu = useCallback((chat: ChatView, at: { x: number; y: number }) => setMenu({ chat, at }), []);
  const scroller = useRef<HTMLDivElement>(null);
  const chats = useMemo(() => matching(all ?? [], filter, archived), [all, filter, archived]);
  const count = totals(all ?? []);
  const filters: [Filter, string][] = [
    ["all", t`All`],
    ["unread", count.unread > 0 ? t`Unread ${format.number(count.unread)}` : t`Unread`],
    ["people", t`People`],
    ["groups", t`Groups`],
    ["businesses", t`Businesses`],
  ];
  const virtual = useVirtualizer({
    count: chats.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (density === "compact" ? 52 : 68),
    getItemKey: (index) => chats[index]?.id ?? index,
    overscan: 8,
  });

  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.altKey) return;
    const rows = [...(scroller.current?.querySelectorAll<HTMLElement>("a.chat-row") ?? [])];
    const next = rows[rows.indexOf(event.target as HTMLElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  };

  return (
    <>
      <header className="pane-head">
        {archived && (
          <Link to="/chats" className="icon-btn -ms-2" aria-label={t`Back to chats`} title={t`Back to chats`}>
            <ChevronLeft size={22} className="rtl:rotate-180" aria-hidden />
          </Link>
        )}
        <h1>{archived ? t`Archived` : t`Chats`}</h1>
        {!archived && (
          <>
            <IconButton label={t`My code`} onClick={onQr}>
              <QrCode size={20} strokeWidth={1.75} />
            </IconButton>
            {/* On a phone a thumb reaches the button below. */}
            <IconButton label={t`New chat`} className="not-phone" active onClick={onNew}>
              <Plus size={20} strokeWidth={1.75} />
            </IconButton>
          </>
        )}
      </header>
      <div className="px-4">
        <button type="button" className="find" onClick={onSearch}>
          <Search size={16} strokeWidth={2} aria-hidden />
          <span className="cut flex-1 text-start">{t`Search chats and messages`}</span>
          <kbd className="kbd max-[899px]:hidden">Ctrl K</kbd>
        </button>
      </div>
      <fieldset
        className="chips flex min-w-0 flex-none gap-1.5 overflow-x-auto px-4 pt-3 pb-2.5 [scrollbar-width:none]"
        aria-label={t`Filter`}
      >
        {filters.map(([key, label]) => (
          <button
            type="button"
            key={key}
            className="chip !min-h-[30px] !px-[11px]"
            aria-pressed={filter === key}
            onClick={() => setFilter(key)}
          >
            {label}
          </button>
        ))}
      </fieldset>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrow keys move between the links inside */}
      <div
        ref={scroller}
        className="flex min-h-0 flex-1 flex-col overflow-y-auto px-2 [scrollbar-width:thin]"
        onKeyDown={move}
      >
        {all === undefined ? (
          <RowsSkeleton />
        ) : chats.length === 0 ? (
          <Nothing
            filter={filter}
            archived={archived}
            onInvite={onInvite}
            onShowAll={() => setFilter("all")}
          />
        ) : (
          <ul
            className="relative flex-none"
            style={{ height: virtual.getTotalSize() }}
            aria-label={archived ? t`Archived chats` : t`Chats`}
          >
            {virtual.getVirtualItems().map((item) => {
              const chat = chats[item.index];
              return (
                chat && (
                  <li
                    key={item.key}
                    ref={virtual.measureElement}
                    data-index={item.index}
                    className="absolute inset-x-0 top-0"
                    style={{ transform: `translateY(${item.start}px)` }}
                  >
                    <ChatRow chat={chat} now={now} onMenu={openMenu} />
                  </li>
                )
              );
            })}
          </ul>
        )}
        {!archived && count.archived > 0 && (
          <Link to="/archived" className="chat-row !min-h-12 text-ink-2">
            <Archive size={18} className="mx-3.5" aria-hidden />
            <span className="flex-1">{t`Archived`}</span>
            <span className="badge quiet">{format.number(count.archived)}</span>
          </Link>
        )}
      </div>
      {!archived && (
        <button
          type="button"
          className="only-phone fab absolute end-4 bottom-4 grid size-[58px] place-items-center rounded-[20px] bg-brand text-on-brand shadow-3"
          aria-label={t`New chat`}
          onClick={onNew}
        >
          <MessageSquarePlus size={24} strokeWidth={1.75} />
        </button>
      )}
      {menu && <ChatMenu chat={menu.chat} at={menu.at} onClose={() => setMenu(undefined)} />}
    </>
  );
}

interface NothingProps {
  filter: Filter;
  archived: boolean;
  onInvite: () => void;
  onShowAll: () => void;
}

function Nothing({ filter, archived, onInvite, onShowAll }: NothingProps) {
  const { t } = useLingui();
  if (archived)
    return (
      <Empty
        title={t`Nothing archived`}
      >{t`Archive a chat to have it out of the way. Nothing is deleted.`}</Empty>
    );
  if (filter !== "all")
    return (
      <Empty
        title={filter === "unread" ? t`All read` : t`Nobody here yet`}
        action={
          <button type="button" className="btn soft" onClick={onShowAll}>
            {t`Show all chats`}
          </button>
        }
      />
    );
  return (
    <Empty
      title={t`Nobody here yet`}
      action={
        <button type="button" className="btn primary" onClick={onInvite}>
          {t`Invite a friend`}
        </button>
      }
    >
      {t`Invite a friend, or find one by number.`}
    </Empty>
  );
}
