import type { ChatView } from "@plauder/client/api";
import { describe, expect, it } from "vitest";
import { matching, totals } from "./filters.ts";

const NOW = Date.UTC(2026, 10, 27);

function chat(id: string, more: Partial<ChatView> = {}): ChatView {
  return {
    id,
    kind: "person",
    name: id,
    avatar: { initials: "A", color: 0 },
    at: NOW,
    unread: 0,
    markedUnread: false,
    mentioned: false,
    pinned: false,
    archived: false,
    typing: [],
    recording: false,
    online: false,
    isRequest: false,
    ...more,
  };
}

const { at: _at, ...untouched } = chat("only looked at");
const CHATS = [
  chat("bruno", { unread: 2 }),
  chat("hikers", { kind: "group", markedUnread: true }),
  chat("kolibri", { kind: "business", unread: 7, mutedUntil: Number.POSITIVE_INFINITY }),
  chat("old", { archived: true, unread: 4 }),
  untouched,
];
const ids = (chats: readonly ChatView[]) => chats.map((one) => one.id);

describe("matching", () => {
  it.each([
    ["all", ["bruno", "hikers", "kolibri"]],
    ["unread", ["bruno", "hikers", "kolibri"]],
    ["people", ["bruno"]],
    ["groups", ["hikers"]],
    ["businesses", ["kolibri"]],
  ] as const)("%s", (filter, expected) => {
    expect(ids(matching(CHATS, filter, false))).toEqual(expected);
  });

  it("keeps archived chats apart", () => {
    expect(ids(matching(CHATS, "all", true))).toEqual(["old"]);
  });
});

describe("totals", () => {
  it("leaves muted and archived chats out, and counts a mark as one", () => {
    expect(totals(CHATS, NOW)).toEqual({ unread: 3, archived: 1 });
  });

  it("counts again when a mute has run out", () => {
    expect(totals([chat("a", { unread: 5, mutedUntil: NOW - 1 })], NOW).unread).toBe(5);
  });
});
