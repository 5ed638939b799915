import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { Empty } from "../ui/Empty.tsx";

export function NotFound() {
  const { t } = useLingui();
  return (
    <main className="grid h-dvh">
      <Empty
        alone
        title={t`There is no such page`}
        action={
          <Link to="/chats" className="btn primary no-underline">
            <Trans>To my chats</Trans>
          </Link>
        }
      />
    </main>
  );
}
