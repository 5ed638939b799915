import fc from "fast-check";
import { expect, test } from "vitest";
import { equal, fromBase64, fromUtf8, toBase64 } from "../src/bytes.ts";

test("base64 there and back, of any length", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(fromBase64(toBase64(bytes), 300)).toEqual(bytes);
    }),
  );
});

test("white space inside base64 is XML's business", () => {
  expect(fromBase64(" AQID\n BA== ", 4)).toEqual(Uint8Array.of(1, 2, 3, 4));
});

test.each([["AQI"], ["A==="], ["AQ=A"], ["AQI\u0000"], ["AQ-_"], ["=AQI"], ["AQIDBA"]])(
  "%j is no base64",
  (text) => {
    expect(fromBase64(text, 100)).toBeUndefined();
  },
);

test("base64 of more than the limit is refused before it is decoded", () => {
  expect(fromBase64("A".repeat(1 << 20), 64)).toBeUndefined();
  expect(fromBase64(toBase64(new Uint8Array(65)), 64)).toBeUndefined();
});

test("text that is no UTF-8 is refused", () => {
  expect(() => fromUtf8(Uint8Array.of(0xc3, 0x28))).toThrow();
});

test("equal means same length and bytes", () => {
  expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
});
