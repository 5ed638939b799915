import { useLingui } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { useClient, useCommand } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { CopyText } from "../../ui/CopyText.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Qr } from "../../ui/Qr.tsx";

export default function InviteFriend({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const client = useClient();
  const [link, setLink] = useState<string>();
  const { run, failed, details } = useCommand();
  const errorText = useErrorText();
  useEffect(() => {
    void run(async () => setLink(await client.contacts.inviteLink()));
  }, [client, run]);
  return (
    <Dialog
      title={t`Invite a friend`}
      description={t`Who opens this link can register and write to you at once.`}
      onClose={onClose}
    >
      {failed && (
        <p role="alert" className="banner danger">
          {errorText(failed, details)}
        </p>
      )}
      {link && (
        <div className="flex flex-col items-center gap-4">
          <Qr text={link} label={t`QR code of the invite link`} />
          <CopyText text={link} />
        </div>
      )}
    </Dialog>
  );
}
