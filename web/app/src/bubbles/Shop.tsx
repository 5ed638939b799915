import { useLingui } from "@lingui/react/macro";
import type { Product, Shop } from "@plauder/client/api";
import { Minus, Package, Plus, ShoppingBag } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useFormat } from "../lib/format.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { type Desk, Picture, picture } from "./parts.tsx";
import { usePrice } from "./price.ts";

const MOST = 99;

/** Products of a message: the first ones as pictures, all of them behind one tap, with a cart. */
export function ShopCard({
  shop,
  label,
  desk,
  children,
}: {
  shop: Shop;
  label?: string;
  desk: Desk;
  children?: ReactNode;
}) {
  const { t } = useLingui();
  const [open, setOpen] = useState(false);
  const products = shop.shelves.flatMap((shelf) => shelf.products);
  const [only] = products;
  const single = products.length === 1 ? only : undefined;
  return (
    <>
      {single ? (
        <button type="button" className="shop-one" onClick={() => setOpen(true)}>
          <Thumb of={single} className="shop-wide" />
          <span className="block px-3 pt-2 text-md font-[660]">{single.name}</span>
          <span className="block px-3 pb-1 text-sm">
            <Price of={single} />
          </span>
        </button>
      ) : (
        <button
          type="button"
          className="shop-strip"
          onClick={() => setOpen(true)}
          aria-label={t`See all products`}
        >
          {products.slice(0, 3).map((one) => (
            <Thumb key={one.id} of={one} className="shop-square" />
          ))}
        </button>
      )}
      {children}
      <button type="button" className="btn-row" onClick={() => setOpen(true)}>
        <ShoppingBag size={16} aria-hidden /> {label || (single ? t`See the product` : t`See all products`)}
      </button>
      {open && <ShopDialog shop={shop} desk={desk} onClose={() => setOpen(false)} />}
    </>
  );
}

export function ShopDialog({ shop, desk, onClose }: { shop: Shop; desk: Desk; onClose: () => void }) {
  const { t } = useLingui();
  const format = useFormat();
  const price = usePrice();
  const [cart, setCart] = useState<ReadonlyMap<string, number>>(new Map());
  const [note, setNote] = useState("");
  const products = shop.shelves.flatMap((shelf) => shelf.products);
  const chosen = products.flatMap((one) => {
    const count = cart.get(one.id) ?? 0;
    return count > 0 ? [{ product: one, count }] : [];
  });
  const currency = chosen[0]?.product.currency;
  const total = chosen.reduce((sum, { product, count }) => sum + (product.price ?? 0) * count, 0);
  const change = (id: string, by: number) =>
    setCart((now) => new Map(now).set(id, Math.min(MOST, Math.max(0, (now.get(id) ?? 0) + by))));
  const send = () => {
    const text = note.trim();
    const list = format.list(chosen.map(({ product, count }) => `${format.number(count)} × ${product.name}`));
    desk.answer(
      {
        type: "order",
        order: {
          catalog_id: shop.catalogId,
          ...(text && { text }),
          product_items: chosen.map(({ product, count }) => ({
            product_retailer_id: product.id,
            quantity: count,
            item_price: (product.price ?? 0) / 100,
            currency: product.currency ?? "",
          })),
        },
      },
      text ? t`Order: ${list}. ${text}` : t`Order: ${list}`,
    );
    onClose();
  };
  return (
    <Dialog
      title={products.length === 1 ? t`Product` : t`Products`}
      onClose={onClose}
      actions={
        <>
          <output className="flex-1 self-center text-md">
            {chosen.length > 0 && (
              <>
                {t`Total`} <b className="num">{price(total, currency)}</b>
              </>
            )}
          </output>
          <button type="button" className="btn primary" disabled={chosen.length === 0} onClick={send}>
            {t`Send order`}
          </button>
        </>
      }
    >
      {shop.shelves.map((shelf, index) => (
        <section key={index} className="mb-3" aria-label={shelf.title}>
          {shelf.title && <h3 className="label py-2 text-ink-2">{shelf.title}</h3>}
          <ul className="flex flex-col gap-3">
            {shelf.products.map((one) => (
              <li key={one.id} className="flex items-start gap-3">
                <Thumb of={one} className="shop-thumb" />
                <div className="min-w-0 flex-1">
                  <div className="font-semibold">{one.name}</div>
                  {one.description && <p className="text-sm text-ink-2">{one.description}</p>}
                  <div className="text-sm">
                    <Price of={one} />
                  </div>
                </div>
                {one.available && (
                  <Stepper
                    name={one.name}
                    count={cart.get(one.id) ?? 0}
                    onChange={(by) => change(one.id, by)}
                  />
                )}
              </li>
            ))}
          </ul>
        </section>
      ))}
      <label className="field mt-4">
        <span className="label">{t`A word to the business (optional)`}</span>
        <input
          className="input"
          maxLength={300}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
      </label>
      <p className="hint mt-2">{t`An order is a message. The business answers it here; nothing is paid yet.`}</p>
    </Dialog>
  );
}

function Stepper({ name, count, onChange }: { name: string; count: number; onChange: (by: number) => void }) {
  const { t } = useLingui();
  return (
    <span className="shop-step">
      <button
        type="button"
        className="icon-btn"
        aria-label={t`One ${name} less`}
        disabled={count === 0}
        onClick={() => onChange(-1)}
      >
        <Minus size={16} aria-hidden />
      </button>
      <output className="num" aria-label={t`How many of ${name}`}>
        {count}
      </output>
      <button
        type="button"
        className="icon-btn"
        aria-label={t`One ${name} more`}
        disabled={count === MOST}
        onClick={() => onChange(1)}
      >
        <Plus size={16} aria-hidden />
      </button>
    </span>
  );
}

function Price({ of }: { of: Product }) {
  const { t } = useLingui();
  const price = usePrice();
  if (!of.available) return <span className="text-ink-2">{t`Sold out`}</span>;
  return of.price === undefined ? null : <span className="num">{price(of.price, of.currency)}</span>;
}

function Thumb({ of, className }: { of: Product; className: string }) {
  const link = picture(of.picture);
  if (link) return <Picture link={link} alt="" className={className} />;
  return (
    <span className={`${className} biz-gone`}>
      <Package size={22} aria-hidden />
    </span>
  );
}
