/** Messages with a time: what is gone for the eye is gone from the disk. */
import { until } from "@plauder/protocol/testing/fake-platform";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ConversationView, MessageView } from "./api.ts";
import { Village, type Villager } from "./testing/village.ts";

const LASTS = 60; // seconds
const PICTURE = new Uint8Array([1, 2, 3, 4, 5]);

let village: Village;
let ana: Villager;
let bruno: Villager;

beforeEach(async () => {
  village = new Village();
  ana = await village.move("ana");
  bruno = await village.move("bruno");
});

afterEach(() => vi.useRealTimers());

/** Bruno has the picture on his screen, read and with its bytes here; its time runs. */
async function read(): Promise<() => ConversationView> {
  const conversation = bruno.client.conversation(ana.jid);
  conversation.subscribe(() => undefined);
  const view = () => conversation.get() as ConversationView;
  const picture = () => view().messages.find(({ content }) => content.kind === "image") as MessageView;
  await ana.client.conversation(bruno.jid).setTimer(LASTS);
  await ana.client.conversation(bruno.jid).attach({
    kind: "image",
    blob: new Blob([PICTURE], { type: "image/jpeg" }),
    name: "a.jpg",
    width: 4,
    height: 3,
    caption: "zebrafish",
  });
  await until(() => picture() !== undefined, "the picture arrives");
  await bruno.client.chats.acceptRequest(ana.jid);
  await bruno.client.media.open(picture());
  // From here on, time passes when the test says so.
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now: Date.now() });
  conversation.seen(picture().id);
  await vi.advanceTimersByTimeAsync(1000);
  expect(picture().expiresAt).toBeDefined();
  expect(await traces(bruno)).toEqual({ messages: 1, found: 1, words: true, media: 1, files: 1 });
  return view;
}

/** What is left of the picture on a device. */
async function traces({ store, files }: Villager) {
  const { sql } = store;
  return {
    messages: sql.value("SELECT count(*) FROM message WHERE kind = 'image'"),
    found: sql.value("SELECT count(*) FROM message_text WHERE message_text MATCH 'zebrafish'"),
    words: sql.value("SELECT max(instr(block, CAST('zebrafish' AS BLOB))) FROM message_text_data") !== 0,
    media: sql.value("SELECT count(*) FROM media"),
    files: (await files.list()).length,
  };
}

const NOTHING = { messages: 0, found: 0, words: false, media: 0, files: 0 };

it("leaves the open conversation and the disk when its time has come, and not before", async () => {
  const view = await read();
  await vi.advanceTimersByTimeAsync((LASTS - 5) * 1000);
  expect(await traces(bruno)).toMatchObject({ messages: 1, found: 1, files: 1 });
  await vi.advanceTimersByTimeAsync(6000);
  expect(view().messages.some(({ content }) => content.kind === "image")).toBe(false);
  expect(await traces(bruno)).toEqual(NOTHING);
  expect((await bruno.client.search("zebrafish")).messages).toEqual([]);
});

it("goes when the app is opened again, if its time came while it was closed", async () => {
  await read();
  village.crash(bruno);
  bruno.client.stop();
  const later = Date.now() + (LASTS + 1) * 1000;
  vi.useRealTimers();
  vi.useFakeTimers({ toFake: ["Date"], now: later });
  const back = await village.move("bruno", bruno);
  await until(() => back.files.size === 0, "the bytes are gone");
  expect(await traces(back)).toEqual(NOTHING);
});

it("leaves no bytes when the sender takes it back", async () => {
  const view = await read();
  vi.useRealTimers();
  const id = ana.store.sql.value<string>("SELECT id FROM message WHERE kind = 'image'") as string;
  await ana.client.conversation(bruno.jid).remove([id], "all");
  await until(() => view().messages.some(({ content }) => content.kind === "deleted"), "it is taken back");
  await until(() => bruno.files.size === 0, "the bytes are gone");
  expect(await traces(bruno)).toEqual(NOTHING);
});
