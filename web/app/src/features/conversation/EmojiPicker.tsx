import { useLingui } from "@lingui/react/macro";
import { Clock, Search } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { type Emoji, loadEmoji, recent, remember } from "../../lib/emoji.ts";

interface Props {
  onPick: (emoji: string) => void;
  onClose: () => void;
}

/** All emoji by group, with search by their names in the person's language. */
export default function EmojiPicker({ onPick, onClose }: Props) {
  const { t, i18n } = useLingui();
  const [all, setAll] = useState<readonly Emoji[]>([]);
  const [query, setQuery] = useState("");
  const grid = useRef<HTMLDivElement>(null);
  const often = useMemo(recent, []);
  useEffect(() => {
    let gone = false;
    void loadEmoji(i18n.locale).then((list) => !gone && setAll(list));
    return () => {
      gone = true;
    };
  }, [i18n.locale]);

  const titles = [
    t`Smileys`,
    t`People`,
    "",
    t`Animals and nature`,
    t`Food and drink`,
    t`Travel and places`,
    t`Activities`,
    t`Objects`,
    t`Symbols`,
    t`Flags`,
  ];
  const needle = query.trim().toLocaleLowerCase(i18n.locale);
  const found = needle ? all.filter((one) => one.words.includes(needle)).slice(0, 120) : [];
  const groups = needle
    ? [{ title: t`Found`, list: found.map((one) => one.text) }]
    : [
        { title: t`Recent`, list: often },
        ...titles.flatMap((title, group) =>
          title ? [{ title, list: all.filter((one) => one.group === group).map((one) => one.text) }] : [],
        ),
      ];

  const first = groups.find(({ list }) => list.length > 0)?.list[0];

  const show = (title: string) =>
    grid.current?.querySelector(`[aria-label="${CSS.escape(title)}"]`)?.scrollIntoView({ block: "start" });

  const pick = (emoji: string) => {
    remember(emoji);
    onPick(emoji);
  };

  const move = (event: React.KeyboardEvent) => {
    const target = event.target as HTMLElement;
    const across = getComputedStyle(target.parentElement ?? target).gridTemplateColumns.split(" ").length;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key];
    if (!step) return;
    const buttons = [...(grid.current?.querySelectorAll("button") ?? [])];
    const next = buttons[buttons.indexOf(target as HTMLButtonElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes from anywhere inside
    <div
      className="card mb-2 flex h-[clamp(130px,38dvh,18rem)] flex-col overflow-hidden shadow-2"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      }}
    >
      <label className="find m-2 !w-auto">
        <Search size={16} aria-hidden />
        <input
          type="search"
          placeholder={t`Search emoji`}
          aria-label={t`Search emoji`}
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
        />
      </label>
      {!needle && (
        <div className="flex flex-none gap-0.5 overflow-x-auto px-2 [scrollbar-width:none]">
          {groups.map(
            ({ title, list }) =>
              list.length > 0 && (
                <button
                  type="button"
                  key={title}
                  className="icon-btn !size-8 flex-none text-[17px] grayscale hover:grayscale-0"
                  aria-label={title}
                  title={title}
                  onClick={() => show(title)}
                >
                  {title === groups[0]?.title ? <Clock size={17} aria-hidden /> : list[0]}
                </button>
              ),
          )}
        </div>
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrow keys move between the buttons inside */}
      <div ref={grid} className="min-h-0 flex-1 overflow-y-auto px-2 pb-2" onKeyDown={move}>
        {groups.map(
          ({ title, list }) =>
            list.length > 0 && (
              <section key={title} aria-label={title} className="[content-visibility:auto]">
                <h4 className="px-1 py-1.5 text-xs font-semibold text-ink-3">{title}</h4>
                <div className="grid grid-cols-[repeat(auto-fill,minmax(38px,1fr))]">
                  {list.map((emoji) => (
                    <button
                      type="button"
                      key={emoji}
                      // One stop for the Tab key; arrows move inside.
                      tabIndex={emoji === first ? 0 : -1}
                      className="grid h-9.5 place-items-center rounded-sm text-[22px] hover:bg-surface-3"
                      onClick={() => pick(emoji)}
                    >
                      {emoji}
                    </button>
                  ))}
                </div>
              </section>
            ),
        )}
        {needle && found.length === 0 && (
          <p className="p-4 text-center text-sm text-ink-2">{t`No emoji has this name.`}</p>
        )}
      </div>
    </div>
  );
}
