import { useLingui } from "@lingui/react/macro";
import type { GroupView } from "@plauder/client/api";
import { useState } from "react";
import { useClient, useCommand } from "../../lib/client.ts";
import { AvatarField } from "../../ui/AvatarField.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { useProblem } from "../../ui/Problem.tsx";

export default function EditGroup({ group, onClose }: { group: GroupView; onClose: () => void }) {
  const { t } = useLingui();
  const { groups } = useClient();
  const [name, setName] = useState(group.name);
  const [about, setAbout] = useState(group.about);
  const [picture, setPicture] = useState<Blob>();
  const command = useCommand();
  const problem = useProblem(command);
  const save = async () => {
    const change = { name: name.trim(), about: about.trim(), ...(picture ? { avatar: picture } : {}) };
    if (await command.run(() => groups.update(group.id, change))) onClose();
  };
  return (
    <Dialog
      title={t`Change group`}
      onClose={onClose}
      actions={
        <button type="button" className="btn primary" disabled={!name.trim() || command.busy} onClick={save}>
          {t`Save`}
        </button>
      }
    >
      <div className="flex flex-col gap-4">
        <AvatarField of={group.avatar} onPick={setPicture} />
        <label className="field">
          <span className="label">{t`Group name`}</span>
          <input
            className="input"
            value={name}
            maxLength={100}
            {...problem.field}
            dir="auto"
            onChange={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label className="field">
          <span className="label">{t`What is it about?`}</span>
          <textarea
            className="input"
            rows={3}
            value={about}
            maxLength={500}
            {...problem.field}
            dir="auto"
            onChange={(event) => setAbout(event.currentTarget.value)}
          />
        </label>
        {problem.shown}
      </div>
    </Dialog>
  );
}
