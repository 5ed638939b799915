import { useLingui } from "@lingui/react/macro";
import { type FormEvent, useId, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { Dialog } from "../../ui/Dialog.tsx";
import { useAct, useFieldProblem, usePlace, useProblem } from "./ask.ts";
import { Bar } from "./Billing.tsx";
import type { Bill } from "./model.ts";
import { parseAmount, useMoney } from "./money.ts";
import { Card, Field } from "./parts.tsx";

/** How much of the month's limit is spent, and a way to change it. */
export function SpendLimit({ bill, onChanged }: { bill: Bill; onChanged: () => void }) {
  const { t } = useLingui();
  const format = useFormat();
  const [open, setOpen] = useState(false);
  const { spend_limit, essential_limit, alert_percent, currency } = bill.account;
  const money = useMoney(currency);
  const share = spend_limit ? bill.spent / spend_limit : 0;
  const percent = format.number(Math.round(share * 100));
  const warn = format.number(alert_percent);
  return (
    <Card
      title={t`Spend limit`}
      aside={
        <button type="button" className="link text-sm" onClick={() => setOpen(true)}>
          {spend_limit === null ? t`Set a limit` : t`Change`}
        </button>
      }
    >
      {spend_limit === null ? (
        <p className="text-sm text-ink-2">{t`No limit is set.`}</p>
      ) : (
        <>
          <p>
            <b className="num text-2xl">{`${percent} %`}</b>{" "}
            <span className="text-ink-2">{t`of ${money.amount(spend_limit)}`}</span>
          </p>
          <Bar share={share} mark={alert_percent / 100} />
          <p className="flex flex-wrap justify-between gap-2 text-xs text-ink-2">
            <span>{t`Warning at ${warn} %`}</span>
            <span>{t`Stop at 100 %`}</span>
          </p>
          <p className="text-sm text-ink-2">
            {essential_limit === null
              ? t`At the limit nothing that costs is sent.`
              : t`At the limit marketing stops first. Utility and codes go on until ${money.amount(essential_limit)}.`}
          </p>
        </>
      )}
      {open && (
        <LimitDialog
          bill={bill}
          onClose={() => setOpen(false)}
          onSaved={() => {
            setOpen(false);
            onChanged();
          }}
        />
      )}
    </Card>
  );
}

const asText = (micros: number | null): string => (micros === null ? "" : String(micros / 1_000_000));

function LimitDialog({ bill, onClose, onSaved }: { bill: Bill; onClose: () => void; onSaved: () => void }) {
  const { t } = useLingui();
  const { business } = useClient();
  const { base } = usePlace();
  const act = useAct();
  const problem = useProblem();
  const id = useId();
  const { currency } = bill.account;
  const [limit, setLimit] = useState(asText(bill.account.spend_limit));
  const [essential, setEssential] = useState(asText(bill.account.essential_limit));
  const [alert, setAlert] = useState(String(bill.account.alert_percent));
  const fieldProblem = useFieldProblem();
  const unread = (text: string) => text.trim() !== "" && parseAmount(text) === undefined;
  /** What we can tell before asking the server; then what it said. */
  const wrong = (field: string, text: string) => {
    if (unread(text)) return t`Write an amount, such as 1,200.50.`;
    const below = (parseAmount(essential) ?? 0) < (parseAmount(limit) ?? 0) || !limit.trim();
    if (field === "essential_limit" && essential.trim() && below)
      return t`This limit begins where the other ends: it cannot be lower, nor stand alone.`;
    return fieldProblem(act.error, field);
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const body = {
      spend_limit: parseAmount(limit) ?? null,
      essential_limit: parseAmount(essential) ?? null,
      alert_percent: Number(alert),
    };
    if (await act.run(() => business.call("PUT", `${base}/billing/limits`, body))) onSaved();
  };
  const fields = [
    {
      name: "spend_limit",
      label: t`Limit per month (${currency})`,
      hint: t`Empty: no limit.`,
      value: limit,
      set: setLimit,
    },
    {
      name: "essential_limit",
      label: t`Utility and codes go on until (${currency})`,
      hint: t`At least the limit. Empty: they stop with the rest.`,
      value: essential,
      set: setEssential,
    },
  ];
  const ready = fields.every(({ name, value }) => !wrong(name, value)) && /^([1-9]\d?|100)$/u.test(alert);
  return (
    <Dialog
      title={t`Spend limit`}
      onClose={onClose}
      actions={
        <button type="submit" form={`${id}-form`} className="btn primary" disabled={act.busy || !ready}>
          {t`Save`}
        </button>
      }
    >
      <form id={`${id}-form`} className="flex flex-col gap-4" onSubmit={submit}>
        {fields.map(({ name, label, hint, value, set }) => (
          <Field key={name} label={label} hint={hint} wrong={wrong(name, value)}>
            {(control) => (
              <input
                {...control}
                className="input num"
                inputMode="decimal"
                maxLength={20}
                value={value}
                onChange={(event) => {
                  act.clear();
                  set(event.currentTarget.value);
                }}
              />
            )}
          </Field>
        ))}
        <Field
          label={t`Warn at (percent)`}
          wrong={
            !/^([1-9]\d?|100)$/u.test(alert)
              ? t`Write a number from 1 to 100.`
              : fieldProblem(act.error, "alert_percent")
          }
        >
          {(control) => (
            <input
              {...control}
              className="input num"
              inputMode="numeric"
              maxLength={3}
              value={alert}
              onChange={(event) => {
                act.clear();
                setAlert(event.currentTarget.value.replace(/\D/gu, ""));
              }}
            />
          )}
        </Field>
        {act.error && !act.error.details.field && (
          <p className="hint error" role="alert">
            {problem(act.error)}
          </p>
        )}
      </form>
    </Dialog>
  );
}
