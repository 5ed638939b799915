import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { online, useClient, useCommand, useLive } from "../../lib/client.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { AvatarField } from "../../ui/AvatarField.tsx";
import { useProblem } from "../../ui/Problem.tsx";
import { SwitchRow } from "../../ui/Switch.tsx";

export function ProfileStep({ onDone }: { onDone: () => void }) {
  const { t } = useLingui();
  const client = useClient();
  const me = useLive(client.profile.me);
  const friends = (useLive(client.contacts.list) ?? []).filter(
    (one) => one.kind === "person" && one.isContact,
  );
  const [name, setName] = useState(me?.name ?? "");
  const [picture, setPicture] = useState<Blob>();
  const [canBeFound, setCanBeFound] = useState(true);
  const command = useCommand();
  const problem = useProblem(command);
  const count = friends.length;
  const hasNumber = me?.number !== undefined;
  const submit = async () => {
    const done = await command.run(async () => {
      // The account is seconds old, and its first connection may still be on the way.
      await online(client);
      await client.profile.update({ name: name.trim(), ...(picture ? { avatar: picture } : {}) });
      if (hasNumber) await client.profile.setPrivacy({ findByNumber: canBeFound });
    });
    if (done) onDone();
  };
  return (
    <form
      className="flex flex-1 flex-col"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h1 className="text-3xl font-bold tracking-[-.028em]">
        <Trans>How should friends see you?</Trans>
      </h1>
      <p className="mt-2 text-lg text-ink-2">
        <Trans>Name and picture can be changed any time.</Trans>
      </p>
      <div className="my-6">
        <AvatarField
          of={{
            initials: name.trim().slice(0, 1).toUpperCase() || "?",
            color: 1,
            ...(me?.avatar.url ? { url: me.avatar.url } : {}),
          }}
          onPick={setPicture}
        />
      </div>
      <label className="field">
        <span className="label">{t`Your name`}</span>
        <input
          className="input big"
          // biome-ignore lint/a11y/noAutofocus: the one field of this step
          autoFocus
          autoComplete="name"
          maxLength={100}
          {...problem.field}
          dir="auto"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      </label>
      {hasNumber && (
        <div className="mt-5 -mx-4">
          <SwitchRow
            label={t`People can find me by my number`}
            hint={t`Your number is compared scrambled, never in the clear.`}
            on={canBeFound}
            onChange={setCanBeFound}
          />
        </div>
      )}
      {problem.shown}
      {count > 0 && (
        <div className="mt-auto flex items-center gap-3 pt-6">
          <span className="flex">
            {friends.slice(0, 3).map((one, index) => (
              <span key={one.id} className={`rounded-full ring-3 ring-surface ${index > 0 ? "-ms-3" : ""}`}>
                <Avatar of={one.avatar} size={40} />
              </span>
            ))}
          </span>
          <b className="text-sm">{t`Friends are here already.`}</b>
        </div>
      )}
      <button
        type="submit"
        className={`btn primary large ${count > 0 ? "mt-5" : "mt-auto"}`}
        disabled={!name.trim() || command.busy}
      >
        <Trans>Start chatting</Trans>
      </button>
    </form>
  );
}
