import { Trans, useLingui } from "@lingui/react/macro";
import { Copy, ExternalLink, List, Reply, SendHorizontal, Store } from "lucide-react";
import { type FormEvent, Fragment, type ReactNode, useEffect, useRef, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { type Asked, useAct, usePlace, useProblem } from "./ask.ts";
import type { ChatLine, Json, SandboxView } from "./model.ts";
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
          <Line key={line.id} line={line} onAnswer={answer} />
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

function Line({ line, onAnswer }: { line: ChatLine; onAnswer: OnAnswer }) {
  const format = useFormat();
  const step = useSteps();
  const mine = line.direction === "in";
  const failed = line.status === "failed";
  const time = format.time(Date.parse(line.at));
  const why = failed && line.error ? [line.error.code, line.error.title].filter(Boolean).join(" · ") : "";
  return (
    <>
      <Bubble mine={mine} meta={mine ? time : `${time} · ${step(line.status)}`}>
        <Content line={line} />
      </Bubble>
      {why && <p className="text-xs text-danger">{why}</p>}
      {!mine && !failed && line.content && <Answers line={line} content={line.content} onAnswer={onAnswer} />}
    </>
  );
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
  const content = line.content ?? {};
  const header = object(content.header);
  const written =
    line.kind === "button"
      ? text(content.text)
      : line.kind === "reaction"
        ? text(content.emoji)
        : textIn(content.body) || text(content.caption) || text(content.name) || replyTitle(content);
  return (
    <Parts
      header={text(header.text) || (header.type && header.type !== "text" ? `[${text(header.type)}]` : "")}
      body={written || (line.content ? `[${line.kind}]` : t`This message was deleted`)}
      footer={textIn(content.footer)}
    />
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
  return text(object(content.button_reply).title) || text(object(content.list_reply).title);
}

function Answers({ line, content, onAnswer }: { line: ChatLine; content: Json; onAnswer: OnAnswer }) {
  const { t } = useLingui();
  const copy = useCopy();
  const [open, setOpen] = useState(false);
  const quoted = line.stanza_id;
  const action = object(content.action);
  const rows = list(action.sections).flatMap((section) => list(section.rows));
  const reply = (kind: "button_reply" | "list_reply", value: Json) =>
    onAnswer?.({ reply: { type: kind, [kind]: value }, quoted });
  const buttons = list(content.buttons);
  const choices = list(action.buttons).map((button) => object(button.reply));
  if (!buttons.length && !choices.length && !rows.length) return null;
  return (
    <div className="phone-buttons">
      {buttons.map((button, index) => {
        const label = text(button.text);
        if (button.type === "QUICK_REPLY")
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
        if (button.type === "URL")
          return (
            <a key={index} href={safeLink(text(button.url))} target="_blank" rel="noreferrer noopener">
              <ExternalLink size={16} aria-hidden /> {label}
            </a>
          );
        if (button.type === "COPY_CODE" || button.type === "OTP")
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

/** Only pages: a template's link is a business's text. */
function safeLink(url: string): string | undefined {
  return /^https?:\/\//iu.test(url) ? url : undefined;
}
