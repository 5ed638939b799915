import { Trans, useLingui } from "@lingui/react/macro";
import {
  Copy,
  ExternalLink,
  FileText,
  Image,
  List,
  MapPin,
  Paperclip,
  Reply,
  SendHorizontal,
  ShoppingBag,
  SmilePlus,
  Store,
} from "lucide-react";
import {
  type ChangeEvent,
  type FormEvent,
  Fragment,
  type ReactNode,
  useEffect,
  useRef,
  useState,
} from "react";
import { useClient } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { useNow } from "../../lib/now.ts";
import { Menu } from "../../ui/Menu.tsx";
import { type Asked, useAct, usePlace, useProblem } from "./ask.ts";
import type { ChatLine, Json, SandboxView, Uploaded } from "./model.ts";
import { useMoney } from "./money.ts";
import { useCopy } from "./parts.tsx";
import { useSteps } from "./words.ts";

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const object = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);
/** Either a text or an object with one. */
const textIn = (value: unknown): string => text(value) || text(object(value).text);

/** The customer's phone: what arrived, and everything a person could answer. */
export function Phone({ asked }: { asked: Asked<SandboxView> }) {
  const { t } = useLingui();
  const { business } = useClient();
  const { overview, base } = usePlace();
  const view = asked.value;
  const act = useAct();
  const problem = useProblem();
  const end = useRef<HTMLDivElement>(null);
  const [draft, setDraft] = useState("");
  const count = view?.chat.length ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new message brings the end into sight
  useEffect(() => {
    const log = end.current?.parentElement;
    if (log) log.scrollTop = log.scrollHeight;
  }, [count]);

  const say = async (body: Json) => {
    const said = await act.run(async () => {
      await business.call("POST", `${base}/sandbox/messages`, body);
      return true;
    });
    asked.reload();
    return said === true;
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const written = draft.trim();
    if (!written) return;
    setDraft("");
    if (!(await say({ text: written }))) setDraft(written);
  };
  const file = useRef<HTMLInputElement>(null);
  const share = async (event: ChangeEvent<HTMLInputElement>) => {
    const chosen = event.currentTarget.files?.[0];
    event.currentTarget.value = "";
    if (!chosen) return;
    const bytes = new Uint8Array(await chosen.arrayBuffer());
    const query = new URLSearchParams({ name: chosen.name, type: chosen.type });
    const made = await act.run(() => business.upload<Uploaded>("POST", `${base}/files?${query}`, bytes));
    if (made) await say({ file: { id: made.id, caption: draft.trim() } });
    if (made) setDraft("");
  };
  const mayPlay = overview.may.includes("messages");
  const answer = mayPlay ? (body: Json) => void say(body) : undefined;
  return (
    <section className="phone" aria-label={t`Sandbox phone`}>
      <header className="phone-head">
        <span className="biz-mark" aria-hidden="true">
          {overview.name.slice(0, 1).toLocaleUpperCase()}
        </span>
        <span className="min-w-0 flex-1">
          <span className="cut flex items-center gap-1.5 font-[650]">
            {overview.name}
            <Store size={14} className="flex-none text-plum" aria-hidden />
          </span>
          <span className="cut block text-xs text-ink-2">{t`A simulated customer’s phone`}</span>
        </span>
        {view && <Window until={view.window_until} />}
      </header>
      <div
        className="phone-log"
        role="log"
        aria-label={t`Messages on the sandbox phone`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
      >
        <p className="phone-note">
          <Trans>Hosted inbox. Encryption ends at the operator.</Trans>
        </p>
        {view?.chat.length === 0 && (
          <p className="m-auto max-w-56 text-center text-sm text-ink-2">
            {t`Nothing yet. What you send to the test customer appears here.`}
          </p>
        )}
        {view?.chat.map((line) => (
          <Line key={line.id} line={line} onAnswer={answer} chat={view.chat} />
        ))}
        <div ref={end} />
      </div>
      {act.error && (
        <p className="hint error px-3 pt-2" role="alert">
          {problem(act.error)}
        </p>
      )}
      {mayPlay && (
        <form className="phone-write" onSubmit={submit}>
          <Menu
            align="start"
            entries={[
              { label: t`Picture, film or file`, icon: Image, onSelect: () => file.current?.click() },
              { label: t`Place`, icon: MapPin, onSelect: () => void say({ location: PLACE }) },
            ]}
          >
            <button type="button" className="icon-btn" aria-label={t`Attach`}>
              <Paperclip size={20} aria-hidden />
            </button>
          </Menu>
          <input
            ref={file}
            type="file"
            hidden
            aria-label={t`Picture, film or file`}
            accept="image/jpeg,image/png,video/mp4,audio/ogg,audio/mpeg,application/pdf,text/plain"
            onChange={(event) => void share(event)}
          />
          <input
            className="input flex-1"
            aria-label={t`Write as the customer`}
            placeholder={t`Write as the customer`}
            maxLength={4096}
            value={draft}
            onChange={(event) => setDraft(event.currentTarget.value)}
          />
          <button
            type="submit"
            className="icon-btn on"
            aria-label={t`Send as the customer`}
            disabled={!draft.trim()}
          >
            <SendHorizontal size={20} className="rtl:rotate-180" aria-hidden />
          </button>
        </form>
      )}
    </section>
  );
}

type OnAnswer = ((body: Json) => void) | undefined;

/** How long free answers are possible: 24 hours from the customer's last message. */
function Window({ until }: { until: string | null }) {
  const { t } = useLingui();
  const now = useNow();
  if (until === null) return <span className="tag">{t`Window closed`}</span>;
  const minutes = Math.max(0, Math.round((Date.parse(until) - now) / 60_000));
  const left = `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
  return (
    <span
      className={minutes < 120 ? "tag warn num" : "tag ok num"}
      title={t`Free answers are possible until then.`}
    >
      {t`Window ${left} h`}
    </span>
  );
}

const PLACE = { latitude: 53.5503, longitude: 9.9927, name: "Jungfernstieg", address: "Hamburg" };
const EMOJI = ["👍", "❤️", "😂", "🙏"];

function Line({ line, chat, onAnswer }: { line: ChatLine; chat: readonly ChatLine[]; onAnswer: OnAnswer }) {
  const { t } = useLingui();
  const format = useFormat();
  const step = useSteps();
  const mine = line.direction === "in";
  const failed = line.status === "failed";
  const time = format.time(Date.parse(line.at));
  const why = failed && line.error ? [line.error.code, line.error.title].filter(Boolean).join(" · ") : "";
  // A reaction belongs to the message it is about.
  if (line.kind === "reaction" && chat.some((one) => isAbout(line, one))) return null;
  const reactions = chat.filter((one) => one.kind === "reaction" && isAbout(one, line));
  const latest = new Map(reactions.map((one) => [one.direction, text(object(one.content).emoji)]));
  const shown = [...latest.values()].filter(Boolean).join(" ");
  return (
    <>
      <div className={mine ? "phone-line mine" : "phone-line"}>
        <Bubble mine={mine} meta={mine ? time : `${time} · ${step(line.status)}`}>
          <Content line={line} />
        </Bubble>
        {!mine && !failed && onAnswer && (
          <Menu
            align="start"
            entries={EMOJI.map((emoji) => ({
              label: emoji,
              onSelect: () => onAnswer({ reaction: { emoji, message_id: line.stanza_id } }),
            }))}
          >
            <button type="button" className="phone-react" aria-label={t`React as the customer`}>
              <SmilePlus size={16} aria-hidden />
            </button>
          </Menu>
        )}
      </div>
      {shown && <span className={mine ? "phone-reaction mine" : "phone-reaction"}>{shown}</span>}
      {why && <p className="text-xs text-danger">{why}</p>}
      {!mine && !failed && line.content && <Answers line={line} content={line.content} onAnswer={onAnswer} />}
    </>
  );
}

/** Whether a reaction is about a message; either side names it by its own id or the stanza's. */
function isAbout(reaction: ChatLine, line: ChatLine): boolean {
  const target = text(object(reaction.content).message_id);
  return target !== "" && (target === line.id || target === line.stanza_id);
}

export function Bubble({
  mine = false,
  meta,
  children,
}: {
  mine?: boolean;
  meta: string;
  children: ReactNode;
}) {
  return (
    <div className={mine ? "phone-bubble mine" : "phone-bubble"}>
      {children}
      <span className="phone-meta num">{meta}</span>
    </div>
  );
}

function Content({ line }: { line: ChatLine }) {
  const { t } = useLingui();
  const content: Json = Array.isArray(line.content) ? {} : (line.content ?? {});
  const header = object(content.header);
  const written =
    line.kind === "button"
      ? text(content.text)
      : line.kind === "reaction"
        ? text(content.emoji)
        : textIn(content.body) ||
          text(content.caption) ||
          (MEDIA.has(line.kind) ? "" : text(content.name)) ||
          replyTitle(content);
  const inner = <Medium kind={line.kind} content={content} />;
  const media = object(header[text(header.type)]);
  return (
    <>
      {inner}
      {header.type && header.type !== "text" ? (
        <Medium kind={text(header.type)} content={{ ...media, ...header }} />
      ) : null}
      <Parts
        header={header.type === "text" || !header.type ? text(header.text) : ""}
        body={
          written ||
          contactLines(line.content) ||
          orderLines(content) ||
          (MEDIA.has(line.kind) ? "" : line.content ? `[${line.kind}]` : t`This message was deleted`)
        }
        footer={textIn(content.footer)}
      />
      <Goods of={list(content.products)} />
      <BillOf of={object(object(content.action).parameters)} />
      {[...list(content.cards), ...list(object(content.action).cards)].map((card, index) => (
        <span key={index} className="mt-2 block border-t border-line pt-2">
          <Medium kind={text(object(card.header).type)} content={object(card.header)} />
          {textIn(card.body)}
        </span>
      ))}
    </>
  );
}

/** Contacts are a list, not an object. */
function contactLines(content: unknown): string {
  return list(content)
    .map((one) => {
      const phones = list(one.phones).map((phone) => text(phone.phone) || text(phone.wa_id));
      return [text(object(one.name).formatted_name), ...phones].filter(Boolean).join(", ");
    })
    .join("\n");
}

function orderLines(content: Json): string {
  return list(content.product_items)
    .map((item) => `${Number(item.quantity)} × ${text(item.product_retailer_id)}`)
    .concat(text(content.text) || [])
    .join("\n");
}

function Goods({ of }: { of: readonly Json[] }) {
  return of.map((one, index) => (
    <span key={index} className="mt-1 block text-sm">
      {text(one.name)}
      {typeof one.price === "number" && <Price hundredths={one.price} currency={text(one.currency)} />}
    </span>
  ));
}

/** Lines and total of `order_details`. */
function BillOf({ of }: { of: Json }) {
  const total = object(of.total_amount).value;
  if (typeof total !== "number") return null;
  return (
    <>
      {list(object(of.order).items).map((item, index) => (
        <span key={index} className="mt-1 block text-sm">
          {Number(item.quantity)} × {text(item.name)}
        </span>
      ))}
      <b className="mt-1 block">
        <Price hundredths={total} currency={text(of.currency)} />
      </b>
    </>
  );
}

function Price({ hundredths, currency }: { hundredths: number; currency: string }) {
  const { amount } = useMoney(/^[A-Z]{3}$/u.test(currency) ? currency : "XXX");
  return <span className="num"> {amount(hundredths * 10_000)}</span>;
}

const MEDIA: ReadonlySet<string> = new Set(["image", "sticker", "video", "audio", "document", "location"]);

/** Files of the platform are on this origin; others are only named. */
function ours(link: unknown): string | undefined {
  try {
    const url = new URL(text(link), location.origin);
    return url.pathname.startsWith("/media/business/") ? url.pathname + url.search : undefined;
  } catch {
    return undefined;
  }
}

function Medium({ kind, content }: { kind: string; content: Json }) {
  const { t } = useLingui();
  const link = ours(content.link);
  const name = text(content.filename) || text(content.name) || text(content.link);
  if (!MEDIA.has(kind)) return null;
  if (link && (kind === "image" || kind === "sticker"))
    return <img className="phone-picture" src={link} alt={text(content.caption) || t`Picture`} />;
  if (link && kind === "video")
    // biome-ignore lint/a11y/useMediaCaption: what a developer sent to the test customer
    return <video className="phone-picture" src={link} controls preload="metadata" />;
  if (link && kind === "audio")
    // biome-ignore lint/a11y/useMediaCaption: what a developer sent to the test customer
    return <audio className="mb-1 block w-full" src={link} controls preload="metadata" />;
  const Icon = kind === "location" ? MapPin : FileText;
  const words =
    kind === "location" ? [text(content.name), text(content.address)].filter(Boolean).join(", ") : name;
  return (
    <span className="phone-box">
      <Icon size={20} className="flex-none" aria-hidden />
      {link ? (
        <a className="link" href={link} download>
          {words || t`Document`}
        </a>
      ) : (
        <span>{words || kind}</span>
      )}
    </span>
  );
}

export function Parts({ header, body, footer }: { header: string; body: string; footer: string }) {
  return (
    <>
      {header && <b className="mb-1 block">{header}</b>}
      <Marked text={body} />
      {footer && <span className="mt-1 block text-xs text-ink-2">{footer}</span>}
    </>
  );
}

/** *bold*, _italic_ and ~struck~ as chats show them. */
function Marked({ text: source }: { text: string }) {
  return source.split(/(\*[^*\n]+\*|_[^_\n]+_|~[^~\n]+~)/u).map((part, index) => {
    const inner = part.slice(1, -1);
    if (/^\*.+\*$/u.test(part)) return <b key={index}>{inner}</b>;
    if (/^_.+_$/u.test(part)) return <i key={index}>{inner}</i>;
    if (/^~.+~$/u.test(part)) return <s key={index}>{inner}</s>;
    return <Fragment key={index}>{part}</Fragment>;
  });
}

function replyTitle(content: Json): string {
  const flow = object(content.nfm_reply);
  return (
    text(object(content.button_reply).title) || text(object(content.list_reply).title) || text(flow.body)
  );
}

function Answers({ line, content, onAnswer }: { line: ChatLine; content: Json; onAnswer: OnAnswer }) {
  const { t } = useLingui();
  const copy = useCopy();
  const [open, setOpen] = useState(false);
  const quoted = line.stanza_id;
  const action = object(content.action);
  const cards = list(action.cards).map((card) => object(card.action));
  const rows = list(action.sections).flatMap((section) => list(section.rows));
  const reply = (kind: "button_reply" | "list_reply", value: Json) =>
    onAnswer?.({ reply: { type: kind, [kind]: value }, quoted });
  const buttons = [...list(content.buttons), ...list(content.cards).flatMap((card) => list(card.buttons))];
  const flow = content.type === "flow" || buttons.some((one) => one.type === "FLOW" || one.type === "flow");
  const links = [action, ...cards].map((one) => object(one.parameters)).filter((one) => text(one.url));
  const choices = [action, ...cards]
    .flatMap((one) => list(one.buttons))
    .map((button) => object(button.reply));
  const wantsPlace = content.type === "location_request_message";
  const goods = list(content.products);
  const order = () =>
    onAnswer?.({
      order: {
        catalog_id: text(action.catalog_id),
        product_items: goods.map(({ retailer_id, price, currency }) => ({
          product_retailer_id: retailer_id,
          quantity: 1,
          item_price: Number(price ?? 0) / 100,
          currency,
        })),
      },
      quoted,
    });
  if (![...buttons, ...choices, ...rows, ...links, ...goods].length && !flow && !wantsPlace) return null;
  return (
    <div className="phone-buttons">
      {buttons.map((button, index) => {
        const label = text(button.text);
        const type = text(button.type).toUpperCase();
        if (type === "FLOW") return null;
        if (type === "QUICK_REPLY")
          return (
            <button
              key={index}
              type="button"
              disabled={!onAnswer}
              onClick={() =>
                onAnswer?.({ button: { text: label, payload: text(button.payload) || label }, quoted })
              }
            >
              <Reply size={16} aria-hidden /> {label}
            </button>
          );
        if (type === "URL")
          return (
            <a key={index} href={safeLink(text(button.url))} target="_blank" rel="noreferrer noopener">
              <ExternalLink size={16} aria-hidden /> {label}
            </a>
          );
        if (type === "COPY_CODE" || type === "OTP")
          return (
            <button key={index} type="button" onClick={() => copy(text(button.code))}>
              <Copy size={16} aria-hidden /> {label || t`Copy code`}
            </button>
          );
        return <span key={index}>{label || text(button.type)}</span>;
      })}
      {choices.map((choice, index) => (
        <button
          key={index}
          type="button"
          disabled={!onAnswer}
          onClick={() => reply("button_reply", { id: choice.id, title: choice.title })}
        >
          {text(choice.title)}
        </button>
      ))}
      {links.map((link, index) => (
        <a key={index} href={safeLink(text(link.url))} target="_blank" rel="noreferrer noopener">
          <ExternalLink size={16} aria-hidden /> {text(link.display_text)}
        </a>
      ))}
      {wantsPlace && (
        <button type="button" disabled={!onAnswer} onClick={() => onAnswer?.({ location: PLACE, quoted })}>
          <MapPin size={16} aria-hidden /> {t`Send a place`}
        </button>
      )}
      {goods.length > 0 && (
        <button type="button" disabled={!onAnswer} onClick={order}>
          <ShoppingBag size={16} aria-hidden /> {t`Order one of each`}
        </button>
      )}
      {flow && <FlowAnswer quoted={quoted} onAnswer={onAnswer} />}
      {rows.length > 0 && (
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          <List size={16} aria-hidden /> {text(action.button) || t`Choose`}
        </button>
      )}
      {open &&
        rows.map((row, index) => (
          <button
            key={index}
            type="button"
            disabled={!onAnswer}
            onClick={() => {
              setOpen(false);
              const { id, title, description } = row;
              reply("list_reply", { id, title, ...(description ? { description } : {}) });
            }}
          >
            {text(row.title)}
          </button>
        ))}
    </div>
  );
}

/** What a filled-in form sends back; the developer says what it holds. */
function FlowAnswer({ quoted, onAnswer }: { quoted: string; onAnswer: OnAnswer }) {
  const { t } = useLingui();
  const [open, setOpen] = useState(false);
  const [data, setData] = useState('{"answer": "yes"}');
  const valid = isObject(data);
  const send = () => {
    setOpen(false);
    const nfm_reply = { name: "flow", body: t`Sent`, response_json: data };
    onAnswer?.({ reply: { type: "nfm_reply", nfm_reply }, quoted });
  };
  return (
    <>
      <button type="button" aria-expanded={open} disabled={!onAnswer} onClick={() => setOpen(!open)}>
        <List size={16} aria-hidden /> {t`Answer the form`}
      </button>
      {open && (
        <div className="!flex-col !items-stretch">
          <textarea
            className="input font-mono"
            rows={3}
            aria-label={t`Data of the form, as JSON`}
            aria-invalid={!valid}
            value={data}
            onChange={(event) => setData(event.currentTarget.value)}
          />
          <button type="button" className="btn primary small" disabled={!valid} onClick={send}>
            {t`Send the form`}
          </button>
        </div>
      )}
    </>
  );
}

function isObject(source: string): boolean {
  try {
    const value: unknown = JSON.parse(source);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Only pages: a template's link is a business's text. */
function safeLink(url: string): string | undefined {
  return /^https?:\/\//iu.test(url) ? url : undefined;
}
