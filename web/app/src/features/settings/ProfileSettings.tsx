import { useLingui } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { useClient, useCommand, useLive } from "../../lib/client.ts";
import { useShownNumber } from "../../lib/phone.ts";
import { AvatarField } from "../../ui/AvatarField.tsx";
import { CopyText } from "../../ui/CopyText.tsx";
import { Group, Page } from "../../ui/Page.tsx";
import { useProblem } from "../../ui/Problem.tsx";
import { Qr } from "../../ui/Qr.tsx";
import { toast } from "../../ui/Toaster.tsx";

export function ProfileSettings() {
  const { t } = useLingui();
  const { profile } = useClient();
  const me = useLive(profile.me);
  const number = useShownNumber(me?.number);
  const [name, setName] = useState(me?.name ?? "");
  const [about, setAbout] = useState(me?.about ?? "");
  const [code, setCode] = useState<string>();
  const command = useCommand();
  const problem = useProblem(command);
  useEffect(() => {
    setName(me?.name ?? "");
    setAbout(me?.about ?? "");
  }, [me?.name, me?.about]);
  useEffect(() => {
    void profile
      .qr()
      .then(setCode)
      .catch(() => {
        // Offline: the code is shown when the server can make it.
      });
  }, [profile]);
  if (!me) return null;
  const changed = name.trim() !== me.name || about.trim() !== me.about;
  const save = async () => {
    if (await command.run(() => profile.update({ name: name.trim(), about: about.trim() })))
      toast({ text: t`Saved` });
  };
  return (
    <Page title={t`Profile`}>
      <AvatarField
        of={me.avatar}
        onPick={(picture) => void command.run(() => profile.update({ avatar: picture }))}
      />
      <form
        className="card flex flex-col gap-4 p-5"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <label className="field">
          <span className="label">{t`Your name`}</span>
          <input
            className="input"
            value={name}
            maxLength={100}
            dir="auto"
            autoComplete="name"
            {...problem.field}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label className="field">
          <span className="label">{t`About`}</span>
          <input
            className="input"
            value={about}
            maxLength={140}
            {...problem.field}
            dir="auto"
            onChange={(event) => setAbout(event.currentTarget.value)}
          />
        </label>
        {me.number && (
          <p className="text-ink-2">
            {t`Number`}:{" "}
            <span dir="ltr" className="num">
              {number}
            </span>
          </p>
        )}
        {problem.shown}
        <button
          type="submit"
          className="btn primary self-end"
          disabled={!changed || !name.trim() || command.busy}
        >
          {t`Save`}
        </button>
      </form>
      {code && (
        <Group title={t`My code`} hint={t`Who scans it can write to you.`}>
          <div className="flex flex-col items-center gap-4 p-5">
            <Qr text={code} label={t`QR code that opens a chat with you`} />
            <CopyText text={code} />
          </div>
        </Group>
      )}
    </Page>
  );
}
