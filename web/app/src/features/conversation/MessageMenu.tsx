import { useLingui } from "@lingui/react/macro";
import type { MessageView } from "@plauder/client/api";
import {
  CircleCheck,
  Copy,
  CornerUpRight,
  Info,
  Pencil,
  Plus,
  Reply,
  RotateCw,
  Star,
  StarOff,
  Trash2,
} from "lucide-react";
import { Menu } from "../../ui/Menu.tsx";
import { toast } from "../../ui/Toaster.tsx";
import type { MessageActions } from "./actions.ts";

export const QUICK = ["👍", "❤️", "😂", "😮", "😢", "🙏"] as const;

interface Props {
  message: MessageView;
  at: { x: number; y: number };
  actions: MessageActions;
  writable: boolean;
  onClose: () => void;
  onStar: () => void;
  onPick: () => void;
  onDelete: () => void;
  onMoreEmoji: () => void;
}

/** What can be done with one message; opens where the pointer or the focus is. */
export function MessageMenu({
  message,
  at,
  actions,
  writable,
  onClose,
  onStar,
  onPick,
  onDelete,
  onMoreEmoji,
}: Props) {
  const { t } = useLingui();
  const { content } = message;
  const gone = content.kind === "deleted" || content.kind === "locked";
  const text = "text" in content ? content.text : "caption" in content ? content.caption : "";
  const own = message.reactions.find((one) => one.own)?.emoji;
  const canReact = writable && !gone && message.tick !== "failed";
  return (
    <Menu
      floating
      open
      onOpenChange={(open) => !open && onClose()}
      align="start"
      top={
        canReact && (
          <fieldset className="flex gap-0.5 px-1 pb-1.5" aria-label={t`React`}>
            {QUICK.map((emoji) => (
              <button
                type="button"
                key={emoji}
                className="icon-btn !size-9 text-[20px] aria-pressed:bg-brand-soft"
                aria-label={t`React with ${emoji}`}
                aria-pressed={own === emoji}
                onClick={() => {
                  actions.react(message, own === emoji ? "" : emoji);
                  onClose();
                }}
              >
                {emoji}
              </button>
            ))}
            <button
              type="button"
              className="icon-btn !size-9"
              aria-label={t`More emoji`}
              title={t`More emoji`}
              onClick={onMoreEmoji}
            >
              <Plus size={18} />
            </button>
          </fieldset>
        )
      }
      entries={[
        message.tick === "failed" && {
          label: t`Try again`,
          icon: RotateCw,
          onSelect: () => actions.retry(message),
        },
        writable && !gone && { label: t`Reply`, icon: Reply, onSelect: () => actions.reply(message) },
        !gone && { label: t`Forward`, icon: CornerUpRight, onSelect: () => actions.forward(message) },
        text !== "" && {
          label: t`Copy`,
          icon: Copy,
          onSelect: () => void navigator.clipboard.writeText(text).then(() => toast({ text: t`Copied` })),
        },
        writable &&
          message.canEdit &&
          !gone && { label: t`Edit`, icon: Pencil, onSelect: () => actions.edit(message) },
        !gone && {
          label: message.starred ? t`Remove star` : t`Star`,
          icon: message.starred ? StarOff : Star,
          onSelect: onStar,
        },
        { label: t`Choose`, icon: CircleCheck, onSelect: onPick },
        message.own &&
          !gone && { label: t`Where is my message?`, icon: Info, onSelect: () => actions.details(message) },
        { label: t`Delete`, icon: Trash2, danger: true, line: true, onSelect: onDelete },
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
