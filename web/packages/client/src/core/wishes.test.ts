import { NS } from "@plauder/protocol/ns";
import { el, parse } from "@plauder/protocol/xml";
import { describe, expect, it } from "vitest";
import type { Privacy } from "../api.ts";
import { DEFAULT_PRIVACY } from "./account.ts";
import { isWish, readWishes, writeWishes } from "./wishes.ts";

describe("wishes about privacy", () => {
  it("come back as they were written, all but whether we can be found, which the server is told elsewhere", () => {
    const privacy: Privacy = {
      ...DEFAULT_PRIVACY,
      lastSeen: "nobody",
      avatar: "contacts",
      readReceipts: false,
      defaultTimer: 86_400,
      findByNumber: true,
    };
    const { findByNumber: _, ...expected } = privacy;
    expect(readWishes(parse(String(writeWishes(privacy))))).toEqual(expected);
    expect(isWish({ findByNumber: true })).toBe(false);
    expect(isWish({ typing: false })).toBe(true);
  });

  it.each<[string, Record<string, string>]>([
    ["nothing", {}],
    ["words nobody knows", { online: "friends", receipts: "yes", timer: "soon", other: "1" }],
    ["numbers nobody means", { timer: "-1" }],
    ["numbers too large", { timer: "99999999" }],
    ["digits without end", { timer: "9".repeat(400) }],
  ])("mean nothing when they say %s", (_, said) => {
    expect(readWishes(el("privacy", NS.privacy, said))).toEqual({});
  });

  it("are not read from another element", () => {
    expect(readWishes(el("privacy", "urn:example", { online: "nobody" }))).toEqual({});
    expect(readWishes(undefined)).toEqual({});
  });
});
