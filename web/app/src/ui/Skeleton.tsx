import { useLingui } from "@lingui/react/macro";
import { useLayoutEffect, useRef } from "react";
import { PaneClose } from "./PaneClose.tsx";

const WIDTHS = [52, 68, 44, 60, 56, 72];

/** Shapes of rows, from 300 ms on; never a lone spinner. */
export function RowsSkeleton({ rows = 6 }: { rows?: number }) {
  const { t } = useLingui();
  return (
    <div className="enter-late px-5 py-2" role="status" aria-label={t`Loading`}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="flex items-center gap-3 py-2.5">
          <div className="skeleton size-[46px] rounded-full" />
          <div className="flex-1">
            <div className="skeleton h-3" style={{ width: `${WIDTHS[row % 6]}%` }} />
            <div
              className="skeleton mt-2.5 h-3"
              style={{ width: `${(WIDTHS[(row + 3) % 6] ?? 50) + 20}%` }}
            />
          </div>
        </div>
      ))}
    </div>
  );
}

/** What stands beside a chat, before its code is here: it can be closed from the first moment. */
export function PaneSkeleton({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const shape = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const element = shape.current;
    return () => {
      // Who had gone into the shape already is in the pane now, not at the top of the page.
      if (!element?.contains(document.activeElement)) return;
      queueMicrotask(() => document.querySelector<HTMLElement>(".details button")?.focus());
    };
  }, []);
  return (
    <aside ref={shape} className="details" aria-busy>
      <header>
        <span className="flex-1">
          <span className="skeleton enter-late block h-4 w-32" />
        </span>
        <PaneClose onClose={onClose} />
      </header>
      <div className="enter-late" role="status" aria-label={t`Loading`}>
        <div className="flex flex-col items-center py-3">
          <div className="skeleton size-28 rounded-full" />
          <div className="skeleton mt-4 h-5 w-40" />
          <div className="skeleton mt-3 h-3 w-28" />
        </div>
        {WIDTHS.map((width, row) => (
          <div key={row} className="skeleton mt-5 h-3" style={{ width: `${width + 20}%` }} />
        ))}
      </div>
    </aside>
  );
}
