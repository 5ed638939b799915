import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CatchUp } from "./catch-up.ts";

describe("catching up", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function watched() {
    const told: (number | undefined)[] = [];
    const over = vi.fn();
    const catchUp: CatchUp = new CatchUp(() => told.push(catchUp.done), over);
    return { catchUp, told, over };
  }

  it("counts what comes, and forgets it when no more does", () => {
    const { catchUp, told } = watched();
    catchUp.begin();
    expect(catchUp.done).toBeUndefined();
    catchUp.took(128);
    vi.advanceTimersByTime(1000);
    catchUp.took(100);
    vi.advanceTimersByTime(1000);
    expect(catchUp.done).toBe(228);
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([128, 228, undefined]);
  });

  it("is over some time after the last message, however long it took", () => {
    const { catchUp, over } = watched();
    catchUp.begin();
    for (let at = 0; at < 4; at++) {
      vi.advanceTimersByTime(4000);
      catchUp.took(1);
    }
    expect(over).not.toHaveBeenCalled();
    vi.advanceTimersByTime(5000);
    expect(over).toHaveBeenCalledTimes(1);
  });

  it("says nothing of a batch without messages, and nothing after its end", () => {
    const { catchUp, told, over } = watched();
    catchUp.begin();
    catchUp.took(0);
    catchUp.took(1);
    catchUp.stop();
    vi.advanceTimersByTime(60_000);
    expect([told, over.mock.calls]).toEqual([[1], []]);
  });
});
