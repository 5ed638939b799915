import { useLingui } from "@lingui/react/macro";
import { Dialog } from "../../ui/Dialog.tsx";
import EmojiPicker from "./EmojiPicker.tsx";

export default function ReactDialog({
  onPick,
  onClose,
}: {
  onPick: (emoji: string) => void;
  onClose: () => void;
}) {
  const { t } = useLingui();
  return (
    <Dialog title={t`React`} onClose={onClose}>
      <EmojiPicker onPick={onPick} onClose={onClose} />
    </Dialog>
  );
}
