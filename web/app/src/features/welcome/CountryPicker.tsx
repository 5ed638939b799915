import { useLingui } from "@lingui/react/macro";
import { Check, ChevronDown, Search } from "lucide-react";
import { Popover } from "radix-ui";
import { type KeyboardEvent, useId, useMemo, useRef, useState } from "react";
import { type Countries, type Country, flag } from "../../lib/phone.ts";

interface Props {
  countries: Countries | undefined;
  country: Country;
  onChange: (country: Country) => void;
}

/** Country by name or calling code. */
export function CountryPicker({ countries, country, onChange }: Props) {
  const { t, i18n } = useLingui();
  const id = useId();
  const [open, setOpen] = useState(false);
  const [query, setQuery] = useState("");
  const list = useRef<HTMLDivElement>(null);
  const all = useMemo(() => countries?.all(i18n.locale) ?? [], [countries, i18n.locale]);
  const current = all.find((one) => one.code === country);
  const needle = query.trim().toLocaleLowerCase(i18n.locale);
  const shown = needle
    ? all.filter(
        (one) => one.name.toLocaleLowerCase(i18n.locale).includes(needle) || one.calling.includes(needle),
      )
    : all;
  const choose = (code: Country) => {
    onChange(code);
    setOpen(false);
    setQuery("");
  };
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const options = [...(list.current?.querySelectorAll<HTMLElement>('[role="option"]') ?? [])];
    options[Math.max(0, options.indexOf(document.activeElement as HTMLElement) + step)]?.focus();
  };
  return (
    <div className="field">
      <span className="label" id={`${id}-label`}>
        {t`Country`}
      </span>
      <Popover.Root open={open} onOpenChange={setOpen}>
        <Popover.Trigger asChild>
          <button
            type="button"
            id={id}
            className="input big text-start"
            aria-labelledby={`${id}-label ${id}`}
            aria-haspopup="listbox"
          >
            <span className="text-[22px]" aria-hidden="true">
              {flag(country)}
            </span>
            <span className="cut flex-1">{current?.name ?? country}</span>
            <span className="text-ink-2">{current?.calling}</span>
            <ChevronDown size={18} aria-hidden />
          </button>
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content
            className="menu !max-h-80 w-[var(--radix-popover-trigger-width)] !max-w-none"
            sideOffset={6}
            onKeyDown={move}
            aria-label={t`Country`}
          >
            <label className="find sticky top-0 z-1">
              <Search size={16} aria-hidden />
              <input
                type="search"
                value={query}
                placeholder={t`Search countries`}
                aria-label={t`Search countries`}
                onChange={(event) => setQuery(event.currentTarget.value)}
                onKeyDown={(event) => {
                  if (event.key === "Enter" && shown[0]) choose(shown[0].code);
                }}
              />
            </label>
            <div ref={list} role="listbox" aria-label={t`Country`} className="pt-1">
              {shown.map((one) => (
                <button
                  type="button"
                  role="option"
                  key={one.code}
                  aria-selected={one.code === country}
                  className="menu-item [content-visibility:auto]"
                  onClick={() => choose(one.code)}
                >
                  <span aria-hidden="true">{flag(one.code)}</span>
                  <span className="flex-1">{one.name}</span>
                  <span className="text-ink-2">{one.calling}</span>
                  {one.code === country && <Check size={16} aria-hidden />}
                </button>
              ))}
            </div>
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
    </div>
  );
}
