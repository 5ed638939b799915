import { Trans } from "@lingui/react/macro";
import { Logo } from "../../ui/Logo.tsx";

export function NothingOpen() {
  return (
    <div className="grid place-items-center bg-[image:var(--wash)] bg-ground">
      <div className="flex max-w-72 flex-col items-center gap-3 p-6 text-center text-ink-2">
        <Logo size={56} />
        <p className="text-lg">
          <Trans>Choose a chat, or press Ctrl N to begin one.</Trans>
        </p>
      </div>
    </div>
  );
}
