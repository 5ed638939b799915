import { useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { useClient, useCommand, useLiveOf } from "../../lib/client.ts";
import { useWording } from "../../lib/wording.ts";
import { Choices } from "../../ui/Choices.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { useProblem } from "../../ui/Problem.tsx";
import { SwitchRow } from "../../ui/Switch.tsx";
import { toast } from "../../ui/Toaster.tsx";

/** The reporter chooses what the operator gets to see; everything else stays encrypted. */
export default function Report({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const { t } = useLingui();
  const client = useClient();
  const wording = useWording();
  const view = useLiveOf((one) => one.conversation(id), [id]);
  const [reason, setReason] = useState<"spam" | "abuse">("spam");
  const [block, setBlock] = useState(true);
  const [evidence, setEvidence] = useState<ReadonlySet<string>>(new Set());
  const command = useCommand();
  const problem = useProblem(command);
  const theirs = (view?.messages ?? []).filter((one) => !one.own && one.content.kind !== "system").slice(-5);
  const send = async () => {
    if (await command.run(() => client.contacts.report(id, reason, [...evidence], block))) {
      toast({ text: t`Thank you. The operator was told.` });
      onClose();
    }
  };
  const toggle = (message: string) => {
    const next = new Set(evidence);
    if (!next.delete(message)) next.add(message);
    setEvidence(next);
  };
  return (
    <Dialog
      title={t`Report ${name}`}
      onClose={onClose}
      actions={
        <button type="button" className="btn danger" disabled={command.busy} onClick={send}>
          {t`Report`}
        </button>
      }
    >
      <Choices
        label={t`Reason`}
        value={reason}
        options={[
          { value: "spam", label: t`Spam or fraud` },
          { value: "abuse", label: t`Threats or harassment` },
        ]}
        onChange={(value) => setReason(value as "spam" | "abuse")}
      />
      {theirs.length > 0 && (
        <fieldset className="mt-4">
          <legend className="label">{t`Show these messages to the operator`}</legend>
          <p className="hint pb-2">{t`Only what you tick leaves this device readable.`}</p>
          {theirs.map((one) => (
            <label key={one.id} className="flex min-h-9 cursor-pointer items-center gap-3">
              <input
                type="checkbox"
                className="size-4 accent-brand"
                checked={evidence.has(one.id)}
                onChange={() => toggle(one.id)}
              />
              <span className="cut">{wording.content(one.content)}</span>
            </label>
          ))}
        </fieldset>
      )}
      <div className="-mx-4 mt-2">
        <SwitchRow label={t`Block ${name} too`} on={block} onChange={setBlock} />
      </div>
      {problem.shown}
    </Dialog>
  );
}
