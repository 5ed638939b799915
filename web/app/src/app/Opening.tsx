import { useLingui } from "@lingui/react/macro";
import { Logo } from "../ui/Logo.tsx";

/** While the store opens, should that take longer than a blink. */
export function Opening() {
  const { t } = useLingui();
  return (
    <main className="grid h-dvh place-items-center bg-ground" aria-busy="true">
      <h1 className="sr">{t`Loading`}</h1>
      <Logo size={56} />
    </main>
  );
}
