import { Switch as Radix } from "radix-ui";
import { useId } from "react";

interface Props {
  label: string;
  hint?: string;
  on: boolean;
  onChange: (on: boolean) => void;
  disabled?: boolean;
}

/** A whole row: the label names the switch and can be tapped too. */
export function SwitchRow({ label, hint, on, onChange, disabled = false }: Props) {
  const id = useId();
  return (
    <div className="setting">
      <label htmlFor={id} className="min-w-0 flex-1">
        <span className="block">{label}</span>
        {hint && (
          <span id={`${id}-hint`} className="hint block">
            {hint}
          </span>
        )}
      </label>
      <Radix.Root
        id={id}
        className="switch"
        checked={on}
        disabled={disabled}
        onCheckedChange={onChange}
        {...(hint ? { "aria-describedby": `${id}-hint` } : {})}
      />
    </div>
  );
}
