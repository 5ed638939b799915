import { useLingui } from "@lingui/react/macro";
import { useId, useState } from "react";
import { useFormat } from "../../lib/format.ts";
import { useAsk, usePlace } from "./ask.ts";
import type { Estimate, Prices } from "./model.ts";
import { useCategories, useMarkets, useMoney } from "./money.ts";
import { Card } from "./parts.tsx";

const CATEGORIES = ["utility", "marketing", "authentication", "service"] as const;

/** A campaign's price before it is sent, tier by tier, by the rule that will bill it. */
export function Cost() {
  const { t } = useLingui();
  const { base } = usePlace();
  const format = useFormat();
  const id = useId();
  const market = useMarkets();
  const categoryName = useCategories();
  const { value: prices } = useAsk<Prices>(`${base}/billing/prices`);
  const [chosen, setChosen] = useState<string>();
  const [category, setCategory] = useState<string>("utility");
  const [count, setCount] = useState("100000");
  const markets = Object.keys(prices?.prices ?? {});
  const where = chosen ?? prices?.home ?? "";
  const many = Number(count.replace(/[^\d]/gu, ""));
  const valid = where !== "" && many >= 1 && many <= 100_000_000;
  const query = new URLSearchParams({ market: where, category, count: String(many) });
  const { value } = useAsk<Estimate>(valid ? `${base}/billing/quote?${query}` : undefined);
  const money = useMoney(prices?.currency ?? "USD");
  return (
    <Card title={t`What would it cost?`}>
      {prices?.is_example && <ExampleNote />}
      <div className="grid items-end gap-3 sm:grid-cols-3">
        <div className="field">
          <label htmlFor={`${id}-market`}>{t`Market`}</label>
          <select
            id={`${id}-market`}
            className="input"
            value={where}
            onChange={(event) => setChosen(event.currentTarget.value)}
          >
            {markets
              .map((one) => ({ one, name: market(one) }))
              .sort((a, b) => a.name.localeCompare(b.name))
              .map(({ one, name }) => (
                <option key={one} value={one}>
                  {name}
                </option>
              ))}
          </select>
        </div>
        <div className="field">
          <label htmlFor={`${id}-category`}>{t`Category`}</label>
          <select
            id={`${id}-category`}
            className="input"
            value={category}
            onChange={(event) => setCategory(event.currentTarget.value)}
          >
            {CATEGORIES.map((one) => (
              <option key={one} value={one}>
                {categoryName(one)}
              </option>
            ))}
          </select>
        </div>
        <div className="field">
          <label htmlFor={`${id}-count`}>{t`Messages`}</label>
          <input
            id={`${id}-count`}
            className="input num"
            inputMode="numeric"
            maxLength={11}
            value={count}
            onChange={(event) => setCount(event.currentTarget.value)}
          />
        </div>
      </div>
      <output className="flex flex-col gap-1" aria-live="polite">
        {value && (
          <>
            <span className="num text-2xl font-[700]">{money.amount(value.total)}</span>
            {merged(value).map((band, index) => (
              <span key={index} className="num text-sm text-ink-2">
                {band.each === 0
                  ? t`${format.number(band.count)} free`
                  : t`${format.number(band.count)} at ${money.each(band.each)} each`}
              </span>
            ))}
          </>
        )}
        {!valid && where !== "" && (
          <span className="text-sm text-ink-2">{t`From 1 to 100 million messages.`}</span>
        )}
      </output>
    </Card>
  );
}

/** Neighbouring bands of one price are one to the reader. */
function merged(estimate: Estimate): { count: number; each: number }[] {
  const bands: { count: number; each: number }[] = [];
  for (const { count, each } of estimate.bands) {
    const last = bands.at(-1);
    if (last?.each === each) last.count += count;
    else bands.push({ count, each });
  }
  return bands;
}

/** The card that ships is public figures, not what anybody has agreed to. */
export function ExampleNote() {
  const { t } = useLingui();
  return (
    <p className="note">
      {t`Example prices: whoever runs this network has brought in no rate card for your currency yet.`}
    </p>
  );
}
