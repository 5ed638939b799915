import { useLingui } from "@lingui/react/macro";
import { Copy, Share2 } from "lucide-react";
import { toast } from "./Toaster.tsx";

/** A text to hand on: visible, selectable, copied with one press, shared where the system can. */
export function CopyText({ text }: { text: string }) {
  const { t } = useLingui();
  const canShare = typeof navigator.share === "function";
  return (
    <div className="flex w-full flex-col gap-2">
      <output className="input select-all justify-center text-center text-sm [overflow-wrap:anywhere]">
        {text}
      </output>
      <div className="flex gap-2">
        <button
          type="button"
          className="btn primary flex-1"
          onClick={() => void navigator.clipboard.writeText(text).then(() => toast({ text: t`Copied` }))}
        >
          <Copy size={18} aria-hidden /> {t`Copy`}
        </button>
        {canShare && (
          <button
            type="button"
            className="btn secondary flex-1"
            onClick={() => void navigator.share({ text }).catch(() => {})}
          >
            <Share2 size={18} aria-hidden /> {t`Share`}
          </button>
        )}
      </div>
    </div>
  );
}
