import { useLingui } from "@lingui/react/macro";
import { Check, TriangleAlert } from "lucide-react";
import { useEffect, useId, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { usePlace } from "./ask.ts";
import { ExampleNote } from "./Cost.tsx";
import type { Category, Json, Prices, Verdict } from "./model.ts";
import { useCategories, useMarkets, useMoney } from "./money.ts";
import { Card } from "./parts.tsx";

const CATEGORIES: readonly Category[] = ["UTILITY", "MARKETING", "AUTHENTICATION"];
const NEIGHBOURS = ["BR", "IN", "DE", "GB", "ES", "MX", "north-america"];

/** The market a business's own country belongs to. */
export const homeOf = (prices: Prices | undefined): string => prices?.home ?? "other";

/** What the platform would decide about a draft, asked a moment after the last keystroke. */
export function useVerdict(body: Json | undefined): Verdict | undefined {
  const { business } = useClient();
  const { base } = usePlace();
  const [verdict, setVerdict] = useState<{ of: string; found: Verdict }>();
  const wanted = body && JSON.stringify(body);
  useEffect(() => {
    if (!wanted) return;
    let live = true;
    const ask = () =>
      business
        .call<Verdict>("POST", `${base}/templates/verdict`, JSON.parse(wanted) as Json)
        .then((found) => live && setVerdict({ of: wanted, found }))
        .catch(() => {
          // Offline: the verdict comes on submission.
        });
    const timer = setTimeout(() => void ask(), 350);
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [business, base, wanted]);
  return verdict && verdict.of === wanted ? verdict.found : undefined;
}

export function CategoryCards({
  category,
  prices,
  verdict,
  fixed,
  onChange,
}: {
  category: Category;
  prices: Prices | undefined;
  verdict: Verdict | undefined;
  /** An approved template keeps its category. */
  fixed: boolean;
  onChange: (category: Category) => void;
}) {
  const { t } = useLingui();
  const id = useId();
  const market = useMarkets();
  const name = useCategories();
  const money = useMoney(prices?.currency ?? "USD");
  const where = homeOf(prices);
  const hints: Record<Category, string> = {
    UTILITY: t`About something the person ordered. Free in an open window while the rate card says so.`,
    MARKETING: t`Offers, news, reminders to buy. Needs consent.`,
    AUTHENTICATION: t`One-time codes only. Fixed wording.`,
  };
  return (
    <Card
      title={t`What kind of message is it?`}
      aside={<span className="text-sm text-ink-2">{t`Price per message: ${market(where)}`}</span>}
    >
      <div className="grid gap-2.5 sm:grid-cols-3" role="radiogroup" aria-label={t`Category`}>
        {CATEGORIES.map((one) => {
          const price = prices?.prices[where]?.[one.toLowerCase()];
          return (
            <label key={one} className="biz-choice">
              <input
                type="radio"
                name={`${id}-category`}
                className="accent-brand"
                checked={category === one}
                disabled={fixed && category !== one}
                onChange={() => onChange(one)}
              />
              <span className="num block text-xl font-[700]">
                {price === undefined ? "…" : money.each(price)}
              </span>
              <span className="block font-semibold">{name(one)}</span>
              <span className="block text-xs text-ink-2">{hints[one]}</span>
            </label>
          );
        })}
      </div>
      <Judged verdict={verdict} category={category} prices={prices} />
    </Card>
  );
}

function Judged({
  verdict,
  category,
  prices,
}: {
  verdict: Verdict | undefined;
  category: Category;
  prices: Prices | undefined;
}) {
  const { t } = useLingui();
  const name = useCategories();
  const money = useMoney(prices?.currency ?? "USD");
  const where = homeOf(prices);
  if (!verdict)
    return (
      <p className="hint" role="status">{t`The verdict on the category appears here while you write.`}</p>
    );
  const price = prices?.prices[where]?.[verdict.category.toLowerCase()];
  const reads = name(verdict.category);
  const cost = price === undefined ? "…" : money.each(price);
  const scam = verdict.reason === "SCAM";
  if (verdict.problem)
    return (
      <p className="note warn" role="status">
        <TriangleAlert size={18} aria-hidden />
        <span>{t`Not right yet: ${verdict.problem}`}</span>
      </p>
    );
  if (verdict.status === "REJECTED")
    return (
      <p className="note danger" role="status">
        <TriangleAlert size={18} aria-hidden />
        <span>
          {scam
            ? t`It would be rejected: it asks for a password or card number.`
            : t`It would be rejected: a shortened link hides where it leads.`}
        </span>
      </p>
    );
  if (verdict.category !== category)
    return (
      <p className="note warn" role="status">
        <TriangleAlert size={18} aria-hidden />
        <span>{t`Reads as ${reads}, at ${cost}: it has words of an offer. Take them out to keep the category.`}</span>
      </p>
    );
  return (
    <p className="note ok" role="status">
      <Check size={18} aria-hidden />
      <span>
        {category === "UTILITY"
          ? t`Reads as ${reads}. Add an offer and it becomes Marketing, at that price.`
          : t`Reads as ${reads}.`}
      </span>
    </p>
  );
}

export function PriceTable({ prices, category }: { prices: Prices | undefined; category: Category }) {
  const { t } = useLingui();
  const market = useMarkets();
  const name = useCategories();
  const money = useMoney(prices?.currency ?? "USD");
  const [all, setAll] = useState(false);
  if (!prices) return null;
  const known = Object.keys(prices.prices);
  const home = homeOf(prices);
  const near = [home, ...NEIGHBOURS.filter((one) => one !== home)];
  const shown = all
    ? [...known].sort((a, b) => market(a).localeCompare(market(b)))
    : near.filter((one) => known.includes(one));
  return (
    <Card title={t`Price per market`} className="biz-prices">
      {prices.is_example && <ExampleNote />}
      <table className="biz-table">
        <thead>
          <tr>
            <th scope="col">{t`Market`}</th>
            {CATEGORIES.map((one) => (
              <th key={one} scope="col" className="end">
                {name(one)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <tr key={one} data-here={one === home}>
              <th scope="row" data-label={t`Market`}>
                {market(one)}
              </th>
              {CATEGORIES.map((kind) => (
                <td
                  key={kind}
                  data-label={name(kind)}
                  className={kind === category ? "end font-bold text-brand" : "end"}
                >
                  {money.each(prices.prices[one]?.[kind.toLowerCase()] ?? 0)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <button
        type="button"
        className="btn ghost small self-start"
        aria-expanded={all}
        onClick={() => setAll(!all)}
      >
        {all ? t`Fewer markets` : t`All markets`}
      </button>
    </Card>
  );
}
