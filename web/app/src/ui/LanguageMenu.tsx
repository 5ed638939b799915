import { useLingui } from "@lingui/react/macro";
import { Check, ChevronDown, Globe } from "lucide-react";
import { LOCALES, preferences, usePreferences } from "../lib/preferences.ts";
import { Menu } from "./Menu.tsx";

/** Each language in its own name. */
export const LANGUAGE_NAMES = {
  en: "English",
  de: "Deutsch",
  "pt-BR": "Português (Brasil)",
  es: "Español",
  hi: "हिन्दी",
} as const;

export function LanguageMenu() {
  const { t, i18n } = useLingui();
  usePreferences();
  return (
    <Menu
      entries={LOCALES.map((locale) => ({
        label: LANGUAGE_NAMES[locale],
        ...(i18n.locale === locale ? { icon: Check } : {}),
        onSelect: () => preferences.set({ locale }),
      }))}
    >
      <button
        type="button"
        className="btn small !rounded-full bg-surface ring-1 ring-line"
        aria-label={t`Language: ${LANGUAGE_NAMES[i18n.locale as "en"]}`}
      >
        <Globe size={16} aria-hidden />
        {LANGUAGE_NAMES[i18n.locale as "en"]}
        <ChevronDown size={14} aria-hidden />
      </button>
    </Menu>
  );
}
