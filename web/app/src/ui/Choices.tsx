import { RadioGroup } from "radix-ui";

interface Props {
  label: string;
  value: string;
  options: readonly { value: string; label: string; hint?: string }[];
  onChange: (value: string) => void;
}

/** One of several, each a row. */
export function Choices({ label, value, options, onChange }: Props) {
  return (
    <RadioGroup.Root
      aria-label={label}
      value={value}
      onValueChange={onChange}
      className="card overflow-hidden"
    >
      {options.map((option) => (
        <RadioGroup.Item key={option.value} value={option.value} className="setting group">
          <span className="flex-1">
            <span className="block">{option.label}</span>
            {option.hint && <span className="hint block">{option.hint}</span>}
          </span>
          <span className="grid size-5 flex-none place-items-center rounded-full border-2 border-line-strong group-data-[state=checked]:border-brand">
            <span className="size-2.5 rounded-full group-data-[state=checked]:bg-brand" />
          </span>
        </RadioGroup.Item>
      ))}
    </RadioGroup.Root>
  );
}
