import { Plural, useLingui } from "@lingui/react/macro";
import type { MessageView } from "@plauder/client/api";
import { Copy, CornerUpRight, Star, Trash2, X } from "lucide-react";
import { IconButton } from "../../ui/IconButton.tsx";

interface Props {
  picked: readonly MessageView[];
  onCopy: (text: string) => void;
  onStar: (on: boolean) => void;
  onForward: () => void;
  onDelete: () => void;
  onClose: () => void;
}

const ICON = { size: 20, strokeWidth: 1.75 } as const;

/** What can be done with all that were chosen; it stands where one writes otherwise. */
export function PickBar({ picked, onCopy, onStar, onForward, onDelete, onClose }: Props) {
  const { t } = useLingui();
  const whole = picked.filter(({ content }) => content.kind !== "deleted" && content.kind !== "locked");
  const words = whole.flatMap(({ content }) => {
    const text = "text" in content ? content.text : "caption" in content ? content.caption : "";
    return text ? [text] : [];
  });
  const starred = whole.length > 0 && whole.every((one) => one.starred);
  return (
    <footer className="composer">
      <div className="composer-box !items-center" role="toolbar" aria-label={t`Chosen messages`}>
        <IconButton label={t`Stop choosing`} onClick={onClose}>
          <X {...ICON} />
        </IconButton>
        <span className="num min-w-0 flex-1 px-1 font-semibold" role="status">
          <Plural value={picked.length} one="# chosen" other="# chosen" />
        </span>
        <IconButton label={t`Copy`} disabled={words.length === 0} onClick={() => onCopy(words.join("\n"))}>
          <Copy {...ICON} />
        </IconButton>
        <IconButton
          label={starred ? t`Remove star` : t`Star`}
          disabled={whole.length === 0}
          onClick={() => onStar(!starred)}
        >
          <Star {...ICON} fill={starred ? "currentColor" : "none"} />
        </IconButton>
        <IconButton
          label={t`Forward`}
          disabled={whole.length === 0 || whole.length < picked.length}
          onClick={onForward}
        >
          <CornerUpRight {...ICON} />
        </IconButton>
        <IconButton label={t`Delete`} disabled={picked.length === 0} onClick={onDelete}>
          <Trash2 {...ICON} />
        </IconButton>
      </div>
    </footer>
  );
}
