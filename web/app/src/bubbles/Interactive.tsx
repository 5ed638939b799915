import { useLingui } from "@lingui/react/macro";
import type { Interactive, InteractiveAction, InteractiveCard } from "@plauder/client/api";
import { ClipboardList, Contact, List, MapPin, Phone, PhoneOff } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Dialog } from "../ui/Dialog.tsx";
import { toast } from "../ui/Toaster.tsx";
import { Address } from "./Address.tsx";
import { BillLines, BillWays } from "./Bill.tsx";
import { AnswerRow, type Desk, Footer, Header, LinkRow, page, TapRow } from "./parts.tsx";
import { ShopCard } from "./Shop.tsx";
import { MessageText } from "./Text.tsx";

export const FormDialog = lazy(() => import("./Form.tsx"));

interface Props {
  of: Interactive;
  /** The business's number, to call it. */
  digits: string | undefined;
  desk: Desk;
}

export function InteractiveMessage({ of, digits, desk }: Props) {
  const { t } = useLingui();
  const { cards } = of.action;
  return (
    <>
      <div className="biz-card">
        <Inside of={of} nr={0} footer={of.footer?.text} desk={desk} />
        <Requests of={of} digits={digits} desk={desk} />
      </div>
      {cards && (
        <ul
          className="-mx-1 flex w-[min(420px,72vw)] snap-x gap-2 overflow-x-auto pb-1"
          aria-label={t`Cards`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
          tabIndex={0}
        >
          {cards.map((card, index) => (
            <li key={index} className="biz-card !mx-0 !w-56 flex-none snap-start">
              <Inside of={card} nr={index + 1} desk={desk} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Inside(props: { of: InteractiveCard; nr: number; footer?: string | undefined; desk: Desk }) {
  const { of, nr, footer, desk } = props;
  const { action } = of;
  const words = (of.header || of.body || footer || action.bill) && (
    <div className="pad">
      <Header of={of.header} />
      {of.body && <MessageText text={of.body.text} />}
      {action.bill && <BillLines of={action.bill} />}
      <Footer text={footer} />
    </div>
  );
  if (action.shop)
    return (
      <ShopCard shop={action.shop} desk={desk}>
        {words}
      </ShopCard>
    );
  return (
    <>
      {words}
      <Actions of={action} nr={nr} desk={desk} />
    </>
  );
}

function Actions({ of, nr, desk }: { of: InteractiveAction; nr: number; desk: Desk }) {
  const url = page(of.parameters?.url);
  return (
    <>
      {of.buttons?.map(({ reply }, index) => (
        <AnswerRow
          key={reply.id}
          title={reply.title}
          place={`${nr}.${index}`}
          reply={{ type: "button_reply", button_reply: reply }}
          desk={desk}
        />
      ))}
      {of.sections && <Rows of={of} desk={desk} />}
      {url && <LinkRow href={url}>{of.parameters?.display_text || new URL(url).host}</LinkRow>}
      {of.form && <FormRow offer={of.form} desk={desk} />}
      {of.address && <Address of={of.address} desk={desk} />}
      {of.bill && <BillWays of={of.bill} />}
    </>
  );
}

function Rows({ of, desk }: { of: InteractiveAction; desk: Desk }) {
  const { t } = useLingui();
  const [open, setOpen] = useState(false);
  return (
    <>
      <TapRow icon={List} desk={desk} onTap={() => setOpen(true)}>
        {of.button ?? t`Choose`}
      </TapRow>
      {open && (
        <Dialog title={of.button ?? t`Choose`} onClose={() => setOpen(false)}>
          {of.sections?.map((section, index) => (
            <fieldset key={section.title ?? index} className="mb-2">
              {section.title && <legend className="label py-2 text-ink-2">{section.title}</legend>}
              {section.rows.map((row) => (
                <button
                  type="button"
                  key={row.id}
                  className="menu-item"
                  onClick={() => {
                    setOpen(false);
                    desk.answer({ type: "list_reply", list_reply: row });
                  }}
                >
                  <span>
                    <span className="block font-semibold">{row.title}</span>
                    {row.description && <span className="block text-sm text-ink-2">{row.description}</span>}
                  </span>
                </button>
              ))}
            </fieldset>
          ))}
        </Dialog>
      )}
    </>
  );
}

export function FormRow({ offer, desk }: { offer: NonNullable<InteractiveAction["form"]>; desk: Desk }) {
  const { t } = useLingui();
  const [open, setOpen] = useState(false);
  return (
    <>
      <TapRow icon={ClipboardList} desk={desk} onTap={() => setOpen(true)}>
        {offer.label || t`Open the form`}
      </TapRow>
      {open && (
        <Suspense>
          <FormDialog offer={offer} desk={desk} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

/** What a business asks a person for; nothing leaves without a tap. */
function Requests({ of, digits, desk }: Props) {
  switch (of.type) {
    case "location_request_message":
      return <PlaceRow desk={desk} />;
    case "request_contact_info":
      return <OwnCardRow desk={desk} />;
    case "call_permission_request":
      return <CallRows desk={desk} />;
    case "voice_call":
      return digits ? <CallLink digits={digits} label={of.action.parameters?.display_text} /> : null;
    default:
      return null;
  }
}

function CallLink({ digits, label }: { digits: string; label: string | undefined }) {
  const { t } = useLingui();
  return (
    <a className="btn-row" href={`tel:+${digits}`}>
      <Phone size={16} aria-hidden /> {label || t`Call`}
    </a>
  );
}

function PlaceRow({ desk }: { desk: Desk }) {
  const { t } = useLingui();
  const [busy, setBusy] = useState(false);
  const failed = (why: GeolocationPositionError) => {
    setBusy(false);
    toast({
      text:
        why.code === why.PERMISSION_DENIED
          ? t`This browser may not tell your location. Allow it in the settings of the page.`
          : t`Your location could not be found. Try again.`,
    });
  };
  const share = () => {
    if (desk.place) return desk.answer({ type: "location", location: desk.place });
    setBusy(true);
    navigator.geolocation.getCurrentPosition(
      ({ coords: { latitude, longitude } }) => {
        setBusy(false);
        desk.answer({ type: "location", location: { latitude, longitude } });
      },
      failed,
      { timeout: 20_000, maximumAge: 60_000 },
    );
  };
  return (
    <TapRow icon={MapPin} desk={desk} busy={busy} onTap={share}>
      {busy ? t`Finding where you are…` : t`Send my location`}
    </TapRow>
  );
}

export function OwnCardRow({ desk }: { desk: Desk }) {
  const { t } = useLingui();
  const { me } = desk;
  if (!me) return null;
  const { number } = me;
  const send = () =>
    desk.answer(
      {
        type: "contacts",
        contacts: [
          {
            origin: "contact_request",
            name: { formatted_name: me.name || number },
            phones: [{ phone: number, wa_id: number.replace(/\D/gu, ""), type: "CELL" }],
          },
        ],
      },
      [me.name, number].filter(Boolean).join(", "),
    );
  return <TapRow icon={Contact} desk={desk} onTap={send}>{t`Send my name and number`}</TapRow>;
}

export function CallRows({ desk }: { desk: Desk }) {
  const { t } = useLingui();
  const give = (response: "accept" | "reject", said: string) =>
    desk.answer({ type: "call_permission_reply", call_permission_reply: { response } }, said);
  return (
    <>
      <TapRow
        icon={Phone}
        desk={desk}
        onTap={() => give("accept", t`You may call me`)}
      >{t`Allow calls`}</TapRow>
      <TapRow
        icon={PhoneOff}
        desk={desk}
        onTap={() => give("reject", t`Please do not call me`)}
      >{t`Not now`}</TapRow>
    </>
  );
}
