import { useLingui } from "@lingui/react/macro";
import { ShieldAlert } from "lucide-react";
import { Empty } from "../ui/Empty.tsx";

export type Lacking = "secure-connection" | "newer-browser";

/** Keys, store and the one owner of both need these; browsers give some of them to secure pages alone. */
export function whatIsLacking(scope: typeof globalThis = globalThis): Lacking | undefined {
  if (!scope.isSecureContext) return "secure-connection";
  const { navigator, crypto } = scope;
  const whole =
    "locks" in navigator &&
    typeof navigator.storage?.getDirectory === "function" &&
    crypto.subtle !== undefined &&
    typeof scope.BroadcastChannel === "function" &&
    typeof scope.WebAssembly === "object";
  return whole ? undefined : "newer-browser";
}

/** Instead of an app that would stop half-way: why, and what now. */
export function CannotRun({ lacking }: { lacking: Lacking }) {
  const { t } = useLingui();
  const insecure = lacking === "secure-connection";
  const address = `https://${location.host}`;
  return (
    <main className="grid h-dvh">
      <Empty
        alone
        icon={<ShieldAlert className="text-warn" size={28} aria-hidden />}
        title={insecure ? t`This address is not secure` : t`This browser is too old for Plauder`}
        action={
          insecure && (
            <a className="btn primary" href={address}>
              {t`Open ${address}`}
            </a>
          )
        }
      >
        {insecure
          ? t`Over plain HTTP the browser keeps back what encryption needs, so nothing could be kept safe here. Open the address that begins with https.`
          : t`It has no safe place for your keys and messages. Update it, or use a current Chrome, Edge, Firefox or Safari.`}
      </Empty>
    </main>
  );
}
