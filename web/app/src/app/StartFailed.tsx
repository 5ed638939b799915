import { Trans, useLingui } from "@lingui/react/macro";
import { TriangleAlert } from "lucide-react";
import { Empty } from "../ui/Empty.tsx";

/** Nothing could start: what happened, why, what now. */
export function StartFailed() {
  const { t } = useLingui();
  return (
    <main className="grid h-dvh">
      <Empty
        alone
        icon={<TriangleAlert className="text-danger" size={28} aria-hidden />}
        title={t`Plauder could not start`}
        action={
          <button type="button" className="btn primary" onClick={() => location.reload()}>
            <Trans>Try again</Trans>
          </button>
        }
      >
        {t`Your messages are safe. Close other windows of Plauder, or open an ordinary window if this one is private.`}
      </Empty>
    </main>
  );
}
