import fc from "fast-check";
import { expect, test } from "vitest";
import { fromUtf8, utf8 } from "../src/bytes.ts";
import { element } from "../src/elements.ts";
import { openEnvelope, SCE, sealEnvelope } from "../src/envelope.ts";
import { Unreadable } from "../src/errors.ts";

const NOW = Date.UTC(2026, 10, 22);
const ANA = "ana@example.org";
const BRUNO = "bruno@example.org";
const ROOM = "room@groups.example.org";
const body = element("body", "jabber:client", {}, "oi <&> ą 🦜");
const talk = { own: BRUNO, from: ANA, room: undefined };

function reasonOf(open: () => unknown): string {
  try {
    open();
  } catch (error) {
    return (error as Unreadable).reason;
  }
  return "none";
}

test("content goes in and comes out, with its time", () => {
  const envelope = openEnvelope(sealEnvelope([body], ANA, BRUNO, NOW), talk);
  expect(envelope).toEqual({ content: [body], time: NOW, from: ANA, to: BRUNO });
});

test("the receiver is spelt with its namespace, for clients that look for the attribute", () => {
  expect(fromUtf8(sealEnvelope([body], ANA, ROOM, NOW))).toContain(`<to xmlns="${SCE}" jid="${ROOM}"/>`);
});

test("short messages look alike in length: at least 256 bytes, and up to 200 more", () => {
  const lengths = Array.from(
    { length: 200 },
    (_, at) =>
      sealEnvelope([element("body", "jabber:client", {}, "a".repeat(at % 40))], ANA, BRUNO, NOW).length,
  );
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(256);
  expect(Math.max(...lengths)).toBeLessThan(256 + 200 + 16);
  expect(new Set(lengths).size).toBeGreaterThan(50);
});

test("what belongs to the server is neither written nor read", () => {
  const outside = [
    element("store", "urn:xmpp:hints"),
    element("stanza-id", "urn:xmpp:sid:0"),
    element("encryption", "urn:xmpp:eme:0"),
  ];
  const sealed = sealEnvelope(
    [body, ...outside, element("origin-id", "urn:xmpp:sid:0", { id: "1" })],
    ANA,
    undefined,
    NOW,
  );
  expect(fromUtf8(sealed)).not.toContain("hints");
  const forged = utf8(
    `<envelope xmlns="${SCE}"><content><store xmlns="urn:xmpp:hints"/><body xmlns="jabber:client">a</body></content><from jid="${ANA}"/></envelope>`,
  );
  expect(openEnvelope(forged, talk).content.map(({ name }) => name)).toEqual(["body"]);
  expect(openEnvelope(sealed, talk).content.map(({ name }) => name)).toEqual(["body", "origin-id"]);
});

test("an envelope of another conversation is forged", () => {
  const fromAna = sealEnvelope([body], ANA, BRUNO, NOW);
  expect(reasonOf(() => openEnvelope(fromAna, { ...talk, from: "eva@example.org" }))).toBe("forged-envelope");
  expect(reasonOf(() => openEnvelope(fromAna, { ...talk, own: "carla@example.org" }))).toBe(
    "forged-envelope",
  );
  expect(reasonOf(() => openEnvelope(fromAna, { ...talk, room: ROOM }))).toBe("forged-envelope");
  const toRoom = sealEnvelope([body], ANA, ROOM, NOW);
  expect(reasonOf(() => openEnvelope(toRoom, talk))).toBe("forged-envelope");
  expect(reasonOf(() => openEnvelope(toRoom, { ...talk, room: "other@groups.example.org" }))).toBe(
    "forged-envelope",
  );
  expect(
    reasonOf(() => openEnvelope(sealEnvelope([body], ANA, undefined, NOW), { ...talk, room: ROOM })),
  ).toBe("forged-envelope");
  expect(openEnvelope(toRoom, { ...talk, room: ROOM }).to).toBe(ROOM);
});

test("an envelope that names no sender could be anybody's", () => {
  const text = `<envelope xmlns="${SCE}"><content><body xmlns="jabber:client">a</body></content><from/></envelope>`;
  expect(reasonOf(() => openEnvelope(utf8(text), talk))).toBe("forged-envelope");
  expect(reasonOf(() => openEnvelope(utf8(text.replace("<from/>", "")), talk))).toBe("forged-envelope");
});

test("the copy of an own message names somebody else, rightly", () => {
  const copy = sealEnvelope([body], ANA, BRUNO, NOW);
  const own = { own: ANA, from: ANA, room: undefined };
  expect(openEnvelope(copy, own).to).toBe(BRUNO);
  expect(openEnvelope(copy, { ...own, to: BRUNO }).to).toBe(BRUNO);
  expect(reasonOf(() => openEnvelope(copy, { ...own, to: "eva@example.org" }))).toBe("forged-envelope");
});

test.each([
  ["no XML", "oi"],
  ["another root", "<content/>"],
  ["another namespace", '<envelope xmlns="urn:xmpp:sce:0"><content/></envelope>'],
  ["no content", `<envelope xmlns="${SCE}"><rpad/></envelope>`],
  ["content twice", `<envelope xmlns="${SCE}"><content/><content/></envelope>`],
])("%s is no envelope", (_what, text) => {
  expect(reasonOf(() => openEnvelope(utf8(text), talk))).toBe("bad-payload");
});

test("a time nobody can read is no time", () => {
  const text = `<envelope xmlns="${SCE}"><content/><from jid="${ANA}"/><time stamp="soon"/></envelope>`;
  expect(openEnvelope(utf8(text), talk).time).toBeUndefined();
});

test("any bytes at all never do more than throw Unreadable", () => {
  const pieces = fc.constantFrom(
    "<envelope xmlns='urn:xmpp:sce:1'>",
    "<content>",
    "</content>",
    "</envelope>",
    "<rpad/>",
    "<from jid='",
    "'/>",
    "&lt;",
    "x",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?a?>",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(pieces, { maxLength: 12 }).map((all) => utf8(all.join(""))),
      ),
      (bytes) => {
        try {
          openEnvelope(bytes, talk);
        } catch (error) {
          expect(error).toBeInstanceOf(Unreadable);
        }
      },
    ),
    { numRuns: 500 },
  );
});
