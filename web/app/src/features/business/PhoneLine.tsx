import { useLingui } from "@lingui/react/macro";
import { type Said as Read, readBusiness } from "@plauder/client/core/business";
import { FileText, MapPin, SmilePlus } from "lucide-react";
import type { ReactNode } from "react";
import { BusinessMessage } from "../../bubbles/Business.tsx";
import type { Desk } from "../../bubbles/parts.tsx";
import { MessageText } from "../../bubbles/Text.tsx";
import { useFormat } from "../../lib/format.ts";
import { Menu } from "../../ui/Menu.tsx";
import type { ChatLine, Json } from "./model.ts";
import { useSteps } from "./words.ts";

/** Who holds the phone, and how its app asks about forms. */
export type Customer = Pick<Desk, "me" | "place" | "form">;

interface Props {
  line: ChatLine;
  chat: readonly ChatLine[];
  customer: Customer;
  /** Says something as the customer; absent for who may not. */
  onSay: ((words: Json) => void) | undefined;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const object = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);

const EMOJI = ["👍", "❤️", "😂", "🙏"];

/** One message on the sandbox phone, drawn as people's apps draw it, with what the customer can do about it. */
export function PhoneLine({ line, chat, customer, onSay }: Props) {
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
          {mine ? <Said line={line} /> : <Got line={line} customer={customer} onSay={onSay} />}
        </Bubble>
        {!mine && !failed && onSay && (
          <Menu
            align="start"
            entries={EMOJI.map((emoji) => ({
              label: emoji,
              onSelect: () => onSay({ reaction: { emoji, message_id: line.stanza_id } }),
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

/** What the customer wrote. */
function Said({ line }: { line: ChatLine }) {
  const { t } = useLingui();
  if (line.content === null) return <Deleted />;
  const content = object(line.content);
  const reply = object(content[text(content.type)]);
  const written =
    line.kind === "text"
      ? text(content.body)
      : line.kind === "button"
        ? text(content.text)
        : line.kind === "reaction"
          ? text(content.emoji)
          : line.kind === "interactive"
            ? text(reply.title) || answers(reply) || text(reply.response)
            : text(content.caption) || contactLines(line.content) || orderLines(content);
  return (
    <>
      <Medium kind={line.kind} content={content} />
      {written ? <MessageText text={written} /> : !MEDIA.has(line.kind) && t`Something without words`}
    </>
  );
}

/** What a form sends, as its lines. */
function answers(reply: Json): string {
  try {
    return Object.entries(object(JSON.parse(text(reply.response_json))))
      .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
      .join("\n");
  } catch {
    return text(reply.body);
  }
}

/** What the business sent. */
function Got({ line, customer, onSay }: Omit<Props, "chat">) {
  if (line.content === null) return <Deleted />;
  const content = object(line.content);
  if (line.kind === "text") return <MessageText text={text(content.body)} />;
  if (line.kind === "reaction") return <MessageText text={text(content.emoji)} />;
  if (MEDIA.has(line.kind))
    return (
      <>
        <Medium kind={line.kind} content={content} />
        {text(content.caption) && <MessageText text={text(content.caption)} />}
      </>
    );
  const read = readLine(line);
  if (!read || !("payload" in read)) return <MessageText text={line.text ?? ""} />;
  const answer = (reply: object) => onSay?.({ reply, quoted: line.stanza_id });
  // An empty answer marks what cannot be answered.
  const closed = onSay === undefined || line.status === "failed";
  const desk: Desk = {
    ...customer,
    given: closed ? "" : undefined,
    pressed: undefined,
    answer,
    press: answer,
  };
  return <BusinessMessage payload={read.payload} text={line.text ?? ""} digits={undefined} desk={desk} />;
}

function readLine({ kind, content }: ChatLine): Read | undefined {
  try {
    return readBusiness(kind, JSON.stringify({ type: kind, [kind]: content }));
  } catch {
    return undefined;
  }
}

function Deleted() {
  const { t } = useLingui();
  return <i className="text-ink-2">{t`This message was deleted`}</i>;
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
