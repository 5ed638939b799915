import { useLingui } from "@lingui/react/macro";
import { type FormEvent, useId, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { Dialog } from "../../ui/Dialog.tsx";
import { useAct, useFieldProblem, usePlace, useProblem } from "./ask.ts";
import type { Bill } from "./model.ts";
import { Card, Field } from "./parts.tsx";

/** Who the invoices are made out to, and a way to change it. */
export function BillTo({ bill, onChanged }: { bill: Bill; onChanged: () => void }) {
  const { t } = useLingui();
  const [open, setOpen] = useState(false);
  const { name, address, tax_id } = bill.account;
  return (
    <Card
      title={t`Invoices are made out to`}
      aside={
        <button type="button" className="link text-sm" onClick={() => setOpen(true)}>
          {address ? t`Change` : t`Add the address`}
        </button>
      }
    >
      <address className="whitespace-pre-line text-sm not-italic [overflow-wrap:anywhere]" dir="auto">
        <b className="block font-semibold">{name}</b>
        {address}
        {tax_id && <span className="block text-ink-2">{tax_id}</span>}
      </address>
      {open && (
        <BillToDialog
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

function BillToDialog({ bill, onClose, onSaved }: { bill: Bill; onClose: () => void; onSaved: () => void }) {
  const { t } = useLingui();
  const { business } = useClient();
  const { base } = usePlace();
  const act = useAct();
  const problem = useProblem();
  const fieldProblem = useFieldProblem();
  const id = useId();
  const [draft, setDraft] = useState({
    name: bill.account.name,
    address: bill.account.address,
    tax_id: bill.account.tax_id,
  });
  const set = (change: Partial<typeof draft>) => {
    act.clear();
    setDraft((old) => ({ ...old, ...change }));
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const body = { name: draft.name.trim(), address: draft.address.trim(), tax_id: draft.tax_id.trim() };
    if (await act.run(() => business.call("PUT", `${base}/billing/address`, body))) onSaved();
  };
  const nameless = draft.name.trim() === "" ? t`An invoice needs a name.` : undefined;
  return (
    <Dialog
      title={t`Invoices are made out to`}
      description={t`It stands on invoices from now on. Those that were sent stay as they are.`}
      onClose={onClose}
      actions={
        <button type="submit" form={`${id}-form`} className="btn primary" disabled={act.busy || !!nameless}>
          {t`Save`}
        </button>
      }
    >
      <form id={`${id}-form`} className="flex flex-col gap-4" onSubmit={submit}>
        <Field label={t`Name of the company`} wrong={nameless ?? fieldProblem(act.error, "name")}>
          {(control) => (
            <input
              {...control}
              className="input"
              maxLength={128}
              autoComplete="organization"
              value={draft.name}
              onChange={(event) => set({ name: event.currentTarget.value })}
            />
          )}
        </Field>
        <Field label={t`Address`} wrong={fieldProblem(act.error, "address")}>
          {(control) => (
            <textarea
              {...control}
              className="input"
              rows={3}
              maxLength={500}
              autoComplete="street-address"
              value={draft.address}
              onChange={(event) => set({ address: event.currentTarget.value })}
            />
          )}
        </Field>
        <Field
          label={t`Tax number`}
          hint={t`As your tax office writes it: VAT ID, CNPJ, GSTIN …`}
          wrong={fieldProblem(act.error, "tax_id")}
        >
          {(control) => (
            <input
              {...control}
              className="input"
              maxLength={40}
              value={draft.tax_id}
              onChange={(event) => set({ tax_id: event.currentTarget.value })}
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
