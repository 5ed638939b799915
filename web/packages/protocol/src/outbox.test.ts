import { beforeEach, expect, it } from "vitest";
import { Outbox, type OutboxEntry, type OutboxStore } from "./outbox.ts";
import { type SavedStream, Session } from "./session.ts";
import { message } from "./stanza.ts";
import { FakePlatform, until } from "./testing/fake-platform.ts";
import { FakeServer } from "./testing/fake-server.ts";

class MemoryStore implements OutboxStore {
  list: OutboxEntry[] = [];
  ticked: string[] = [];
  add(...ids: string[]): void {
    for (const id of ids) this.list.push({ id, sent: undefined });
  }
  async entries(): Promise<OutboxEntry[]> {
    return [...this.list];
  }
  async unsent(stream: string): Promise<string[]> {
    return this.list.filter(({ sent }) => sent?.stream !== stream).map(({ id }) => id);
  }
  async stanza(id: string): Promise<string | undefined> {
    return this.list.some((entry) => entry.id === id)
      ? String(message({ to: "bruno@example.org", id }))
      : undefined;
  }
  async lost(stream: string): Promise<void> {
    this.list = this.list.map((entry) =>
      entry.sent?.stream === stream ? { ...entry, sent: undefined } : entry,
    );
  }
  async sent(marks: readonly { id: string; stream: string; number: number }[]): Promise<void> {
    this.list = this.list.map((entry) => {
      const mark = marks.find(({ id }) => id === entry.id);
      return mark ? { ...entry, sent: { stream: mark.stream, number: mark.number } } : entry;
    });
  }
  async acknowledged(ids: readonly string[]): Promise<void> {
    this.ticked.push(...ids);
    this.list = this.list.filter(({ id }) => !ids.includes(id));
  }
}

let platform: FakePlatform;
let server: FakeServer;
let store: MemoryStore;
let saved: SavedStream | undefined;

beforeEach(() => {
  platform = new FakePlatform();
  server = new FakeServer(platform);
  store = new MemoryStore();
  saved = undefined;
});

function start(): { session: Session; outbox: Outbox } {
  const session = new Session({
    url: "ws://x/ws",
    platform,
    credential: {
      jid: "ana@example.org",
      password: "secret",
      userAgentId: "u",
      software: "Plauder",
      device: "t",
    },
    saved,
    consume: async ({ stream }) => {
      saved = stream;
    },
  });
  const outbox = new Outbox(session, store);
  session.start();
  return { session, outbox };
}

const sent = () => server.messages().map((stanza) => stanza.attr("id"));

it("sends in order what was written while offline", async () => {
  store.add("1", "2", "3");
  start();
  await until(() => store.ticked.length === 3);
  expect(sent()).toEqual(["1", "2", "3"]);
  expect(store.list).toEqual([]);
});

it("sends each entry once per stream, however often it is flushed", async () => {
  server.acknowledges = false;
  const { session, outbox } = start();
  await until(() => session.isOnline);
  store.add("1");
  await Promise.all([outbox.flush(), outbox.flush(), outbox.flush()]);
  store.add("2");
  await outbox.flush();
  await until(() => sent().length >= 2);
  expect(sent()).toEqual(["1", "2"]);
});

it("sends again on a new stream, with the same id", async () => {
  server.acknowledges = false;
  store.add("1");
  const { session } = start();
  await until(() => sent().length === 1);
  server.resumable = false;
  server.acknowledges = true;
  server.drop();
  await until(() => session.state.name === "waiting");
  session.wake();
  await until(() => store.ticked.length === 1);
  expect(sent()).toEqual(["1", "1"]);
});

it("after a restart, gives the tick to what the server had and sends the rest", async () => {
  server.acknowledges = false;
  const { session } = start();
  await until(() => session.isOnline);
  await session.request("get", message({}));
  await until(() => saved !== undefined);
  store.add("1", "2");
  await new Outbox(session, store).flush();
  await until(() => sent().length === 2);
  // The page is gone before anything was acknowledged, and a third message was queued but never sent.
  server.drop();
  session.stop();
  store.add("3");
  server.acknowledges = true;
  start();
  await until(() => store.ticked.length === 3);
  expect(sent()).toEqual(["1", "2", "3"]);
});

it("after a restart, sends again on the same stream what the server never had", async () => {
  server.acknowledges = false;
  const { session } = start();
  await until(() => session.isOnline);
  await session.request("get", message({}));
  await until(() => saved !== undefined);
  store.add("1");
  // Marked as sent in the store, but the line broke before it left this machine.
  await store.sent([{ id: "1", stream: session.streamId as string, number: 7 }]);
  server.drop();
  session.stop();
  server.acknowledges = true;
  start();
  await until(() => store.ticked.length === 1);
  expect(sent()).toEqual(["1"]);
});
