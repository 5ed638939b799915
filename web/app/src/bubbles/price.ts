import { useLingui } from "@lingui/react/macro";
import { regional } from "../lib/format.ts";

/** Hundredths of a currency as people write them: R$ 68,00. A bare number where the currency is not told. */
export function usePrice(): (hundredths: number, currency: string | undefined) => string {
  const { i18n } = useLingui();
  const locale = regional(i18n.locale);
  return (hundredths, currency) =>
    new Intl.NumberFormat(
      locale,
      currency ? { style: "currency", currency } : { minimumFractionDigits: 2, maximumFractionDigits: 2 },
    ).format(hundredths / 100);
}
