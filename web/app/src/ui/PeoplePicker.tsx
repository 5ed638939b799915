import { useLingui } from "@lingui/react/macro";
import type { AvatarRef } from "@plauder/client/api";
import { isPartOf } from "@plauder/client/core/numbers";
import { Check, Search } from "lucide-react";
import { useState } from "react";
import { Avatar } from "./Avatar.tsx";

export interface Pickable {
  id: string;
  name: string;
  avatar: AvatarRef;
  square?: boolean;
  hint?: string;
}

interface Props {
  from: readonly Pickable[];
  chosen: ReadonlySet<string>;
  onChange: (chosen: ReadonlySet<string>) => void;
  label: string;
}

/** Tick people or chats in a list that can be searched. */
export function PeoplePicker({ from, chosen, onChange, label }: Props) {
  const { t } = useLingui();
  const [query, setQuery] = useState("");
  const needle = query.trim().toLocaleLowerCase();
  const shown = needle
    ? from.filter((one) => one.name.toLocaleLowerCase().includes(needle) || isPartOf(needle, one.name))
    : from;
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChange(next);
  };
  return (
    <div>
      <label className="find">
        <Search size={16} aria-hidden />
        <input
          type="search"
          value={query}
          placeholder={t`Search`}
          aria-label={t`Search`}
          onChange={(event) => setQuery(event.currentTarget.value)}
        />
      </label>
      <fieldset className="-mx-2 mt-2" aria-label={label}>
        {shown.map((one) => (
          <label key={one.id} className="chat-row cursor-pointer !min-h-14">
            <Avatar of={one.avatar} square={one.square ?? false} size={40} />
            <span className="min-w-0 flex-1">
              <span className="name cut block">{one.name}</span>
              {one.hint && <span className="cut block text-sm text-ink-2">{one.hint}</span>}
            </span>
            <input
              type="checkbox"
              className="peer sr"
              checked={chosen.has(one.id)}
              onChange={() => toggle(one.id)}
            />
            <span className="grid size-6 flex-none place-items-center rounded-full border-2 border-line-strong text-transparent peer-checked:border-brand peer-checked:bg-brand peer-checked:text-on-brand peer-focus-visible:outline-2 peer-focus-visible:outline-offset-2 peer-focus-visible:outline-brand">
              <Check size={14} strokeWidth={3} aria-hidden />
            </span>
          </label>
        ))}
        {shown.length === 0 && (
          <p className="p-4 text-center text-sm text-ink-2">{t`Nobody has this name.`}</p>
        )}
      </fieldset>
    </div>
  );
}
