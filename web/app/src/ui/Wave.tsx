interface Props {
  /** 0 to 1 each. */
  values: readonly number[];
  /** How much of it is behind us, 0 to 1. */
  part: number;
  label: string;
  seconds: number;
  /** Where it is, in words. */
  position?: string;
  onSeek?: (part: number) => void;
}

const BARS = 50;

function resample(values: readonly number[]): number[] {
  if (values.length === 0) return Array.from({ length: BARS }, () => 0.1);
  return Array.from({ length: BARS }, (_, bar) => values[Math.floor((bar / BARS) * values.length)] ?? 0.1);
}

/** The loudness of a voice note over time; a slider when it can be moved in. */
export function Wave({ values, part, label, seconds, position, onSeek }: Props) {
  const bars = (
    <svg
      viewBox={`0 0 ${BARS * 5.4} 30`}
      preserveAspectRatio="none"
      className="block h-[30px] w-full"
      fill="currentColor"
      aria-hidden="true"
    >
      {resample(values).map((value, bar) => {
        const height = Math.max(3, Math.min(1, value) * 29);
        return (
          <rect
            key={bar}
            x={bar * 5.4}
            y={15 - height / 2}
            width="3"
            height={height}
            rx="1.3"
            opacity={bar / BARS < part ? 1 : 0.38}
          />
        );
      })}
    </svg>
  );
  if (!onSeek) return bars;
  return (
    <div className="relative min-w-0">
      {bars}
      <input
        type="range"
        min={0}
        max={Math.max(0.1, seconds)}
        step={0.1}
        value={part * seconds}
        aria-label={label}
        aria-valuetext={position}
        onChange={(event) => onSeek(Number(event.currentTarget.value) / Math.max(0.1, seconds))}
        className="absolute inset-0 size-full cursor-pointer opacity-0 focus-visible:opacity-60"
      />
    </div>
  );
}
