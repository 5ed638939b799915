import { useLingui } from "@lingui/react/macro";
import { Copy, ExternalLink, List, Phone, Plus, Reply, Trash2 } from "lucide-react";
import { type ChangeEvent, useEffect, useId, useRef } from "react";
import { useClient } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { IconButton } from "../../ui/IconButton.tsx";
import { useAct, usePlace, useProblem } from "./ask.ts";
import type { Uploaded } from "./model.ts";
import { Card } from "./parts.tsx";
import {
  BUTTONS,
  type ButtonType,
  button,
  countOf,
  type DraftButton,
  type DraftCard,
  type DraftCode,
  type DraftHeader,
  emptyCard,
  type FileFormat,
  HEADERS,
  MOST,
  renumber,
  type Version,
} from "./template.ts";

export interface Editing {
  version: Version;
  set: (change: Partial<Version>) => void;
}

/** Everything that is written: heading, text, small print, buttons, offer, cards. */
export function TemplateFields({ version, set }: Editing) {
  const { t } = useLingui();
  const id = useId();
  return (
    <>
      <Card title={t`Text`}>
        <Heading header={version.header} onChange={(header) => set({ header })} />
        <Body version={version} set={set} />
        <div className="field">
          <label htmlFor={`${id}-footer`}>{t`Small print (not needed)`}</label>
          <input
            id={`${id}-footer`}
            className="input"
            maxLength={60}
            value={version.footer}
            onChange={(event) => set({ footer: event.currentTarget.value })}
          />
        </div>
        <fieldset className="flex flex-col gap-2">
          <legend className="label mb-2">{t`Buttons`}</legend>
          <Buttons of={version.buttons} kinds={BUTTONS} onChange={(buttons) => set({ buttons })} />
        </fieldset>
      </Card>
      <Offer version={version} set={set} />
      <Cards cards={version.cards} onChange={(cards) => set({ cards })} />
    </>
  );
}

const ACCEPT: Readonly<Record<FileFormat, string>> = {
  IMAGE: "image/jpeg,image/png",
  VIDEO: "video/mp4",
  DOCUMENT: "application/pdf",
};

function Heading({ header, onChange }: { header: DraftHeader; onChange: (header: DraftHeader) => void }) {
  const { t } = useLingui();
  const id = useId();
  const names = {
    NONE: t`None`,
    TEXT: t`Text`,
    IMAGE: t`Picture`,
    VIDEO: t`Film`,
    DOCUMENT: t`Document`,
    LOCATION: t`Place`,
  };
  const { format, text, sample } = header;
  return (
    <div className="field">
      <span className="label">{t`Heading`}</span>
      <span className="biz-tabs" role="radiogroup" aria-label={t`Heading`}>
        {HEADERS.map((one) => (
          // biome-ignore lint/a11y/useSemanticElements: a chip that is one of several
          <button
            key={one}
            type="button"
            role="radio"
            className="chip"
            aria-checked={format === one}
            onClick={() => onChange({ format: one, text, sample })}
          >
            {names[one]}
          </button>
        ))}
      </span>
      {format === "TEXT" && (
        <span className="mt-1 flex flex-wrap gap-2">
          <input
            id={`${id}-text`}
            className="input !w-auto min-w-0 flex-1 basis-52"
            aria-label={t`Text of the heading`}
            maxLength={60}
            value={text}
            onChange={(event) => onChange({ ...header, text: event.currentTarget.value })}
          />
          {countOf(text) > 0 && (
            <input
              className="input !w-auto min-w-0 flex-1 basis-36"
              aria-label={t`Sample value of the heading’s variable`}
              placeholder={t`Sample value`}
              value={sample}
              onChange={(event) => onChange({ ...header, sample: event.currentTarget.value })}
            />
          )}
        </span>
      )}
      {(format === "IMAGE" || format === "VIDEO" || format === "DOCUMENT") && (
        <FileField
          label={t`Example of the heading: ${names[format]}`}
          accept={ACCEPT[format]}
          has={header.file !== undefined}
          onFile={(file) => onChange({ ...header, file })}
        />
      )}
      {format === "LOCATION" && (
        <span className="hint">{t`Your program gives the place, its name and address with each message.`}</span>
      )}
    </div>
  );
}

