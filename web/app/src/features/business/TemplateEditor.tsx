import { Trans, useLingui } from "@lingui/react/macro";
import { ChevronLeft, ExternalLink, Plus, Reply, Store, Trash2 } from "lucide-react";
import { type FormEvent, useId, useRef, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { useNow } from "../../lib/now.ts";
import { IconButton } from "../../ui/IconButton.tsx";
import { useAct, useAsk, usePlace, useProblem } from "./ask.ts";
import type { Category, Prices, TemplateRow } from "./model.ts";
import { useCategories, useMarkets, useMoney } from "./money.ts";
import { Bubble, Parts } from "./Phone.tsx";
import { Card } from "./parts.tsx";
import { countOf, type DraftButton, fill, renumber, type TemplateDraft, toBody, toName } from "./template.ts";

const LANGUAGES = [
  "en_US",
  "en_GB",
  "de",
  "pt_BR",
  "pt_PT",
  "es",
  "es_MX",
  "hi",
  "fr",
  "it",
  "nl",
  "pl",
  "tr",
  "ar",
  "id",
];
const CATEGORIES: readonly Category[] = ["UTILITY", "MARKETING", "AUTHENTICATION"];
const NEIGHBOURS = ["BR", "IN", "DE", "GB", "ES", "MX", "north-america"];
const EMPTY: TemplateDraft = {
  name: "",
  language: "en_US",
  category: "UTILITY",
  header: "",
  body: "",
  footer: "",
  buttons: [],
  samples: [],
};

interface Props {
  onMade: (row: TemplateRow) => void;
  onClose: () => void;
}

/** Write a template, see it, know its price, submit it. */
export function TemplateEditor({ onMade, onClose }: Props) {
  const { t, i18n } = useLingui();
  const { business } = useClient();
  const { base } = usePlace();
  const { value: prices } = useAsk<Prices>(`${base}/billing/prices`);
  const act = useAct();
  const problem = useProblem();
  const id = useId();
  const [draft, setDraft] = useState<TemplateDraft>(() => {
    const like = i18n.locale.replace("-", "_");
    return { ...EMPTY, language: LANGUAGES.find((one) => one === like) ?? "en_US" };
  });
  const set = (change: Partial<TemplateDraft>) => {
    act.clear();
    setDraft((old) => ({ ...old, ...change }));
  };
  const code = draft.category === "AUTHENTICATION";
  const samplesMissing = !code && draft.samples.slice(0, countOf(draft.body)).some((one) => !one?.trim());
  const ready =
    draft.name !== "" &&
    (code || draft.body.trim() !== "") &&
    !samplesMissing &&
    draft.samples.length >= (code ? 0 : countOf(draft.body)) &&
    draft.buttons.every((one) => one.text.trim() && (one.type !== "URL" || one.url.trim()));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const made = await act.run(() => business.call<TemplateRow>("POST", `${base}/templates`, toBody(draft)));
    if (made) onMade(made);
  };
  return (
    <form className="biz-screen" onSubmit={submit}>
      <header className="mb-5 flex flex-wrap items-end gap-3">
        <div className="min-w-0 flex-1 basis-72">
          <button type="button" className="btn ghost small" onClick={onClose}>
            <ChevronLeft size={16} className="rtl:rotate-180" aria-hidden /> {t`Templates`}
          </button>
          <h1 className="text-3xl font-[690] tracking-[-.022em] [overflow-wrap:anywhere]">
            {draft.name || t`New template`}
          </h1>
        </div>
        <button type="submit" className="btn primary" disabled={!ready || act.busy}>
          {t`Submit for review`}
        </button>
      </header>
      {act.error && (
        <p className="banner danger mb-4" role="alert">
          {problem(act.error)}
        </p>
      )}
      <div className="biz-editor">
        <div className="flex min-w-0 flex-col gap-5">
          <CategoryCards draft={draft} prices={prices} onChange={(category) => set({ category })} />
          <Card title={t`Name and language`}>
            <div className="grid gap-3 sm:grid-cols-2">
              <div className="field">
                <label htmlFor={`${id}-name`}>{t`Name`}</label>
                <input
                  id={`${id}-name`}
                  className="input"
                  required
                  maxLength={512}
                  placeholder="delivery_today"
                  aria-describedby={`${id}-name-hint`}
                  value={draft.name}
                  onChange={(event) => set({ name: toName(event.currentTarget.value) })}
                />
                <span id={`${id}-name-hint`} className="hint">{t`Lower case, digits and underscores.`}</span>
              </div>
              <div className="field">
                <label htmlFor={`${id}-language`}>{t`Language`}</label>
                <LanguageSelect
                  id={`${id}-language`}
                  value={draft.language}
                  onChange={(language) => set({ language })}
                />
              </div>
            </div>
          </Card>
          {code ? (
            <p className="note">
              {t`Codes have a fixed wording: the code, a warning not to share it, and a button to copy it.`}
            </p>
          ) : (
            <Texts draft={draft} set={set} />
          )}
        </div>
        <Preview draft={draft} />
        <PriceTable prices={prices} category={draft.category} />
      </div>
    </form>
  );
}

