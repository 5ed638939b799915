import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { useClient, useCommand } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { useProblem } from "../../ui/Problem.tsx";

interface Props {
  backup: { at: number; bytes: number; lock: "password" | "code" };
  onDone: () => void;
}

/** A backup was found: bring the history back, or begin without. */
export function RestoreStep({ backup, onDone }: Props) {
  const { t } = useLingui();
  const client = useClient();
  const format = useFormat();
  const command = useCommand();
  const problem = useProblem(command);
  const [secret, setSecret] = useState("");
  const [restored, setRestored] = useState<number>();
  const digits = secret.replace(/\D/gu, "");
  const complete = backup.lock === "code" ? digits.length === 64 : secret.length > 0;
  const restore = () =>
    command.run(async () => {
      const done = await client.backup.restore(
        backup.lock === "code" ? { code: digits } : { password: secret },
      );
      setRestored(done.messages);
    });
  if (restored !== undefined)
    return (
      <div className="flex flex-1 flex-col">
        <h1 className="text-3xl font-bold tracking-[-.028em]">{t`Welcome back`}</h1>
        <p className="mt-2 text-lg text-ink-2">
          <Plural value={restored} one="# message is back." other="# messages are back." />
        </p>
        <button type="button" className="btn primary large mt-auto" onClick={onDone}>
          <Trans>To my chats</Trans>
        </button>
      </div>
    );
  return (
    <form
      className="flex flex-1 flex-col"
      onSubmit={(event) => {
        event.preventDefault();
        void restore();
      }}
    >
      <h1 className="text-3xl font-bold tracking-[-.028em]">{t`Bring your chats back?`}</h1>
      <p className="mt-2 text-lg text-ink-2">
        {t`Your backup of ${format.day(backup.at)} (${format.bytes(backup.bytes)}) is encrypted. Only you can open it.`}
      </p>
      <div className="field mt-6">
        <label htmlFor="backup-secret">
          {backup.lock === "code" ? t`Your 64-digit code` : t`Backup password`}
        </label>
        {backup.lock === "code" ? (
          <textarea
            id="backup-secret"
            className="input num font-mono"
            rows={4}
            inputMode="numeric"
            autoComplete="off"
            value={secret}
            {...problem.field}
            onChange={(event) => setSecret(event.currentTarget.value)}
          />
        ) : (
          <input
            id="backup-secret"
            className="input big"
            type="password"
            autoComplete="current-password"
            value={secret}
            {...problem.field}
            onChange={(event) => setSecret(event.currentTarget.value)}
          />
        )}
      </div>
      {backup.lock === "code" && digits.length > 0 && !complete && (
        <p className="hint mt-2">{t`${digits.length} of 64 digits`}</p>
      )}
      {problem.shown}
      <div className="mt-auto flex flex-col gap-2 pt-6">
        <button type="submit" className="btn primary large" disabled={!complete || command.busy}>
          <Trans>Restore</Trans>
        </button>
        <button type="button" className="btn ghost" onClick={onDone}>
          <Trans>Begin without my old chats</Trans>
        </button>
      </div>
    </form>
  );
}
