import { until } from "@plauder/protocol/testing/fake-platform";
import { beforeEach, describe, expect, it } from "vitest";
import { Village, type Villager } from "../testing/village.ts";
import { isPartOf, loadNumbers } from "./numbers.ts";

it.each([
  ["+4915112345671", "+49 1511 2345671"],
  ["+5511965551000", "+55 11 96555 1000"],
  ["+12025550123", "+1 202 555 0123"],
  ["+919812345678", "+91 98123 45678"],
  ["+999123456", "+999123456"],
])("writes %s as %s", async (e164, shown) => {
  const write = await loadNumbers();
  expect(write(e164)).toBe(shown);
  expect(write(e164)).toBe(shown);
});

it.each([
  ["+4915112", true],
  ["+49 1511 2345671", true],
  ["1511-23", true],
  ["4", false],
  ["", false],
  ["1512", false],
  ["ana 15", false],
])("finds +49 1511 2345671 by %j: %s", (typed, found) => {
  expect(isPartOf(typed, "+49 1511 2345671")).toBe(found);
  expect(isPartOf(typed, undefined)).toBe(false);
});

it("stands whatever is typed", () => {
  expect(isPartOf("0".repeat(1_000_000), "+491511")).toBe(false);
  expect(isPartOf("1".repeat(1_000_000).concat("x"), "+491511")).toBe(false);
});

describe("somebody without a name", () => {
  let village: Village;
  let ana: Villager;

  beforeEach(async () => {
    village = new Village();
    ana = await village.move("ana");
  });

  it("is shown by a number people can read, in the list, the header and the search", async () => {
    const stranger = await village.move("4915112345671");
    const name = "+49 1511 2345671";
    const list = ana.client.chats.list;
    list.subscribe(() => undefined);
    const header = ana.client.chats.one(stranger.jid);
    header.subscribe(() => undefined);
    await stranger.client.conversation(ana.jid).send("Olá");
    await until(() => list.get()?.[0]?.name === name, "the list shows it");
    await until(() => header.get()?.name === name, "the header shows it");
    expect(list.get()?.[0]?.avatar.initials).toBe("71");
    for (const typed of [name, "+4915112345671", "1511 23"]) {
      const found = await ana.client.search(typed);
      expect(found.chats.map((chat) => chat.name)).toEqual([name]);
    }
  });
});
