import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Unreadable } from "../src/errors.ts";
import { encode, Fields } from "../src/protobuf.ts";

const SHAPE = { 1: "uint32", 2: "bytes", 5: "uint32" } as const;

test("fields there and back, in any order", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      fc.uint8Array({ maxLength: 300 }),
      (number, bytes) => {
        for (const fields of [
          new Fields(
            encode([
              [1, number],
              [2, bytes],
            ]),
            SHAPE,
          ),
          new Fields(
            encode([
              [2, bytes],
              [1, number],
            ]),
            SHAPE,
          ),
        ]) {
          expect(fields.uint32(1)).toBe(number);
          expect(fields.bytes(2)).toEqual(bytes);
          expect(fields.optionalUint32(5)).toBeUndefined();
        }
      },
    ),
  );
});

test("unknown fields of every type are skipped", () => {
  const unknown = [0x78, 0x01, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7a, 0x02, 9, 9, 0x7d, 1, 2, 3, 4]; // field 15
  expect(new Fields(Uint8Array.from([...unknown, 0x08, 0x07]), SHAPE).uint32(1)).toBe(7);
});

describe("malformed", () => {
  test.each([
    ["a number without end", [0x08, 0xff]],
    ["a number beyond 32 bits", [0x08, 0xff, 0xff, 0xff, 0xff, 0x1f]],
    ["a number of six bytes", [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ["a length beyond the input", [0x12, 0x05, 1]],
    ["a huge length", [0x12, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ["a wrong type", [0x0a, 0x01, 1]],
    ["a number where bytes belong", [0x10, 0x01]],
    ["a field twice", [0x08, 1, 0x08, 2]],
    ["field 0", [0x00, 0x01]],
    ["a group", [0x7b, 0x7c]],
    ["type 7", [0x7f]],
    ["too many fields", Array.from({ length: 33 }, () => [0x78, 1]).flat()],
  ])("%s", (_what, bytes) => {
    expect(() => new Fields(Uint8Array.from(bytes), SHAPE)).toThrow(Unreadable);
  });

  test("a missing field, or one of the wrong length", () => {
    const fields = new Fields(encode([[2, Uint8Array.of(1, 2)]]), SHAPE);
    expect(() => fields.uint32(1)).toThrow(Unreadable);
    expect(() => fields.bytes(2, 3)).toThrow(Unreadable);
    expect(() => new Fields(new Uint8Array(), SHAPE).bytes(2)).toThrow(Unreadable);
  });

  test("any bytes at all never do more than throw Unreadable", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          new Fields(bytes, SHAPE);
        } catch (error) {
          expect(error).toBeInstanceOf(Unreadable);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
