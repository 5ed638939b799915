import { expect, it } from "vitest";
import { ProtocolViolation } from "./errors.ts";
import { Unacked, WRAP } from "./management.ts";

const stanza = (track: string) => ({ xml: `<${track}/>`, track });
const names = (sent: readonly { track: string | undefined }[]) => sent.map(({ track }) => track);

it("confirms in order, up to the count", () => {
  const unacked = new Unacked();
  expect([unacked.sent(stanza("a")), unacked.sent(stanza("b")), unacked.sent(stanza("c"))]).toEqual([
    1, 2, 3,
  ]);
  expect(names(unacked.acknowledged(2))).toEqual(["a", "b"]);
  expect(unacked.acknowledged(2)).toEqual([]);
  expect(names(unacked.pending())).toEqual(["c"]);
});

it.each([4, -1, 0])("refuses a count of %d that names what was never sent or was confirmed before", (h) => {
  const unacked = new Unacked();
  for (const name of ["a", "b", "c"]) unacked.sent(stanza(name));
  unacked.acknowledged(1);
  expect(() => unacked.acknowledged(h)).toThrow(ProtocolViolation);
});

it("wraps as an unsigned 32-bit number", () => {
  const unacked = new Unacked();
  unacked.restart(WRAP - 1);
  expect(unacked.sent(stanza("a"))).toBe(0);
  expect(unacked.sent(stanza("b"))).toBe(1);
  expect(names(unacked.acknowledged(0))).toEqual(["a"]);
  expect(names(unacked.acknowledged(1))).toEqual(["b"]);
});

it("hands back what is in doubt when a new stream begins", () => {
  const unacked = new Unacked();
  unacked.sent(stanza("a"));
  expect(names(unacked.restart())).toEqual(["a"]);
  expect(unacked.sent(stanza("b"))).toBe(1);
});
