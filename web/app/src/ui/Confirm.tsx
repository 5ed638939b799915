import { useLingui } from "@lingui/react/macro";
import { AlertDialog } from "radix-ui";
import type { ReactNode } from "react";
import { useFocusBack } from "../lib/focus.ts";

interface Props {
  title: string;
  children?: ReactNode;
  /** A verb. */
  action: string;
  danger?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

export function Confirm({ title, children, action, danger = false, onConfirm, onClose }: Props) {
  const { t } = useLingui();
  const onCloseAutoFocus = useFocusBack();
  return (
    <AlertDialog.Root open onOpenChange={(open) => !open && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="scrim" />
        <AlertDialog.Content className="dialog center p-5" onCloseAutoFocus={onCloseAutoFocus}>
          <AlertDialog.Title className="text-xl font-[660] tracking-[-.01em]">{title}</AlertDialog.Title>
          <AlertDialog.Description asChild>
            <div className="mt-2 text-md text-ink-2">{children}</div>
          </AlertDialog.Description>
          <div className="mt-5 flex flex-wrap justify-end gap-2">
            <AlertDialog.Cancel className="btn secondary">{t`Cancel`}</AlertDialog.Cancel>
            <AlertDialog.Action className={danger ? "btn danger" : "btn primary"} onClick={onConfirm}>
              {action}
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
