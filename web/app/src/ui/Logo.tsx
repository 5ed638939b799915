import { useId } from "react";

/** Two overlapping ticks; where they overlap, the message has arrived. Never below 20 px. */
export function Logo({ size = 36, label }: { size?: number; label?: string }) {
  const mask = useId();
  return (
    <svg
      width={size}
      height={size * 0.8}
      viewBox="0 0 40 32"
      fill="none"
      strokeWidth="7"
      strokeLinecap="round"
      strokeLinejoin="round"
      {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })}
    >
      <mask id={mask}>
        <path d="M15 17.5 22.5 25 35.5 6.5" stroke="#fff" />
      </mask>
      <path d="M4.5 17.5 12 25 25 6.5" stroke="var(--logo-b)" />
      <path d="M15 17.5 22.5 25 35.5 6.5" stroke="var(--logo-a)" />
      <path d="M4.5 17.5 12 25 25 6.5" stroke="var(--logo-x)" mask={`url(#${mask})`} />
    </svg>
  );
}
