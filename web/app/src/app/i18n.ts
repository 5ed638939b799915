/** Loads the catalogue of a language when it is wanted, and tells the document. */

import { i18n, type Messages } from "@lingui/core";
import { type Locale, negotiate, preferences } from "../lib/preferences.ts";

const catalogues: Record<Locale, () => Promise<{ messages: Messages }>> = {
  en: () => import("../../locales/en.po"),
  de: () => import("../../locales/de.po"),
  "pt-BR": () => import("../../locales/pt-BR.po"),
  es: () => import("../../locales/es.po"),
  hi: () => import("../../locales/hi.po"),
};

function wanted(): Locale {
  const { locale } = preferences.get();
  return locale === "system" ? negotiate(navigator.languages) : locale;
}

export async function activateLanguage(): Promise<void> {
  const locale = wanted();
  if (i18n.locale === locale) return;
  const { messages } = await catalogues[locale]();
  i18n.loadAndActivate({ locale, messages });
  document.documentElement.lang = locale;
}
