import { useLingui } from "@lingui/react/macro";
import { type ReactNode, useId } from "react";
import { type Fault, isEnabled, isList, options, resolve, type Scope, text, type Values } from "./form.ts";

interface Props {
  of: Values;
  scope: Scope;
  value: unknown;
  fault: Fault | undefined;
  version: number;
  onChange: (value: unknown) => void;
  /** What an agreement is about, to read before. */
  onRead?: (() => void) | undefined;
}

/** One thing to fill in, with its label, its hint, and what is wrong with it right below. */
export function FormField(props: Props) {
  const { of, scope, fault } = props;
  const id = useId();
  const words = useFaultWords();
  const label = text(resolve(of.label, scope));
  const hint = text(resolve(of["helper-text"] ?? of.description, scope));
  const described = [fault && `${id}-fault`, hint && `${id}-hint`].filter(Boolean).join(" ") || undefined;
  const common = {
    "aria-invalid": fault !== undefined,
    "aria-describedby": described,
    disabled: !isEnabled(of, scope),
  };
  const below = (
    <>
      {hint && (
        <span id={`${id}-hint`} className="hint">
          {hint}
        </span>
      )}
      {fault && (
        <span id={`${id}-fault`} className="hint error">
          {words(fault)}
        </span>
      )}
    </>
  );
  if (of.type === "OptIn") return <Agreement {...props} label={label} common={common} below={below} />;
  if (isList(of) || of.type === "RadioButtonsGroup")
    return <Group {...props} label={label} common={common} below={below} />;
  return (
    <div className="field">
      <label className="label" htmlFor={id}>
        {label}
      </label>
      <One {...props} id={id} common={common} />
      {below}
    </div>
  );
}

type Common = { "aria-invalid": boolean; "aria-describedby": string | undefined; disabled: boolean };

const TYPES: Readonly<Record<string, string>> = {
  email: "email",
  phone: "tel",
  password: "password",
};

function One({ of, scope, value, version, onChange, id, common }: Props & { id: string; common: Common }) {
  const { t } = useLingui();
  const written = text(value);
  const change = (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value);
  const most = Number(resolve(of["max-chars"] ?? of["max-length"], scope)) || 600;
  if (of.type === "TextArea")
    return (
      <textarea
        id={id}
        className="input"
        rows={4}
        maxLength={most}
        value={written}
        onChange={change}
        {...common}
      />
    );
  if (of.type === "Dropdown")
    return (
      <select id={id} className="input" value={written} onChange={change} {...common}>
        <option value="">{t`Choose`}</option>
        {options(of, scope).map((one) => (
          <option key={one.id} value={one.id} disabled={!one.enabled}>
            {one.title}
          </option>
        ))}
      </select>
    );
  if (of.type === "DatePicker" || of.type === "CalendarPicker") {
    // Before version 5 a date is the milliseconds of its midnight, as text.
    const old = of.type === "DatePicker" && version < 5;
    const day = (given: string) =>
      old && /^\d+$/u.test(given) ? new Date(Number(given)).toISOString().slice(0, 10) : given;
    const limit = (name: string) => day(text(resolve(of[name], scope))) || undefined;
    return (
      <input
        id={id}
        type="date"
        className="input"
        value={day(written)}
        min={limit("min-date")}
        max={limit("max-date")}
        onChange={({ currentTarget }) =>
          onChange(old && currentTarget.value ? String(Date.parse(currentTarget.value)) : currentTarget.value)
        }
        {...common}
      />
    );
  }
  const kind = text(of["input-type"]);
  return (
    <input
      id={id}
      type={TYPES[kind] ?? "text"}
      inputMode={kind === "number" || kind === "passcode" ? "numeric" : undefined}
      className="input"
      maxLength={most}
      value={written}
      onChange={change}
      {...common}
    />
  );
}

type Inner = Props & { label: string; common: Common; below: ReactNode };

function Agreement({ value, onChange, onRead, label, common, below }: Inner) {
  const { t } = useLingui();
  return (
    <div className="field">
      <label className="flex items-start gap-3 !font-normal">
        <input
          type="checkbox"
          className="mt-1 size-5 flex-none"
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
          {...common}
        />
        <span>{label}</span>
      </label>
      {onRead && (
        <button type="button" className="link self-start ps-8" onClick={onRead}>
          {t`Read more`}
        </button>
      )}
      {below}
    </div>
  );
}

function Group({ of, scope, value, onChange, label, common, below }: Inner) {
  const name = useId();
  const many = isList(of);
  const chosen = Array.isArray(value) ? value.map(text) : [text(value)];
  const flip = (id: string, on: boolean) => {
    if (!many) return onChange(id);
    onChange(on ? [...chosen, id] : chosen.filter((one) => one !== id));
  };
  return (
    <fieldset className="field" aria-describedby={common["aria-describedby"]} disabled={common.disabled}>
      {label && <legend className="label mb-1">{label}</legend>}
      {options(of, scope).map((one) => (
        <label key={one.id} className="flex items-start gap-3 py-1 !font-normal">
          <input
            type={many ? "checkbox" : "radio"}
            name={name}
            className="mt-1 size-5 flex-none"
            checked={chosen.includes(one.id)}
            disabled={!one.enabled}
            onChange={(event) => flip(one.id, event.currentTarget.checked)}
          />
          <span>
            <span className="block">{one.title}</span>
            {one.description && <span className="block text-sm text-ink-2">{one.description}</span>}
          </span>
        </label>
      ))}
      {below}
    </fieldset>
  );
}

function useFaultWords(): (fault: Fault) => string {
  const { t } = useLingui();
  return (fault) => {
    if (typeof fault === "object") return fault.says;
    switch (fault) {
      case "missing":
        return t`Please fill this in.`;
      case "too-short":
        return t`This is too short.`;
      case "too-long":
        return t`This is too long.`;
      case "too-few":
        return t`Choose some more.`;
      case "too-many":
        return t`These are too many.`;
      case "not-that":
        return t`This does not look right. Please check it.`;
    }
  };
}
