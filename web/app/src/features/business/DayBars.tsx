import { useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { useFormat } from "../../lib/format.ts";
import { hueOf } from "./Billing.tsx";
import type { Bill, DayRow } from "./model.ts";
import { useCategories, useMoney } from "./money.ts";

/** A round number at or above: 1, 2 or 5 times a power of ten. */
function ceiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

/** What each day cost, by category: bars with the peak named, or the same as a table. */
export function DayBars({ bill }: { bill: Bill }) {
  const { t } = useLingui();
  const money = useMoney(bill.account.currency);
  const format = useFormat();
  const category = useCategories();
  const [table, setTable] = useState(false);
  const [year = 0, month = 1] = bill.month.split("-").map(Number);
  const length = new Date(year, month, 0).getDate();
  const days = Array.from({ length }, (_, index) => {
    const day = `${bill.month}-${String(index + 1).padStart(2, "0")}`;
    const rows = bill.days.filter((row) => row.day === day);
    return { day, rows, total: rows.reduce((sum, row) => sum + row.amount, 0) };
  });
  const peak = days.reduce((best, one) => (one.total > best.total ? one : best));
  const top = ceiling(peak.total);
  const name = (day: string) => format.date(new Date(`${day}T00:00`).getTime());
  const spent = days.filter((one) => one.rows.length > 0);
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <h3 className="text-sm font-semibold">{t`Per day`}</h3>
        <span className="flex-1 text-end text-xs text-ink-2">
          {peak.total > 0 && t`Peak ${name(peak.day)}: ${money.amount(peak.total)}`}
        </span>
        <button type="button" className="link text-xs" aria-pressed={table} onClick={() => setTable(!table)}>
          {t`As a table`}
        </button>
      </div>
      {table ? (
        <DayTable rows={spent.flatMap((one) => one.rows)} bill={bill} name={name} />
      ) : (
        <div
          className="biz-chart"
          data-empty={peak.total === 0}
          role="img"
          aria-label={
            peak.total > 0
              ? t`Bars per day; the highest is ${name(peak.day)} with ${money.amount(peak.total)}.`
              : t`Bars per day; nothing was spent.`
          }
        >
          <span className="biz-axis">{money.round(peak.total > 0 ? top : 0)}</span>
          <div className="biz-bars">
            {days.map(({ day, rows, total }) => (
              <span key={day} title={total > 0 ? `${name(day)} · ${money.amount(total)}` : undefined}>
                {rows.map((row: DayRow) => (
                  <i
                    key={row.category}
                    title={category(row.category)}
                    style={{ height: `${(row.amount / top) * 100}%`, background: hueOf(row.category) }}
                  />
                ))}
              </span>
            ))}
          </div>
          <div className="biz-days num">
            {[1, 8, 15, 22, 29]
              .filter((one) => one <= length)
              .map((one) => (
                <span key={one} style={{ insetInlineStart: `${((one - 1) / length) * 100}%` }}>
                  {one === 1 ? name(`${bill.month}-01`) : format.number(one)}
                </span>
              ))}
          </div>
        </div>
      )}
    </div>
  );
}

function DayTable({
  rows,
  bill,
  name,
}: {
  rows: readonly DayRow[];
  bill: Bill;
  name: (day: string) => string;
}) {
  const { t } = useLingui();
  const money = useMoney(bill.account.currency);
  const format = useFormat();
  const category = useCategories();
  return (
    <table className="biz-table">
      <thead>
        <tr>
          <th scope="col">{t`Day`}</th>
          <th scope="col">{t`Category`}</th>
          <th scope="col" className="end">{t`Messages`}</th>
          <th scope="col" className="end">{t`Amount`}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={`${row.day}${row.category}`}>
            <th scope="row" data-label={t`Day`}>
              {name(row.day)}
            </th>
            <td data-label={t`Category`}>{category(row.category)}</td>
            <td data-label={t`Messages`} className="end">
              {format.number(row.messages)}
            </td>
            <td data-label={t`Amount`} className="end">
              {money.amount(row.amount)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
