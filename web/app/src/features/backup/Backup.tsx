import { Trans, useLingui } from "@lingui/react/macro";
import { Archive, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useClient, useCommand, useLive } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { useFormat } from "../../lib/format.ts";
import { Confirm } from "../../ui/Confirm.tsx";
import { Group, Page } from "../../ui/Page.tsx";
import { BackupCode, PasswordDialog } from "./Secrets.tsx";

export function Backup() {
  const { t } = useLingui();
  const { backup } = useClient();
  const view = useLive(backup.state);
  const format = useFormat();
  const command = useCommand();
  const errorText = useErrorText();
  const [open, setOpen] = useState<"password" | "off">();
  const [code, setCode] = useState<string>();
  if (!view) return null;
  const makeCode = () =>
    command.run(async () => {
      setCode(await backup.enable({ kind: "code" }));
    });
  return (
    <Page title={t`Backup`}>
      <div className="note">
        <Archive size={18} aria-hidden />
        <p>
          <Trans>
            <b>Encrypted before it leaves this device.</b> Without your password or code nobody can open it:
            not the operator, not us, and not you.
          </Trans>
        </p>
      </div>
      {(command.failed ?? view.lastProblem) && (
        <p role="alert" className="banner danger">
          {errorText(command.failed ?? view.lastProblem ?? "internal", command.details)}
        </p>
      )}
      {view.state === "off" ? (
        <Group title={t`Turn on`} hint={t`A password is easier to keep; a code is stronger.`}>
          <button type="button" className="setting" onClick={() => setOpen("password")}>
            {t`With a password`}
          </button>
          <button type="button" className="setting" disabled={command.busy} onClick={makeCode}>
            {t`With a 64-digit code`}
          </button>
        </Group>
      ) : (
        <Group title={t`Backup is on`}>
          <div className="setting">
            <span className="flex-1">{t`Last backup`}</span>
            <span className="text-ink-2">
              {view.lastAt === undefined
                ? t`none yet`
                : `${format.day(view.lastAt)}, ${format.time(view.lastAt)}`}
              {view.bytes !== undefined && ` · ${format.bytes(view.bytes)}`}
            </span>
          </div>
          {view.running && (
            <div className="setting !block">
              <Trans>
                {view.running.done} of {view.running.total} messages
              </Trans>
              <div
                className="progress"
                role="progressbar"
                aria-label={t`Backup`}
                aria-valuenow={Math.round((view.running.done / Math.max(1, view.running.total)) * 100)}
              >
                <i style={{ width: `${(view.running.done / Math.max(1, view.running.total)) * 100}%` }} />
              </div>
            </div>
          )}
          <button
            type="button"
            className="setting text-brand"
            disabled={command.busy || view.running !== undefined}
            onClick={() => void command.run(() => backup.now())}
          >
            {t`Back up now`}
          </button>
          <button type="button" className="setting" onClick={() => setOpen("password")}>
            {view.lock === "password" ? t`Change password` : t`Use a password instead`}
          </button>
          <button type="button" className="setting text-danger" onClick={() => setOpen("off")}>
            {t`Turn off and erase the backup`}
          </button>
        </Group>
      )}
      {open === "password" && <PasswordDialog onClose={() => setOpen(undefined)} />}
      {code && <BackupCode code={code} onClose={() => setCode(undefined)} />}
      {open === "off" && (
        <Confirm
          title={t`Erase the backup?`}
          action={t`Erase`}
          danger
          onClose={() => setOpen(undefined)}
          onConfirm={() => void command.run(() => backup.disable())}
        >
          <TriangleAlert size={16} className="me-1 inline text-warn" aria-hidden />
          {t`If you lose this device and have no other, your chats are gone.`}
        </Confirm>
      )}
    </Page>
  );
}
