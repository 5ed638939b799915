import { beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../store/store.ts";
import { memoryStore } from "../testing/store.ts";
import { Messages, type NewMessage } from "./messages.ts";

const CHAT = "b@x";
const ME = "a@x";
let store: Store;
let messages: Messages;
let serial = 0;

beforeEach(async () => {
  store = await memoryStore();
  messages = new Messages(store);
  messages.ensureChat(CHAT, "person", 1);
  serial = 0;
});

function add(own: boolean, change: Partial<NewMessage> = {}): string {
  serial += 1;
  const id = messages.add({
    chat: CHAT,
    sender: own ? ME : CHAT,
    own,
    at: serial,
    stanzaId: `s${serial}`,
    content: { kind: "text", text: `text ${serial}` },
    ...(own && { tick: "waiting" as const }),
    ...change,
  });
  return id as string;
}

const row = (id: string) => messages.byId(id);

describe("ticks", () => {
  it("go up with what is known, and never down", () => {
    const id = add(true);
    messages.acknowledged(id, 10);
    expect(row(id)).toMatchObject({ tick: "sent", sent_at: 10 });
    messages.delivered("s1", CHAT, "phone", 11);
    expect(row(id)?.tick).toBe("delivered");
    messages.read("s1", CHAT, "phone", 12);
    expect(row(id)?.tick).toBe("read");
    messages.delivered("s1", CHAT, "tablet", 13);
    messages.acknowledged(id, 14);
    expect(row(id)).toMatchObject({ tick: "read", sent_at: 10 });
  });

  it("keep when the server had it, though the receipt was quicker", () => {
    const id = add(true);
    messages.delivered("s1", CHAT, "phone", 9);
    messages.acknowledged(id, 10);
    expect(row(id)).toMatchObject({ tick: "delivered", sent_at: 10 });
  });

  it("believe nobody but the receiver", () => {
    const id = add(true);
    messages.acknowledged(id, 10);
    messages.delivered("s1", "eve@x", "phone", 11);
    messages.read("s1", "eve@x", "phone", 11);
    expect(row(id)?.tick).toBe("sent");
  });

  it("of a group wait for all", () => {
    messages.ensureChat("g@m", "group", 1);
    for (const jid of [ME, "b@x", "c@x"])
      store.sql.run("INSERT INTO member VALUES ('g@m', ?, 'member', NULL)", jid);
    const id = add(true, { chat: "g@m" });
    messages.acknowledged(id, 10);
    messages.delivered("s1", "b@x", "p", 11);
    expect(row(id)?.tick).toBe("sent");
    messages.delivered("s1", "c@x", "p", 12);
    expect(row(id)?.tick).toBe("delivered");
    messages.read("s1", "c@x", "p", 13);
    expect(row(id)?.tick).toBe("delivered");
    messages.read("s1", "b@x", "p", 14);
    expect(row(id)?.tick).toBe("read");
  });
});

describe("a message that comes twice", () => {
  it("is one message", () => {
    add(false);
    expect(messages.add({ ...copy(), roomId: "r1" })).toBeUndefined();
    expect(store.sql.value("SELECT count(*) FROM message")).toBe(1);
    expect(messages.find(CHAT, "r1")?.stanza_id).toBe("s1");
  });

  it("opens what was locked, and locks nothing that was open", () => {
    const id = add(false, { content: { kind: "locked", reason: "healing" } });
    expect(messages.add(copy())).toBe(id);
    expect(row(id)).toMatchObject({ kind: "text", text: "again" });
    expect(messages.add({ ...copy(), content: { kind: "locked", reason: "healing" } })).toBeUndefined();
    expect(row(id)?.kind).toBe("text");
  });

  const copy = (): NewMessage => ({
    chat: CHAT,
    sender: CHAT,
    own: false,
    at: 99,
    stanzaId: "s1",
    content: { kind: "text", text: "again" },
  });
});

describe("taking back", () => {
  it("works before the message has come", () => {
    messages.retract(CHAT, CHAT, "s1", "sender");
    const id = add(false);
    expect(row(id)?.kind).toBe("deleted");
  });

  it("is for the author alone", () => {
    const id = add(false);
    messages.retract(CHAT, "eve@x", "s1", "sender");
    expect(row(id)?.kind).toBe("text");
    messages.retract(CHAT, CHAT, "s1", "sender");
    expect(row(id)).toMatchObject({ kind: "deleted", text: "" });
    expect(messages.search("text")).toEqual([]);
  });
});

describe("reactions", () => {
  const kept = () => store.sql.all("SELECT sender, emojis FROM reaction");

  it("are the newest of each person", () => {
    add(true);
    messages.react(CHAT, "s1", CHAT, ["👍"], 5);
    messages.react(CHAT, "s1", CHAT, ["❤️"], 6);
    messages.react(CHAT, "s1", CHAT, ["👎"], 4);
    expect(kept()).toEqual([{ sender: CHAT, emojis: '["❤️"]' }]);
    messages.react(CHAT, "s1", CHAT, [], 7);
    expect(kept()).toEqual([]);
  });
});

describe("a chat", () => {
  it("counts what is unread and shows what is newest", () => {
    add(false);
    const second = add(false);
    add(true);
    expect(messages.chat(CHAT)).toMatchObject({ unread: 2, last_at: 3 });
    messages.seen(CHAT, row(second) as NonNullable<ReturnType<typeof row>>, 100);
    expect(messages.chat(CHAT)?.unread).toBe(0);
    expect(messages.firstUnread(CHAT)).toBeUndefined();
  });

  it("lets messages disappear when their time has come, their own from the tick on", () => {
    const theirs = add(false, { timer: 60 });
    const mine = add(true, { timer: 60 });
    expect(messages.expire(1e9)).toBeNull();
    messages.seen(CHAT, row(theirs) as NonNullable<ReturnType<typeof row>>, 1000);
    messages.acknowledged(mine, 5000);
    expect(messages.expire(60_999)).toBe(61_000);
    expect(messages.expire(61_000)).toBe(65_000);
    expect(row(theirs)).toBeUndefined();
    messages.expire(65_000);
    expect(row(mine)).toBeUndefined();
  });

  it("is read in pages, in the order of time", () => {
    for (let count = 0; count < 10; count++) add(false, { at: 100 - count });
    const newest = messages.before(CHAT, undefined, 3);
    expect(newest.map(({ at }) => at)).toEqual([98, 99, 100]);
    const older = messages.before(CHAT, newest[0], 3);
    expect(older.map(({ at }) => at)).toEqual([95, 96, 97]);
    expect(messages.after(CHAT, older[2] as NonNullable<(typeof older)[2]>, 2).map(({ at }) => at)).toEqual([
      98, 99,
    ]);
  });

  it.each([
    ["हिन्दी में बात", "हिन्दी", "हिन्दू"],
    ["नमस्ते दोस्तों", "दोस्त", "दास्त"],
    ["Amanhã na praia", "amanha PRA", "raia"],
    ["我喜欢北京", "北京", "东京"],
    ["Treffen in 北京 im März", "marz 北京", "marz 东京"],
    ["festa 🎉❤️", "🎉", "🎈"],
    ["só 👍", "👍️", "👎"],
  ])("%j is found by %j and not by %j", (text, right, wrong) => {
    const id = add(false, { content: { kind: "text", text } });
    add(false);
    expect(messages.search(right).map((one) => one.id)).toEqual([id]);
    expect(messages.search(right, "other@x")).toEqual([]);
    expect(messages.search(wrong)).toEqual([]);
  });

  it.each([
    "🎉".repeat(5000),
    "北 ".repeat(5000),
    '"',
    "*",
    "AND",
    "NEAR(",
    "text:",
    "-",
    "''; DROP TABLE message",
  ])("is searched for %j without harm", (text) => {
    add(false);
    expect(Array.isArray(messages.search(text))).toBe(true);
  });
});
