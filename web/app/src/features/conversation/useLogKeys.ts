import type { MessageId, MessageView } from "@plauder/client/api";
import type { Virtualizer } from "@tanstack/react-virtual";
import { type FocusEvent, type KeyboardEvent, type RefObject, useCallback, useState } from "react";
import { usePreferences } from "../../lib/preferences.ts";
import type { Row } from "../../lib/rows.ts";
import type { MessageActions } from "./actions.ts";

interface Options {
  rows: readonly Row[];
  virtual: Virtualizer<HTMLDivElement, Element>;
  scroller: RefObject<HTMLDivElement | null>;
  actions: MessageActions;
  onEscape: () => void;
  isPicking: boolean;
}

/** Moving between messages and acting on them without a pointer. */
export function useLogKeys({ rows, virtual, scroller, actions, onEscape, isPicking }: Options) {
  const { letters } = usePreferences();
  const [focused, setFocused] = useState<MessageId>();
  const lastRow = rows.findLast((row) => row.kind === "message");
  const active = focused && rows.some((row) => row.key === focused) ? focused : lastRow?.key;

  const focusRow = useCallback(
    (index: number) => {
      const row = rows[index];
      if (!row) return;
      setFocused(row.key);
      virtual.scrollToIndex(index, { align: "auto" });
      // The row may only be rendered after the scroll.
      const tryFocus = (left: number) => {
        const element = scroller.current?.querySelector<HTMLElement>(
          `[data-message="${CSS.escape(row.key)}"]`,
        );
        if (element) element.focus({ preventScroll: true });
        else if (left > 0) requestAnimationFrame(() => tryFocus(left - 1));
      };
      tryFocus(10);
    },
    [rows, virtual, scroller],
  );

  const step = (from: number, by: 1 | -1): number => {
    for (let index = from + by; index >= 0 && index < rows.length; index += by)
      if (rows[index]?.kind === "message") return index;
    return -1;
  };

  const destination = (key: string, at: number): number | undefined => {
    if (key === "ArrowUp") return step(at, -1);
    if (key === "ArrowDown") return step(at, 1);
    if (key === "Home") return step(-1, 1);
    return key === "End" ? step(rows.length, -1) : undefined;
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    if (event.key === "Escape") {
      onEscape();
      return;
    }
    if (!target.matches("[data-message]")) return;
    const at = rows.findIndex((row) => row.key === target.dataset.message);
    const row = rows[at];
    if (row?.kind !== "message") return;
    const to = destination(event.key, at);
    if (to !== undefined) {
      event.preventDefault();
      if (to >= 0) focusRow(to);
      else if (event.key === "ArrowDown") onEscape();
    } else if (isPicking && event.key === " ") {
      event.preventDefault();
      actions.pick((row.album ?? [row.message]).map((one) => one.id));
    } else if (act(event, row.message)) event.preventDefault();
  };

  function act(event: KeyboardEvent, message: MessageView): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "Enter" || event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      const box = (event.target as HTMLElement).getBoundingClientRect();
      actions.menu(message, {
        x: message.own ? box.right - 220 : box.left + 24,
        y: Math.min(box.bottom, innerHeight - 40),
      });
      return true;
    }
    if (!letters) return false;
    switch (event.key.toLowerCase()) {
      case "r":
        actions.reply(message);
        return true;
      case "e": {
        const box = (event.target as HTMLElement).getBoundingClientRect();
        actions.menu(message, { x: box.left + 24, y: box.top });
        return true;
      }
      case "d":
        if (message.own) actions.details(message);
        return message.own;
      case "f":
        actions.forward(message);
        return true;
      default:
        return false;
    }
  }

  const onFocus = (event: FocusEvent) => {
    const id = (event.target as HTMLElement).closest<HTMLElement>("[data-message]")?.dataset.message;
    if (id) setFocused(id);
  };

  return {
    active,
    onKeyDown,
    onFocus,
    focusLast: () => focusRow(rows.findLastIndex((row) => row.kind === "message")),
  };
}
