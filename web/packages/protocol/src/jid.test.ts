import { expect, it } from "vitest";
import { InvalidJid } from "./errors.ts";
import { bare, domainOf, formatJid, isJid, localOf, parseJid, resourceOf } from "./jid.ts";

it("takes an address apart and puts it together", () => {
  expect(parseJid("Ana@Example.ORG/My/Phone@home")).toEqual({
    local: "ana",
    domain: "example.org",
    resource: "My/Phone@home",
  });
  expect(formatJid(parseJid("ANA@example.org./x"))).toBe("ana@example.org/x");
});

it.each(["", "@example.org", "ana@", "a b@c", "a@b@c", "a@b/", "/x", "a<b@c", `${"a".repeat(1024)}@b`])(
  "refuses %j",
  (text) => {
    expect(() => parseJid(text)).toThrow(InvalidJid);
    expect(isJid(text)).toBe(false);
  },
);

it("gives parts of addresses the server handed out", () => {
  expect(bare("a@b/c/d")).toBe("a@b");
  expect(resourceOf("a@b/c/d")).toBe("c/d");
  expect(localOf("a@b/c")).toBe("a");
  expect(domainOf("b/c@d")).toBe("b");
});
