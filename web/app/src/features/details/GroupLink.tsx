import { useLingui } from "@lingui/react/macro";
import type { GroupView } from "@plauder/client/api";
import { useEffect } from "react";
import { useClient, useCommand } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { CopyText } from "../../ui/CopyText.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Qr } from "../../ui/Qr.tsx";

export default function GroupLink({ group, onClose }: { group: GroupView; onClose: () => void }) {
  const { t } = useLingui();
  const { groups } = useClient();
  const command = useCommand();
  const errorText = useErrorText();
  const { run } = command;
  const link = group.inviteLink;
  useEffect(() => {
    if (!link) void run(() => groups.inviteLink(group.id));
  }, [link, groups, group.id, run]);
  return (
    <Dialog
      title={t`Invite by link`}
      description={t`Anyone with this link can join ${group.name}.`}
      onClose={onClose}
    >
      {command.failed && (
        <p role="alert" className="banner danger mb-3">
          {errorText(command.failed, command.details)}
        </p>
      )}
      {link && (
        <div className="flex flex-col items-center gap-4">
          <Qr text={link} label={t`QR code of the invite link`} />
          <CopyText text={link} />
          <button
            type="button"
            className="btn ghost"
            disabled={command.busy}
            onClick={() => run(() => groups.resetInviteLink(group.id))}
          >
            {t`Make a new link; the old one stops working`}
          </button>
        </div>
      )}
    </Dialog>
  );
}
