import { useLingui } from "@lingui/react/macro";
import type { SearchResults } from "@plauder/client/api";
import { Search, Store } from "lucide-react";
import { Dialog } from "radix-ui";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useClient, useLive } from "../../lib/client.ts";
import { useFocusBack } from "../../lib/focus.ts";
import { shortWhen, useFormat } from "../../lib/format.ts";
import { useNow } from "../../lib/now.ts";
import { Avatar } from "../../ui/Avatar.tsx";

interface Props {
  onClose: () => void;
  onChat: (chat: string, message?: string) => void;
}

/** Ctrl K: chats, people and messages in one field. */
export default function Palette({ onClose, onChat }: Props) {
  const { t } = useLingui();
  const client = useClient();
  const format = useFormat();
  const now = useNow();
  const recent = useLive(client.chats.list);
  const [query, setQuery] = useState("");
  const [results, setResults] = useState<SearchResults>();
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const text = query.trim();
    if (!text) {
      setResults(undefined);
      return;
    }
    let gone = false;
    const timer = setTimeout(() => void client.search(text).then((found) => !gone && setResults(found)), 120);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [query, client]);

  const chats = results ? results.chats : (recent ?? []).filter((chat) => chat.at !== undefined).slice(0, 8);
  const empty = results && results.chats.length + results.contacts.length + results.messages.length === 0;
  const onCloseAutoFocus = useFocusBack();
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const items = [...(list.current?.querySelectorAll<HTMLElement>("button") ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const next = items[at + step];
    event.preventDefault();
    if (next) next.focus();
    else if (step < 0) (event.currentTarget.querySelector("input") as HTMLElement).focus();
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="scrim" />
        <Dialog.Content
          className="dialog wide !mt-[8dvh] !max-h-[80dvh]"
          aria-describedby={undefined}
          onKeyDown={move}
          onCloseAutoFocus={onCloseAutoFocus}
        >
          <Dialog.Title className="sr">{t`Search`}</Dialog.Title>
          <label className="flex items-center gap-3 border-b border-line px-5 py-3">
            <Search size={20} className="text-ink-3" aria-hidden />
            <input
              type="search"
              className="min-h-9 min-w-0 flex-1 bg-transparent text-xl outline-none placeholder:text-ink-3"
              placeholder={t`Search chats and messages`}
              aria-label={t`Search chats and messages`}
              value={query}
              onChange={(event) => setQuery(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key === "Enter") list.current?.querySelector("button")?.click();
              }}
            />
          </label>
          <div ref={list} className="min-h-0 flex-1 overflow-y-auto p-2">
            {chats.length > 0 && <Title>{results ? t`Chats` : t`Recent`}</Title>}
            {chats.map((chat) => (
              <button
                type="button"
                key={chat.id}
                className="chat-row !min-h-13 focus:bg-surface-3"
                onClick={() => onChat(chat.id)}
              >
                <Avatar of={chat.avatar} square={chat.kind === "business"} size={36} />
                <span className="name cut">{chat.name}</span>
                {chat.kind === "business" && (
                  <Store size={14} className="text-plum" role="img" aria-label={t`Business`} />
                )}
              </button>
            ))}
            {results && results.contacts.length > 0 && <Title>{t`People`}</Title>}
            {results?.contacts.map((one) => (
              <button
                type="button"
                key={one.id}
                className="chat-row !min-h-13 focus:bg-surface-3"
                onClick={() => onChat(one.id)}
              >
                <Avatar of={one.avatar} square={one.kind === "business"} size={36} />
                <span className="name cut">{one.name}</span>
              </button>
            ))}
            {results && results.messages.length > 0 && <Title>{t`Messages`}</Title>}
            {results?.messages.map(({ message, chatName, text, marks }) => (
              <button
                type="button"
                key={message.id}
                className="chat-row !min-h-13 focus:bg-surface-3"
                onClick={() => onChat(message.chat, message.id)}
              >
                <span className="min-w-0 flex-1">
                  <span className="line">
                    <span className="name cut">{chatName}</span>
                    <time className="time">{shortWhen(format, message.at, now)}</time>
                  </span>
                  <span className="preview cut !block">
                    <Marked text={text} marks={marks} />
                  </span>
                </span>
              </button>
            ))}
            {empty && (
              <p className="p-6 text-center text-ink-2" role="status">
                {t`Nothing found for “${query.trim()}”.`}
              </p>
            )}
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Title({ children }: { children: string }) {
  return <h3 className="px-3 pt-2 pb-1 text-xs font-[650] text-ink-3">{children}</h3>;
}

/** Begins a little before the first hit, so that it is in view. */
function Marked({ text, marks }: { text: string; marks: readonly (readonly [number, number])[] }) {
  const [start, end] = marks[0] ?? [0, 0];
  const from = Math.max(0, start - 24);
  return (
    <>
      {from > 0 && "…"}
      {text.slice(from, start)}
      <mark className="rounded-xs bg-brand-soft text-brand-strong">{text.slice(start, end)}</mark>
      {text.slice(end)}
    </>
  );
}
