import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { useClient, useCommand } from "../../lib/client.ts";
import { Dialog } from "../../ui/Dialog.tsx";
import { useProblem } from "../../ui/Problem.tsx";
import { Scanner } from "../../ui/Scanner.tsx";
import { SwitchRow } from "../../ui/Switch.tsx";
import { toast } from "../../ui/Toaster.tsx";

/** On the device that is in already: scan the new one's code and say yes. */
export default function LinkDevice({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const { devices } = useClient();
  const [found, setFound] = useState<{ qr: string; name: string }>();
  const [history, setHistory] = useState(true);
  const command = useCommand();
  const problem = useProblem(command);
  const inspect = (qr: string) =>
    command.run(async () => {
      const { deviceName } = await devices.inspect(qr);
      setFound({ qr, name: deviceName });
    });
  const approve = async () => {
    if (!found) return;
    if (await command.run(() => devices.approve(found.qr, { history }))) {
      toast({ text: t`${found.name} is linked` });
      onClose();
    }
  };
  return (
    <Dialog
      title={t`Link a device`}
      onClose={onClose}
      actions={
        found && (
          <button type="button" className="btn primary" disabled={command.busy} onClick={approve}>
            {t`Link`}
          </button>
        )
      }
    >
      {found ? (
        <>
          <p className="text-lg">
            <Trans>
              <b>{found.name}</b> will be able to read and write your chats. Link only a device that you have
              in front of you.
            </Trans>
          </p>
          <div className="-mx-4 mt-2">
            <SwitchRow
              label={t`Bring my history along`}
              hint={t`Sent from this device to the new one, encrypted.`}
              on={history}
              onChange={setHistory}
            />
          </div>
        </>
      ) : (
        <>
          <p className="pb-4 text-ink-2">
            <Trans>
              Open Plauder on the new device, choose “Link to a phone that has Plauder”, and scan the code it
              shows.
            </Trans>
          </p>
          <Scanner
            onScan={(text) => void inspect(text)}
            pasteLabel={t`Or paste the code’s text`}
            problem={problem.field}
          />
        </>
      )}
      {problem.shown}
    </Dialog>
  );
}
