/** Emoji with their names in the person's language, fetched when the picker opens first. */

export interface Emoji {
  readonly text: string;
  readonly group: number;
  /** Name and tags in lower case, to search in. */
  readonly words: string;
}

interface Entry {
  label: string;
  tags?: readonly string[];
  unicode: string;
  group?: number;
}

const data: Record<string, () => Promise<{ default: unknown }>> = {
  en: () => import("emojibase-data/en/compact.json"),
  de: () => import("emojibase-data/de/compact.json"),
  "pt-BR": () => import("emojibase-data/pt/compact.json"),
  es: () => import("emojibase-data/es/compact.json"),
  hi: () => import("emojibase-data/hi/compact.json"),
};

const loaded = new Map<string, Promise<readonly Emoji[]>>();

export function loadEmoji(locale: string): Promise<readonly Emoji[]> {
  let list = loaded.get(locale);
  if (!list) {
    list = (data[locale] ?? data.en)?.().then(({ default: entries }) =>
      (entries as readonly Entry[]).flatMap((entry) =>
        entry.group === undefined
          ? []
          : [
              {
                text: entry.unicode,
                group: entry.group,
                words: [entry.label, ...(entry.tags ?? [])].join(" ").toLocaleLowerCase(locale),
              },
            ],
      ),
    ) as Promise<readonly Emoji[]>;
    loaded.set(locale, list);
  }
  return list;
}

const KEY = "plauder.emoji";

export function recent(): string[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(list) ? list.filter((one) => typeof one === "string").slice(0, 24) : [];
  } catch {
    return [];
  }
}

export function remember(emoji: string): void {
  try {
    localStorage.setItem(
      KEY,
      JSON.stringify([emoji, ...recent().filter((one) => one !== emoji)].slice(0, 24)),
    );
  } catch {
    // No storage, no memory.
  }
}