/** A file of this computer, uploaded at once. */
function FileField({
  label,
  accept,
  has,
  onFile,
}: {
  label: string;
  accept: string;
  has: boolean;
  onFile: (file: Uploaded) => void;
}) {
  const { t } = useLingui();
  const { business } = useClient();
  const { base } = usePlace();
  const act = useAct();
  const problem = useProblem();
  const id = useId();
  // While the file is on its way people write on: what it is added to is what there is then, if it still is.
  const latest = useRef<((file: Uploaded) => void) | undefined>(undefined);
  useEffect(() => {
    latest.current = onFile;
    return () => {
      latest.current = undefined;
    };
  }, [onFile]);
  const pick = async (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.currentTarget.files?.[0];
    if (!file) return;
    const query = new URLSearchParams({ name: file.name, type: file.type });
    const bytes = new Uint8Array(await file.arrayBuffer());
    const made = await act.run(() => business.upload<Uploaded>("POST", `${base}/files?${query}`, bytes));
    if (made) latest.current?.(made);
  };
  return (
    <span className="field mt-1">
      <label htmlFor={id} className="hint">
        {label}
      </label>
      <input
        id={id}
        type="file"
        className="biz-file"
        accept={accept}
        onChange={(event) => void pick(event)}
      />
      <span className="hint" role="status">
        {act.busy ? t`Uploading…` : has && t`An example is there; your program sends its own each time.`}
      </span>
      {act.error && (
        <span className="hint error" role="alert">
          {problem(act.error)}
        </span>
      )}
    </span>
  );
}

function Body({ version, set }: Editing) {
  const { t } = useLingui();
  const format = useFormat();
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const { body, samples, names } = version;
  const count = countOf(body);
  const length = t`${format.number(body.length)} of ${format.number(1024)}`;
  const addVariable = () => {
    const at = area.current?.selectionStart ?? body.length;
    const text = `${body.slice(0, at)}{{${count + 1}}}${body.slice(at)}`;
    set(renumber(text, [...samples.slice(0, count), ""], names));
    area.current?.focus();
  };
  const sample = (index: number, value: string) =>
    set({ samples: Array.from({ length: count }, (_, i) => (i === index ? value : (samples[i] ?? ""))) });
  return (
    <>
      <div className="field">
        <span className="flex flex-wrap items-center gap-2">
          <label htmlFor={`${id}-body`} className="label flex-1">{t`Message`}</label>
          <span className="num text-xs text-ink-2">{length}</span>
          <button type="button" className="btn small !text-plum" onClick={addVariable}>
            <Plus size={16} aria-hidden /> {t`Variable`}
          </button>
        </span>
        <textarea
          id={`${id}-body`}
          ref={area}
          className="input"
          rows={5}
          required
          maxLength={1024}
          aria-describedby={`${id}-body-hint`}
          value={body}
          onChange={(event) => set(renumber(event.currentTarget.value, samples, names))}
        />
        <span id={`${id}-body-hint`} className="hint">
          {t`A variable stands between words, never first or last. *bold*, _italic_, ~struck~.`}
        </span>
      </div>
      {Array.from({ length: count }, (_, index) => (
        <div key={index} className="flex items-center gap-2">
          <label htmlFor={`${id}-sample-${index}`} className="biz-variable">
            {`{{${names?.[index] ?? index + 1}}}`}
          </label>
          <input
            id={`${id}-sample-${index}`}
            className="input"
            aria-label={t`Sample value of variable ${index + 1}`}
            placeholder={t`Sample value`}
            value={samples[index] ?? ""}
            onChange={(event) => sample(index, event.currentTarget.value)}
          />
        </div>
      ))}
    </>
  );
}

const SLOT = "{{1}}";
const ICONS = {
  QUICK_REPLY: Reply,
  URL: ExternalLink,
  PHONE_NUMBER: Phone,
  COPY_CODE: Copy,
  FLOW: List,
} as const;

function useButtonWords() {
  const { t } = useLingui();
  return {
    kind: {
      QUICK_REPLY: t`Quick reply`,
      URL: t`Opens a page`,
      PHONE_NUMBER: t`Calls a number`,
      COPY_CODE: t`Copies a code`,
      FLOW: t`Opens a form`,
    } satisfies Record<ButtonType, string>,
    value: {
      QUICK_REPLY: "",
      URL: t`Address of the page`,
      PHONE_NUMBER: t`Phone number, with country code`,
      COPY_CODE: t`Code of the offer`,
      FLOW: t`ID of the flow`,
    } satisfies Record<ButtonType, string>,
  };
}

