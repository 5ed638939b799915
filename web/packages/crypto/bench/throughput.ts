/**
 * How fast a device reads and writes: `npm run --workspace packages/crypto bench`. Records go to memory, so that the
 * numbers are the core's own.
 */

import type { Encrypted, Protocol } from "../src/api.ts";
import { element } from "../src/elements.ts";
import { newMediaKey, openStream, sealStream, TAG } from "../src/media.ts";
import { Device, PROTOCOLS, Server } from "../test/people.ts";

const CATCH_UP = 2000;
const BATCH = 100;

async function timed<T>(work: () => Promise<T>): Promise<[milliseconds: number, result: T]> {
  const start = performance.now();
  const result = await work();
  return [performance.now() - start, result];
}

function report(what: string, count: number, milliseconds: number): void {
  const each = (milliseconds / count).toFixed(3);
  console.log(`${what.padEnd(58)} ${each.padStart(9)} ms  ${Math.round((count * 1000) / milliseconds)}/s`);
}

async function catchUp(protocol: Protocol): Promise<void> {
  const server = new Server();
  const [made, ana] = await timed(() => Device.join(server, "ana@example.org", { protocols: [protocol] }));
  report(`${protocol}: make a device (200 prekeys)`, 1, made);
  const bruno = await Device.join(server, "bruno@example.org", { protocols: [protocol] });
  await ana.look(bruno.ref.jid);
  await bruno.look(ana.ref.jid);
  await ana.hear(bruno, await bruno.say(ana.ref.jid, "oi"));
  await bruno.hear(ana, await ana.say(bruno.ref.jid, "oi"));
  const waiting: Encrypted[] = [];
  const [writing] = await timed(async () => {
    for (let at = 0; at < CATCH_UP; at++)
      waiting.push(await bruno.say(ana.ref.jid, `message ${at} of a busy night`));
  });
  report(`${protocol}: encrypt to one device`, CATCH_UP, writing);
  const [reading] = await timed(async () => {
    for (let at = 0; at < CATCH_UP; at += BATCH) {
      const incoming = waiting
        .slice(at, at + BATCH)
        .map(({ elements }) => ({ from: bruno.ref.jid, elements }));
      const outcomes = await ana.engine.decryptMany(incoming, ana.commit);
      if (outcomes.some(({ kind }) => kind !== "message")) throw new Error("a message was not read");
    }
  });
  report(`${protocol}: decrypt in catch-up, one chain`, CATCH_UP, reading);
  const turns = 200;
  const [talking] = await timed(async () => {
    for (let at = 0; at < turns; at++) {
      await bruno.hear(ana, await ana.say(bruno.ref.jid, "ping"));
      await ana.hear(bruno, await bruno.say(ana.ref.jid, "pong"));
    }
  });
  report(`${protocol}: encrypt and decrypt with a Diffie-Hellman step`, turns * 2, talking);
}

async function group(protocol: Protocol, size: number): Promise<void> {
  const server = new Server();
  const template = await Device.join(server, "member@example.org", { protocols: [protocol] });
  const ana = await Device.join(server, "ana@example.org", { protocols: [protocol] });
  const list = template.engine;
  // One set of keys behind many addresses is enough to measure the sender.
  const jids = Array.from({ length: size }, (_, at) => `member${at}@example.org`);
  for (const jid of jids) {
    await ana.engine.receiveDeviceList(jid, protocol, await list.deviceList(protocol, null), ana.commit);
  }
  const bundle = server.bundle(template.ref, protocol);
  const [fetching] = await timed(async () => {
    for (const jid of jids) {
      await ana.engine.offerBundle({ jid, deviceId: template.ref.deviceId }, protocol, bundle, ana.commit);
    }
  });
  report(`${protocol}: verify a bundle, group of ${size}`, size, fetching);
  const text = "To all of you, something of the usual length.";
  const content = [element("body", "jabber:client", {}, text)];
  const send = () =>
    ana.engine.encrypt({ to: jids, content, legacyBody: text, room: "r@g.example.org" }, ana.commit);
  const [first] = await timed(send);
  report(`${protocol}: first message to ${size} devices (key exchanges)`, 1, first);
  const rounds = 5;
  const [steady, last] = await timed(async () => {
    let sent = await send();
    for (let round = 1; round < rounds; round++) sent = await send();
    return sent;
  });
  if (last.sentTo.length !== size) throw new Error("somebody was left out");
  report(`${protocol}: message to ${size} devices`, rounds, steady);
}

for (const protocol of PROTOCOLS) {
  await catchUp(protocol);
  for (const size of [20, 512]) await group(protocol, size);
}

/** A large file in pieces, as it is uploaded and downloaded. */
async function files(): Promise<void> {
  const key = newMediaKey();
  const size = 64 * 2 ** 20;
  const piece = new Uint8Array(1 << 20);
  const plain = function* () {
    for (let at = 0; at < size; at += piece.length) yield piece;
  };
  const sealed: Uint8Array[] = [];
  const [sealing] = await timed(async () => {
    for await (const chunk of sealStream(key, plain(), size)) sealed.push(chunk);
  });
  report("a file of 64 MiB sealed as a stream (per MiB)", 64, sealing);
  const [opening] = await timed(async () => {
    for await (const _chunk of openStream(key, () => sealed, size + TAG));
  });
  report("a file of 64 MiB verified, then opened as a stream (per MiB)", 64, opening);
}

await files();
