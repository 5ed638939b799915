/** Phone numbers. The tables are large, so they are fetched with the first screen that needs them. */

import type { CountryCode } from "libphonenumber-js/min";
import { useEffect, useState } from "react";

export type Country = CountryCode;

const library = () => import("libphonenumber-js/min");

export interface Countries {
  all(locale: string): { code: Country; name: string; calling: string }[];
  /** As people write it, while they type; without the country's calling code. */
  asYouType(digits: string, country: Country): string;
  /** E.164, or nothing if the number cannot exist. */
  complete(text: string, country: Country): string | undefined;
  /** How many digits are missing at least. */
  problem(text: string, country: Country): "short" | "long" | "wrong" | undefined;
  display(e164: string): string;
  countryOf(e164: string): Country | undefined;
}

export async function loadCountries(): Promise<Countries> {
  const phone = await library();
  return {
    all(locale) {
      const names = new Intl.DisplayNames(locale, { type: "region" });
      return phone
        .getCountries()
        .map((code) => ({
          code,
          name: names.of(code) ?? code,
          calling: `+${phone.getCountryCallingCode(code)}`,
        }))
        .sort((a, b) => a.name.localeCompare(b.name, locale));
    },
    asYouType: (digits, country) => new phone.AsYouType(country).input(digits),
    complete: (text, country) => {
      const parsed = phone.parsePhoneNumberFromString(text, country);
      return parsed?.isValid() ? parsed.number : undefined;
    },
    problem(text, country) {
      const why = phone.validatePhoneNumberLength(text, country);
      if (why === "TOO_SHORT" || why === "NOT_A_NUMBER") return "short";
      if (why === "TOO_LONG") return "long";
      return phone.parsePhoneNumberFromString(text, country)?.isValid() ? undefined : "wrong";
    },
    display: (e164) => phone.parsePhoneNumberFromString(e164)?.formatInternational() ?? e164,
    countryOf: (e164) => phone.parsePhoneNumberFromString(e164)?.country,
  };
}

/** The country the person is probably in, from the server's hint or the browser's language. */
export function likelyCountry(hint: string | undefined): Country {
  const fromLanguage = navigator.languages.map((tag) => new Intl.Locale(tag).region).find(Boolean);
  return (hint ?? fromLanguage ?? "BR") as Country;
}

/** E.164 of what somebody typed, read as in the country of `like` unless it begins with +. */
export async function internationalise(text: string, like: string | undefined): Promise<string | undefined> {
  const digits = text.replace(/[^\d+]/gu, "");
  if (digits.length < 6) return undefined;
  const countries = await loadCountries();
  const country = (like && countries.countryOf(like)) || likelyCountry(undefined);
  return countries.complete(digits, country);
}

/** The flag as an emoji: two regional indicators. */
export function flag(country: string): string {
  return String.fromCodePoint(
    ...[...country.toUpperCase()].map((letter) => 0x1f1e6 + letter.charCodeAt(0) - 65),
  );
}

/** "Chrome on Linux": what other devices show this one as. */
export function deviceName(): string {
  const agent = navigator.userAgent;
  const browser = /Edg\//u.test(agent)
    ? "Edge"
    : /OPR\//u.test(agent)
      ? "Opera"
      : /Firefox\//u.test(agent)
        ? "Firefox"
        : /Chrom(?:e|ium)\//u.test(agent)
          ? "Chrome"
          : /Safari\//u.test(agent)
            ? "Safari"
            : "Browser";
  const system = /Android/u.test(agent)
    ? "Android"
    : /iPhone|iPad/u.test(agent)
      ? "iOS"
      : /Windows/u.test(agent)
        ? "Windows"
        : /Mac OS/u.test(agent)
          ? "macOS"
          : /Linux/u.test(agent)
            ? "Linux"
            : "";
  return system ? `${browser}, ${system}` : browser;
}

/** A number as people write it; as it came until the tables are here. */
export function useShownNumber(e164: string | undefined): string | undefined {
  const [shown, setShown] = useState(e164);
  useEffect(() => {
    setShown(e164);
    if (e164) void loadCountries().then((countries) => setShown(countries.display(e164)));
  }, [e164]);
  return shown;
}
