import fc from "fast-check";
import { expect, test } from "vitest";
import type { XmlElement } from "../src/api.ts";
import { bytesOf, childOf, element, flagOf, fromXml, numberOf, toXml } from "../src/elements.ts";
import { Unreadable } from "../src/errors.ts";

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_-]{0,8}$/).filter((text) => !/^xml/i.test(text));
const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter(isXml);
const tree = fc.letrec<{ node: XmlElement }>((tie) => ({
  node: fc
    .record({
      name,
      ns: fc.constantFrom("urn:a", "urn:b", "jabber:client", 'urn:"&<'),
      attrs: fc.dictionary(
        name.filter((key) => key !== "__proto__"),
        text,
        { maxKeys: 3, noNullPrototype: true },
      ),
      children: fc.array(fc.oneof({ maxDepth: 4 }, text, tie("node") as fc.Arbitrary<XmlElement>), {
        maxLength: 4,
      }),
    })
    .map((node) => ({ ...node, children: joined(node.children) })),
})).node;

function isXml(value: string): boolean {
  return !/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(value);
}

function joined(children: readonly (XmlElement | string)[]): (XmlElement | string)[] {
  const result: (XmlElement | string)[] = [];
  for (const child of children) {
    const last = result.at(-1);
    if (typeof child === "string" && typeof last === "string") result[result.length - 1] = last + child;
    else result.push(child);
  }
  return result;
}

test("what is written is read back", () => {
  fc.assert(
    fc.property(tree, (node) => void expect(fromXml(toXml(node))).toEqual(node)),
    { numRuns: 200 },
  );
});

test("whatever is no XML is refused in a typed way", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string({ unit: fc.constantFrom("<", ">", "a", "/", '"', "=", " ", "&", "!") }),
      ),
      (input) => {
        try {
          fromXml(input);
        } catch (error) {
          expect(error).toBeInstanceOf(Unreadable);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test.each([
  ["a document type", '<!DOCTYPE a [<!ENTITY b "c">]><a/>'],
  ["an unknown entity", "<a>&b;</a>"],
  ["a prefixed root", '<x:a xmlns:x="urn:x"/>'],
  ["deep nesting", "<a>".repeat(5000) + "</a>".repeat(5000)],
  ["nothing", ""],
  ["two roots", "<a/><b/>"],
])("%s is refused", (_what, input) => {
  expect(() => fromXml(input)).toThrow(Unreadable);
});

test("prefixed children and attributes are extensions nobody asked for", () => {
  const parsed = fromXml('<a xmlns="urn:a" xmlns:x="urn:x" x:b="1" xml:lang="de"><x:c/><d/></a>');
  expect(parsed.attrs).toEqual({ "xml:lang": "de" });
  expect(parsed.children).toEqual([element("d", "urn:a")]);
});

test("what XML cannot spell becomes a replacement character", () => {
  expect(toXml(element("a", "", {}, "x\u0000\uD800y"))).toBe("<a>x\uFFFD\uFFFDy</a>");
});

test.each(["a b", "", "1a", "a:b", "a>"])("%j is no element name", (wrong) => {
  expect(() => toXml(element(wrong, ""))).toThrow(RangeError);
  expect(() => toXml(element("a", "", { [wrong]: "1" }))).toThrow(RangeError);
});

test.each(["-1", "1.5", "0x10", "4294967296", "99999999999", "", "one", " 1"])("%j is no id", (id) => {
  expect(() => numberOf(element("key", "urn:a", { rid: id }), "rid")).toThrow(Unreadable);
});

test("flags are XML Schema's booleans", () => {
  const flags = ["true", "1", "false", "0", "yes", "TRUE"].map((prekey) =>
    flagOf(element("key", "", { prekey }), "prekey"),
  );
  expect(flags).toEqual([true, true, false, false, false, false]);
  expect(flagOf(element("key", ""), "prekey")).toBe(false);
});

test("a child has to be there, once, with bytes inside", () => {
  const parent = element("a", "urn:a", {}, element("b", "urn:a", {}, "AQ=="), element("b", "urn:other"));
  expect(bytesOf(childOf(parent, "b"), 1)).toEqual(Uint8Array.of(1));
  expect(() => childOf(parent, "c")).toThrow(Unreadable);
  expect(() => childOf(element("a", "urn:a", {}, element("b", "urn:a"), element("b", "urn:a")), "b")).toThrow(
    Unreadable,
  );
  expect(() => bytesOf(element("b", "urn:a"), 1)).toThrow(Unreadable);
  expect(() => bytesOf(element("b", "urn:a", {}, "AQI="), 1)).toThrow(Unreadable);
});
