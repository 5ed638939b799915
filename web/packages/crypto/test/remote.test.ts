import { expect, test } from "vitest";
import type { OmemoEngine } from "../src/api.ts";
import { OMEMO2 } from "../src/api.ts";
import { newAtRestKey, SealedStorage } from "../src/at-rest.ts";
import { element } from "../src/elements.ts";
import { MemoryStorage } from "../src/memory.ts";
import { connectEngine, serveEngine } from "../src/remote.ts";
import { Peer, type Port } from "../src/rpc.ts";
import { bodyOf, Device, Server } from "./people.ts";

/** Two ports whose messages are copied, as a Worker's are. */
function wire(): [Port, Port] {
  const { port1, port2 } = new MessageChannel();
  // Node's ports keep the process alive unless told otherwise.
  for (const port of [port1, port2] as unknown as { unref(): void }[]) port.unref();
  return [port1 as unknown as Port, port2 as unknown as Port];
}

async function behindWire(
  storage: MemoryStorage,
  server: Server,
  jid = "ana@example.org",
): Promise<OmemoEngine> {
  const [page, worker] = wire();
  serveEngine(worker, server.clock.now);
  return connectEngine(page, storage, { jid }, storage.commit);
}

test("an engine in a Worker works like one here; batches are written on the page's side", async () => {
  const server = new Server();
  const storage = new MemoryStorage();
  const engine = await behindWire(storage, server);
  const ana = new Device(engine, storage, server, [OMEMO2]);
  await ana.publish();
  const bruno = await Device.join(server, "bruno@example.org");
  await ana.look(bruno.ref.jid);
  await bruno.look(ana.ref.jid);
  expect(bodyOf(await bruno.hear(ana, await ana.say(bruno.ref.jid, "from a worker")))).toBe("from a worker");
  expect(bodyOf(await ana.hear(bruno, await bruno.say(ana.ref.jid, "to a worker")))).toBe("to a worker");
  const again = await behindWire(storage, server);
  expect([again.deviceId, again.fingerprint]).toEqual([engine.deviceId, engine.fingerprint]);
});

test("errors cross the wire, and a commit that fails undoes the operation there too", async () => {
  const server = new Server();
  const storage = new MemoryStorage();
  const ana = new Device(await behindWire(storage, server), storage, server, [OMEMO2]);
  await ana.publish();
  const bruno = await Device.join(server, "bruno@example.org");
  await bruno.look(ana.ref.jid);
  const message = await bruno.say(ana.ref.jid, "once more");
  const incoming = { from: bruno.ref.jid, elements: message.elements };
  await expect(ana.engine.decrypt(incoming, () => Promise.reject(new Error("disk full")))).rejects.toThrow(
    "disk full",
  );
  expect(bodyOf(await ana.hear(bruno, message))).toBe("once more");
  await expect(ana.engine.acceptKey(bruno.ref, "00", "blind", ana.commit)).rejects.toThrow(
    "has not shown that key",
  );
});

test("only the methods that are meant answer", async () => {
  const [page, worker] = wire();
  serveEngine(worker);
  const peer = new Peer(page, {});
  await expect(peer.call("run", "plan", [[]], 1)).rejects.toThrow("not open");
  await expect(peer.call("constructor")).rejects.toThrow("no method");
  await expect(peer.call("toString")).rejects.toThrow("no method");
});

test("records at rest are sealed, each to its name", async () => {
  const inner = new MemoryStorage();
  const sealed = new SealedStorage(inner, await newAtRestKey());
  inner.write(
    await sealed.seal([
      { key: "a/1", value: Uint8Array.of(1, 2, 3) },
      { key: "a/2", value: Uint8Array.of(4) },
    ]),
  );
  expect(inner.records.get("a/1")).toHaveLength(12 + 3 + 16);
  expect(await sealed.read(["a/1", "a/3"])).toEqual([Uint8Array.of(1, 2, 3), undefined]);
  expect(await sealed.scan("a/")).toEqual([
    ["a/1", Uint8Array.of(1, 2, 3)],
    ["a/2", Uint8Array.of(4)],
  ]);
  inner.records.set("a/2", inner.records.get("a/1") as Uint8Array);
  await expect(sealed.read(["a/2"])).rejects.toThrow();
  inner.write(await sealed.seal([{ key: "a/1", value: null }]));
  expect(await sealed.read(["a/1"])).toEqual([undefined]);
  const other = new SealedStorage(inner, await newAtRestKey());
  inner.write(await sealed.seal([{ key: "b", value: Uint8Array.of(1) }]));
  await expect(other.read(["b"])).rejects.toThrow();
});

test("an engine works on sealed storage", async () => {
  const server = new Server();
  const inner = new MemoryStorage();
  const storage = new SealedStorage(inner, await newAtRestKey());
  const commit = async (batch: Parameters<SealedStorage["seal"]>[0]) =>
    inner.write(await storage.seal(batch));
  const { openEngine } = await import("../src/engine.ts");
  const ana = await openEngine({ jid: "ana@example.org", storage, now: server.clock.now }, commit);
  const bruno = await Device.join(server, "bruno@example.org");
  await ana.receiveDeviceList(bruno.ref.jid, OMEMO2, server.list(bruno.ref.jid, OMEMO2), commit);
  await ana.offerBundle(bruno.ref, OMEMO2, server.bundle(bruno.ref, OMEMO2), commit);
  const sent = await ana.encrypt(
    { to: [bruno.ref.jid], content: [element("body", "jabber:client", {}, "sealed")] },
    commit,
  );
  expect(
    bodyOf(await bruno.engine.decrypt({ from: "ana@example.org", elements: sent.elements }, bruno.commit)),
  ).toBe("sealed");
});
