import { useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { BadgeCheck, ChevronRight, Plus } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { CodeInput } from "../../ui/CodeInput.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { toast } from "../../ui/Toaster.tsx";
import { useAct, usePlace, useProblem } from "./ask.ts";
import type { NumberRow } from "./model.ts";
import { NumberField, Screen } from "./parts.tsx";
import { useNumberStates, useQualities } from "./words.ts";

/** The numbers a business writes from, and a way to bring one's own. */
export function Numbers() {
  const { t } = useLingui();
  const { overview, reload } = usePlace();
  const state = useNumberStates();
  const quality = useQualities();
  const [adding, setAdding] = useState<NumberRow | "new">();
  const may = overview.may.includes("numbers");
  const params = (row: NumberRow) => ({ business: overview.id, number: row.id });
  return (
    <Screen
      title={t`Numbers`}
      hint={t`What your customers see, and the numbers your programs write from.`}
      actions={
        may && (
          <button type="button" className="btn primary" onClick={() => setAdding("new")}>
            <Plus size={18} aria-hidden /> {t`Add a number`}
          </button>
        )
      }
    >
      <ul className="card overflow-hidden" aria-label={t`Numbers`}>
        {overview.numbers.map((row) => {
          const ready = row.status === "CONNECTED";
          const facts = (
            <>
              <span className="biz-mark" aria-hidden="true">
                {row.verified_name.slice(0, 1).toLocaleUpperCase()}
              </span>
              <span className="min-w-0 flex-1">
                <span className="flex flex-wrap items-center gap-1.5 font-semibold">
                  <span className="[overflow-wrap:anywhere]">{row.verified_name}</span>
                  {row.verification === "VERIFIED" && !row.is_test && (
                    <BadgeCheck size={16} className="text-plum" aria-label={t`Verified`} />
                  )}
                </span>
                <span className="num block text-sm text-ink-2">{row.display}</span>
                <span className="mt-1 flex flex-wrap gap-1.5">
                  {row.is_test && <span className="tag">{t`Test number, free`}</span>}
                  <span className={ready ? "tag ok" : "tag warn"}>{state(row.status)}</span>
                  {ready && <span className="tag">{quality(row.quality)}</span>}
                </span>
              </span>
            </>
          );
          return (
            <li key={row.id} className="flex flex-wrap items-center border-line not-first:border-t">
              <Link
                to="/business/$business/numbers/$number"
                params={params(row)}
                className="setting !border-0 min-w-0 flex-1"
              >
                {facts}
                <ChevronRight size={18} className="text-ink-3 rtl:rotate-180" aria-hidden />
              </Link>
              {may && !ready && (
                <button
                  type="button"
                  className="btn secondary small mx-4 my-2"
                  onClick={() => setAdding(row)}
                >
                  {row.verification === "VERIFIED" ? t`Connect ${row.display}` : t`Verify ${row.display}`}
                </button>
              )}
            </li>
          );
        })}
      </ul>
      {adding && (
        <AddNumber
          known={adding === "new" ? undefined : adding}
          onClose={() => {
            setAdding(undefined);
            reload();
          }}
        />
      )}
    </Screen>
  );
}

/** Number and name, then the code that was sent to it, then a PIN of one's own. */
function AddNumber({ known, onClose }: { known: NumberRow | undefined; onClose: () => void }) {
  const { t } = useLingui();
  const { business } = useClient();
  const { base, overview } = usePlace();
  const act = useAct();
  const problem = useProblem();
  const id = useId();
  const [number, setNumber] = useState("");
  const [name, setName] = useState(overview.name);
  const [made, setMade] = useState(known?.id);
  const [sent, setSent] = useState(known?.verification === "VERIFIED");
  const [code, setCode] = useState(known?.verification === "VERIFIED" ? "000000" : "");
  const [pin, setPin] = useState("");
  const needsCode = known?.verification !== "VERIFIED";
  const send = (row: string) =>
    act.run(async () => {
      await business.call("POST", `${base}/numbers/${row}/code`, {});
      setSent(true);
    });
  const add = async () => {
    if (made) return send(made);
    const row = await act.run(() =>
      business.call<{ id: string }>("POST", `${base}/numbers`, { number: number.trim(), name: name.trim() }),
    );
    if (!row) return;
    setMade(row.id);
    await send(row.id);
  };
  const verify = async () => {
    const done = await act.run(async () => {
      await business.call("POST", `${base}/numbers/${made}/verify`, { code, pin });
      return true;
    });
    if (!done) return;
    toast({ text: t`The number is connected.` });
    onClose();
  };
  /** The number itself was refused: nothing was made of it. */
  const wrong = made === undefined ? act.error : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void (sent ? verify() : add());
  };
  const ready = sent ? code.length === 6 && /^\d{6}$/u.test(pin) : made || (number.trim() && name.trim());
  return (
    <Dialog
      title={!known ? t`Add a number` : needsCode ? t`Verify ${known.display}` : t`Connect ${known.display}`}
      description={t`The number becomes a business: people write to it, your program answers. It cannot be a person’s account here at the same time.`}
      onClose={onClose}
      actions={
        <button type="submit" form={`${id}-form`} className="btn primary" disabled={!ready || act.busy}>
          {sent ? t`Connect the number` : t`Send the code`}
        </button>
      }
    >
      <form id={`${id}-form`} className="flex flex-col gap-4" onSubmit={submit}>
        {!sent && !known && (
          <>
            <NumberField
              value={number}
              wrong={wrong && problem(wrong)}
              placeholder="+49 40 5550100"
              disabled={made !== undefined}
              onChange={(value) => {
                act.clear();
                setNumber(value);
              }}
            />
            <div className="field">
              <label htmlFor={`${id}-name`}>{t`Name that customers see`}</label>
              <input
                id={`${id}-name`}
                className="input"
                required
                maxLength={128}
                value={name}
                disabled={made !== undefined}
                onChange={(event) => setName(event.currentTarget.value)}
              />
            </div>
          </>
        )}
        {sent && needsCode && (
          <div className="field">
            <span className="label">{t`Code that was sent to the number`}</span>
            <CodeInput digits={6} value={code} label={t`Code`} onChange={setCode} />
            <button
              type="button"
              className="link self-start text-sm"
              disabled={act.busy}
              onClick={() => made && void send(made)}
            >
              {t`Send a new code`}
            </button>
          </div>
        )}
        {sent && (
          <div className="field">
            <label htmlFor={`${id}-pin`}>{t`PIN of six digits`}</label>
            <input
              id={`${id}-pin`}
              className="input num"
              inputMode="numeric"
              autoComplete="off"
              maxLength={6}
              required
              aria-describedby={`${id}-pin-hint`}
              value={pin}
              onChange={(event) => setPin(event.currentTarget.value.replace(/\D/gu, ""))}
            />
            <span id={`${id}-pin-hint`} className="hint">
              {t`Choose one now. It is asked when the number is registered again.`}
            </span>
          </div>
        )}
        {act.error && !wrong && (
          <p className="hint error" role="alert">
            {problem(act.error)}
          </p>
        )}
      </form>
    </Dialog>
  );
}
