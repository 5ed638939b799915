import { Trans, useLingui } from "@lingui/react/macro";
import type { ChatView, ConversationView } from "@plauder/client/api";
import { Lock, Store, TriangleAlert } from "lucide-react";
import { useEffect, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { Dialog } from "../../ui/Dialog.tsx";

interface Props {
  chat: ChatView;
  encryption: ConversationView["encryption"];
  onSafety: () => void;
}

/** The first thing in a chat: where encryption begins and ends. Plum and no lock where it ends at a host. */
export function EncryptionBanner({ chat, encryption, onSafety }: Props) {
  const first = chat.name.split(" ")[0] ?? chat.name;
  if (encryption === "hosted") return <HostedBanner chat={chat} />;
  if (encryption === "none")
    return (
      <div className="enc none">
        <TriangleAlert size={16} className="flex-none" aria-hidden />
        <span>
          <Trans>Not end-to-end encrypted. The operators of both servers can read this chat.</Trans>
        </span>
      </div>
    );
  return (
    <div className="enc">
      <Lock size={16} className="flex-none" aria-hidden />
      <span>
        {chat.kind === "group" ? (
          <Trans>End-to-end encrypted. Only members of this group can read or hear this.</Trans>
        ) : (
          <>
            <Trans>End-to-end encrypted. Only you and {first} can read or hear this.</Trans>{" "}
            <button type="button" onClick={onSafety}>
              <Trans>Compare keys</Trans>
            </button>
          </>
        )}
      </span>
    </div>
  );
}

function HostedBanner({ chat }: { chat: ChatView }) {
  const { t } = useLingui();
  const client = useClient();
  const [host, setHost] = useState(chat.id.split("@")[1] ?? "");
  const [open, setOpen] = useState(false);
  useEffect(() => {
    void client.contacts
      .businessProfile(chat.id)
      .then((profile) => profile?.hostedBy && setHost(profile.hostedBy))
      .catch(() => {
        // The domain of the address is right for hosted inboxes of this network.
      });
  }, [client, chat.id]);
  return (
    <div className="enc host">
      <Store size={16} className="flex-none self-start translate-y-0.5" aria-hidden />
      <span>
        <Trans>
          <b>Encrypted on the way. {chat.name} uses a hosted inbox</b>, so encryption ends at {host}.
        </Trans>{" "}
        <button type="button" onClick={() => setOpen(true)}>
          <Trans>What this means</Trans>
        </button>
      </span>
      {open && (
        <Dialog title={t`Where encryption ends`} onClose={() => setOpen(false)}>
          <div className="flex flex-col gap-3 text-lg text-ink-2">
            <p>
              <Trans>Your message is locked on this device and travels locked.</Trans>
            </p>
            <p>
              <Trans>
                {host} holds the keys of {chat.name}’s inbox and opens it there, so that the business’s team
                and its programs can answer you.
              </Trans>
            </p>
            <p>
              <Trans>Your chats with people are not affected: nobody in between can open those.</Trans>
            </p>
          </div>
        </Dialog>
      )}
    </div>
  );
}
