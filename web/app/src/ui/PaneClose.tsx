import { useLingui } from "@lingui/react/macro";
import { ChevronLeft, X } from "lucide-react";
import { IconButton } from "./IconButton.tsx";

/** Out of a pane: a cross beside the chat, the way back where the pane has the whole screen of a phone. */
export function PaneClose({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  return (
    <IconButton label={t`Close`} onClick={onClose}>
      <X size={20} strokeWidth={1.75} className="not-phone" />
      <ChevronLeft size={22} className="only-phone rtl:rotate-180" />
    </IconButton>
  );
}
