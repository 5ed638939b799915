import { describe, expect, it, vi } from "vitest";
import { Cell, derive, paced } from "./live.ts";

describe("Cell", () => {
  it("tells listeners of changes, and only of changes", () => {
    const cell = new Cell(1);
    const heard = vi.fn();
    const stop = cell.subscribe(heard);
    cell.set(1);
    cell.set(2);
    stop();
    cell.set(3);
    expect(heard).toHaveBeenCalledTimes(1);
    expect(cell.get()).toBe(3);
  });

  it("works while somebody watches", () => {
    const log: string[] = [];
    const cell = new Cell(0, () => {
      log.push("on");
      return () => log.push("off");
    });
    const one = cell.subscribe(() => {});
    const two = cell.subscribe(() => {});
    one();
    one();
    two();
    expect(log).toEqual(["on", "off"]);
  });
});

describe("derive", () => {
  it("keeps the reference until its source changes", () => {
    const source = new Cell([1, 2]);
    const doubled = derive(source, (list) => list.map((n) => n * 2));
    expect(doubled.get()).toBe(doubled.get());
    source.set([5]);
    expect(doubled.get()).toEqual([10]);
  });
});

it("does cheap work at every call, and answers calls that come during a rest together", async () => {
  let count = 0;
  const cheap = paced(() => count++);
  for (let call = 0; call < 5; call++) cheap.run();
  expect(count).toBe(5);
  let heavy = 0;
  const dear = paced(() => {
    heavy += 1;
    const end = performance.now() + 12;
    while (performance.now() < end);
  });
  for (let call = 0; call < 5; call++) dear.run();
  expect(heavy).toBe(1);
  await new Promise<void>((resolve) => {
    const look = (): void => (heavy === 2 ? resolve() : void setImmediate(look));
    look();
  });
  dear.run();
  dear.stop();
  expect(heavy).toBe(2);
});