function LanguageSelect({
  id,
  value,
  onChange,
}: {
  id: string;
  value: string;
  onChange: (language: string) => void;
}) {
  const { i18n } = useLingui();
  const names = new Intl.DisplayNames(i18n.locale, { type: "language" });
  return (
    <select id={id} className="input" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      {LANGUAGES.map((one) => (
        <option key={one} value={one}>
          {names.of(one.replace("_", "-")) ?? one}
        </option>
      ))}
    </select>
  );
}

function CategoryCards({
  draft,
  prices,
  onChange,
}: {
  draft: TemplateDraft;
  prices: Prices | undefined;
  onChange: (category: Category) => void;
}) {
  const { t } = useLingui();
  const { overview } = usePlace();
  const id = useId();
  const market = useMarkets();
  const name = useCategories();
  const money = useMoney(prices?.currency ?? "USD");
  const where = prices?.prices[overview.country] ? overview.country : "other";
  const hints: Record<Category, string> = {
    UTILITY: t`About something the person ordered. Free in an open window while the rate card says so.`,
    MARKETING: t`Offers, news, reminders to buy. Needs consent.`,
    AUTHENTICATION: t`One-time codes only. Fixed wording.`,
  };
  return (
    <Card
      title={t`What kind of message is it?`}
      aside={<span className="text-sm text-ink-2">{t`Price per message: ${market(where)}`}</span>}
    >
      <div className="grid gap-2.5 sm:grid-cols-3" role="radiogroup" aria-label={t`Category`}>
        {CATEGORIES.map((one) => {
          const price = prices?.prices[where]?.[one.toLowerCase()];
          return (
            <label key={one} className="biz-choice">
              <input
                type="radio"
                name={`${id}-category`}
                className="accent-brand"
                checked={draft.category === one}
                onChange={() => onChange(one)}
              />
              <span className="num block text-xl font-[700]">
                {price === undefined ? "…" : money.each(price)}
              </span>
              <span className="block font-semibold">{name(one)}</span>
              <span className="block text-xs text-ink-2">{hints[one]}</span>
            </label>
          );
        })}
      </div>
    </Card>
  );
}

function Texts({ draft, set }: { draft: TemplateDraft; set: (change: Partial<TemplateDraft>) => void }) {
  const { t } = useLingui();
  const format = useFormat();
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const count = countOf(draft.body);
  const length = t`${format.number(draft.body.length)} of ${format.number(1024)}`;
  const addVariable = () => {
    const at = area.current?.selectionStart ?? draft.body.length;
    const text = `${draft.body.slice(0, at)}{{${count + 1}}}${draft.body.slice(at)}`;
    set(renumber(text, [...draft.samples.slice(0, count), ""]));
    area.current?.focus();
  };
  const sample = (index: number, value: string) =>
    set({
      samples: Array.from({ length: count }, (_, i) => (i === index ? value : (draft.samples[i] ?? ""))),
    });
  const change = (index: number, button: Partial<DraftButton>) =>
    set({ buttons: draft.buttons.map((one, i) => (i === index ? { ...one, ...button } : one)) });
  const add = (type: DraftButton["type"]) =>
    set({ buttons: [...draft.buttons, { type, text: "", url: type === "URL" ? "https://" : "" }] });
  const links = draft.buttons.filter((one) => one.type === "URL").length;
  return (
    <Card title={t`Text`}>
      <div className="field">
        <label htmlFor={`${id}-header`}>{t`Heading (not needed)`}</label>
        <input
          id={`${id}-header`}
          className="input"
          maxLength={60}
          value={draft.header}
          onChange={(event) => set({ header: event.currentTarget.value })}
        />
      </div>
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
          value={draft.body}
          onChange={(event) => set(renumber(event.currentTarget.value, draft.samples))}
        />
        <span id={`${id}-body-hint`} className="hint">
          {t`A variable stands between words, never first or last. *bold*, _italic_, ~struck~.`}
        </span>
      </div>
      {Array.from({ length: count }, (_, index) => (
        <div key={index} className="flex items-center gap-2">
          <label htmlFor={`${id}-sample-${index}`} className="biz-variable">{`{{${index + 1}}}`}</label>
          <input
            id={`${id}-sample-${index}`}
            className="input"
            aria-label={t`Sample value of variable ${index + 1}`}
            placeholder={t`Sample value`}
            value={draft.samples[index] ?? ""}
            onChange={(event) => sample(index, event.currentTarget.value)}
          />
        </div>
      ))}
      <div className="field">
        <label htmlFor={`${id}-footer`}>{t`Small print (not needed)`}</label>
        <input
          id={`${id}-footer`}
          className="input"
          maxLength={60}
          value={draft.footer}
          onChange={(event) => set({ footer: event.currentTarget.value })}
        />
      </div>
      <fieldset className="flex flex-col gap-2">
        <legend className="label mb-2">{t`Buttons`}</legend>
        {draft.buttons.map((button, index) => (
          <div key={index} className="flex flex-wrap items-center gap-2">
            <input
              className="input !w-auto min-w-0 flex-1 basis-36"
              aria-label={t`Text of button ${index + 1}`}
              placeholder={button.type === "URL" ? t`Opens a page` : t`Quick reply`}
              maxLength={25}
              required
              value={button.text}
              onChange={(event) => change(index, { text: event.currentTarget.value })}
            />
            {button.type === "URL" && (
              <input
                className="input !w-auto min-w-0 flex-1 basis-44"
                type="url"
                aria-label={t`Page of button ${index + 1}`}
                maxLength={2000}
                required
                value={button.url}
                onChange={(event) => change(index, { url: event.currentTarget.value })}
              />
            )}
            <IconButton
              label={t`Remove button ${index + 1}`}
              onClick={() => set({ buttons: draft.buttons.filter((_, i) => i !== index) })}
            >
              <Trash2 size={18} />
            </IconButton>
          </div>
        ))}
        <span className="flex flex-wrap gap-2">
          <button
            type="button"
            className="btn secondary small"
            disabled={draft.buttons.length >= 10}
            onClick={() => add("QUICK_REPLY")}
          >
            <Reply size={16} aria-hidden /> {t`Quick reply`}
          </button>
          <button
            type="button"
            className="btn secondary small"
            disabled={links >= 2 || draft.buttons.length >= 10}
            onClick={() => add("URL")}
          >
            <ExternalLink size={16} aria-hidden /> {t`Opens a page`}
          </button>
        </span>
      </fieldset>
    </Card>
  );
}

