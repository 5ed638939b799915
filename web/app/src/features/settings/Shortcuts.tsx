import { useLingui } from "@lingui/react/macro";
import { Dialog } from "../../ui/Dialog.tsx";
import { KeyTable } from "./KeyTable.tsx";

export default function Shortcuts({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  return (
    <Dialog title={t`Keyboard`} onClose={onClose} wide>
      <KeyTable />
    </Dialog>
  );
}
