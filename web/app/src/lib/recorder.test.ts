import { describe, expect, it } from "vitest";
import { shrink } from "./recorder.ts";

describe("shrink", () => {
  it("keeps what is short and the loudest of what is long", () => {
    expect(shrink([0.1, 0.2], 5)).toEqual([0.1, 0.2]);
    expect(shrink([0, 0.9, 0, 0, 0.5, 0], 3)).toEqual([0.9, 0, 0.5]);
    expect(
      shrink(
        Array.from({ length: 997 }, () => 0.3),
        50,
      ),
    ).toHaveLength(50);
  });
});