/** As the customer sees it, with the sample values. */
function Preview({ draft }: { draft: TemplateDraft }) {
  const { t } = useLingui();
  const format = useFormat();
  const now = useNow();
  const { overview } = usePlace();
  const [look, setLook] = useState<"light" | "dark">();
  const code = draft.category === "AUTHENTICATION";
  // The platform's own wording; it is not translated here because people get it like this.
  const body = code
    ? "*123456* is your verification code. For your security, do not share this code."
    : fill(draft.body, draft.samples);
  const buttons: readonly DraftButton[] = code
    ? [{ type: "QUICK_REPLY", text: "Copy code", url: "" }]
    : [...draft.buttons].sort((a, b) => a.type.localeCompare(b.type));
  return (
    <section className="biz-sticky" aria-label={t`Preview`}>
      <div className="phone !h-[520px]" {...(look && { "data-theme": look })}>
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
            <Parts
              header={code ? "" : draft.header}
              body={body || t`Your text appears here.`}
              footer={code ? "This code expires in 10 minutes." : draft.footer}
            />
          </Bubble>
          {buttons.length > 0 && (
            <div className="phone-buttons">
              {buttons.map((button, index) => (
                <span key={index}>
                  {button.type === "URL" ? (
                    <ExternalLink size={16} aria-hidden />
                  ) : (
                    <Reply size={16} aria-hidden />
                  )}
                  {button.text || "…"}
                </span>
              ))}
            </div>
          )}
        </section>
      </div>
      <p className="mt-4 flex flex-wrap items-center justify-center gap-2 text-sm text-ink-2">
        {t`Sample data`}
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
      </p>
    </section>
  );
}

function PriceTable({ prices, category }: { prices: Prices | undefined; category: Category }) {
  const { t } = useLingui();
  const { overview } = usePlace();
  const market = useMarkets();
  const name = useCategories();
  const money = useMoney(prices?.currency ?? "USD");
  const [all, setAll] = useState(false);
  if (!prices) return null;
  const known = Object.keys(prices.prices);
  const near = [overview.country, ...NEIGHBOURS.filter((one) => one !== overview.country)];
  const shown = all
    ? [...known].sort((a, b) => market(a).localeCompare(market(b)))
    : near.filter((one) => known.includes(one));
  return (
    <Card title={t`Price per market`} className="biz-prices">
      <table className="biz-table">
        <thead>
          <tr>
            <th scope="col">{t`Market`}</th>
            {CATEGORIES.map((one) => (
              <th key={one} scope="col" className="end">
                {name(one)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <tr key={one} data-here={one === overview.country}>
              <th scope="row" data-label={t`Market`}>
                {market(one)}
              </th>
              {CATEGORIES.map((kind) => (
                <td
                  key={kind}
                  data-label={name(kind)}
                  className={kind === category ? "end font-bold text-brand" : "end"}
                >
                  {money.each(prices.prices[one]?.[kind.toLowerCase()] ?? 0)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <button
        type="button"
        className="btn ghost small self-start"
        aria-expanded={all}
        onClick={() => setAll(!all)}
      >
        {all ? t`Fewer markets` : t`All markets`}
      </button>
    </Card>
  );
}
