import { describe, expect, it } from "vitest";
import { createFakeClient } from "./fake.ts";

/** Timers that fire when told to. */
function clock() {
  let now = Date.UTC(2026, 10, 27, 13, 44);
  let waiting: { at: number; act: () => void }[] = [];
  return {
    now: () => now,
    later: (ms: number, act: () => void) => void waiting.push({ at: now + ms, act }),
    pass(ms: number) {
      const end = now + ms;
      for (;;) {
        const next = waiting.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        waiting = waiting.filter((one) => one !== next);
        now = next.at;
        next.act();
      }
      now = end;
    },
  };
}

const BRUNO = "bruno@plauder.example";

describe("the demo world", () => {
  it("takes a message through its ticks and brings an answer", async () => {
    const time = clock();
    const client = createFakeClient(time);
    const conversation = client.conversation(BRUNO);
    const stop = conversation.subscribe(() => {});
    const id = await conversation.send("Oi!");
    const tick = () => conversation.get()?.messages.find((message) => message.id === id)?.tick;
    expect(tick()).toBe("waiting");
    time.pass(200);
    expect(tick()).toBe("sent");
    time.pass(400);
    expect(tick()).toBe("delivered");
    time.pass(4000);
    expect(tick()).toBe("read");
    expect(conversation.get()?.messages.at(-1)?.own).toBe(false);
    stop();
  });

  it("queues while offline and sends when back", async () => {
    const time = clock();
    const client = createFakeClient(time);
    client.world.setOnline(false);
    const conversation = client.conversation(BRUNO);
    const stop = conversation.subscribe(() => {});
    const id = await conversation.send("Later");
    time.pass(5000);
    const tick = () => conversation.get()?.messages.find((message) => message.id === id)?.tick;
    expect(tick()).toBe("waiting");
    expect(client.session.connection.get().queued).toBe(1);
    client.session.reconnect();
    time.pass(200);
    expect(tick()).toBe("sent");
    stop();
  });

  it("keeps one reaction per person", async () => {
    const client = createFakeClient(clock());
    const conversation = client.conversation(BRUNO);
    const stop = conversation.subscribe(() => {});
    const id = conversation.get()?.messages[0]?.id ?? "";
    await conversation.react(id, "👍");
    await conversation.react(id, "❤️");
    const reactions = () => conversation.get()?.messages[0]?.reactions.map((one) => one.emoji);
    expect(reactions()).toEqual(["❤️"]);
    await conversation.react(id, "");
    expect(reactions()).toEqual([]);
    stop();
  });

  it("pages backwards", async () => {
    const client = createFakeClient({ ...clock(), bulk: 1000 });
    const conversation = client.conversation(BRUNO);
    const stop = conversation.subscribe(() => {});
    const before = conversation.get()?.messages.length ?? 0;
    await conversation.older();
    expect(conversation.get()?.messages.length).toBeGreaterThan(before);
    expect(await conversation.reveal("bulk3")).toBe(true);
    expect(conversation.get()?.messages.some((message) => message.id === "bulk3")).toBe(true);
    stop();
  });
});
