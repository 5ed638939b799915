import { Plural, useLingui } from "@lingui/react/macro";
import type { Conversation, ConversationView, MessageId, MessageView } from "@plauder/client/api";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import {
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { longDay, useFormat } from "../../lib/format.ts";
import { type Row, rowsOf } from "../../lib/rows.ts";
import type { MessageActions } from "./actions.ts";
import { Message } from "./Message.tsx";
import { useLogKeys } from "./useLogKeys.ts";
import { useNews } from "./useNews.ts";
import { useRead } from "./useRead.ts";
import { useTouch } from "./useTouch.ts";

export interface LogHandle {
  /** Shows a message and flashes it once. */
  reveal(id: MessageId): Promise<void>;
  toEnd(): void;
  focus(): void;
}

interface Props {
  view: ConversationView;
  conversation: Conversation;
  name: string;
  group: boolean;
  selected: MessageId | undefined;
  /** What is chosen, while messages are being chosen. */
  picked: ReadonlySet<MessageId> | undefined;
  banner: ReactNode;
  actions: MessageActions;
  onEscape: () => void;
  handle: RefObject<LogHandle | null>;
}

/** Follow new messages only when this near to the end, in pixels. */
const NEAR_END = 120;
/** Fetch older ones when this many rows are left above. */
const AHEAD = 80;
const SETTLES = 500; // ms
/** Until messages that could not be fetched are asked for again. */
const PATIENCE = 3000; // ms

/** Rows drawn beyond the edges: few, so that a chat shows at once; many soon after, so that fast scrolling finds them. */
const BEYOND = { atFirst: 4, soon: 24 };
const SOON = 250; // ms

/** Height of a row before it was measured; `width` is the log's, in pixels. The nearer, the calmer the scroll. */
function estimate(row: Row | undefined, width: number): number {
  if (row?.kind !== "message") return row?.kind === "banner" ? 76 : 44;
  const { content, reactions, quote, tick } = row.message;
  const extra =
    (gapped(row) ? 9 : 0) + (reactions.length > 0 ? 24 : 0) + (quote ? 58 : 0) + (tick === "failed" ? 28 : 0);
  if (row.album) return 340 + extra;
  if (content.kind === "image" || content.kind === "video") return 240 + extra;
  if (content.kind === "voice" || content.kind === "file") return 98 + extra;
  if (content.kind === "business") return 220 + extra;
  // The bubble's own width, padding off, at the mean width of a letter; the time stands at the end.
  const letters = (Math.min(520, (width - 56) * 0.78) - 24) / 7.6;
  const lines = "text" in content ? Math.ceil((content.text.length + 8) / letters) : 1;
  return 18 + Math.max(1, lines) * 21 + extra;
}

/** Where the log begins to be drawn: about where it opens. */
function opening(rows: readonly Row[], width: number, height: number): number {
  const unread = rows.findIndex((row) => row.kind === "unread");
  const above = rows.slice(0, unread < 0 ? rows.length : unread);
  const start = above.reduce((sum, row) => sum + estimate(row, width), 8);
  return unread < 0 ? Math.max(0, start + 14 - height) : start;
}

export function Log(props: Props) {
  const { view, conversation, name, group, selected, picked, banner, actions, handle } = props;
  const { t } = useLingui();
  const format = useFormat();
  const scroller = useRef<HTMLDivElement>(null);
  const { messages, hasOlder, firstUnread } = view;
  const rows = useMemo(() => rowsOf(messages, { hasOlder, firstUnread }), [messages, hasOlder, firstUnread]);
  const [flash, setFlash] = useState<MessageId>();
  // Told by an observer: asking the virtualizer reads the layout, which has to be made for it while messages arrive.
  const [atEnd, setAtEnd] = useState<boolean>();
  const news = useNews(messages, view.hasNewer, atEnd === true);

  const [beyond, setBeyond] = useState(BEYOND.atFirst);
  useEffect(() => {
    const timer = setTimeout(() => setBeyond(BEYOND.soon), SOON);
    return () => clearTimeout(timer);
  }, []);

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    getItemKey: useCallback((index: number) => rows[index]?.key ?? index, [rows]),
    estimateSize: useCallback(
      (index: number) => estimate(rows[index], scroller.current?.clientWidth ?? 700),
      [rows],
    ),
    overscan: beyond,
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: NEAR_END,
    initialRect: { width: innerWidth, height: innerHeight },
    initialOffset: () => opening(rows, innerWidth, innerHeight),
    paddingStart: 8,
    paddingEnd: 14,
  });

  const indexOf = useCallback(
    (id: MessageId) =>
      rows.findIndex(
        (row) => row.key === id || (row.kind === "message" && row.album?.some((one) => one.id === id)),
      ),
    [rows],
  );
  const keys = useLogKeys({
    rows,
    virtual,
    scroller,
    actions,
    onEscape: props.onEscape,
    isPicking: picked !== undefined,
  });

  const touch = useTouch({
    find: useCallback((id: string) => messages.find((one) => one.id === id), [messages]),
    actions,
    writable: view.closed === undefined,
  });

  // How many were new when the chat was opened; later ones do not add to the line.
  const newAtOpening = useRef<number>(undefined);
  // Open at the first unread message, else at the end.
  const opened = useRef(false);
  useLayoutEffect(() => {
    if (opened.current || rows.length === 0) return;
    opened.current = true;
    const unread = rows.findIndex((row) => row.kind === "unread");
    if (unread >= 0) virtual.scrollToIndex(unread, { align: "start" });
    else virtual.scrollToEnd();
  }, [rows, virtual]);

  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;

  // While a person scrolls, the day of what stands at the top is told.
  const moved = useRef(false);
  const moves = useCallback(() => {
    moved.current = true;
  }, []);
  const top = (virtual.scrollOffset ?? 0) + 28;
  const topRow = rows[items.find((item) => item.end > top)?.index ?? first];
  const day = topRow?.kind === "message" && moved.current ? topRow.message.at : undefined;

  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!end.current) return;
    const observer = new IntersectionObserver(
      (entries) => setAtEnd(entries.at(-1)?.isIntersecting === true),
      { root: scroller.current, rootMargin: `0px 0px ${NEAR_END}px` },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, []);

  const [loading, setLoading] = useState(false);
  useEffect(() => {
    const load = (more: () => Promise<void>) => {
      setLoading(true);
      // Whether there is enough now is looked at again; what failed is tried again later.
      more().then(
        () => setLoading(false),
        () => setTimeout(() => setLoading(false), PATIENCE),
      );
    };
    if (loading) return;
    if (hasOlder && first < AHEAD) load(() => conversation.older());
    else if (view.hasNewer && last > rows.length - AHEAD) load(() => conversation.newer());
  }, [first, last, hasOlder, view.hasNewer, rows.length, conversation, loading]);

  const newest = messages.at(-1)?.id;
  const tellRead = useRead(conversation);
  useEffect(() => {
    if (!newest || !atEnd || view.hasNewer) return;
    const tell = () => document.visibilityState === "visible" && tellRead(newest);
    tell();
    document.addEventListener("visibilitychange", tell);
    return () => document.removeEventListener("visibilitychange", tell);
  }, [newest, atEnd, view.hasNewer, tellRead]);

  const [waiting, setWaiting] = useState<MessageId>();
  useEffect(() => {
    if (!waiting) return;
    const index = indexOf(waiting);
    if (index < 0) return;
    setWaiting(undefined);
    // The virtualizer goes on to this index until it has settled: rows that came above meanwhile would mislead it.
    setLoading(true);
    setTimeout(() => setLoading(false), SETTLES);
    virtual.scrollToIndex(index, { align: "center" });
    setFlash(rows[index]?.key);
  }, [waiting, indexOf, rows, virtual]);

  // When the keyboard, the emoji or a second line takes room, the end stays in view.
  const stay = useRef(false);
  stay.current = atEnd === true;
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let height = element.clientHeight;
    const observer = new ResizeObserver(() => {
      if (element.clientHeight !== height && stay.current) virtual.scrollToEnd();
      height = element.clientHeight;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [virtual]);

  const toEnd = useCallback(() => {
    void conversation.latest().then(() => virtual.scrollToEnd());
    news.clear();
  }, [conversation, virtual, news.clear]);

  useImperativeHandle(handle, () => ({
    reveal: async (id) => {
      if (await conversation.reveal(id)) setWaiting(id);
    },
    toEnd,
    focus: keys.focusLast,
  }));

  return (
    <div className="relative grid min-h-0 grid-cols-[minmax(0,1fr)]">
      <div
        ref={scroller}
        className="log"
        role="log"
        aria-live="off"
        aria-label={t`Messages with ${name}`}
        onKeyDown={keys.onKeyDown}
        onFocus={keys.onFocus}
        onWheel={moves}
        onTouchMove={moves}
        {...touch}
      >
        <div className="flex min-h-full flex-col justify-end">
          <div className="relative w-full flex-none" style={{ height: virtual.getTotalSize() }}>
            {/* Who scrolls faster than rows are drawn sees that there are some. */}
            <div className="log-ahead" style={{ height: items[0]?.start ?? 0 }} />
            <div className="log-ahead" style={{ top: items.at(-1)?.end ?? 0, bottom: 0 }} />
            {items.map((item) => {
              const row = rows[item.index];
              if (!row) return null;
              return (
                <div
                  key={item.key}
                  ref={virtual.measureElement}
                  data-index={item.index}
                  className={gapped(row) ? "log-row gap" : "log-row"}
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  {draw(row)}
                </div>
              );
            })}
            <div ref={end} className="log-end" />
          </div>
        </div>
      </div>
      {day !== undefined && (
        <div className="float-day" data-on={virtual.isScrolling} aria-hidden="true">
          {longDay(format, day, Date.now())}
        </div>
      )}
      {(atEnd === false || view.hasNewer) && (
        <button
          type="button"
          className="jump !bottom-3"
          onClick={toEnd}
          aria-label={news.count > 0 ? undefined : t`To the newest message`}
        >
          {news.count > 0 && <Plural value={news.count} one="# new message" other="# new messages" />}
          <ArrowDown size={18} aria-hidden />
        </button>
      )}
      <div className="sr" role="status">
        {news.announcement}
      </div>
    </div>
  );

  function draw(row: Row): ReactNode {
    switch (row.kind) {
      case "banner":
        return banner;
      case "day":
        return <h2 className="sys day">{longDay(format, row.at, Date.now())}</h2>;
      case "unread":
        newAtOpening.current ??= row.count;
        return (
          <h2 className="unread-line">
            <Plural value={newAtOpening.current} one="# new message" other="# new messages" />
          </h2>
        );
      case "message":
        return (
          <Message
            message={row.album ? standsFor(row.album) : row.message}
            album={row.album}
            place={row.place}
            group={group}
            tabbable={keys.active === row.key}
            selected={selected === row.key}
            flash={flash === row.key}
            isNew={news.fresh(row.message as MessageView)}
            picked={picked && (picked.has(row.key) || picked.has(row.message.id))}
            actions={actions}
          />
        );
    }
  }
}

function gapped(row: Row): boolean {
  return row.kind === "message" && (row.place === "single" || row.place === "first");
}

const ORDER = ["failed", "waiting", "sent", "delivered", "read"] as const;
const rank = (message: MessageView): number => (message.tick ? ORDER.indexOf(message.tick) : ORDER.length);

/** The first of an album, with the time of its last and the tick of the slowest. */
function standsFor(album: readonly MessageView[]): MessageView {
  const [first, last] = [album[0] as MessageView, album.at(-1) as MessageView];
  const slowest = album.reduce((worst, one) => (rank(one) < rank(worst) ? one : worst), first);
  return { ...first, at: last.at, ...(slowest.tick && { tick: slowest.tick }) };
}
