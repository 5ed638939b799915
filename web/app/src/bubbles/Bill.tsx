import { useLingui } from "@lingui/react/macro";
import type { Bill } from "@plauder/client/api";
import { Package } from "lucide-react";
import { useFormat } from "../lib/format.ts";
import { CopyRow, LinkRow, page } from "./parts.tsx";
import { usePrice } from "./price.ts";

/** Lines, total, where the order stands; what a way to pay needs can be copied. */
export function BillLines({ of }: { of: Bill }) {
  const { t } = useLingui();
  const format = useFormat();
  const price = usePrice();
  const names = { subtotal: t`Subtotal`, tax: t`Tax`, shipping: t`Shipping`, discount: t`Discount` };
  return (
    <div className="mt-2 text-sm">
      <div className="flex items-center gap-2 text-ink-2">
        <Package size={16} aria-hidden />
        <span className="min-w-0 flex-1">{t`Order ${of.reference}`}</span>
        <span className="tag">{useOrderStatus()(of.status)}</span>
      </div>
      {of.description && <p className="mt-1">{of.description}</p>}
      {of.items.length > 0 && (
        <table className="mt-2 w-full">
          <tbody>
            {of.items.map((item, index) => (
              <tr key={index}>
                <th scope="row" className="text-start font-normal">
                  {format.number(item.quantity)} × {item.name}
                </th>
                <td className="num text-end">{price(item.amount * item.quantity, of.currency)}</td>
              </tr>
            ))}
            {of.more.map(({ kind, amount }) => (
              <tr key={kind} className="text-ink-2">
                <th scope="row" className="text-start font-normal">
                  {names[kind]}
                </th>
                <td className="num text-end">{price(kind === "discount" ? -amount : amount, of.currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {of.total !== undefined && (
        <div className="mt-2 flex items-baseline border-t border-line pt-2">
          <span className="flex-1">{t`Total`}</span>
          <b className="num text-lg font-[660]">{price(of.total, of.currency)}</b>
        </div>
      )}
    </div>
  );
}

export function BillWays({ of }: { of: Bill }) {
  const { t } = useLingui();
  return of.ways.map(({ kind, value }) => {
    if (kind === "pix") return <CopyRow key={value} value={value}>{t`Copy PIX code`}</CopyRow>;
    if (kind === "boleto") return <CopyRow key={value} value={value}>{t`Copy boleto number`}</CopyRow>;
    const href = page(value);
    return href ? <LinkRow key={value} href={href}>{t`Pay on the web`}</LinkRow> : null;
  });
}

function useOrderStatus(): (status: string) => string {
  const { t } = useLingui();
  return (status) => {
    switch (status) {
      case "processing":
        return t`In preparation`;
      case "partially_shipped":
        return t`Partly shipped`;
      case "shipped":
        return t`Shipped`;
      case "completed":
        return t`Completed`;
      case "canceled":
        return t`Cancelled`;
      default:
        return t`Open`;
    }
  };
}
