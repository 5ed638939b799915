import { useLingui } from "@lingui/react/macro";
import type {
  BusinessHeader,
  BusinessReply,
  Interactive,
  MessageView,
  RenderedTemplate,
  TemplateButton,
  TemplateCard,
} from "@plauder/client/api";
import { Check, Copy, ExternalLink, FileText, List, MapPin, Phone, Reply } from "lucide-react";
import { useState } from "react";
import { useFormat } from "../../lib/format.ts";
import { Dialog } from "../../ui/Dialog.tsx";
import { toast } from "../../ui/Toaster.tsx";
import { MessageText } from "./Text.tsx";

interface Props {
  message: MessageView;
  onAnswer: (reply: BusinessReply) => void;
}

/** A business's message: header, body, footer, and what can be answered with one tap. */
export function Business({ message, onAnswer }: Props) {
  if (message.content.kind !== "business") return null;
  const { payload, text, answer } = message.content;
  const given = answer ?? undefined;
  if (payload.type === "interactive" && "interactive" in payload)
    return <InteractiveCard of={payload.interactive as Interactive} answer={given} onAnswer={onAnswer} />;
  if (payload.type === "template" && "template" in payload)
    return <TemplateView of={payload.template as RenderedTemplate} answer={given} onAnswer={onAnswer} />;
  return <MessageText text={text} />;
}

/** Only pages and our own pictures; the server keeps headers of templates on this origin. */
function safe(url: string | undefined, protocols: readonly string[]): string | undefined {
  try {
    const parsed = new URL(url ?? "", location.origin);
    return protocols.includes(parsed.protocol) ? parsed.href : undefined;
  } catch {
    return undefined;
  }
}

function Header({ of }: { of: BusinessHeader | undefined }) {
  const { t } = useLingui();
  if (!of) return null;
  if (of.type === "text") return <div className="mb-1 text-md font-[660]">{of.text}</div>;
  const link = safe(of.link, ["https:", "http:", "data:", "blob:"]);
  if (of.type === "image" && link)
    return (
      <img
        src={link}
        alt={of.text ?? t`Picture of this message`}
        className="-mx-3 -mt-2.5 mb-2 block aspect-[1.9] w-[calc(100%+24px)] max-w-none object-cover"
      />
    );
  const Icon = of.type === "location" ? MapPin : FileText;
  return (
    <div className="mb-2 flex items-center gap-3 text-sm">
      <span className="file-icon">
        <Icon size={18} aria-hidden />
      </span>
      <span className="cut">{of.filename ?? of.text ?? of.type}</span>
    </div>
  );
}

