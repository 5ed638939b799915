import { utf8 } from "@plauder/protocol/bytes";
import { el } from "@plauder/protocol/xml";
import { expect, it } from "vitest";
import { memoryStore } from "../testing/store.ts";
import { HISTORY_NS, historyElement, pack, readHistory, unpack } from "./history.ts";
import { Messages } from "./messages.ts";

async function filled() {
  const store = await memoryStore();
  const messages = new Messages(store);
  store.write(() => {
    messages.ensureChat("b@x", "person", 1);
    for (let count = 0; count < 1200; count++)
      messages.add({
        chat: "b@x",
        sender: count % 2 ? "b@x" : "a@x",
        own: count % 2 === 0,
        at: count,
        stanzaId: `s${count}`,
        content: { kind: "text", text: `message ${count}` },
        tick: "read",
      });
    messages.react("b@x", "s0", "b@x", ["👍"], 5);
    store.setSetting("privacy", { readReceipts: false });
    store.setSetting("stream", { id: "never leaves" });
    store.sql.run("INSERT INTO omemo VALUES ('session/x', x'00')");
    messages.changeChat("b@x", { draft: '{"text":"secret draft"}' });
  });
  return store;
}

it("brings everything a person would miss, and no keys", async () => {
  const packed = await pack(await filled());
  const fresh = await memoryStore();
  const told: number[] = [];
  expect(await unpack(fresh, packed, (done) => told.push(done))).toBe(1200);
  expect(told.at(-1)).toBeGreaterThan(1200);
  const messages = new Messages(fresh);
  expect(messages.search("message 1199")).toHaveLength(1);
  expect(messages.chat("b@x")).toMatchObject({ unread: 0, draft: null, last_at: 1199 });
  expect(fresh.setting("privacy")).toEqual({ readReceipts: false });
  expect(fresh.setting("stream")).toBeUndefined();
  expect(fresh.sql.value("SELECT count(*) FROM omemo")).toBe(0);
});

it("adds nothing twice and overwrites nothing", async () => {
  const packed = await pack(await filled());
  const store = await filled();
  store.sql.run("UPDATE message SET starred = 1 WHERE stanza_id = 's3'");
  await unpack(store, packed, () => undefined);
  expect(store.sql.value("SELECT count(*) FROM message")).toBe(1200);
  expect(store.sql.value("SELECT starred FROM message WHERE stanza_id = 's3'")).toBe(1);
});

it.each([
  ["junk", utf8("junk")],
  ["nothing", new Uint8Array()],
])("refuses %s", async (_, bytes) => {
  const store = await memoryStore();
  await expect(unpack(store, bytes, () => undefined)).rejects.toThrow();
  expect(store.sql.value("SELECT count(*) FROM message")).toBe(0);
});

it("reads its own announcement and no other", () => {
  const notice = { url: "https://x/y", key: new Uint8Array(32).fill(1), iv: new Uint8Array(12).fill(2) };
  expect(readHistory([historyElement(notice)])).toEqual(notice);
  expect(readHistory([el("history", HISTORY_NS, { url: "u", key: "short", iv: "00" })])).toBeUndefined();
  expect(readHistory([])).toBeUndefined();
});