function Buttons({
  of,
  kinds,
  onChange,
}: {
  of: readonly DraftButton[];
  kinds: readonly ButtonType[];
  onChange: (buttons: readonly DraftButton[]) => void;
}) {
  const { t } = useLingui();
  const words = useButtonWords();
  const change = (index: number, part: Partial<DraftButton>) =>
    onChange(of.map((one, i) => (i === index ? { ...one, ...part } : one)));
  return (
    <>
      {of.map((one, index) => {
        const place = index + 1;
        const dynamic = one.type === "URL" && one.value.endsWith("{{1}}");
        return (
          <div key={index} className="flex flex-wrap items-center gap-2">
            {one.type !== "COPY_CODE" && (
              <input
                className="input !w-auto min-w-0 flex-1 basis-36"
                aria-label={t`Text of button ${place}`}
                placeholder={words.kind[one.type]}
                maxLength={25}
                required
                value={one.text}
                onChange={(event) => change(index, { text: event.currentTarget.value })}
              />
            )}
            {one.type !== "QUICK_REPLY" && (
              <input
                className="input !w-auto min-w-0 flex-1 basis-44"
                aria-label={`${words.value[one.type]}, ${t`button ${place}`}`}
                placeholder={words.value[one.type]}
                maxLength={one.type === "URL" ? 2000 : 20}
                required
                value={one.value}
                onChange={(event) => change(index, { value: event.currentTarget.value })}
              />
            )}
            {dynamic && (
              <input
                className="input !w-auto min-w-0 flex-1 basis-28"
                aria-label={t`Sample of the address’s end, button ${place}`}
                placeholder={t`Sample value`}
                required
                value={one.sample}
                onChange={(event) => change(index, { sample: event.currentTarget.value })}
              />
            )}
            <IconButton
              label={t`Remove button ${place}`}
              onClick={() => onChange(of.filter((_, i) => i !== index))}
            >
              <Trash2 size={18} />
            </IconButton>
          </div>
        );
      })}
      <span className="flex flex-wrap gap-2">
        {kinds.map((kind) => {
          const Icon = ICONS[kind];
          const many = of.filter((one) => one.type === kind).length;
          return (
            <button
              key={kind}
              type="button"
              className="btn secondary small"
              disabled={many >= MOST[kind] || of.length >= 10}
              onClick={() => onChange([...of, button(kind)])}
            >
              <Icon size={16} aria-hidden /> {words.kind[kind]}
            </button>
          );
        })}
      </span>
      {of.some((one) => one.type === "URL") && (
        <span className="hint">{t`An address may end with ${SLOT}, which your program fills in.`}</span>
      )}
    </>
  );
}

function Offer({ version: { offer }, set }: Editing) {
  const { t } = useLingui();
  const id = useId();
  return (
    <Card title={t`Limited offer`}>
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          className="size-5 accent-brand"
          checked={offer !== undefined}
          onChange={(event) =>
            set({
              offer: event.currentTarget.checked ? { text: "", expires: true } : undefined,
            } as Partial<Version>)
          }
        />
        {t`The message is an offer that ends`}
      </label>
      {offer && (
        <>
          <div className="field">
            <label htmlFor={`${id}-offer`}>{t`What the offer is`}</label>
            <input
              id={`${id}-offer`}
              className="input"
              maxLength={16}
              value={offer.text}
              onChange={(event) => set({ offer: { ...offer, text: event.currentTarget.value } })}
            />
          </div>
          <label className="flex items-center gap-2">
            <input
              type="checkbox"
              className="size-5 accent-brand"
              checked={offer.expires}
              onChange={(event) => set({ offer: { ...offer, expires: event.currentTarget.checked } })}
            />
            {t`Show when it ends; your program says the time`}
          </label>
        </>
      )}
    </Card>
  );
}

const CARD_BUTTONS: readonly ButtonType[] = ["QUICK_REPLY", "URL"];

