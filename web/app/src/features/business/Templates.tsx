import { useLingui } from "@lingui/react/macro";
import { Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useClient } from "../../lib/client.ts";
import { Confirm } from "../../ui/Confirm.tsx";
import { Empty } from "../../ui/Empty.tsx";
import { IconButton } from "../../ui/IconButton.tsx";
import { RowsSkeleton } from "../../ui/Skeleton.tsx";
import { toast } from "../../ui/Toaster.tsx";
import { useAct, useAsk, usePlace, useProblem } from "./ask.ts";
import type { TemplateRow } from "./model.ts";
import { useCategories } from "./money.ts";
import { Screen } from "./parts.tsx";
import { TemplateAdvice } from "./TemplateAdvice.tsx";
import { TemplateEditor } from "./TemplateEditor.tsx";
import { useQualities, useStates } from "./words.ts";

/** The templates of a business, and the desk where one is written. */
export function Templates() {
  const { t } = useLingui();
  const { business } = useClient();
  const { base, overview } = usePlace();
  const { value, error, reload } = useAsk<readonly TemplateRow[]>(`${base}/templates`);
  const act = useAct();
  const problem = useProblem();
  const state = useStates();
  const [writing, setWriting] = useState<readonly TemplateRow[]>();
  const [removing, setRemoving] = useState<TemplateRow>();
  const category = useCategories();
  const quality = useQualities();
  const may = overview.may.includes("templates");
  const remove = async (row: TemplateRow) => {
    await act.run(() => business.call("DELETE", `${base}/templates/${row.id}`));
    reload();
  };
  const unpause = async (row: TemplateRow) => {
    await act.run(() => business.call("POST", `${base}/templates/${row.id}/unpause`));
    reload();
  };
  const made = (rows: readonly TemplateRow[]) => {
    setWriting(undefined);
    reload();
    for (const row of rows)
      toast({ text: `${row.name} · ${row.language}: ${state(row.status)}, ${category(row.category)}` });
  };
  const close = () => {
    setWriting(undefined);
    reload();
  };
  if (writing) return <TemplateEditor rows={writing} onMade={made} onClose={close} />;
  const failure = act.error ?? error;
  const create = (
    <button type="button" className="btn primary" onClick={() => setWriting([])}>
      <Plus size={18} aria-hidden /> {t`New template`}
    </button>
  );
  return (
    <Screen
      title={t`Templates`}
      hint={t`Messages you may send first, at any time; each has a category and a price.`}
      actions={may && value && value.length > 0 && create}
    >
      {failure && (
        <p className="banner danger mb-4" role="alert">
          {problem(failure)}
        </p>
      )}
      {!value && !error && <RowsSkeleton rows={3} />}
      {value?.length === 0 && (
        <Empty title={t`No template yet`} action={may && create}>
          {t`Write one, see it as your customers will, and know its price.`}
        </Empty>
      )}
      {value && value.length > 0 && (
        <ul className="card overflow-hidden" aria-label={t`Templates`}>
          {value.map((row) => (
            <li key={row.id} className="setting">
              <span className="min-w-0 flex-1">
                <span className="block font-semibold [overflow-wrap:anywhere]">{row.name}</span>
                <span className="block text-sm text-ink-2">{bodyOf(row)}</span>
                <span className="mt-1 flex flex-wrap gap-1.5">
                  <span className="tag">{category(row.category)}</span>
                  <span className="tag">{row.language}</span>
                  <span className={row.status === "APPROVED" ? "tag ok" : "tag warn"}>
                    {state(row.status)}
                  </span>
                  {row.quality_score.score !== "UNKNOWN" && (
                    <span className="tag">{quality(row.quality_score.score)}</span>
                  )}
                </span>
                <TemplateAdvice row={row} may={may} onUnpause={() => void unpause(row)} />
              </span>
              {may && (
                <IconButton
                  label={t`Edit ${row.name}, ${row.language}`}
                  onClick={() => setWriting(languagesOf(row, value))}
                >
                  <Pencil size={18} />
                </IconButton>
              )}
              {may && (
                <IconButton label={t`Delete ${row.name}, ${row.language}`} onClick={() => setRemoving(row)}>
                  <Trash2 size={18} />
                </IconButton>
              )}
            </li>
          ))}
        </ul>
      )}
      {removing && (
        <Confirm
          title={t`Delete ${removing.name}?`}
          action={t`Delete`}
          danger
          onClose={() => setRemoving(undefined)}
          onConfirm={() => void remove(removing)}
        >
          {t`Programs that send it are refused at once. Its name stays reserved for 30 days.`}
        </Confirm>
      )}
    </Screen>
  );
}

/** All languages of a template, the chosen one first. */
function languagesOf(row: TemplateRow, all: readonly TemplateRow[]): readonly TemplateRow[] {
  return [row, ...all.filter((one) => one.name === row.name && one.id !== row.id)];
}

function bodyOf(row: TemplateRow): string {
  const body = row.components.find((one) => one.type === "BODY");
  return typeof body?.text === "string" ? body.text : "";
}
