import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { useClient, useCommand } from "../../lib/client.ts";
import { CopyText } from "../../ui/CopyText.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { useProblem } from "../../ui/Problem.tsx";

const SHORTEST = 10;

export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const { backup } = useClient();
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const command = useCommand();
  const differs = again.length >= password.length && again !== password;
  const problem = useProblem(command);
  const difference = useProblem(undefined, differs ? t`The two differ.` : undefined);
  const good = password.length >= SHORTEST && password === again;
  const save = async () => {
    if (good && (await command.run(() => backup.enable({ kind: "password", password })))) onClose();
  };
  return (
    <Dialog
      title={t`Backup password`}
      description={t`At least ten characters. Three or four words that do not belong together are good.`}
      onClose={onClose}
      actions={
        <button type="button" className="btn primary" disabled={!good || command.busy} onClick={save}>
          {t`Turn on backup`}
        </button>
      }
    >
      <div className="flex flex-col gap-4">
        <label className="field">
          <span className="label">{t`Password`}</span>
          <input
            className="input"
            type="password"
            autoComplete="new-password"
            value={password}
            {...problem.field}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
        {password.length > 0 && password.length < SHORTEST && (
          <p className="hint">{t`A little longer, please.`}</p>
        )}
        <label className="field">
          <span className="label">{t`Once more`}</span>
          <input
            className="input"
            type="password"
            autoComplete="new-password"
            value={again}
            {...difference.field}
            onChange={(event) => setAgain(event.currentTarget.value)}
          />
        </label>
        {difference.shown}
        {problem.shown}
      </div>
    </Dialog>
  );
}

/** Shown once: sixty-four digits to write down. */
export function BackupCode({ code, onClose }: { code: string; onClose: () => void }) {
  const { t } = useLingui();
  const [kept, setKept] = useState(false);
  const blocks = code.match(/.{1,4}/gu) ?? [];
  return (
    <Dialog
      title={t`Your backup code`}
      description={t`Write it down or put it in a password manager. It is shown only now.`}
      onClose={() => kept && onClose()}
      actions={
        <button type="button" className="btn primary" disabled={!kept} onClick={onClose}>
          {t`Done`}
        </button>
      }
    >
      <p className="num mb-4 grid grid-cols-4 gap-x-4 gap-y-1 text-center font-mono text-lg" dir="ltr">
        {blocks.map((block, index) => (
          <span key={index}>{block}</span>
        ))}
      </p>
      <CopyText text={blocks.join(" ")} />
      <label className="mt-4 flex min-h-10 cursor-pointer items-center gap-3">
        <input
          type="checkbox"
          className="size-5 accent-brand"
          checked={kept}
          onChange={(event) => setKept(event.currentTarget.checked)}
        />
        <Trans>I have kept the code in a safe place</Trans>
      </label>
    </Dialog>
  );
}
