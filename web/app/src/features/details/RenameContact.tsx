import { useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { useClient, useCommand } from "../../lib/client.ts";
import { Dialog } from "../../ui/Dialog.tsx";
import { useProblem } from "../../ui/Problem.tsx";

interface Props {
  id: string;
  name: string;
  isContact: boolean;
  onClose: () => void;
}

export default function RenameContact({ id, name, isContact, onClose }: Props) {
  const { t } = useLingui();
  const { contacts } = useClient();
  const [value, setValue] = useState(name);
  const command = useCommand();
  const problem = useProblem(command);
  const save = async () => {
    const done = await command.run(() =>
      isContact ? contacts.rename(id, value.trim()) : contacts.add(id, value.trim()),
    );
    if (done) onClose();
  };
  return (
    <Dialog
      title={isContact ? t`Change name` : t`Add to contacts`}
      onClose={onClose}
      actions={
        <button type="button" className="btn primary" disabled={!value.trim() || command.busy} onClick={save}>
          {t`Save`}
        </button>
      }
    >
      <label className="field">
        <span className="label">{t`Name`}</span>
        <input
          className="input"
          value={value}
          maxLength={100}
          {...problem.field}
          dir="auto"
          onChange={(event) => setValue(event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Enter" && value.trim() && !command.busy && save()}
        />
        <span className="hint">{t`Only you see this name.`}</span>
      </label>
      {problem.shown}
    </Dialog>
  );
}
