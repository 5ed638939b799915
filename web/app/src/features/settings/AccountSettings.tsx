import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { useClient, useCommand, useLive } from "../../lib/client.ts";
import { internationalise } from "../../lib/phone.ts";
import { Confirm } from "../../ui/Confirm.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Group, Page } from "../../ui/Page.tsx";
import { useProblem } from "../../ui/Problem.tsx";

export function AccountSettings() {
  const { t } = useLingui();
  const client = useClient();
  const me = useLive(client.profile.me);
  const [open, setOpen] = useState<"pin" | "remove-pin" | "log-out" | "delete">();
  const close = () => setOpen(undefined);
  return (
    <Page title={t`Account`}>
      <Group
        title={t`PIN`}
        hint={t`Asked for when your number is registered again, so that nobody can take it over with your SIM card.`}
      >
        <button type="button" className="setting" onClick={() => setOpen("pin")}>
          <span className="flex-1">{me?.hasPin ? t`Change PIN` : t`Set a PIN`}</span>
          <span className="text-ink-2">{me?.hasPin ? t`On` : t`Off`}</span>
        </button>
        {me?.hasPin && (
          <button type="button" className="setting text-danger" onClick={() => setOpen("remove-pin")}>
            {t`Remove PIN`}
          </button>
        )}
      </Group>
      <Group title={t`This device`}>
        <button type="button" className="setting text-danger" onClick={() => setOpen("log-out")}>
          {t`Log out`}
        </button>
      </Group>
      <Group title={t`Account`} hint={t`Messages on other people’s devices stay theirs.`}>
        <button type="button" className="setting text-danger" onClick={() => setOpen("delete")}>
          {t`Delete my account`}
        </button>
      </Group>
      {open === "pin" && <PinDialog onClose={close} />}
      {open === "remove-pin" && (
        <Confirm
          title={t`Remove the PIN?`}
          action={t`Remove`}
          danger
          onClose={close}
          onConfirm={() => void client.profile.setPin(null)}
        >
          {t`Whoever gets a code for your number could then register it.`}
        </Confirm>
      )}
      {open === "log-out" && (
        <Confirm
          title={t`Log out of this device?`}
          action={t`Log out`}
          danger
          onClose={close}
          onConfirm={() => void client.session.logOut()}
        >
          {t`Messages and keys are erased here. What is only on this device and not in a backup is gone.`}
        </Confirm>
      )}
      {open === "delete" && <DeleteAccount onClose={close} />}
    </Page>
  );
}

function PinDialog({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const { profile } = useClient();
  const [pin, setPin] = useState("");
  const [again, setAgain] = useState("");
  const command = useCommand();
  const problem = useProblem(command);
  const differs = again.length === 6 && again !== pin;
  const difference = useProblem(undefined, differs ? t`The two differ.` : undefined);
  const good = /^\d{6}$/u.test(pin) && pin === again;
  const save = async () => {
    if (good && (await command.run(() => profile.setPin(pin)))) onClose();
  };
  const digits = (set: (value: string) => void) => (event: React.ChangeEvent<HTMLInputElement>) =>
    set(event.currentTarget.value.replace(/\D/gu, "").slice(0, 6));
  return (
    <Dialog
      title={t`Choose a PIN`}
      description={t`Six digits that you can remember.`}
      onClose={onClose}
      actions={
        <button type="button" className="btn primary" disabled={!good || command.busy} onClick={save}>
          {t`Save`}
        </button>
      }
    >
      <div className="flex flex-col gap-4">
        <label className="field">
          <span className="label">{t`PIN`}</span>
          <input
            className="input big num"
            type="password"
            inputMode="numeric"
            autoComplete="new-password"
            value={pin}
            {...problem.field}
            onChange={digits(setPin)}
          />
        </label>
        <label className="field">
          <span className="label">{t`Once more`}</span>
          <input
            className="input big num"
            type="password"
            inputMode="numeric"
            autoComplete="new-password"
            value={again}
            {...difference.field}
            onChange={digits(setAgain)}
          />
        </label>
        {difference.shown}
        {problem.shown}
      </div>
    </Dialog>
  );
}

function DeleteAccount({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const client = useClient();
  const me = useLive(client.profile.me);
  const [text, setText] = useState("");
  const command = useCommand();
  const problem = useProblem(command);
  const erase = () =>
    command.run(async () => {
      const number = me?.number ? ((await internationalise(text, me.number)) ?? text.trim()) : text.trim();
      await client.session.deleteAccount(number);
    });
  return (
    <Dialog
      title={t`Delete my account`}
      onClose={onClose}
      actions={
        <button type="button" className="btn danger" disabled={!text.trim() || command.busy} onClick={erase}>
          {t`Delete for good`}
        </button>
      }
    >
      <p className="text-ink-2">
        <Trans>
          Your profile, devices, groups, backup and everything waiting for you on the server are erased at
          once. This cannot be undone.
        </Trans>
      </p>
      <label className="field mt-4">
        <span className="label">
          {me?.number ? t`Type your phone number to confirm` : t`Type your address to confirm`}
        </span>
        <input
          className="input"
          autoComplete="off"
          dir="ltr"
          value={text}
          {...problem.field}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {problem.shown}
    </Dialog>
  );
}
