import { Trans, useLingui } from "@lingui/react/macro";
import { BadgeCheck, TriangleAlert } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useClient, useCommand, useLiveOf } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { Dialog } from "../../ui/Dialog.tsx";
import { PaneClose } from "../../ui/PaneClose.tsx";
import { Qr } from "../../ui/Qr.tsx";

const Scanner = lazy(() => import("../../ui/Scanner.tsx").then((module) => ({ default: module.Scanner })));

/** Compare keys with someone: the same 60 digits on both sides, or one scan. */
export default function Safety({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const { t } = useLingui();
  const { contacts } = useClient();
  const safety = useLiveOf((client) => client.contacts.safety(id), [id]);
  const [scanning, setScanning] = useState(false);
  const [result, setResult] = useState<"same" | "different">();
  const command = useCommand();
  const errorText = useErrorText();
  const first = name.split(" ")[0] ?? name;
  const compare = (text: string) =>
    command.run(async () => {
      setResult((await contacts.compareSafety(id, text)) ? "same" : "different");
      setScanning(false);
    });
  return (
    <aside className="details" aria-label={t`Safety number`}>
      <header>
        <h2>{t`Safety number`}</h2>
        <PaneClose onClose={onClose} />
      </header>
      {command.failed && (
        <p role="alert" className="banner danger mb-3">
          {errorText(command.failed, command.details)}
        </p>
      )}
      {result === "different" && (
        <p className="note danger mb-3" role="alert">
          <TriangleAlert size={18} aria-hidden />
          <Trans>
            <span>
              <b>The codes differ.</b> Make sure both of you have this chat open. If they still differ,
              somebody may be in between: do not write anything secret.
            </span>
          </Trans>
        </p>
      )}
      {safety?.verified && (
        <p className="banner mb-3" role="status">
          <BadgeCheck size={18} aria-hidden />
          <Trans>You verified {first}.</Trans>
        </p>
      )}
      {safety && (
        <div className="flex flex-col items-center gap-4">
          <Qr text={safety.qr} label={t`QR code of the safety number below`} size={200} />
          <p className="num grid grid-cols-4 gap-x-4 gap-y-1 font-mono text-lg" dir="ltr">
            {safety.digits.split(" ").map((block, index) => (
              <span key={index}>{block}</span>
            ))}
          </p>
          <p className="text-sm text-ink-2">
            <Trans>
              Compare these digits with {first}, side by side or in a call. If both see the same, nobody is in
              between. One of you can also scan the other’s code.
            </Trans>
          </p>
          <button type="button" className="btn soft w-full" onClick={() => setScanning(true)}>
            {t`Scan ${first}’s code`}
          </button>
          <button
            type="button"
            className={safety.verified ? "btn secondary w-full" : "btn primary w-full"}
            onClick={() => command.run(() => contacts.markVerified(id, !safety.verified))}
          >
            {safety.verified ? t`No longer verified` : t`The digits are the same`}
          </button>
        </div>
      )}
      {safety?.devices.some((one) => one.trust === "asking") && (
        <NewDevices id={id} devices={safety.devices} />
      )}
      {scanning && (
        <Dialog title={t`Scan ${first}’s code`} onClose={() => setScanning(false)}>
          <Suspense fallback={<div className="skeleton enter-late h-28" />}>
            <Scanner onScan={(text) => void compare(text)} pasteLabel={t`Or paste the code’s text`} />
          </Suspense>
        </Dialog>
      )}
    </aside>
  );
}

interface DevicesProps {
  id: string;
  devices: readonly { id: string; name?: string; trust: string }[];
}

function NewDevices({ id, devices }: DevicesProps) {
  const { t } = useLingui();
  const { contacts } = useClient();
  return (
    <>
      <h3 className="sect">{t`New devices`}</h3>
      {devices
        .filter((one) => one.trust === "asking")
        .map((device) => (
          <div key={device.id} className="flex flex-wrap items-center gap-2 py-2">
            <span className="flex-1 font-semibold">{device.name ?? t`Device`}</span>
            <button
              type="button"
              className="btn primary small"
              onClick={() => void contacts.trustDevice(id, device.id, true)}
            >
              {t`Trust`}
            </button>
            <button
              type="button"
              className="btn secondary small"
              onClick={() => void contacts.trustDevice(id, device.id, false)}
            >
              {t`Leave out`}
            </button>
          </div>
        ))}
    </>
  );
}
