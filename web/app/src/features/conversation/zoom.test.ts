import { describe, expect, it } from "vitest";
import { held, swipeOf, WHOLE, zoomed } from "./zoom.ts";

const SIZE = { width: 400, height: 300 };

describe("a picture", () => {
  it("grows around the point that was meant", () => {
    const near = zoomed(WHOLE, 2, { x: 100, y: -50 }, SIZE);
    expect(near).toEqual({ scale: 2, x: -100, y: 50 });
    // The point is where it was: (point - offset) / scale is the same place of the picture.
    expect([(100 - near.x) / 2, (-50 - near.y) / 2]).toEqual([100, -50]);
  });

  it("never gets smaller than whole, nor larger than is of use", () => {
    expect(zoomed({ scale: 2, x: 150, y: 10 }, 0.1, { x: 0, y: 0 }, SIZE)).toEqual(WHOLE);
    expect(zoomed(WHOLE, 1000, { x: 0, y: 0 }, SIZE).scale).toBe(8);
  });

  it("is not moved out of its window", () => {
    expect(held({ scale: 2, x: 900, y: -900 }, SIZE)).toEqual({ scale: 2, x: 200, y: -150 });
  });

  it.each([
    [-80, 10, "next"],
    [80, -10, "previous"],
    [5, 120, "close"],
    [0, -120, undefined],
    [80, 80, undefined],
    [20, 5, undefined],
  ])("swiped by %d, %d means %s", (dx, dy, meant) => {
    expect(swipeOf(dx, dy)).toBe(meant);
  });
});
