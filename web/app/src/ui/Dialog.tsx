import { useLingui } from "@lingui/react/macro";
import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { useFocusBack } from "../lib/focus.ts";
import { IconButton } from "./IconButton.tsx";

interface Props {
  title: string;
  children: ReactNode;
  onClose: () => void;
  /** Buttons at the foot. */
  actions?: ReactNode;
  wide?: boolean;
  /** Above a call, which is above everything else. */
  over?: boolean;
  description?: string;
}

export function Dialog({
  title,
  children,
  onClose,
  actions,
  wide = false,
  over = false,
  description,
}: Props) {
  const { t } = useLingui();
  const onCloseAutoFocus = useFocusBack();
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={over ? "scrim over" : "scrim"} />
        <Radix.Content
          className={["dialog", wide && "wide", over && "over"].filter(Boolean).join(" ")}
          onCloseAutoFocus={onCloseAutoFocus}
          {...(description ? {} : { "aria-describedby": undefined })}
        >
          <header className="flex items-center gap-2 py-3 ps-5 pe-3">
            <Radix.Title className="flex-1 text-xl font-[660] tracking-[-.01em]">{title}</Radix.Title>
            <IconButton label={t`Close`} onClick={onClose}>
              <X size={20} strokeWidth={1.75} />
            </IconButton>
          </header>
          {description && (
            <Radix.Description className="px-5 pb-3 text-md text-ink-2">{description}</Radix.Description>
          )}
          <div className="min-h-0 flex-1 overflow-y-auto px-5 pb-5">{children}</div>
          {actions && (
            <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">
              {actions}
            </footer>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
