import { useLingui } from "@lingui/react/macro";
import { useMemo } from "react";

const PLACES: Readonly<Record<string, number>> = { mon: 1, tue: 2, wed: 3, thu: 4, fri: 5, sat: 6, sun: 7 };

/** Names of the days mon … sun in the person's language. */
export function useWeekdays(): (day: string) => string {
  const { i18n } = useLingui();
  return useMemo(() => {
    const format = new Intl.DateTimeFormat(i18n.locale, { weekday: "long", timeZone: "UTC" });
    // The first of January 2024 was a Monday.
    return (day) => format.format(Date.UTC(2024, 0, PLACES[day] ?? 1));
  }, [i18n.locale]);
}