function Cards({
  cards,
  onChange,
}: {
  cards: readonly DraftCard[];
  onChange: (cards: readonly DraftCard[]) => void;
}) {
  const { t } = useLingui();
  const id = useId();
  const change = (index: number, part: Partial<DraftCard>) =>
    onChange(cards.map((one, i) => (i === index ? { ...one, ...part } : one)));
  return (
    <Card title={t`Cards to swipe`}>
      {cards.length === 0 && (
        <p className="hint">{t`Two to ten cards, each with a picture, a text and the same kinds of buttons.`}</p>
      )}
      {cards.map((card, index) => {
        const place = index + 1;
        return (
          <fieldset key={index} className="flex flex-col gap-2 rounded-md p-3 ring-1 ring-line">
            <legend className="label">{t`Card ${place}`}</legend>
            <FileField
              label={t`Picture of card ${place}`}
              accept={ACCEPT.IMAGE}
              has={card.file !== undefined}
              onFile={(file) => change(index, { file })}
            />
            <div className="field">
              <label htmlFor={`${id}-card-${index}`}>{t`Text of card ${place}`}</label>
              <input
                id={`${id}-card-${index}`}
                className="input"
                maxLength={160}
                value={card.body}
                onChange={(event) => change(index, { body: event.currentTarget.value })}
              />
            </div>
            <Buttons
              of={card.buttons}
              kinds={CARD_BUTTONS}
              onChange={(buttons) => change(index, { buttons })}
            />
            <button
              type="button"
              className="btn ghost small self-start"
              onClick={() => onChange(cards.length > 2 ? cards.filter((_, i) => i !== index) : [])}
            >
              <Trash2 size={16} aria-hidden /> {t`Remove card ${place}`}
            </button>
          </fieldset>
        );
      })}
      <button
        type="button"
        className="btn secondary small self-start"
        disabled={cards.length >= 10}
        onClick={() => onChange(cards.length ? [...cards, emptyCard()] : [emptyCard(), emptyCard()])}
      >
        <Plus size={16} aria-hidden /> {cards.length ? t`One more card` : t`Add cards`}
      </button>
    </Card>
  );
}

/** One-time codes: the wording is fixed, how the code gets into the app is not. */
export function CodeFields({ code, onChange }: { code: DraftCode; onChange: (code: DraftCode) => void }) {
  const { t } = useLingui();
  const id = useId();
  const ways = {
    COPY_CODE: t`Copy code`,
    ONE_TAP: t`One tap`,
    ZERO_TAP: t`Zero tap`,
  };
  const hints = {
    COPY_CODE: t`A button copies the code.`,
    ONE_TAP: t`A button hands the code to your Android app.`,
    ZERO_TAP: t`Your Android app gets the code without a tap. You have told people so.`,
  };
  return (
    <Card title={t`One-time code`}>
      <p className="note">
        {t`Codes have a fixed wording: the code, a warning not to share it, and a button to copy it.`}
      </p>
      <span className="biz-tabs" role="radiogroup" aria-label={t`How the code arrives`}>
        {(["COPY_CODE", "ONE_TAP", "ZERO_TAP"] as const).map((way) => (
          // biome-ignore lint/a11y/useSemanticElements: a chip that is one of several
          <button
            key={way}
            type="button"
            role="radio"
            className="chip"
            aria-checked={code.way === way}
            onClick={() => onChange({ ...code, way })}
          >
            {ways[way]}
          </button>
        ))}
      </span>
      <p className="hint">{hints[code.way]}</p>
      {code.way !== "COPY_CODE" && (
        <div className="grid gap-3 sm:grid-cols-2">
          <div className="field">
            <label htmlFor={`${id}-app`}>{t`Package name of the app`}</label>
            <input
              id={`${id}-app`}
              className="input"
              maxLength={224}
              placeholder="com.example.bank"
              value={code.app}
              onChange={(event) => onChange({ ...code, app: event.currentTarget.value })}
            />
          </div>
          <div className="field">
            <label htmlFor={`${id}-signature`}>{t`Signature hash, 11 characters`}</label>
            <input
              id={`${id}-signature`}
              className="input"
              maxLength={11}
              placeholder="K8a/AINcGX7"
              value={code.signature}
              onChange={(event) => onChange({ ...code, signature: event.currentTarget.value })}
            />
          </div>
        </div>
      )}
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          className="size-5 accent-brand"
          checked={code.warning}
          onChange={(event) => onChange({ ...code, warning: event.currentTarget.checked })}
        />
        {t`Say not to share the code`}
      </label>
      <div className="field">
        <label htmlFor={`${id}-expires`}>{t`Minutes it is good for (0: not said)`}</label>
        <input
          id={`${id}-expires`}
          className="input num"
          type="number"
          min={0}
          max={90}
          value={code.expires}
          onChange={(event) => onChange({ ...code, expires: Number(event.currentTarget.value) || 0 })}
        />
      </div>
    </Card>
  );
}
