import { useLingui } from "@lingui/react/macro";
import { type FormEvent, useId, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { Dialog } from "../../ui/Dialog.tsx";
import { useAct, usePlace, useProblem } from "./ask.ts";
import { Bar } from "./Billing.tsx";
import type { Bill } from "./model.ts";
import { parseAmount, useMoney } from "./money.ts";
import { Card } from "./parts.tsx";

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
  const wrong = [limit, essential].some((one) => one.trim() !== "" && parseAmount(one) === undefined);
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
      name: "limit",
      label: t`Limit per month (${currency})`,
      hint: t`Empty: no limit.`,
      value: limit,
      set: setLimit,
    },
    {
      name: "essential",
      label: t`Utility and codes go on until (${currency})`,
      hint: t`At least the limit. Empty: they stop with the rest.`,
      value: essential,
      set: setEssential,
    },
  ];
  return (
    <Dialog
      title={t`Spend limit`}
      onClose={onClose}
      actions={
        <button type="submit" form={`${id}-form`} className="btn primary" disabled={act.busy || wrong}>
          {t`Save`}
        </button>
      }
    >
      <form id={`${id}-form`} className="flex flex-col gap-4" onSubmit={submit}>
        {fields.map(({ name, label, hint, value, set }) => (
          <div key={name} className="field">
            <label htmlFor={`${id}-${name}`}>{label}</label>
            <input
              id={`${id}-${name}`}
              className="input num"
              inputMode="decimal"
              maxLength={20}
              aria-describedby={`${id}-${name}-hint`}
              aria-invalid={value.trim() !== "" && parseAmount(value) === undefined}
              value={value}
              onChange={(event) => set(event.currentTarget.value)}
            />
            <span id={`${id}-${name}-hint`} className="hint">
              {hint}
            </span>
          </div>
        ))}
        <div className="field">
          <label htmlFor={`${id}-alert`}>{t`Warn at (percent)`}</label>
          <input
            id={`${id}-alert`}
            className="input num"
            type="number"
            min={1}
            max={100}
            required
            value={alert}
            onChange={(event) => setAlert(event.currentTarget.value)}
          />
        </div>
        {act.error && (
          <p className="hint error" role="alert">
            {problem(act.error)}
          </p>
        )}
      </form>
    </Dialog>
  );
}
