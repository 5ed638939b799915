import { useLingui } from "@lingui/react/macro";
import type { MessageView } from "@plauder/client/api";
import { Send } from "lucide-react";
import { useState } from "react";
import { useClient, useCommand, useLive } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { Dialog } from "../../ui/Dialog.tsx";
import { PeoplePicker } from "../../ui/PeoplePicker.tsx";

interface Props {
  /** Of one chat, in their order. */
  messages: readonly MessageView[];
  onClose: () => void;
  onDone: (chats: readonly string[]) => void;
}

export default function ForwardDialog({ messages, onClose, onDone }: Props) {
  const { t } = useLingui();
  const client = useClient();
  const chats = useLive(client.chats.list) ?? [];
  const command = useCommand();
  const errorText = useErrorText();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const send = async () => {
    const to = [...chosen];
    const [first] = messages;
    if (!first) return onClose();
    const ids = messages.map((one) => one.id);
    if (await command.run(() => client.conversation(first.chat).forward(ids, to))) onDone(to);
  };
  return (
    <Dialog
      title={t`Forward to`}
      onClose={onClose}
      actions={
        <button
          type="button"
          className="btn primary"
          disabled={chosen.size === 0 || command.busy}
          onClick={send}
        >
          <Send size={18} aria-hidden /> {t`Send`}
        </button>
      }
    >
      {command.failed && (
        <p role="alert" className="banner danger mb-3">
          {errorText(command.failed, command.details)}
        </p>
      )}
      <PeoplePicker
        label={t`Chats`}
        from={chats.map((chat) => ({
          id: chat.id,
          name: chat.name,
          avatar: chat.avatar,
          square: chat.kind === "business",
        }))}
        chosen={chosen}
        onChange={setChosen}
      />
    </Dialog>
  );
}
