import { utf8 } from "@plauder/protocol/bytes";
import { el } from "@plauder/protocol/xml";
import { expect, it } from "vitest";
import { memoryStore } from "../testing/store.ts";
import { HISTORY_NS, HistoryDamaged, historyElement, pack, readHistory, unpack } from "./history.ts";
import { Messages } from "./messages.ts";

async function filled(total = 1200) {
  const store = await memoryStore();
  const messages = new Messages(store);
  store.write(() => {
    messages.ensureChat("b@x", "person", 1);
    for (let count = 0; count < total; count++)
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
    messages.changeChat("b@x", { draft: '{"text":"secret draft"}', muted_until: Number.POSITIVE_INFINITY });
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

it("names those whom the contact list brought first", async () => {
  const [old, store] = [await filled(1), await memoryStore()];
  old.sql.run("INSERT INTO person (jid, card_name, about) VALUES ('b@x', 'Bia Sol', 'from the card')");
  store.sql.run("INSERT INTO person (jid, about, is_contact) VALUES ('b@x', 'newer', 1)");
  await unpack(store, await pack(old), () => undefined);
  const bia = store.sql.get("SELECT card_name, about, is_contact FROM person WHERE jid = 'b@x'");
  expect(bia).toEqual({ card_name: "Bia Sol", about: "newer", is_contact: 1 });
});

it("brings ten thousand messages, findable", async () => {
  const store = await memoryStore();
  expect(await unpack(store, await pack(await filled(10_000)), () => undefined)).toBe(10_000);
  expect(new Messages(store).search("message 9999")).toHaveLength(1);
  expect(store.sql.value<number>("SELECT muted_until FROM chat")).toBeGreaterThan(Date.now());
}, 60_000);

async function gzip(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const HEAD = JSON.stringify({ format: 1 });

it.each([
  ["junk", async () => utf8("junk")],
  ["nothing", async () => new Uint8Array()],
  ["a history that was cut off", async () => (await pack(await filled())).slice(0, -200)],
  ["a history of another kind", async () => await gzip(JSON.stringify({ format: 2 }))],
  ["what is no text", async () => await gzip("\ud800".repeat(3))],
  ["a small file that grows without end", async () => await gzip(`${HEAD}\n${"0".repeat(2_000_000)}`)],
])(
  "refuses %s and writes nothing",
  async (_, bytes) => {
    const store = await memoryStore();
    await expect(unpack(store, await bytes(), () => undefined, 1_000_000)).rejects.toThrow(HistoryDamaged);
    expect(store.sql.value("SELECT count(*) FROM message")).toBe(0);
  },
  60_000,
);

const line = (change: object, content: unknown = { kind: "text", text: "t" }) =>
  JSON.stringify([
    "message",
    {
      ...{ id: "i", chat: "b@x", sender: "b@x", own: 0, at: 1, stanza_id: "s", kind: "text", text: "t" },
      content: JSON.stringify(content),
      ...change,
    },
  ]);

it.each([
  ["no JSON", "{"],
  ["a number", "1"],
  ["a table of keys", JSON.stringify(["omemo", { key: "session/x", value: { hex: "00" } }])],
  ["a login", JSON.stringify(["secret", { key: "login", value: { hex: "00" } }])],
  ["the stream's setting", JSON.stringify(["setting", { key: "stream", value: { id: "x" } }])],
  ["a setting of another shape", JSON.stringify(["setting", { key: "privacy", value: 1 }])],
  ["a time that is none", line({ at: "soon" })],
  ["a time beyond all days", line({ at: 9e15 })],
  ["half a number", line({ own: 0.5 })],
  ["no chat", line({ chat: null })],
  ["a list for a name", line({ sender: ["b@x"] })],
  ["content that is no JSON", line({ content: "{" })],
  ["content of a kind nobody knows", line({ kind: "spell" }, { kind: "spell" })],
  ["content of two kinds", line({ kind: "image" })],
  ["a text without text", line({}, { kind: "text" })],
  ["a picture without file", line({ kind: "image" }, { kind: "image", caption: "" })],
  [
    "a preview from elsewhere",
    line(
      { kind: "file" },
      {
        kind: "file",
        caption: "",
        media: { id: "1", name: "n", type: "t", size: 1, preview: "https://evil.example/" },
      },
    ),
  ],
  [
    "a wave that is none",
    line(
      { kind: "voice" },
      {
        kind: "voice",
        seconds: 1,
        wave: ["x"],
        heard: true,
        media: { id: "1", name: "n", type: "t", size: 1 },
      },
    ),
  ],
  ["an event that is none", line({ kind: "system" }, { kind: "system", event: 1 })],
  ["a quote that is none", line({ quote: "1" })],
  [
    "reactions that are none",
    JSON.stringify(["reaction", { chat: "b@x", target: "s", sender: "b@x", emojis: "1", at: 1 }]),
  ],
  ["columns that are none", line({ "id) VALUES (1); DROP TABLE message; --": 1, at: {} })],
])("leaves out %s, and goes on", async (_, hostile) => {
  const store = await memoryStore();
  const packed = await gzip([HEAD, hostile, line({ id: "good", stanza_id: "good" })].join("\n"));
  expect(await unpack(store, packed, () => undefined)).toBe(1);
  expect(store.sql.all("SELECT id FROM message")).toEqual([{ id: "good" }]);
  for (const table of ["omemo", "secret", "setting", "reaction"])
    expect(store.sql.value(`SELECT count(*) FROM ${table}`)).toBe(0);
});

it("reads its own announcement and no other", () => {
  const notice = {
    mark: "m",
    url: "https://x/y",
    key: new Uint8Array(32).fill(1),
    iv: new Uint8Array(12).fill(2),
  };
  expect(readHistory([historyElement(notice)])).toEqual(notice);
  expect(readHistory([el("history", HISTORY_NS, { url: "u", key: "short", iv: "00" })])).toBeUndefined();
  expect(readHistory([])).toBeUndefined();
});
