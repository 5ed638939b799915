import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { spaced } from "./spaced.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("acts at once, then with the last value of each while, and not without one", () => {
  const done: number[] = [];
  const act = spaced((value: number) => done.push(value), 400);
  act(1);
  expect(done).toEqual([1]);
  act(2);
  act(3);
  vi.advanceTimersByTime(399);
  expect(done).toEqual([1]);
  vi.advanceTimersByTime(1);
  expect(done).toEqual([1, 3]);
  vi.advanceTimersByTime(1000);
  act(4);
  expect(done).toEqual([1, 3, 4]);
});

it("leaves nothing undone when it is flushed", () => {
  const done: number[] = [];
  const act = spaced((value: number) => done.push(value), 400);
  act.flush();
  expect(done).toEqual([]);
  act(1);
  act(2);
  act.flush();
  expect(done).toEqual([1, 2]);
  vi.advanceTimersByTime(1000);
  expect(done).toEqual([1, 2]);
});
