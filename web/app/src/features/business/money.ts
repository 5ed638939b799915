/** Integer micro-units as people read them. */

import { useLingui } from "@lingui/react/macro";
import { useMemo } from "react";
import { regional } from "../../lib/format.ts";

const MICRO = 1_000_000;

export interface Money {
  /** With the currency's own decimals: R$ 246,00. */
  amount(micros: number): string;
  /** A unit price: four decimals or more, R$ 0,0068. */
  each(micros: number): string;
  /** Without decimals, for axes. */
  round(micros: number): string;
}

export function moneyFor(locale: string, currency: string): Money {
  const format = (options: Intl.NumberFormatOptions) =>
    new Intl.NumberFormat(locale, { style: "currency", currency, ...options });
  const amount = format({});
  const each = format({ minimumFractionDigits: 4, maximumFractionDigits: 6 });
  const round = format({ notation: "compact", maximumSignificantDigits: 3 });
  return {
    amount: (micros) => amount.format(micros / MICRO),
    each: (micros) => each.format(micros / MICRO),
    round: (micros) => round.format(micros / MICRO),
  };
}

export function useMoney(currency: string): Money {
  const { i18n } = useLingui();
  return useMemo(() => moneyFor(regional(i18n.locale), currency), [i18n.locale, currency]);
}

/** What somebody typed, such as 1200 or 1.200,50, as micro-units; undefined if it is no amount. */
export function parseAmount(text: string): number | undefined {
  const clean = text.trim().replace(/[\s'’]/gu, "");
  // The last separator is the decimal one if one or two digits follow; all others group thousands.
  const parts = /^([\d.,]*?)(?:[.,](\d{1,2}))?$/u.exec(clean);
  if (!parts) return undefined;
  const whole = (parts[1] ?? "").replace(/[.,]/gu, "");
  if (whole === "" && parts[2] === undefined) return undefined;
  const micros = Number(whole || "0") * MICRO + Number((parts[2] ?? "").padEnd(2, "0")) * (MICRO / 100);
  return Number.isSafeInteger(micros) ? micros : undefined;
}

/** Names of markets: countries by `Intl`, the regions of a rate card by us. */
export function useMarkets(): (market: string) => string {
  const { t, i18n } = useLingui();
  return useMemo(() => {
    const names = new Intl.DisplayNames(i18n.locale, { type: "region" });
    const regions: Record<string, string> = {
      "north-america": t`North America`,
      "rest-of-africa": t`Rest of Africa`,
      "rest-of-asia-pacific": t`Rest of Asia and Pacific`,
      "rest-of-central-eastern-europe": t`Rest of Central and Eastern Europe`,
      "rest-of-latin-america": t`Rest of Latin America`,
      "rest-of-middle-east": t`Rest of the Middle East`,
      "rest-of-western-europe": t`Rest of Western Europe`,
      other: t`All other countries`,
    };
    return (market) =>
      regions[market] ?? (/^[A-Z]{2}$/u.test(market) ? (names.of(market) ?? market) : market);
  }, [t, i18n.locale]);
}

export function useCategories(): (category: string) => string {
  const { t } = useLingui();
  return (category) => {
    switch (category.toUpperCase()) {
      case "MARKETING":
        return t`Marketing`;
      case "UTILITY":
        return t`Utility`;
      case "AUTHENTICATION":
        return t`Authentication`;
      case "SERVICE":
        return t`Service`;
      default:
        return category;
    }
  };
}

/** The currencies in which the platform bills. */
export const CURRENCIES = [
  "AED",
  "ARS",
  "AUD",
  "BRL",
  "CLP",
  "COP",
  "EUR",
  "GBP",
  "IDR",
  "INR",
  "MXN",
  "MYR",
  "PEN",
  "SAR",
  "SGD",
  "USD",
] as const;

const EURO = new Set("AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK".split(" "));

/** The currency a business of a country most likely wants. */
export function currencyOf(country: string): string {
  if (EURO.has(country)) return "EUR";
  const found = CURRENCIES.find((code) => code.startsWith(country) && code !== "EUR");
  return found ?? "USD";
}
