import { useRef, useState } from "react";

interface Props {
  digits: number;
  value: string;
  label: string;
  /** Ties the field to what is wrong with it. */
  problem?: { "aria-invalid"?: true; "aria-describedby"?: string };
  onChange: (value: string) => void;
}

/** One field that looks like six: paste, autofill and screen readers see a single input. */
export function CodeInput({ digits, value, label, problem = {}, onChange }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [focused, setFocused] = useState(false);
  return (
    <div className="relative grid gap-[7px]" style={{ gridTemplateColumns: `repeat(${digits}, 1fr)` }}>
      {Array.from({ length: digits }, (_, index) => (
        <span
          key={index}
          aria-hidden="true"
          className="input !h-[58px] !justify-center !rounded-[14px] !p-0 text-[25px] font-[650] num"
          {...(focused && index === Math.min(value.length, digits - 1) ? { "data-focus": true } : {})}
          {...(problem["aria-invalid"] && { "aria-invalid": true })}
        >
          {value[index] ??
            (focused && index === value.length ? <span className="h-[26px] w-0.5 bg-brand" /> : "")}
        </span>
      ))}
      <input
        ref={input}
        className="absolute inset-0 size-full cursor-text bg-transparent text-transparent caret-transparent outline-none"
        // biome-ignore lint/a11y/noAutofocus: the one field of this step
        autoFocus
        inputMode="numeric"
        autoComplete="one-time-code"
        pattern="\d*"
        aria-label={label}
        {...problem}
        maxLength={digits + 4}
        value={value}
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
        onChange={(event) => onChange(event.currentTarget.value.replace(/\D/gu, "").slice(0, digits))}
      />
    </div>
  );
}
