import { useLingui } from "@lingui/react/macro";
import { Copy } from "lucide-react";
import { type ReactNode, useId } from "react";
import { IconButton } from "../../ui/IconButton.tsx";
import { toast } from "../../ui/Toaster.tsx";

/** A screen of a business: title, sentence, actions, content. */
export function Screen({
  title,
  hint,
  actions,
  children,
}: {
  title: string;
  hint?: string;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <div className="biz-screen">
      <header className="mb-5 flex flex-wrap items-end gap-3">
        <div className="min-w-0 flex-1 basis-72">
          <h1 className="text-3xl font-[690] tracking-[-.022em]">{title}</h1>
          {hint && <p className="mt-1 text-lg text-ink-2">{hint}</p>}
        </div>
        {actions}
      </header>
      {children}
    </div>
  );
}

export function Card({
  title,
  aside,
  children,
  className = "",
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  const id = useId();
  return (
    <section className={`card flex min-w-0 flex-col gap-3 p-5 ${className}`} aria-labelledby={id}>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h2 id={id} className="max-w-full flex-[1_0_auto] text-lg font-[650]">
          {title}
        </h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

interface FieldProps {
  label: string;
  hint?: string | undefined;
  /** What is wrong with it; said at once and read with the field. */
  wrong?: string | undefined;
  children: (control: {
    id: string;
    "aria-invalid": boolean;
    "aria-describedby": string | undefined;
  }) => ReactNode;
}

/** A control with its label, its hint, and what is wrong with it right below. */
export function Field({ label, hint, wrong, children }: FieldProps) {
  const id = useId();
  const described = [wrong && `${id}-wrong`, hint && `${id}-hint`].filter(Boolean).join(" ") || undefined;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-invalid": wrong !== undefined, "aria-describedby": described })}
      {wrong && (
        <p id={`${id}-wrong`} className="hint error" role="alert">
          {wrong}
        </p>
      )}
      {hint && (
        <span id={`${id}-hint`} className="hint">
          {hint}
        </span>
      )}
    </div>
  );
}

/** Two letters that stand for a name without a picture. */
export function initials(name: string): string {
  const words = name.replace(/^\+/u, "").split(/\s+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toLocaleUpperCase();
}

/** A number's digits with a plus; a chosen name as it is. */
export const shown = (account: string) => (/^\d+$/u.test(account) ? `+${account}` : account);

export function useCopy(): (text: string) => void {
  const { t } = useLingui();
  return (text) => void navigator.clipboard.writeText(text).then(() => toast({ text: t`Copied` }));
}

/** A value with its name, copied with one press. */
export function CopyRow({ label, value }: { label: string; value: string }) {
  const { t } = useLingui();
  const copy = useCopy();
  return (
    <div className="flex min-w-0 items-center gap-2">
      <dt className="w-36 flex-none text-sm text-ink-2 max-sm:w-28">{label}</dt>
      <dd className="flex min-w-0 flex-1 items-center gap-2">
        <span className="min-w-0 flex-1 font-mono text-sm [overflow-wrap:anywhere]">{value}</span>
        <IconButton small label={t`Copy: ${label}`} onClick={() => copy(value)}>
          <Copy size={16} />
        </IconButton>
      </dd>
    </div>
  );
}

/** Program text or JSON that scrolls sideways; reachable by keyboard. */
export function Code({ label, text, className = "" }: { label: string; text: string; className?: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={`biz-code ${className}`} aria-label={label} tabIndex={0}>
      <pre>{text}</pre>
    </section>
  );
}

/** A phone number to type, with what was wrong with it. `wrong` is a sentence. */
export function NumberField(props: {
  value: string;
  wrong: string | undefined;
  placeholder?: string;
  disabled?: boolean;
  onChange: (value: string) => void;
}) {
  const { value, wrong, placeholder, disabled, onChange } = props;
  const { t } = useLingui();
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{t`Phone number, with country code`}</label>
      <input
        id={id}
        className="input"
        type="tel"
        required
        maxLength={32}
        placeholder={placeholder}
        value={value}
        disabled={disabled}
        aria-invalid={wrong !== undefined}
        aria-describedby={wrong && `${id}-error`}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {wrong && (
        <p id={`${id}-error`} className="hint error" role="alert">
          {wrong}
        </p>
      )}
    </div>
  );
}
