import { useSyncExternalStore } from "react";

export interface Toast {
  text: string;
  action?: { label: string; run: () => void };
}

let current: Toast | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function publish(next: Toast | undefined): void {
  current = next;
  for (const listener of listeners) listener();
}

const LIFE = 5000;

function arm(): void {
  clearTimeout(timer);
  timer = setTimeout(() => publish(undefined), LIFE);
}

/** Undo only (and "copied"): five seconds, paused under the pointer or focus. */
export function toast(next: Toast): void {
  publish(next);
  arm();
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function Toaster() {
  const shown = useSyncExternalStore(subscribe, () => current);
  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-x-4 bottom-24 z-70 flex justify-center"
      onMouseEnter={() => clearTimeout(timer)}
      onMouseLeave={() => current && arm()}
      onFocus={() => clearTimeout(timer)}
      onBlur={() => current && arm()}
    >
      {shown && (
        <div className="toast pointer-events-auto">
          <span>{shown.text}</span>
          {shown.action && (
            <button
              type="button"
              onClick={() => {
                shown.action?.run();
                publish(undefined);
              }}
            >
              {shown.action.label}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
