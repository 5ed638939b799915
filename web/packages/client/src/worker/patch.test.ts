import { describe, expect, it } from "vitest";
import { apply, diff } from "./patch.ts";

const cases: [string, unknown, unknown][] = [
  ["nothing to something", undefined, [{ id: "a" }]],
  ["something to nothing", { a: 1 }, undefined],
  ["a changed field", { a: 1, b: { c: [1, 2] } }, { a: 1, b: { c: [1, 3] } }],
  ["a dropped and a new field", { a: 1, b: 2 }, { b: 2, c: 3 }],
  ["a field that is undefined", { a: 1 }, { a: undefined }],
  [
    "an item in the middle",
    { list: [{ id: "a" }, { id: "c" }] },
    { list: [{ id: "a" }, { id: "b" }, { id: "c" }] },
  ],
  [
    "another order",
    [
      { id: "a", n: 1 },
      { id: "b", n: 2 },
    ],
    [
      { id: "b", n: 2 },
      { id: "a", n: 3 },
    ],
  ],
  ["a shorter list", [1, 2, 3], [1]],
  ["a list where an object was", { a: 1 }, [1]],
  [
    "the same name twice",
    [{ id: "a", n: 1 }],
    [
      { id: "a", n: 1 },
      { id: "a", n: 2 },
    ],
  ],
  [
    "search results, named by their message",
    [{ message: { id: "m" }, text: "x" }],
    [{ message: { id: "m" }, text: "y" }],
  ],
];

describe("patches", () => {
  it.each(cases)("carry %s", (_, before, after) => {
    expect(apply(before, structuredClone(diff(before, after)))).toEqual(after);
    expect(apply(after, structuredClone(diff(after, before)))).toEqual(before);
  });

  it("are nothing where nothing changed", () => {
    expect(diff({ a: [{ id: "x", b: { c: 1 } }] }, { a: [{ id: "x", b: { c: 1 } }] })).toBe(0);
  });

  it("keep the identity of what did not change", () => {
    const before = {
      messages: [
        { id: "a", text: "1" },
        { id: "b", text: "2" },
      ],
      other: { x: 1 },
    };
    const after = {
      messages: [
        { id: "a", text: "1" },
        { id: "b", text: "3" },
        { id: "c", text: "4" },
      ],
      other: { x: 1 },
    };
    const got = apply(before, structuredClone(diff(before, after))) as typeof after;
    expect(got.messages[0]).toBe(before.messages[0]);
    expect(got.messages[1]).not.toBe(before.messages[1]);
    expect(got.other).toBe(before.other);
  });
});
