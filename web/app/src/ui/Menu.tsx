import type { LucideIcon } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { Fragment, type ReactNode } from "react";

export interface MenuEntry {
  label: string;
  icon?: LucideIcon;
  danger?: boolean;
  disabled?: boolean;
  /** A line above. */
  line?: boolean;
  onSelect: () => void;
}

interface Props {
  entries: readonly (MenuEntry | false | undefined)[];
  children: ReactNode;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  align?: "start" | "end";
  /** Shown above the entries. */
  top?: ReactNode;
  /** The trigger is only a point on the screen: focus does not go back to it. */
  floating?: boolean;
}

export function Menu({ entries, children, open, onOpenChange, align = "end", top, floating = false }: Props) {
  return (
    <DropdownMenu.Root
      modal={false}
      {...(open === undefined ? {} : { open })}
      {...(onOpenChange ? { onOpenChange } : {})}
    >
      <DropdownMenu.Trigger asChild>{children}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="menu"
          align={align}
          sideOffset={6}
          collisionPadding={12}
          loop
          onCloseAutoFocus={(event) => floating && event.preventDefault()}
        >
          {top}
          {entries.map(
            (entry) =>
              entry && (
                <Fragment key={entry.label}>
                  {entry.line && <DropdownMenu.Separator className="menu-line" />}
                  <DropdownMenu.Item
                    className={entry.danger ? "menu-item danger" : "menu-item"}
                    disabled={entry.disabled ?? false}
                    onSelect={entry.onSelect}
                  >
                    {entry.icon && <entry.icon size={18} strokeWidth={1.75} aria-hidden />}
                    {entry.label}
                  </DropdownMenu.Item>
                </Fragment>
              ),
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
