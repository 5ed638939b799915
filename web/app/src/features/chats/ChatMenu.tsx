import { useLingui } from "@lingui/react/macro";
import type { ChatView } from "@plauder/client/api";
import { Archive, ArchiveRestore, Bell, BellOff, CheckCheck, MailOpen, Pin, PinOff } from "lucide-react";
import { useClient } from "../../lib/client.ts";
import { Menu } from "../../ui/Menu.tsx";
import { toast } from "../../ui/Toaster.tsx";

interface Props {
  chat: ChatView;
  at: { x: number; y: number };
  onClose: () => void;
}

export function ChatMenu({ chat, at, onClose }: Props) {
  const { t } = useLingui();
  const { chats } = useClient();
  const unread = chat.unread > 0 || chat.markedUnread;
  const archive = () => {
    void chats.archive(chat.id, !chat.archived);
    toast({
      text: chat.archived ? t`Chat is back in the list` : t`Chat archived`,
      action: { label: t`Undo`, run: () => void chats.archive(chat.id, chat.archived) },
    });
  };
  return (
    <Menu
      floating
      open
      onOpenChange={(open) => !open && onClose()}
      align="start"
      entries={[
        {
          label: chat.pinned ? t`Unpin` : t`Pin`,
          icon: chat.pinned ? PinOff : Pin,
          onSelect: () => void chats.pin(chat.id, !chat.pinned),
        },
        {
          label: unread ? t`Mark as read` : t`Mark as unread`,
          icon: unread ? CheckCheck : MailOpen,
          onSelect: () => void chats.markUnread(chat.id, !unread),
        },
        chat.mutedUntil === undefined
          ? {
              label: t`Mute`,
              icon: BellOff,
              onSelect: () => void chats.mute(chat.id, Number.POSITIVE_INFINITY),
            }
          : { label: t`Unmute`, icon: Bell, onSelect: () => void chats.mute(chat.id, undefined) },
        {
          label: chat.archived ? t`Unarchive` : t`Archive`,
          icon: chat.archived ? ArchiveRestore : Archive,
          onSelect: archive,
        },
      ]}
    >
      <button
        type="button"
        tabIndex={-1}
        aria-hidden="true"
        className="fixed size-px"
        style={{ left: at.x, top: at.y }}
      />
    </Menu>
  );
}
