import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { Download } from "lucide-react";
import { useState } from "react";
import { useClient } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { useAct, useAsk, usePlace, useProblem } from "./ask.ts";
import { BillTo } from "./BillTo.tsx";
import { Cost } from "./Cost.tsx";
import { DayBars } from "./DayBars.tsx";
import { SpendLimit } from "./Limits.tsx";
import type { Bill, InvoiceRow, UsageRow } from "./model.ts";
import { type Money, useCategories, useMarkets, useMoney } from "./money.ts";
import { Card, Screen } from "./parts.tsx";

const HUES: Readonly<Record<string, string>> = {
  utility: "var(--c1)",
  marketing: "var(--c2)",
  authentication: "var(--c4)",
  service: "var(--c5)",
};
export const hueOf = (category: string): string => HUES[category.toLowerCase()] ?? "var(--c0)";

/** `back` months before the month of an instant, YYYY-MM. */
function monthOf(at: Date, back: number): string {
  const date = new Date(at.getFullYear(), at.getMonth() - back, 1);
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}`;
}

/** Hands bytes to the browser's downloads. */
function keep(bytes: Uint8Array<ArrayBuffer>, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function Billing() {
  const { t, i18n } = useLingui();
  const { base } = usePlace();
  const { business } = useClient();
  const problem = useProblem();
  const act = useAct();
  const [now] = useState(() => new Date());
  const [month, setMonth] = useState(() => monthOf(now, 0));
  const { value: bill, error, reload } = useAsk<Bill>(`${base}/billing?month=${month}`);
  const name = (one: string) => {
    const date = new Date(`${one}-01T00:00`);
    return new Intl.DateTimeFormat(i18n.locale, { month: "long", year: "numeric" }).format(date);
  };
  const save = (path: string, file: string) =>
    act.run(async () => keep(await business.download(`${base}/billing${path}`), file));
  const failure = act.error ?? error;
  return (
    <Screen
      title={t`Usage and bills`}
      hint={t`Prices come from the same rule that shows them before you send.`}
      actions={
        <div className="flex flex-wrap items-center gap-2">
          <span className="biz-tabs" role="radiogroup" aria-label={t`Month`}>
            {[2, 1, 0].map((back) => {
              const one = monthOf(now, back);
              return (
                // biome-ignore lint/a11y/useSemanticElements: a chip that is one of several
                <button
                  key={one}
                  type="button"
                  role="radio"
                  className="chip"
                  aria-checked={month === one}
                  onClick={() => setMonth(one)}
                >
                  {name(one)}
                </button>
              );
            })}
          </span>
          <button
            type="button"
            className="btn secondary small"
            onClick={() => void save(`/usage.csv?month=${month}`, `usage-${month}.csv`)}
          >
            <Download size={16} aria-hidden /> CSV
          </button>
        </div>
      }
    >
      {failure && (
        <p className="banner danger mb-4" role="alert">
          {problem(failure)}
        </p>
      )}
      {bill && (
        <div className="biz-columns">
          <div className="flex min-w-0 flex-col gap-5">
            <Month bill={bill} />
            <Usage bill={bill} />
            <Cost />
          </div>
          <div className="flex min-w-0 flex-col gap-5">
            <SpendLimit bill={bill} onChanged={reload} />
            <NextTier bill={bill} />
            <Invoices onSave={save} monthName={name} />
            <BillTo bill={bill} onChanged={reload} />
          </div>
        </div>
      )}
    </Screen>
  );
}

function Month({ bill }: { bill: Bill }) {
  const { t } = useLingui();
  const money = useMoney(bill.account.currency);
  const category = useCategories();
  const sums = new Map<string, number>();
  for (const row of bill.usage) sums.set(row.category, (sums.get(row.category) ?? 0) + row.amount);
  const left = 0 - bill.owed;
  return (
    <Card title={bill.projected === null ? t`That month` : t`So far this month`}>
      <div className="grid gap-6 md:grid-cols-[minmax(0,15rem)_minmax(0,1fr)]">
        <div className="flex min-w-0 flex-col gap-3">
          <p className="num text-4xl font-[710] tracking-[-.035em]">{money.amount(bill.spent)}</p>
          <p className="text-sm text-ink-2">
            <Trans>Before tax.</Trans>{" "}
            {bill.projected !== null && bill.projected > 0 && (
              <b className="text-ink">{t`About ${money.amount(bill.projected)} by the end of the month.`}</b>
            )}
          </p>
          <dl className="flex flex-col gap-1.5 text-sm">
            {[...sums].map(([one, sum]) => (
              <div key={one} className="flex items-center gap-2">
                <span
                  className="size-2.5 rounded-[3px]"
                  style={{ background: hueOf(one) }}
                  aria-hidden="true"
                />
                <dt className="flex-1">{category(one)}</dt>
                <dd className="num font-semibold">{money.amount(sum)}</dd>
              </div>
            ))}
            {bill.account.mode === "prepaid" && (
              <div className="flex items-center gap-2 border-t border-line pt-1.5">
                <dt className="flex-1 text-ink-2">{t`Paid in advance`}</dt>
                <dd className="num font-semibold">{money.amount(left)}</dd>
              </div>
            )}
          </dl>
          {bill.account.mode === "prepaid" && left <= 0 && (
            <p className="note">
              <Trans>
                The test number is free. Before a real number sends paid messages, ask your operator to add a
                balance.
              </Trans>
            </p>
          )}
        </div>
        <DayBars bill={bill} />
      </div>
    </Card>
  );
}

function Usage({ bill }: { bill: Bill }) {
  const { t } = useLingui();
  const format = useFormat();
  const money = useMoney(bill.account.currency);
  const market = useMarkets();
  const category = useCategories();
  const free = bill.usage.reduce((sum, row) => sum + (row.each === 0 ? row.messages : 0), 0);
  return (
    <Card
      title={t`Usage by market and category`}
      aside={
        free > 0 && (
          <span className="tag ok">
            <Plural value={free} one="# free message" other="# free messages" />
          </span>
        )
      }
    >
      {bill.usage.length === 0 ? (
        <p className="text-ink-2">{t`No delivered message of a real number in this month.`}</p>
      ) : (
        <table className="biz-table">
          <thead>
            <tr>
              <th scope="col">{t`Market`}</th>
              <th scope="col">{t`Category`}</th>
              <th scope="col">{t`Tier`}</th>
              <th scope="col" className="end">{t`Messages`}</th>
              <th scope="col" className="end">{t`Each`}</th>
              <th scope="col" className="end">{t`Amount`}</th>
            </tr>
          </thead>
          <tbody>
            {bill.usage.map((row, index) => (
              <tr key={index}>
                <th scope="row" data-label={t`Market`}>
                  <span className={row.market === bill.usage[index - 1]?.market ? "biz-again" : ""}>
                    {market(row.market)}
                  </span>
                </th>
                <td data-label={t`Category`}>
                  <span className="tag">
                    <span
                      className="size-2 rounded-xs"
                      style={{ background: hueOf(row.category) }}
                      aria-hidden="true"
                    />
                    {category(row.category)}
                  </span>
                </td>
                <td data-label={t`Tier`}>
                  <Tier row={row} />
                </td>
                <td data-label={t`Messages`} className="end">
                  {format.number(row.messages)}
                </td>
                <td data-label={t`Each`} className="end">
                  {row.each === 0 ? t`free` : money.each(row.each)}
                </td>
                <td data-label={t`Amount`} className="end font-semibold">
                  {money.amount(row.amount)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function Tier({ row }: { row: UsageRow }) {
  const { t } = useLingui();
  const format = useFormat();
  if (!row.tier || (row.tier.from === 0 && row.tier.to === null)) return t`No tiers`;
  return row.tier.to === null
    ? t`from ${format.number(row.tier.from)}`
    : t`${format.number(row.tier.from)} to ${format.number(row.tier.to)}`;
}

function NextTier({ bill }: { bill: Bill }) {
  const { t } = useLingui();
  const format = useFormat();
  const market = useMarkets();
  const category = useCategories();
  const rows = new Map<string, { label: string; now: number; to: number }>();
  for (const { market: where, category: what, tier } of bill.usage)
    if (tier?.to)
      rows.set(`${where}/${what}`, {
        label: `${market(where)}, ${category(what)}`,
        now: tier.now,
        to: tier.to,
      });
  if (rows.size === 0) return null;
  return (
    <Card title={t`Next tier`}>
      {[...rows].map(([key, { label, now, to }]) => (
        <div key={key} className="text-sm">
          <p className="flex flex-wrap justify-between gap-2">
            <span>{label}</span>
            <span className="num">{t`${format.number(now)} of ${format.number(to)}`}</span>
          </p>
          <Bar share={now / to} />
        </div>
      ))}
    </Card>
  );
}

/** How much of something; the words beside it say so too. */
export function Bar({ share, mark }: { share: number; mark?: number }) {
  return (
    <span className="biz-bar" aria-hidden="true">
      <span style={{ width: `${Math.min(100, Math.max(0, share * 100))}%` }} data-full={share >= 1} />
      {mark !== undefined && <i style={{ insetInlineStart: `${mark * 100}%` }} />}
    </span>
  );
}

function Invoices({
  onSave,
  monthName,
}: {
  onSave: (path: string, file: string) => Promise<unknown>;
  monthName: (month: string) => string;
}) {
  const { t } = useLingui();
  const { base } = usePlace();
  const { value } = useAsk<readonly InvoiceRow[]>(`${base}/billing/invoices`);
  return (
    <Card title={t`Invoices`}>
      {value?.length === 0 && (
        <p className="text-sm text-ink-2">{t`The first comes after the end of the month.`}</p>
      )}
      <ul className="flex flex-col">
        {value?.map((row) => (
          <Invoice key={row.number} row={row} onSave={onSave} monthName={monthName} />
        ))}
      </ul>
    </Card>
  );
}

function Invoice({
  row,
  onSave,
  monthName,
}: {
  row: InvoiceRow;
  onSave: (path: string, file: string) => Promise<unknown>;
  monthName: (month: string) => string;
}) {
  const { t } = useLingui();
  const money: Money = useMoney(row.currency);
  const format = useFormat();
  const month = /^\d{4}-\d\d$/u.test(row.about) ? monthName(row.about) : row.number;
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 border-t border-line py-2.5 first:border-t-0">
      <span className="min-w-0 flex-1 basis-32">
        <span className="block font-semibold">{row.kind === "invoice" ? month : t`Credit note`}</span>
        <span className="block text-xs text-ink-2">
          {row.kind === "invoice" ? row.number : t`${row.number}, for ${row.about}`}
        </span>
      </span>
      <span className="text-end">
        <span className="num block font-semibold">{money.amount(row.total)}</span>
        {row.kind === "invoice" && row.open > 0 && row.due && (
          <span className="block text-xs text-warn">{t`Due ${format.date(Date.parse(row.due))}`}</span>
        )}
        {row.kind === "invoice" && row.open === 0 && <span className="block text-xs text-ok">{t`Paid`}</span>}
        {row.open > 0 && row.open < row.total && (
          <span className="num block text-xs text-ink-2">{t`${money.amount(row.open)} open`}</span>
        )}
      </span>
      <span className="flex basis-full gap-1">
        {(["pdf", "csv", "json"] as const).map((form) => (
          <button
            key={form}
            type="button"
            className="btn secondary small"
            aria-label={t`Download ${row.number} as ${form.toUpperCase()}`}
            onClick={() => void onSave(`/invoices/${row.number}.${form}`, `${row.number}.${form}`)}
          >
            {form.toUpperCase()}
          </button>
        ))}
      </span>
    </li>
  );
}
