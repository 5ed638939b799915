import { useLingui } from "@lingui/react/macro";
import type { GroupView } from "@plauder/client/api";
import { useState } from "react";
import { useClient, useCommand } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { useKnownPeople } from "../../lib/known.ts";
import { Dialog } from "../../ui/Dialog.tsx";
import { PeoplePicker } from "../../ui/PeoplePicker.tsx";

export default function AddMembers({ group, onClose }: { group: GroupView; onClose: () => void }) {
  const { t } = useLingui();
  const client = useClient();
  const people = useKnownPeople();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const command = useCommand();
  const errorText = useErrorText();
  const inside = new Set(group.members.map((one) => one.id));
  const add = async () => {
    if (await command.run(() => client.groups.add(group.id, [...chosen]))) onClose();
  };
  return (
    <Dialog
      title={t`Add people`}
      onClose={onClose}
      actions={
        <button
          type="button"
          className="btn primary"
          disabled={chosen.size === 0 || command.busy}
          onClick={add}
        >
          {t`Add`}
        </button>
      }
    >
      {command.failed && (
        <p role="alert" className="banner danger mb-3">
          {errorText(command.failed, command.details)}
        </p>
      )}
      <PeoplePicker
        label={t`Contacts`}
        from={people.filter((one) => !inside.has(one.id))}
        chosen={chosen}
        onChange={setChosen}
      />
    </Dialog>
  );
}
