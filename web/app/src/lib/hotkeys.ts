import { useEffect, useRef } from "react";

/** `mod` is Ctrl, or ⌘ where there is one. */
export function matches(keys: string, event: KeyboardEvent): boolean {
  const wanted = keys.split("+");
  const key = wanted.at(-1) ?? "";
  return (
    event.key.toLowerCase() === key &&
    wanted.includes("mod") === (event.ctrlKey || event.metaKey) &&
    wanted.includes("alt") === event.altKey &&
    (event.shiftKey === wanted.includes("shift") || key === "?")
  );
}

/** Acts on a key wherever the focus is, except under a dialog. */
export function useHotkey(keys: string, act: (event: KeyboardEvent) => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || !matches(keys, event)) return;
      if (document.querySelector('[role="dialog"], [role="alertdialog"]')) return;
      const typing = (event.target as HTMLElement).matches?.("input, textarea, select");
      if (typing && !event.ctrlKey && !event.metaKey && !event.altKey && !event.key.startsWith("F")) return;
      event.preventDefault();
      latest.current(event);
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [keys]);
}
