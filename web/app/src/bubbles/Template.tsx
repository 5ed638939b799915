import { useLingui } from "@lingui/react/macro";
import type { RenderedTemplate, TemplateButton, TemplateCard } from "@plauder/client/api";
import { Phone, ShoppingBag } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useFormat } from "../lib/format.ts";
import { useNow } from "../lib/now.ts";
import { CallRows, FormRow, OwnCardRow } from "./Interactive.tsx";
import { AnswerRow, CopyRow, type Desk, Footer, Header, LinkRow, page } from "./parts.tsx";
import { ShopDialog } from "./Shop.tsx";
import { MessageText } from "./Text.tsx";

export function TemplateMessage({ of, desk }: { of: RenderedTemplate; desk: Desk }) {
  const { t } = useLingui();
  return (
    <>
      <div className="biz-card">
        <Card of={of} nr={0} desk={desk} footer={of.footer}>
          {of.offer && <Offer text={of.offer.text} ends={of.offer.expires_at} />}
        </Card>
        {of.asks === "contact" && <OwnCardRow desk={desk} />}
        {of.asks === "call" && <CallRows desk={desk} />}
      </div>
      {of.cards && (
        <ul
          className="-mx-1 flex w-[min(420px,72vw)] snap-x gap-2 overflow-x-auto pb-1"
          aria-label={t`Cards`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
          tabIndex={0}
        >
          {of.cards.map((card, index) => (
            <li key={index} className="biz-card !mx-0 !w-56 flex-none snap-start">
              <Card of={card} nr={index + 1} desk={desk} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** What ends soon says when; what has ended says that. */
function Offer({ text, ends }: { text: string; ends: number | undefined }) {
  const { t } = useLingui();
  const format = useFormat();
  const now = useNow();
  const over = ends !== undefined && ends <= now;
  const when =
    ends === undefined ? "" : over ? t`ended` : t`until ${format.time(ends)}, ${format.date(ends)}`;
  return (
    <div className="mb-2">
      <span className={`tag !h-auto py-1 ${over ? "" : "warn"}`}>
        {[text, when].filter(Boolean).join(" · ")}
      </span>
    </div>
  );
}

function Card(props: {
  of: TemplateCard;
  nr: number;
  desk: Desk;
  footer?: string | undefined;
  children?: ReactNode;
}) {
  const { of, nr, desk, footer, children } = props;
  return (
    <>
      <div className="pad">
        <Header of={of.header} />
        {children}
        {of.body && <MessageText text={of.body} />}
        <Footer text={footer} />
      </div>
      {of.buttons.map((button, index) => (
        <Action key={index} of={button} place={`${nr}.${index}`} desk={desk} />
      ))}
    </>
  );
}

function Action({ of, place, desk }: { of: TemplateButton; place: string; desk: Desk }) {
  const { t } = useLingui();
  const url = of.type === "url" ? page(of.url) : undefined;
  if (url) return <LinkRow href={url}>{of.text}</LinkRow>;
  if (of.phone_number)
    return (
      <a className="btn-row" href={`tel:${of.phone_number.replace(/[^+\d]/gu, "")}`}>
        <Phone size={16} aria-hidden /> {of.text}
      </a>
    );
  if ((of.type === "copy_code" || of.type === "otp") && of.code)
    return <CopyRow value={of.code}>{of.text || t`Copy code`}</CopyRow>;
  if (of.form) return <FormRow offer={of.form} desk={desk} />;
  if (of.shop) return <ShopRow of={of} shop={of.shop} desk={desk} />;
  if (of.type !== "quick_reply") return null;
  return (
    <AnswerRow
      title={of.text}
      place={place}
      reply={{ type: "button", button: { payload: of.payload ?? of.text, text: of.text } }}
      desk={desk}
    />
  );
}

function ShopRow({
  of,
  shop,
  desk,
}: {
  of: TemplateButton;
  shop: NonNullable<TemplateButton["shop"]>;
  desk: Desk;
}) {
  const { t } = useLingui();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="btn-row" onClick={() => setOpen(true)}>
        <ShoppingBag size={16} aria-hidden /> {of.text || t`See all products`}
      </button>
      {open && <ShopDialog shop={shop} desk={desk} onClose={() => setOpen(false)} />}
    </>
  );
}
