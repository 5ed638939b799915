import { useLingui } from "@lingui/react/macro";

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
