/** Gives the focus back to where it was before something opened: whoever has no mouse would begin at the top again. */
import { useEffect, useRef, useState } from "react";

/** What has the focus now, or opened the menu that has it. */
function holder(): HTMLElement | undefined {
  const at = document.activeElement;
  const trigger = at?.closest("[role='menu']")?.getAttribute("aria-labelledby");
  const found = trigger ? document.getElementById(trigger) : at;
  return found instanceof HTMLElement && found !== document.body ? found : undefined;
}

/** The menu of a message hangs at a point that is gone with it; the message is still there. */
function giveBack(to: HTMLElement | undefined): void {
  // What opened meanwhile may have it already.
  if (document.activeElement && document.activeElement !== document.body) return;
  const there = to?.isConnected && to.tabIndex >= 0 ? to : undefined;
  (there ?? document.querySelector<HTMLElement>(".log [data-message][tabindex='0']"))?.focus();
}

/** For a dialog's `onCloseAutoFocus`: Radix knows triggers of its own alone, and ours open from anywhere. */
export function useFocusBack(): (event: Event) => void {
  const [before] = useState(holder);
  return (event) => {
    event.preventDefault();
    giveBack(before);
  };
}

/** The same for what stands beside the rest and takes no focus by itself. */
export function useFocusBackFrom(isOpen: boolean): void {
  const before = useRef<HTMLElement>(undefined);
  const wasOpen = useRef(false);
  useEffect(() => {
    if (isOpen && !wasOpen.current) before.current = holder();
    else if (!isOpen && wasOpen.current) giveBack(before.current);
    wasOpen.current = isOpen;
  }, [isOpen]);
}
