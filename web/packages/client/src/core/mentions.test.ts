import { readContent } from "@plauder/protocol/content";
import { NS } from "@plauder/protocol/ns";
import { el } from "@plauder/protocol/xml";
import { expect, it } from "vitest";
import { fromWire, toWire } from "./mentions.ts";

const body = (text: string) => el("body", NS.client, {}, text);

it("brings mentions over, whatever stands before them", () => {
  const text = "😀 @Bruno, @Ana";
  const mentions = [
    { id: "bruno@x", begin: 3, end: 9 },
    { id: "ana@x", begin: 11, end: 15 },
  ];
  const sent = toWire(text, mentions);
  expect(sent.map(({ attrs }) => [attrs.begin, attrs.end])).toEqual([
    ["2", "8"],
    ["10", "14"],
  ]);
  const read = readContent([body(text), ...sent]);
  expect(fromWire(text, read.mentions)).toEqual(mentions);
});

it.each([
  { begin: "-1", end: "2" },
  { begin: "2", end: "2" },
  { begin: "0", end: "99" },
  { begin: "a", end: "2" },
  { begin: "0", end: "2", uri: "https://x" },
  { begin: "0", end: "2", uri: undefined },
])("passes over what points nowhere: %j", (attrs) => {
  const reference = el("reference", NS.reference, { type: "mention", uri: "xmpp:ana@x", ...attrs });
  expect(readContent([body("@Ana"), reference]).mentions).toEqual([]);
});

it("keeps no two that overlap, and not endlessly many", () => {
  const one = (begin: number) => ({ jid: "a@x", begin, end: begin + 2 });
  expect(fromWire("abcdef", [one(1), one(0), one(3)])).toHaveLength(2);
  const many = Array.from({ length: 500 }, () =>
    el("reference", NS.reference, { type: "mention", begin: 0, end: 2, uri: "xmpp:a@x" }),
  );
  expect(readContent([body("@A"), ...many]).mentions.length).toBeLessThanOrEqual(100);
});
