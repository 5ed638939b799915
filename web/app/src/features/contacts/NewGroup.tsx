import { Plural, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { useClient, useCommand } from "../../lib/client.ts";
import { useKnownPeople } from "../../lib/known.ts";
import { AvatarField } from "../../ui/AvatarField.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { PeoplePicker } from "../../ui/PeoplePicker.tsx";
import { useProblem } from "../../ui/Problem.tsx";

export default function NewGroup({ onClose, onChat }: { onClose: () => void; onChat: (id: string) => void }) {
  const { t } = useLingui();
  const client = useClient();
  const people = useKnownPeople();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [step, setStep] = useState<"people" | "name">("people");
  const [name, setName] = useState("");
  const [picture, setPicture] = useState<Blob>();
  const command = useCommand();
  const problem = useProblem(command);
  const create = () =>
    command.run(async () => {
      const id = await client.groups.create({
        name: name.trim(),
        members: [...chosen],
        ...(picture ? { avatar: picture } : {}),
      });
      onClose();
      onChat(id);
    });
  return (
    <Dialog
      title={t`New group`}
      onClose={onClose}
      actions={
        step === "people" ? (
          <button type="button" className="btn primary" onClick={() => setStep("name")}>
            {t`Continue`}
          </button>
        ) : (
          <>
            <button type="button" className="btn secondary" onClick={() => setStep("people")}>
              {t`Back`}
            </button>
            <button
              type="button"
              className="btn primary"
              disabled={!name.trim() || command.busy}
              onClick={create}
            >
              {t`Create group`}
            </button>
          </>
        )
      }
    >
      {step === "people" ? (
        <PeoplePicker label={t`Members`} from={people} chosen={chosen} onChange={setChosen} />
      ) : (
        <div className="flex flex-col gap-4">
          <AvatarField
            of={{ initials: name.trim().slice(0, 2).toUpperCase() || "?", color: 2 }}
            onPick={setPicture}
          />
          <label className="field">
            <span className="label">{t`Group name`}</span>
            <input
              autoFocus
              className="input"
              value={name}
              maxLength={100}
              {...problem.field}
              dir="auto"
              onChange={(event) => setName(event.currentTarget.value)}
              onKeyDown={(event) => event.key === "Enter" && name.trim() && !command.busy && create()}
            />
          </label>
          <p className="hint">
            <Plural value={chosen.size + 1} one="# member" other="# members" />.{" "}
            {t`Everything in a group is end-to-end encrypted.`}
          </p>
          {problem.shown}
        </div>
      )}
    </Dialog>
  );
}