function InteractiveCard({
  of,
  answer,
  onAnswer,
}: {
  of: Interactive;
  answer: string | undefined;
  onAnswer: Props["onAnswer"];
}) {
  const { t } = useLingui();
  const [listOpen, setListOpen] = useState(false);
  const { buttons, sections, button, parameters } = of.action;
  const url = of.type === "cta_url" ? safe(parameters?.url, ["https:", "http:"]) : undefined;
  return (
    <div className="biz-card">
      <div className="pad">
        <Header of={of.header} />
        {of.body && <MessageText text={of.body.text} />}
        {of.footer && <div className="mt-1 text-xs text-ink-2">{of.footer.text}</div>}
      </div>
      {buttons?.map(({ reply }) => (
        <AnswerRow
          key={reply.id}
          title={reply.title}
          answer={answer}
          onPress={() =>
            onAnswer({ type: "button_reply", button_reply: { id: reply.id, title: reply.title } })
          }
        />
      ))}
      {sections && (
        <button
          type="button"
          className="btn-row"
          disabled={answer !== undefined}
          onClick={() => setListOpen(true)}
        >
          <List size={18} aria-hidden /> {button ?? t`Choose`}
        </button>
      )}
      {url && (
        <a className="btn-row" href={url} target="_blank" rel="noopener noreferrer">
          <ExternalLink size={16} aria-hidden /> {parameters?.display_text}
        </a>
      )}
      {listOpen && sections && (
        <Dialog title={button ?? t`Choose`} onClose={() => setListOpen(false)}>
          {sections.map((section, index) => (
            <fieldset key={section.title ?? index} className="mb-2">
              {section.title && <legend className="label py-2 text-ink-2">{section.title}</legend>}
              {section.rows.map((row) => (
                <button
                  type="button"
                  key={row.id}
                  className="menu-item"
                  onClick={() => {
                    setListOpen(false);
                    onAnswer({ type: "list_reply", list_reply: row });
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
    </div>
  );
}

function AnswerRow({
  title,
  answer,
  onPress,
}: {
  title: string;
  answer: string | undefined;
  onPress: () => void;
}) {
  const chosen = answer === title;
  return (
    <button
      type="button"
      className="btn-row"
      disabled={answer !== undefined}
      data-chosen={chosen}
      onClick={onPress}
    >
      {chosen ? <Check size={16} aria-hidden /> : <Reply size={16} aria-hidden />} {title}
    </button>
  );
}

function TemplateView({
  of,
  answer,
  onAnswer,
}: {
  of: RenderedTemplate;
  answer: string | undefined;
  onAnswer: Props["onAnswer"];
}) {
  const { t } = useLingui();
  const format = useFormat();
  const ends = of.offer?.expires_at;
  return (
    <>
      <div className="biz-card">
        <Card of={of} answer={answer} onAnswer={onAnswer} footer={of.footer}>
          {of.offer && (
            <div className="tag warn mb-2 !h-auto py-1">
              {of.offer.text}
              {ends !== undefined && ` · ${t`until ${format.time(ends)}, ${format.date(ends)}`}`}
            </div>
          )}
        </Card>
      </div>
      {of.cards && (
        <section
          className="-mx-1 flex w-[min(420px,72vw)] snap-x gap-2 overflow-x-auto pb-1"
          aria-label={t`Cards`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
          tabIndex={0}
        >
          {of.cards.map((card, index) => (
            <div key={index} className="biz-card !mx-0 !w-56 flex-none snap-start">
              <Card of={card} answer={answer} onAnswer={onAnswer} />
            </div>
          ))}
        </section>
      )}
    </>
  );
}

interface CardProps {
  of: TemplateCard;
  answer: string | undefined;
  onAnswer: Props["onAnswer"];
  footer?: string | undefined;
  children?: React.ReactNode;
}

function Card({ of, answer, onAnswer, footer, children }: CardProps) {
  return (
    <>
      <div className="pad">
        <Header of={of.header} />
        {children}
        <MessageText text={of.body} />
        {footer && <div className="mt-1 text-xs text-ink-2">{footer}</div>}
      </div>
      {of.buttons.map((button) => (
        <TemplateAction key={button.text} of={button} answer={answer} onAnswer={onAnswer} />
      ))}
    </>
  );
}

function TemplateAction({
  of,
  answer,
  onAnswer,
}: {
  of: TemplateButton;
  answer: string | undefined;
  onAnswer: Props["onAnswer"];
}) {
  const { t } = useLingui();
  const href =
    of.type === "url" ? safe(of.url, ["https:", "http:"]) : of.phone_number && `tel:${of.phone_number}`;
  if (href)
    return (
      <a className="btn-row" href={href} target="_blank" rel="noopener noreferrer">
        {of.type === "url" ? <ExternalLink size={16} aria-hidden /> : <Phone size={16} aria-hidden />}{" "}
        {of.text}
      </a>
    );
  if ((of.type === "copy_code" || of.type === "otp") && of.code) {
    const { code } = of;
    const copy = () => navigator.clipboard.writeText(code).then(() => toast({ text: t`Copied` }));
    return (
      <button type="button" className="btn-row" onClick={copy}>
        <Copy size={16} aria-hidden /> {of.text}
      </button>
    );
  }
  if (of.type !== "quick_reply") return null;
  return (
    <AnswerRow
      title={of.text}
      answer={answer}
      onPress={() => onAnswer({ type: "button", button: { payload: of.payload ?? of.text, text: of.text } })}
    />
  );
}
