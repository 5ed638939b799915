import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { steadily } from "./steadily.ts";

let count = 0;
let changed: () => void = () => undefined;
let shown: number[] = [];
let stop: () => void = () => undefined;

const set = (value: number, thenWait = 0) => {
  count = value;
  changed();
  vi.advanceTimersByTime(thenWait);
};

beforeEach(() => {
  vi.useFakeTimers();
  count = 0;
  shown = [];
  const subscribe = (listener: () => void) => {
    changed = listener;
    return () => {
      changed = () => undefined;
    };
  };
  stop = steadily(
    subscribe,
    () => count,
    (value) => shown.push(value),
    600,
  );
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

it("does not show what is gone at once", () => {
  for (let at = 0; at < 20; at++) {
    set(1, 50);
    set(0, 50);
  }
  expect(shown).toEqual([0]);
});

it("rises to what stays, though it flickered before", () => {
  set(1, 100);
  set(0, 100);
  set(2, 599);
  expect(shown).toEqual([0]);
  vi.advanceTimersByTime(601);
  expect(shown).toEqual([0, 2]);
});

it("falls at once", () => {
  set(3, 600);
  set(1);
  expect(shown).toEqual([0, 3, 1]);
  set(0);
  expect(shown).toEqual([0, 3, 1, 0]);
});

it("tells nothing after the end", () => {
  set(3);
  stop();
  vi.advanceTimersByTime(10_000);
  expect(shown).toEqual([0]);
});
