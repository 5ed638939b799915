/** What belongs to this browser, not to the account: look and language. `public/theme.js` reads the same key. */

import { useSyncExternalStore } from "react";

export const LOCALES = ["en", "de", "pt-BR", "es", "hi"] as const;
export type Locale = (typeof LOCALES)[number];

export interface Preferences {
  readonly theme: "system" | "light" | "dark";
  readonly density: "comfortable" | "compact";
  readonly locale: Locale | "system";
  /** Single-letter shortcuts in the log. */
  readonly letters: boolean;
  /** Enter sends; otherwise it begins a line. */
  readonly enterSends: boolean;
}

const KEY = "plauder.preferences";
const DEFAULTS: Preferences = {
  theme: "system",
  density: "comfortable",
  locale: "system",
  letters: true,
  enterSends: true,
};
const listeners = new Set<() => void>();

function read(): Preferences {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>) };
  } catch {
    return DEFAULTS; // no storage, or written by something else
  }
}

let current = read();

export const preferences = {
  get: (): Preferences => current,
  set(change: Partial<Preferences>): void {
    current = { ...current, ...change };
    try {
      localStorage.setItem(KEY, JSON.stringify(current));
    } catch {
      // It holds until the window closes.
    }
    applyLook();
    for (const listener of listeners) listener();
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

export function usePreferences(): Preferences {
  return useSyncExternalStore(preferences.subscribe, preferences.get);
}

const darkSystem = typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: dark)") : undefined;

/** Puts theme and density on the document. */
export function applyLook(): void {
  const root = document.documentElement;
  const dark = current.theme === "dark" || (current.theme === "system" && darkSystem?.matches === true);
  root.dataset.theme = dark ? "dark" : "light";
  root.dataset.density = current.density;
}

export function watchLook(): void {
  applyLook();
  darkSystem?.addEventListener("change", applyLook);
  // Another tab changed it.
  addEventListener("storage", (event) => {
    if (event.key !== KEY) return;
    current = read();
    applyLook();
    for (const listener of listeners) listener();
  });
}

/** The best of our languages for what the browser asks for. */
export function negotiate(wanted: readonly string[]): Locale {
  for (const tag of wanted) {
    const exact = LOCALES.find((locale) => locale.toLowerCase() === tag.toLowerCase());
    if (exact) return exact;
    const language = tag.split("-")[0]?.toLowerCase();
    const close = LOCALES.find((locale) => locale.split("-")[0] === language);
    if (close) return close;
  }
  return "en";
}
