import { Trans, useLingui } from "@lingui/react/macro";
import { ClientError } from "@plauder/client/api";
import { TriangleAlert } from "lucide-react";
import { useClient } from "../lib/client.ts";
import { useErrorText } from "../lib/errors.ts";
import { Empty } from "../ui/Empty.tsx";

/** Nothing could start: what happened, why, what now. */
export function StartFailed({ error }: { error?: unknown }) {
  const { t } = useLingui();
  const explain = useErrorText();
  const code = error instanceof ClientError ? error.code : undefined;
  return (
    <main className="grid h-dvh">
      <Empty
        alone
        icon={<TriangleAlert className="text-danger" size={28} aria-hidden />}
        title={t`Plauder could not start`}
        action={code === "storage-damaged" ? <StartOver /> : <Again />}
      >
        {code === "storage-damaged" || code === "storage-full"
          ? explain(code)
          : t`Your messages are safe. Close other windows of Plauder, or open an ordinary window if this one is private.`}
      </Empty>
    </main>
  );
}

function Again() {
  return (
    <button type="button" className="btn primary" onClick={() => location.reload()}>
      <Trans>Try again</Trans>
    </button>
  );
}

function StartOver() {
  const { session } = useClient();
  const startOver = () => void session.logOut().finally(() => location.reload());
  return (
    <button type="button" className="btn danger" onClick={startOver}>
      <Trans>Start over</Trans>
    </button>
  );
}
