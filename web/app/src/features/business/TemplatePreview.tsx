import { Trans, useLingui } from "@lingui/react/macro";
import {
  Copy,
  ExternalLink,
  FileText,
  List,
  MapPin,
  Phone as PhoneIcon,
  Play,
  Reply,
  Store,
  Volume2,
} from "lucide-react";
import { useEffect, useState } from "react";
import { useFormat } from "../../lib/format.ts";
import { useNow } from "../../lib/now.ts";
import { usePlace } from "./ask.ts";
import type { Category } from "./model.ts";
import { Bubble, Parts } from "./Phone.tsx";
import {
  type ButtonType,
  type DraftButton,
  type DraftHeader,
  fill,
  sorted,
  type Version,
} from "./template.ts";

const ICONS = {
  QUICK_REPLY: Reply,
  URL: ExternalLink,
  PHONE_NUMBER: PhoneIcon,
  COPY_CODE: Copy,
  FLOW: List,
} as const;

/** The wording of codes is the platform's own; it is not translated here because people get it like this. */
const CODE = "*123456* is your verification code.";
const WARNING = " For your security, do not share this code.";

/** As the customer sees it, with the sample values: light, dark, large, read aloud. */
export function TemplatePreview({ category, version }: { category: Category; version: Version }) {
  const { t } = useLingui();
  const format = useFormat();
  const now = useNow();
  const { overview } = usePlace();
  const [look, setLook] = useState<"light" | "dark">();
  const [large, setLarge] = useState(false);
  const isCode = category === "AUTHENTICATION";
  const { code, offer, cards } = version;
  const body = isCode ? CODE + (code.warning ? WARNING : "") : fill(version.body, version.samples);
  const expiry = code.expires ? `This code expires in ${code.expires} minutes.` : "";
  const footer = isCode ? expiry : version.footer;
  const heading =
    isCode || version.header.format !== "TEXT" ? "" : fill(version.header.text, [version.header.sample]);
  const codeLabel = code.way === "COPY_CODE" ? "Copy code" : "Autofill";
  const buttons: readonly { type: ButtonType; text: string }[] = isCode
    ? code.way === "ZERO_TAP"
      ? []
      : [{ type: "COPY_CODE", text: codeLabel }]
    : labels(version.buttons);
  const spoken = [heading, body, footer, ...buttons.map((one) => one.text)].filter(Boolean).join(". ");
  return (
    <section className="biz-sticky" aria-label={t`Preview`}>
      <div className="phone !h-[520px]" data-large={large} {...(look && { "data-theme": look })}>
        <div className="phone-head">
          <span className="biz-mark" aria-hidden="true">
            {overview.name.slice(0, 1).toLocaleUpperCase()}
          </span>
          <span className="cut flex flex-1 items-center gap-1.5 font-[650]">
            {overview.name}
            <Store size={14} className="flex-none text-plum" aria-hidden />
          </span>
          <span className="tag">{t`Preview`}</span>
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <section className="phone-log" aria-label={t`The message as it arrives`} tabIndex={0}>
          <p className="phone-note">
            <Trans>Hosted inbox. Encryption ends at the operator.</Trans>
          </p>
          <Bubble meta={format.time(now)}>
            {!isCode && <HeaderMedia of={version.header} />}
            {offer && !isCode && <span className="tag warn mb-1">{offer.text || "…"}</span>}
            <Parts header={heading} body={body || t`Your text appears here.`} footer={footer} />
          </Bubble>
          <Actions of={buttons} />
          {!isCode && cards.length > 0 && (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
            <section className="phone-cards" aria-label={t`Cards`} tabIndex={0}>
              {cards.map((card, index) => (
                <div key={index}>
                  <Bubble meta="">
                    <HeaderMedia of={{ format: "IMAGE", ...(card.file && { file: card.file }) }} />
                    <Parts header="" body={card.body || "…"} footer="" />
                  </Bubble>
                  <Actions of={labels(card.buttons)} />
                </div>
              ))}
            </section>
          )}
        </section>
      </div>
      <p className="mt-4 flex flex-wrap items-center justify-center gap-2 text-sm text-ink-2">
        <span className="w-full text-center">{t`Sample data`}</span>
        <button
          type="button"
          className="chip"
          aria-pressed={look === "light"}
          onClick={() => setLook("light")}
        >
          {t`Light`}
        </button>
        <button type="button" className="chip" aria-pressed={look === "dark"} onClick={() => setLook("dark")}>
          {t`Dark`}
        </button>
        <button type="button" className="chip" aria-pressed={large} onClick={() => setLarge(!large)}>
          {t`Large text`}
        </button>
        <ReadAloud text={spoken} language={version.language} />
      </p>
    </section>
  );
}

const labels = (buttons: readonly DraftButton[]) =>
  sorted(buttons).map(({ type, text }) => ({ type, text: type === "COPY_CODE" ? "Copy offer code" : text }));

function Actions({ of }: { of: readonly { type: ButtonType; text: string }[] }) {
  if (of.length === 0) return null;
  return (
    <div className="phone-buttons">
      {of.map(({ type, text }, index) => {
        const Icon = ICONS[type];
        return (
          <span key={index}>
            <Icon size={16} aria-hidden />
            {text || "…"}
          </span>
        );
      })}
    </div>
  );
}

function HeaderMedia({ of: { format, file } }: { of: Pick<DraftHeader, "format" | "file"> }) {
  const { t } = useLingui();
  if (format === "IMAGE" && file?.link)
    return <img className="phone-picture" src={file.link} alt={t`Example of the heading`} />;
  if (format === "VIDEO" && file?.link)
    // biome-ignore lint/a11y/useMediaCaption: an example that was uploaded a moment ago
    return <video className="phone-picture" src={file.link} controls preload="metadata" />;
  if (format === "NONE" || format === "TEXT") return null;
  const Icon = { IMAGE: Play, VIDEO: Play, DOCUMENT: FileText, LOCATION: MapPin }[format];
  const words = { IMAGE: t`Picture`, VIDEO: t`Film`, DOCUMENT: t`Document`, LOCATION: t`Place` }[format];
  return (
    <span className="phone-box">
      <Icon size={22} strokeWidth={1.75} aria-hidden /> {words}
    </span>
  );
}

/** What a person hears who does not see the message. */
function ReadAloud({ text, language }: { text: string; language: string }) {
  const { t } = useLingui();
  const [speaking, setSpeaking] = useState(false);
  useEffect(() => () => globalThis.speechSynthesis?.cancel(), []);
  if (!("speechSynthesis" in globalThis)) return null;
  const toggle = () => {
    speechSynthesis.cancel();
    if (speaking) return setSpeaking(false);
    const said = new SpeechSynthesisUtterance(text.replace(/[*_~]/gu, ""));
    said.lang = language.replace("_", "-");
    said.onend = () => setSpeaking(false);
    said.onerror = () => setSpeaking(false);
    setSpeaking(true);
    speechSynthesis.speak(said);
  };
  return (
    <button type="button" className="chip" aria-pressed={speaking} onClick={toggle}>
      <Volume2 size={16} aria-hidden /> {t`Read aloud`}
    </button>
  );
}
