import { useLingui } from "@lingui/react/macro";
import { ChevronLeft, X } from "lucide-react";
import { type FormEvent, useId, useMemo, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { useAct, useAsk, usePlace, useProblem } from "./ask.ts";
import type { Category, Json, Prices, TemplateRow } from "./model.ts";
import { Card } from "./parts.tsx";
import { CodeFields, TemplateFields } from "./TemplateFields.tsx";
import { TemplatePreview } from "./TemplatePreview.tsx";
import { CategoryCards, PriceTable, useVerdict } from "./TemplatePrices.tsx";
import {
  emptyVersion,
  fromRow,
  isReady,
  type TemplateDraft,
  toBody,
  toName,
  type Version,
} from "./template.ts";

const LANGUAGES = [
  "en_US",
  "en_GB",
  "en",
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

interface Props {
  /** All languages of the template that is changed; none for a new one. */
  rows: readonly TemplateRow[];
  onMade: (rows: readonly TemplateRow[]) => void;
  onClose: () => void;
}

interface Ready {
  readonly name: string;
  readonly language: string;
  readonly category: Category;
  readonly components: readonly Json[];
}

/** Write a template, see it, know its price, submit it. */
export function TemplateEditor({ rows, onMade, onClose }: Props) {
  const { t, i18n } = useLingui();
  const { business } = useClient();
  const { base } = usePlace();
  const { value: prices } = useAsk<Prices>(`${base}/billing/prices`);
  const act = useAct();
  const problem = useProblem();
  const id = useId();
  const [first] = rows;
  const [draft, setDraft] = useState<TemplateDraft>(() => {
    if (first) return { name: first.name, category: first.category, versions: rows.map(fromRow) };
    const like = i18n.locale.replace("-", "_");
    const language = LANGUAGES.find((one) => one === like) ?? "en_US";
    return { name: "", category: "UTILITY", versions: [emptyVersion(language)] };
  });
  /** What is there already, so that only what was changed is sent. */
  const before = useMemo(
    () => new Map(rows.map((row) => [row.id, JSON.stringify(toBody(row, fromRow(row)))])),
    [rows],
  );
  const [place, setPlace] = useState(0);
  const version = draft.versions[place] ?? emptyVersion("en_US");
  const change = (part: Partial<TemplateDraft>) => {
    act.clear();
    setDraft((old) => ({ ...old, ...part }));
  };
  const set = (part: Partial<Version>) =>
    change({ versions: draft.versions.map((one, i) => (i === place ? { ...one, ...part } : one)) });
  const bodies = draft.versions.map((one) => ({ one, body: toBody(draft, one) }));
  const changed = bodies.filter(({ one, body }) => !one.id || before.get(one.id) !== JSON.stringify(body));
  const ready =
    draft.name !== "" && changed.length > 0 && changed.every(({ one }) => isReady(draft.category, one));
  const current = isReady(draft.category, version) ? toBody(draft, version) : undefined;
  const verdict = useVerdict(current);
  const fixed = rows.some((row) => row.status === "APPROVED");

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const made: TemplateRow[] = [];
    const done = await act.run(async () => {
      for (const { one, body } of changed)
        made.push(
          await business.call<TemplateRow>(
            one.id ? "PUT" : "POST",
            one.id ? `${base}/templates/${one.id}` : `${base}/templates`,
            body,
          ),
        );
      return true;
    });
    if (done) onMade(made);
    else if (made.length) {
      // Some languages are in: they are changed from now on, not made again.
      const ids = new Map(made.map((row) => [row.language, row.id]));
      setDraft((old) => ({
        ...old,
        versions: old.versions.map((one) => {
          const known = ids.get(one.language);
          return known ? { ...one, id: known } : one;
        }),
      }));
    }
  };
  return (
    <form className="biz-screen wide" onSubmit={submit}>
      <header className="mb-5 flex flex-wrap items-end gap-3">
        <div className="min-w-0 flex-1 basis-72">
          <button type="button" className="btn ghost small" onClick={onClose}>
            <ChevronLeft size={16} className="rtl:rotate-180" aria-hidden /> {t`Templates`}
          </button>
          <h1 className="text-3xl font-[690] tracking-[-.022em] [overflow-wrap:anywhere]">
            {draft.name || t`New template`}
          </h1>
        </div>
        {!first && (
          <StartFrom onChosen={(name, one) => change({ name, category: "UTILITY", versions: [one] })} />
        )}
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
          <CategoryCards
            category={draft.category}
            prices={prices}
            verdict={verdict}
            fixed={fixed}
            onChange={(category) => change({ category })}
          />
          <Card title={t`Name and languages`}>
            <div className="field">
              <label htmlFor={`${id}-name`}>{t`Name`}</label>
              <input
                id={`${id}-name`}
                className="input"
                required
                maxLength={512}
                placeholder="delivery_today"
                aria-describedby={`${id}-name-hint`}
                disabled={first !== undefined}
                value={draft.name}
                onChange={(event) => change({ name: toName(event.currentTarget.value) })}
              />
              <span id={`${id}-name-hint`} className="hint">{t`Lower case, digits and underscores.`}</span>
            </div>
            <Languages
              draft={draft}
              place={place}
              onPlace={setPlace}
              onChange={(versions, next) => {
                change({ versions });
                setPlace(next);
              }}
            />
          </Card>
          {draft.category === "AUTHENTICATION" ? (
            <CodeFields key={place} code={version.code} onChange={(code) => set({ code })} />
          ) : (
            <TemplateFields key={place} version={version} set={set} />
          )}
        </div>
        <TemplatePreview category={draft.category} version={version} />
        <PriceTable prices={prices} category={draft.category} />
      </div>
    </form>
  );
}

/** A tab for each language; a new one begins as a copy of the one that is open. */
function Languages({
  draft,
  place,
  onPlace,
  onChange,
}: {
  draft: TemplateDraft;
  place: number;
  onPlace: (place: number) => void;
  onChange: (versions: readonly Version[], place: number) => void;
}) {
  const { t, i18n } = useLingui();
  const id = useId();
  const names = new Intl.DisplayNames(i18n.locale, { type: "language" });
  const name = (language: string) => names.of(language.replace("_", "-")) ?? language;
  const used = draft.versions.map((one) => one.language);
  const open = draft.versions[place];
  const free = LANGUAGES.filter((one) => !used.includes(one));
  const add = (language: string) => {
    const { id: _, ...copy } = open ?? emptyVersion(language);
    onChange([...draft.versions, { ...copy, language }], draft.versions.length);
  };
  return (
    <>
      <span className="biz-tabs" role="radiogroup" aria-label={t`Languages`}>
        {draft.versions.map((one, index) => (
          // biome-ignore lint/a11y/useSemanticElements: a chip that is one of several
          <button
            key={one.language}
            type="button"
            role="radio"
            className="chip"
            aria-checked={index === place}
            onClick={() => onPlace(index)}
          >
            {name(one.language)}
          </button>
        ))}
      </span>
      <div className="flex flex-wrap items-end gap-3">
        {open && !open.id && (
          <div className="field">
            <label htmlFor={`${id}-language`}>{t`Language`}</label>
            <select
              id={`${id}-language`}
              className="input"
              value={open.language}
              onChange={(event) => {
                const language = event.currentTarget.value;
                onChange(
                  draft.versions.map((one, i) => (i === place ? { ...one, language } : one)),
                  place,
                );
              }}
            >
              {[open.language, ...free].map((one) => (
                <option key={one} value={one}>
                  {name(one)}
                </option>
              ))}
            </select>
          </div>
        )}
        <div className="field">
          <label htmlFor={`${id}-more`}>{t`Add a language`}</label>
          <select
            id={`${id}-more`}
            className="input"
            value=""
            onChange={(event) => add(event.currentTarget.value)}
          >
            <option value="" disabled>
              {t`Choose`}
            </option>
            {free.map((one) => (
              <option key={one} value={one}>
                {name(one)}
              </option>
            ))}
          </select>
        </div>
        {open && !open.id && draft.versions.length > 1 && (
          <button
            type="button"
            className="btn ghost"
            onClick={() =>
              onChange(
                draft.versions.filter((_, i) => i !== place),
                0,
              )
            }
          >
            <X size={16} aria-hidden /> {t`Remove ${name(open.language)}`}
          </button>
        )}
      </div>
    </>
  );
}

/** Ready-made texts of the platform's library. */
function StartFrom({ onChosen }: { onChosen: (name: string, version: Version) => void }) {
  const { t } = useLingui();
  const { base } = usePlace();
  const { value } = useAsk<readonly Ready[]>(`${base}/template-library`);
  const choose = (name: string) => {
    const found = value?.find((one) => one.name === name);
    if (!found) return;
    const { id: _, ...version } = fromRow({
      ...found,
      id: "",
      status: "",
      rejected_reason: null,
      paused_until: null,
      parameter_format: "POSITIONAL",
      message_send_ttl_seconds: null,
      quality_score: { score: "" },
      updated_at: "",
      media: {},
    });
    onChosen(found.name.replace(/_\d+$/u, ""), version);
  };
  return (
    <select
      className="input !w-auto"
      aria-label={t`Start from a ready-made text`}
      value=""
      onChange={(event) => choose(event.currentTarget.value)}
    >
      <option value="">{t`Start from a ready-made text`}</option>
      {value?.map((one) => (
        <option key={one.name} value={one.name}>
          {one.name.replace(/_\d+$/u, "").replaceAll("_", " ")}
        </option>
      ))}
    </select>
  );
}
