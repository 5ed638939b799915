import { plural } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import type { MessageView } from "@plauder/client/api";
import { Dialog } from "../../ui/Dialog.tsx";

interface Props {
  messages: readonly MessageView[];
  onDelete: (scope: "me" | "all") => void;
  onClose: () => void;
}

export default function DeleteDialog({ messages, onDelete, onClose }: Props) {
  const { t } = useLingui();
  const all = messages.every((one) => one.canDeleteForAll && one.content.kind !== "deleted");
  const many = plural(messages.length, { one: "Delete # message?", other: "Delete # messages?" });
  return (
    <Dialog title={messages.length === 1 ? t`Delete this message?` : many} onClose={onClose}>
      <p className="text-ink-2">
        {all ? (
          <Trans>For everyone: a grey line stays in its place. People may have read it already.</Trans>
        ) : (
          <Trans>It goes from all your own devices. Others keep theirs.</Trans>
        )}
      </p>
      <div className="mt-5 flex flex-col gap-2">
        {all && (
          <button type="button" className="btn danger" onClick={() => onDelete("all")}>
            <Trans>Delete for everyone</Trans>
          </button>
        )}
        <button type="button" className="btn danger" onClick={() => onDelete("me")}>
          <Trans>Delete for me</Trans>
        </button>
        <button type="button" className="btn secondary" onClick={onClose}>
          <Trans>Cancel</Trans>
        </button>
      </div>
    </Dialog>
  );
}
