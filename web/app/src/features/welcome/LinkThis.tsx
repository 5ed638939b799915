import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { Link, useNavigate } from "@tanstack/react-router";
import { RefreshCw } from "lucide-react";
import { useEffect, useMemo } from "react";
import { useClient, useLive } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { useNow } from "../../lib/now.ts";
import { deviceName } from "../../lib/phone.ts";
import { FrontPage } from "../../ui/FrontPage.tsx";
import { Qr } from "../../ui/Qr.tsx";

/** On the new device: a code that the phone scans; then the history comes over. */
export function LinkThis() {
  const { t } = useLingui();
  const client = useClient();
  const navigate = useNavigate();
  const format = useFormat();
  const now = useNow(1000);
  const live = useMemo(() => client.devices.offer(deviceName()), [client]);
  const offer = useLive(live);
  const left = offer ? Math.max(0, Math.ceil((offer.expiresAt - now) / 1000)) : 0;
  const done = offer?.state === "done";
  useEffect(() => {
    if (done) void navigate({ to: "/chats", replace: true });
  }, [done, navigate]);
  const steps = [
    <Trans key="1">Open Plauder on your phone</Trans>,
    <Trans key="2">
      Go to <b>You</b>, then <b>Linked devices</b>
    </Trans>,
    <Trans key="3">
      Tap <b>Link a device</b> and scan this code
    </Trans>,
  ];
  return (
    <FrontPage domain={undefined}>
      <main
        id="main"
        className="flex w-full max-w-[440px] flex-col rounded-[32px] bg-surface p-8 shadow-2 ring-1 ring-line"
      >
        <h1 className="text-3xl font-bold tracking-[-.028em]">
          <Trans>Use Plauder on this device</Trans>
        </h1>
        <div className="my-6 self-center">
          {offer?.state === "receiving" || offer?.state === "approved" || offer?.state === "failed" ? (
            <div className="grid min-h-60 place-content-center gap-5 text-center" role="status">
              <p className="text-lg text-ink-2">
                {offer.state === "failed" ? (
                  <Trans>
                    Linked, but your history did not come over. New messages come here all the same.
                  </Trans>
                ) : offer.progress && offer.progress.total > 1 ? (
                  <Trans>
                    Your history is coming over: {offer.progress.done} of {offer.progress.total} messages
                  </Trans>
                ) : (
                  <Trans>Linked. Your history is coming over.</Trans>
                )}
              </p>
              {offer.state !== "approved" && (
                <Link to="/chats" replace className="btn self-center">
                  <Trans>To my chats</Trans>
                </Link>
              )}
            </div>
          ) : offer?.state === "refused" ? (
            <p
              role="alert"
              className="banner danger"
            >{t`The other device said no. Reload this page to try again.`}</p>
          ) : offer ? (
            <Qr text={offer.qr} label={t`QR code to link this device`} size={236} />
          ) : (
            <div className="skeleton enter-late size-60 rounded-lg" />
          )}
        </div>
        <ol>
          {steps.map((step, index) => (
            <li
              key={step.key}
              className="flex items-center gap-3 py-1.5 text-lg text-ink-2 [&_b]:font-semibold [&_b]:text-ink"
            >
              <span
                className="grid size-[26px] flex-none place-items-center rounded-full bg-brand-soft text-sm font-bold text-brand-strong"
                aria-hidden="true"
              >
                {index + 1}
              </span>
              <span>{step}</span>
            </li>
          ))}
        </ol>
        {offer && (
          <details className="mt-2 text-sm text-ink-2">
            <summary className="cursor-pointer py-1 font-semibold text-brand">{t`The code as text`}</summary>
            <output className="input mt-1 select-all font-mono text-xs [overflow-wrap:anywhere]">
              {offer.qr}
            </output>
          </details>
        )}
        <div className="note mt-4">
          <RefreshCw size={18} aria-hidden />
          <p>
            <Trans>
              <b>Your history comes along.</b> Your phone sends it here encrypted. The server passes on what
              it cannot read.
            </Trans>
          </p>
        </div>
        <p className="mt-4 flex flex-wrap justify-between gap-2 text-md text-ink-2">
          {offer?.state === "waiting" && left > 0 ? (
            <span>
              <Trans>
                Code renews in <b className="num text-ink">{format.clock(left)}</b>
              </Trans>
            </span>
          ) : (
            <span />
          )}
          <Link to="/welcome" className="link">
            <Trans>Use a phone number</Trans>
          </Link>
        </p>
        <span className="sr" role="status">
          {offer?.progress && <Plural value={offer.progress.done} one="# message" other="# messages" />}
        </span>
      </main>
    </FrontPage>
  );
}
