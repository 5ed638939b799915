import { useLingui } from "@lingui/react/macro";
import type { AddressRequest } from "@plauder/client/api";
import { House } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { Dialog } from "../ui/Dialog.tsx";
import { type Desk, TapRow } from "./parts.tsx";

const NEEDED: ReadonlySet<string> = new Set([
  "name",
  "phone_number",
  "address",
  "in_pin_code",
  "sg_post_code",
  "city",
]);

/** Where to bring it (Cloud API, `address_message`): the fields of the country, with what the business knows already. */
export function Address({ of, desk }: { of: AddressRequest; desk: Desk }) {
  const { t } = useLingui();
  const [open, setOpen] = useState(false);
  return (
    <>
      <TapRow icon={House} desk={desk} onTap={() => setOpen(true)}>{t`Give an address`}</TapRow>
      {open && <AddressDialog of={of} desk={desk} onClose={() => setOpen(false)} />}
    </>
  );
}

function AddressDialog({ of, desk, onClose }: { of: AddressRequest; desk: Desk; onClose: () => void }) {
  const { t } = useLingui();
  const [values, setValues] = useState<Readonly<Record<string, string>>>(of.values);
  const [faults, setFaults] = useState<Readonly<Record<string, string>>>(of.errors);
  const fields = useFields(of.country);
  const send = (given: Readonly<Record<string, string>>, id?: string) => {
    const filled = Object.fromEntries(Object.entries(given).filter(([, value]) => value.trim() !== ""));
    const body = [
      filled.address,
      filled.landmark_area,
      filled.city,
      filled.in_pin_code ?? filled.sg_post_code,
    ]
      .filter(Boolean)
      .join(", ");
    desk.answer({
      type: "nfm_reply",
      nfm_reply: {
        name: "address_message",
        body: body || t`Address`,
        response_json: JSON.stringify(id ? { saved_address_id: id, values: filled } : { values: filled }),
      },
    });
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const missing = fields.filter(({ name }) => NEEDED.has(name) && !values[name]?.trim());
    if (!missing.length) return send(values);
    setFaults(Object.fromEntries(missing.map(({ name }) => [name, t`Please fill this in.`])));
  };
  return (
    <Dialog title={t`Your address`} onClose={onClose}>
      {of.saved.map((one, index) => (
        <button
          key={one.id || index}
          type="button"
          className="menu-item"
          onClick={() => send(one.value, one.id)}
        >
          <House size={16} aria-hidden />
          <span>
            {[one.value.name, one.value.address, one.value.city].filter(Boolean).join(", ") || one.id}
          </span>
        </button>
      ))}
      <form noValidate className="mt-2 flex flex-col gap-3" onSubmit={submit}>
        {fields.map(({ name, label }) => (
          <Field
            key={name}
            label={NEEDED.has(name) ? label : t`${label} (optional)`}
            value={values[name] ?? ""}
            fault={faults[name]}
            onChange={(value) => {
              setValues({ ...values, [name]: value });
              setFaults(Object.fromEntries(Object.entries(faults).filter(([key]) => key !== name)));
            }}
          />
        ))}
        <button type="submit" className="btn primary self-end">
          {t`Send the address`}
        </button>
      </form>
    </Dialog>
  );
}

function Field(props: {
  label: string;
  value: string;
  fault: string | undefined;
  onChange: (value: string) => void;
}) {
  const id = useId();
  const { label, value, fault, onChange } = props;
  return (
    <div className="field">
      <label className="label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className="input"
        maxLength={256}
        value={value}
        aria-invalid={fault !== undefined}
        aria-describedby={fault ? `${id}-fault` : undefined}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {fault && (
        <span id={`${id}-fault`} className="hint error">
          {fault}
        </span>
      )}
    </div>
  );
}

/** The fields have the Cloud API's names; which of them there are depends on the country. */
function useFields(country: string): readonly { name: string; label: string }[] {
  const { t } = useLingui();
  const both = [
    { name: "name", label: t`Name` },
    { name: "phone_number", label: t`Phone number` },
  ];
  if (country === "SG")
    return [
      ...both,
      { name: "sg_post_code", label: t`Postcode` },
      { name: "address", label: t`Street and number` },
      { name: "unit_number", label: t`Unit` },
    ];
  return [
    ...both,
    { name: "in_pin_code", label: t`Postcode` },
    { name: "house_number", label: t`House or flat` },
    { name: "building_name", label: t`Building` },
    { name: "address", label: t`Street and number` },
    { name: "landmark_area", label: t`Landmark or area` },
    { name: "city", label: t`City` },
    { name: "state", label: t`State` },
  ];
}
