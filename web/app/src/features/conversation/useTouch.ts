import type { MessageView } from "@plauder/client/api";
import { type PointerEvent, useMemo, useRef } from "react";
import type { MessageActions } from "./actions.ts";

/** How far a finger goes, in pixels, before it drags; until letting go replies; and at most. */
const STARTS = 12;
const REPLIES = 56;
const MOST = 76;
/** A second tap within this time is a heart. */
const TWICE = 260;
const HEART = "❤️";

interface Options {
  find(id: string): MessageView | undefined;
  actions: MessageActions;
  writable: boolean;
}

interface Drag {
  readonly id: string;
  readonly element: HTMLElement;
  readonly x: number;
  readonly y: number;
  moving: boolean;
  far: number;
}

/**
 * What a finger does on messages: a drag towards the end of the line replies, two taps are a heart, one tap opens the menu,
 * where all of it is named as well. Handlers for the log, which hears for all its messages.
 */
export function useTouch(options: Options) {
  const latest = useRef(options);
  latest.current = options;
  return useMemo(() => {
    let drag: Drag | undefined;
    let dragged = false;
    let tap: { id: string; timer: ReturnType<typeof setTimeout> } | undefined;

    const messageAt = (target: EventTarget): HTMLElement | null =>
      (target as Element).closest<HTMLElement>("[data-message]");
    const canReact = (message: MessageView | undefined): message is MessageView =>
      message !== undefined &&
      latest.current.writable &&
      message.tick !== "failed" &&
      !["deleted", "locked", "system"].includes(message.content.kind);

    const letGo = (): void => {
      if (!drag) return;
      const { element, id, far } = drag;
      drag = undefined;
      element.style.removeProperty("--drag");
      element.removeAttribute("data-drag");
      const message = latest.current.find(id);
      if (far >= REPLIES && message) latest.current.actions.reply(message);
    };

    return {
      onPointerDown(event: PointerEvent) {
        dragged = false;
        const element = messageAt(event.target);
        if (event.pointerType !== "touch" || !event.isPrimary || !element) return;
        // A voice note's wave and the like are dragged for themselves.
        if ((event.target as Element).closest("input, label, [role=slider]")) return;
        const id = element.dataset.message ?? "";
        if (canReact(latest.current.find(id)))
          drag = { id, element, x: event.clientX, y: event.clientY, moving: false, far: 0 };
      },
      onPointerMove(event: PointerEvent) {
        if (!drag || !event.isPrimary) return;
        const towards = getComputedStyle(drag.element).direction === "rtl" ? -1 : 1;
        const x = (event.clientX - drag.x) * towards;
        if (!drag.moving) {
          if (Math.abs(event.clientY - drag.y) > STARTS || x < -STARTS) drag = undefined;
          else if (x > STARTS) {
            drag.moving = true;
            drag.element.setPointerCapture(event.pointerId);
          }
          if (!drag?.moving) return;
        }
        dragged = true;
        const before = drag.far;
        drag.far = Math.min(MOST, Math.max(0, x));
        drag.element.style.setProperty("--drag", `${drag.far * towards}px`);
        drag.element.dataset.drag = drag.far >= REPLIES ? "far" : "near";
        if (before < REPLIES && drag.far >= REPLIES) navigator.vibrate?.(10);
      },
      onPointerUp: letGo,
      onPointerCancel() {
        if (drag) drag.far = 0;
        letGo();
      },
      onClick(event: React.MouseEvent) {
        const touched = (event.nativeEvent as globalThis.PointerEvent).pointerType === "touch";
        const element = messageAt(event.target);
        if (!touched || !element || dragged) return;
        if ((event.target as HTMLElement).closest("a, button, audio, video, input, label")) return;
        const id = element.dataset.message ?? "";
        const message = latest.current.find(id);
        if (!message || message.content.kind === "system") return;
        const at = { x: event.clientX, y: event.clientY };
        const first = tap;
        clearTimeout(first?.timer);
        tap = undefined;
        if (first?.id === id && canReact(message)) {
          const own = message.reactions.find((one) => one.own)?.emoji;
          latest.current.actions.react(message, own === HEART ? "" : HEART);
          return;
        }
        const open = (): void => {
          tap = undefined;
          latest.current.actions.menu(message, at);
        };
        tap = { id, timer: setTimeout(open, canReact(message) ? TWICE : 0) };
      },
    };
  }, []);
}
