/** Dates, times, sizes and numbers in the person's language. */

import { useLingui } from "@lingui/react/macro";
import { useMemo } from "react";

const DAY = 86_400_000;

export interface Format {
  /** 13:44, or 1:44 PM where people write it so. */
  time(at: number): string;
  /** 13:41:02 */
  exact(at: number): string;
  /** Sunday, 22 November; with the year if not this one. */
  day(at: number): string;
  /** 22 Dec */
  date(at: number): string;
  /** 22 Dec 2026 */
  fullDate(at: number): string;
  number(value: number): string;
  bytes(size: number): string;
  list(names: readonly string[]): string;
  /** Days between two instants on the calendar here. */
  daysAgo(at: number, now: number): number;
  weekday(at: number): string;
  capitalise(text: string): string;
  relativeDay(days: number): string;
  /** 0:09 */
  clock(seconds: number): string;
  span(seconds: number): string;
}

function startOfDay(at: number): number {
  const date = new Date(at);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

function make(locale: string): Format {
  const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
  const exact = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const day = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
  const dayYear = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", year: "numeric" });
  const date = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
  const fullDate = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
  const weekday = new Intl.DateTimeFormat(locale, { weekday: "short" });
  const number = new Intl.NumberFormat(locale);
  const list = new Intl.ListFormat(locale, { type: "conjunction" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const capitalise = (text: string) => text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);
  const unit = (value: number, name: string, digits = 0, display: "short" | "long" = "short") =>
    new Intl.NumberFormat(locale, {
      style: "unit",
      unit: name,
      unitDisplay: display,
      maximumFractionDigits: digits,
    }).format(value);
  const long = (value: number, name: string) =>
    new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "long" }).format(value);
  return {
    time: (at) => time.format(at),
    exact: (at) => exact.format(at),
    day: (at) =>
      capitalise((new Date(at).getFullYear() === new Date().getFullYear() ? day : dayYear).format(at)),
    date: (at) => date.format(at),
    fullDate: (at) => fullDate.format(at),
    number: (value) => number.format(value),
    bytes: (size) =>
      size < 1000
        ? // The short form knows no plural.
          unit(size, "byte", 0, "long")
        : size < 1e6
          ? unit(size / 1e3, "kilobyte")
          : size < 1e9
            ? unit(size / 1e6, "megabyte", 1)
            : unit(size / 1e9, "gigabyte", 1),
    list: (names) => list.format(names),
    daysAgo: (at, now) => Math.round((startOfDay(now) - startOfDay(at)) / DAY),
    weekday: (at) => capitalise(weekday.format(at)),
    capitalise,
    relativeDay: (days) => capitalise(relative.format(-days, "day")),
    clock: (seconds) => {
      const whole = Math.max(0, Math.floor(seconds));
      return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
    },
    span: (seconds) => {
      if (seconds % 604_800 === 0) return long(seconds / 604_800, "week");
      if (seconds % 86_400 === 0) return long(seconds / 86_400, "day");
      if (seconds % 3600 === 0) return long(seconds / 3600, "hour");
      return long(Math.round(seconds / 60), "minute");
    },
  };
}

const made = new Map<string, Format>();

/** The browser's own regional form of the language, if it has one: 13:44 in en-GB, 1:44 PM in en-US. */
export function regional(locale: string): string {
  const language = locale.split("-")[0];
  return navigator.languages.find((tag) => tag.split("-")[0] === language && tag.includes("-")) ?? locale;
}

export function formatFor(locale: string): Format {
  let format = made.get(locale);
  if (!format) {
    format = make(regional(locale));
    made.set(locale, format);
  }
  return format;
}

export function useFormat(): Format {
  const { i18n } = useLingui();
  return useMemo(() => formatFor(i18n.locale), [i18n.locale]);
}

/** In the chat list: today the time, then yesterday, then the weekday, then the date. */
export function shortWhen(format: Format, at: number, now: number): string {
  const days = format.daysAgo(at, now);
  if (days <= 0) return format.time(at);
  if (days === 1) return format.relativeDay(1);
  return days < 7 ? format.weekday(at) : format.date(at);
}

/** In a sentence: today the time alone, else the day as well. */
export function dayAndTime(format: Format, at: number, now: number): string {
  const time = format.time(at);
  return format.daysAgo(at, now) <= 0 ? time : `${shortWhen(format, at, now)}, ${time}`;
}

/** On a line between days. */
export function longDay(format: Format, at: number, now: number): string {
  const days = format.daysAgo(at, now);
  return days === 0 || days === 1 ? format.relativeDay(days) : format.day(at);
}
