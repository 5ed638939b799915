import { useLingui } from "@lingui/react/macro";
import type { Tick as State } from "@plauder/client/api";
import { useRef } from "react";

const line = {
  fill: "none",
  stroke: "currentColor",
  strokeLinecap: "round",
  strokeLinejoin: "round",
} as const;

function shape(state: State) {
  switch (state) {
    case "waiting":
      return (
        <>
          <circle cx="9" cy="7" r="5.2" {...line} strokeWidth="1.5" />
          <path d="M9 4.3V7l1.8 1.2" {...line} strokeWidth="1.5" />
        </>
      );
    case "sent":
      return <path d="m4.5 7.4 3 3 6-6.5" {...line} strokeWidth="1.7" />;
    case "delivered":
      return <path d="m1.5 7.4 3 3 6-6.5M8.3 10.1l.4.3 6-6.5" {...line} strokeWidth="1.7" />;
    case "read":
      return (
        <>
          <rect width="18" height="14" rx="7" fill="currentColor" />
          <path
            d="m3.4 7.3 2.3 2.3 4.5-4.9M8.3 9.3l.4.3 4.6-4.9"
            {...line}
            stroke="var(--tick-ground, var(--surface))"
            strokeWidth="1.6"
          />
        </>
      );
    case "failed":
      return (
        <>
          <circle cx="9" cy="7" r="6.6" fill="currentColor" />
          <path
            d="M9 3.6v4M9 10.2v.1"
            {...line}
            stroke="var(--tick-ground, var(--surface))"
            strokeWidth="1.8"
          />
        </>
      );
  }
}

/** Shape first, colour second. */
export function Tick({ state, silent = false }: { state: State; silent?: boolean }) {
  const name = useTickName()(state);
  const before = useRef(state);
  return (
    <svg
      key={state}
      className={before.current === state ? `tick ${state}` : `tick turned ${state}`}
      viewBox="0 0 18 14"
      {...(silent ? { "aria-hidden": true } : { role: "img", "aria-label": name })}
    >
      {shape(state)}
    </svg>
  );
}

export function useTickName(): (state: State) => string {
  const { t } = useLingui();
  return (state) =>
    ({
      waiting: t`Waiting`,
      sent: t`Sent`,
      delivered: t`Delivered`,
      read: t`Read`,
      failed: t`Not sent`,
    })[state];
}
