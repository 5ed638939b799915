/** What the network, time and malice do to sessions. */

import { describe, expect, test } from "vitest";
import type { Decrypted, Encrypted, XmlElement } from "../src/api.ts";
import { AXOLOTL, OMEMO2 } from "../src/api.ts";
import { fromBase64, toBase64 } from "../src/bytes.ts";

import { decodeRecord, encodeRecord } from "../src/notebook.ts";
import { SKIPPED_AGE } from "../src/ratchet.ts";
import type { SessionRecord } from "../src/records.ts";
import { bodyOf, couple, Device, PROTOCOLS, Server } from "./people.ts";

const DAY = 24 * 3600 * 1000;

/** The message with one bit of each key (or of the payload) changed. */
function damaged(message: Encrypted, name: "key" | "payload", at = -3): Encrypted {
  const change = (node: XmlElement): XmlElement => ({
    ...node,
    children: node.children.map((child) =>
      typeof child === "string" ? (node.name === name ? flip(child) : child) : change(child),
    ),
  });
  const flip = (text: string): string => {
    const bytes = fromBase64(text, 4096) as Uint8Array;
    const index = (bytes.length + at) % bytes.length;
    bytes[index] = (bytes[index] as number) ^ 1;
    return toBase64(bytes);
  };
  return { ...message, elements: message.elements.map(change) };
}

const reason = (outcome: Decrypted) => (outcome.kind === "failed" ? outcome.reason : outcome.kind);

async function acquainted(protocol: (typeof PROTOCOLS)[number]) {
  const { ana, bruno, server } = await couple([protocol]);
  await bruno.hear(ana, await ana.say(bruno.ref.jid, "oi"));
  await ana.hear(bruno, await bruno.say(ana.ref.jid, "oi"));
  return { ana, bruno, server };
}

describe.each(PROTOCOLS)("%s", (protocol) => {
  test("messages may come in any order, once", async () => {
    const { ana, bruno } = await acquainted(protocol);
    const sent = [];
    for (let at = 0; at < 20; at++) {
      sent.push(await ana.say(bruno.ref.jid, String(at)));
      if (at % 7 === 6) await ana.hear(bruno, await bruno.say(ana.ref.jid, "turn"));
    }
    const shuffled = sent
      .map((message, at) => ({ message, at }))
      .sort((a, b) => ((a.at * 13) % 20) - ((b.at * 13) % 20));
    for (const { message, at } of shuffled) expect(bodyOf(await bruno.hear(ana, message))).toBe(String(at));
    for (const { message } of shuffled) expect(reason(await bruno.hear(ana, message))).toBe("replay");
  });

  test("a damaged message moves nothing: the good copy is still read", async () => {
    const { ana, bruno } = await acquainted(protocol);
    const message = await ana.say(bruno.ref.jid, "intact");
    for (const name of ["key", "payload"] as const) {
      const before = new Map(bruno.storage.records);
      const outcome = await bruno.hear(ana, damaged(message, name));
      expect(["bad-mac", "bad-payload", "malformed"]).toContain(reason(outcome));
      const session = [...before.keys()].find((key) => key.startsWith("session/")) as string;
      expect(bruno.storage.records.get(session)).toEqual(before.get(session));
    }
    expect(bodyOf(await bruno.hear(ana, message))).toBe("intact");
  });

  test("a damaged key exchange uses up no prekey", async () => {
    const { ana, bruno } = await couple([protocol]);
    const message = await ana.say(bruno.ref.jid, "first");
    for (const name of ["key", "payload"] as const) {
      expect((await bruno.hear(ana, damaged(message, name))).kind).toBe("failed");
    }
    expect(bodyOf(await bruno.hear(ana, message))).toBe("first");
  });

  test("a copy of a key exchange is a replay, also after the session went on", async () => {
    const { ana, bruno } = await couple([protocol]);
    const first = await ana.say(bruno.ref.jid, "first");
    await bruno.hear(ana, first);
    expect(reason(await bruno.hear(ana, first))).toBe("replay");
    for (let at = 0; at < 3; at++) {
      await ana.hear(bruno, await bruno.say(ana.ref.jid, "a"));
      await bruno.hear(ana, await ana.say(bruno.ref.jid, "b"));
    }
    expect(reason(await bruno.hear(ana, first))).toBe("replay");
  });

  test("during catch-up a kept prekey opens several sessions, but none twice", async () => {
    const { ana, bruno } = await couple([protocol]);
    bruno.engine.beginCatchUp();
    const first = await ana.say(bruno.ref.jid, "first");
    await bruno.hear(ana, first);
    const { deviceId } = ana.ref;
    // Whatever becomes of the session, the exchange was carried out.
    for (const key of [...bruno.storage.records.keys()])
      if (key.startsWith(`session/${ana.ref.jid}/${deviceId}`)) bruno.storage.records.delete(key);
    expect(reason(await bruno.hear(ana, first))).toBe("replay");
    const tasks = await bruno.engine.endCatchUp(bruno.commit);
    expect(tasks).toContainEqual({ do: "publish-bundle", protocol });
    expect(reason(await bruno.hear(ana, first))).toBe("unknown-prekey");
  });

  test("a message too far ahead asks for a new session", async () => {
    const { ana, bruno } = await acquainted(protocol);
    const key = [...ana.storage.records.keys()].find((name) => name.startsWith("session/")) as string;
    const record = decodeRecord(ana.storage.records.get(key) as Uint8Array) as SessionRecord;
    const { sending } = record.current;
    const jumped = { ...record.current, sending: { key: sending?.key, n: (sending?.n ?? 0) + 1001 } };
    ana.storage.records.set(key, encodeRecord({ ...record, current: jumped }));
    const outcome = await bruno.hear(ana, await ana.say(bruno.ref.jid, "too far"));
    expect(outcome).toMatchObject({ kind: "failed", reason: "too-far-ahead", remedy: "healing" });
  });

  test("keys of missing messages grow old", async () => {
    const { ana, bruno, server } = await acquainted(protocol);
    const late = await ana.say(bruno.ref.jid, "late");
    await bruno.hear(ana, await ana.say(bruno.ref.jid, "next"));
    server.clock.pass(SKIPPED_AGE);
    await bruno.hear(ana, await ana.say(bruno.ref.jid, "a month later"));
    expect(reason(await bruno.hear(ana, late))).toBe("replay");
  });

  test("message 53 of a chain asks for one heartbeat, which turns the ratchet", async () => {
    const { ana, bruno } = await acquainted(protocol);
    const beats: number[] = [];
    for (let at = 0; at < 60; at++) {
      const { tasks } = await bruno.hear(ana, await ana.say(bruno.ref.jid, String(at)));
      if (tasks.some((task) => task.do === "send-empty" && task.why === "heartbeat")) beats.push(at);
    }
    expect(beats).toEqual([53]);
    const [empty] = await bruno.work(await bruno.engine.pending());
    expect(bodyOf(await ana.hear(bruno, empty as Encrypted))).toBe("(empty)");
    expect(await bruno.engine.pending()).toEqual([]);
    const { tasks } = await bruno.hear(ana, await ana.say(bruno.ref.jid, "a new chain"));
    expect(tasks).toEqual([]);
  });

  test("both open at once and go on", async () => {
    const { ana, bruno } = await couple([protocol]);
    const fromAna = await ana.say(bruno.ref.jid, "a");
    const fromBruno = await bruno.say(ana.ref.jid, "b");
    expect(bodyOf(await ana.hear(bruno, fromBruno))).toBe("b");
    expect(bodyOf(await bruno.hear(ana, fromAna))).toBe("a");
    for (let at = 0; at < 4; at++) {
      const [one, two] = [await ana.say(bruno.ref.jid, `a${at}`), await bruno.say(ana.ref.jid, `b${at}`)];
      expect(bodyOf(await bruno.hear(ana, one))).toBe(`a${at}`);
      expect(bodyOf(await ana.hear(bruno, two))).toBe(`b${at}`);
    }
  });

  test("healing: once, then after growing pauses, and never for old messages or strangers", async () => {
    const { ana, bruno, server } = await acquainted(protocol);
    await bruno.hear(ana, await ana.say(bruno.ref.jid, "heard"), undefined, server.clock.now());
    await bruno.hear(
      ana,
      await ana.say(bruno.ref.jid, "from the future"),
      undefined,
      server.clock.now() + 365 * DAY,
    );
    const wrong = () => ana.say(bruno.ref.jid, "x").then((message) => damaged(message, "key"));
    const healing = async (sentAt?: number) => {
      const outcome = await bruno.hear(ana, await wrong(), undefined, sentAt);
      return outcome.tasks.map((task) => task.do);
    };
    expect(await healing(server.clock.now() - DAY)).toEqual([]);
    expect(await healing(server.clock.now())).toEqual(["fetch-bundle", "send-empty"]);
    expect(await healing()).toEqual([]);
    server.clock.pass(61_000);
    expect(await healing()).toEqual(["fetch-bundle", "send-empty"]);
    server.clock.pass(61_000);
    expect(await healing()).toEqual([]);
    server.clock.pass(4 * 61_000);
    expect(await healing()).toEqual(["fetch-bundle", "send-empty"]);
    const [empty] = await bruno.work(await bruno.engine.pending());
    expect(bodyOf(await ana.hear(bruno, empty as Encrypted))).toBe("(empty)");
    expect(bodyOf(await bruno.hear(ana, await ana.say(bruno.ref.jid, "whole again")))).toBe("whole again");
    const eva = await Device.join(server, "eva@example.org", { protocols: [protocol] });
    await eva.look(bruno.ref.jid);
    const stranger = await bruno.hear(eva, damaged(await eva.say(bruno.ref.jid, "hm"), "key"));
    expect(stranger.tasks.map((task) => task.do)).toEqual(["fetch-device-list"]);
  });

  test("a lost session is made anew without a person, and messages wait for it", async () => {
    const { ana, bruno } = await acquainted(protocol);
    for (const key of [...bruno.storage.records.keys()])
      if (key.startsWith("session/")) bruno.storage.records.delete(key);
    const outcome = await bruno.hear(ana, await ana.say(bruno.ref.jid, "lost"));
    expect(outcome).toMatchObject({ kind: "failed", reason: "no-session", remedy: "healing" });
    expect((await bruno.engine.plan([ana.ref.jid])).fetch).toEqual([{ device: ana.ref, protocol }]);
    const [empty] = await bruno.work(outcome.tasks);
    await ana.hear(bruno, empty as Encrypted);
    expect(bodyOf(await bruno.hear(ana, await ana.say(bruno.ref.jid, "found")))).toBe("found");
  });

  test("a commit that fails undoes the operation", async () => {
    const { ana, bruno } = await acquainted(protocol);
    const message = await ana.say(bruno.ref.jid, "once more");
    const incoming = { from: ana.ref.jid, elements: message.elements };
    const full = () => Promise.reject(new Error("disk full"));
    await expect(bruno.engine.decrypt(incoming, full)).rejects.toThrow("disk full");
    expect(bodyOf(await bruno.hear(ana, message))).toBe("once more");
  });

  test("the session and what the caller makes of the message are one batch", async () => {
    const { ana, bruno } = await acquainted(protocol);
    const message = await ana.say(bruno.ref.jid, "together");
    const seen: unknown[] = [];
    await bruno.engine.decrypt({ from: ana.ref.jid, elements: message.elements }, async (batch, outcome) => {
      seen.push(
        batch.map(({ key }) => key.split("/")[0]),
        bodyOf(outcome),
      );
    });
    expect(seen).toEqual([expect.arrayContaining(["session"]), "together"]);
  });

  test("in a catch-up of many, one that fails leaves the others alone", async () => {
    const { ana, bruno } = await acquainted(protocol);
    const sent = [];
    for (let at = 0; at < 5; at++) sent.push(await ana.say(bruno.ref.jid, String(at)));
    sent[2] = damaged(sent[2] as Encrypted, "key");
    const incoming = sent.map(({ elements }) => ({ from: ana.ref.jid, elements }));
    const outcomes = await bruno.engine.decryptMany(incoming, bruno.commit);
    expect(outcomes.map(bodyOf)).toEqual(["0", "1", "(bad-mac)", "3", "4"]);
  });

  test("who else may read nothing: other devices, oneself, no element at all", async () => {
    const { ana, bruno, server } = await acquainted(protocol);
    const carla = await Device.join(server, "carla@example.org", { protocols: [protocol] });
    const message = await ana.say(bruno.ref.jid, "private");
    expect(await carla.hear(ana, message)).toMatchObject({ reason: "not-for-this-device", remedy: "sender" });
    expect(await ana.hear(ana, message)).toMatchObject({ reason: "own-message", remedy: "nobody" });
    expect(await bruno.hear(ana, { ...message, elements: [] })).toMatchObject({ reason: "malformed" });
    expect(await bruno.hear(carla, message)).toMatchObject({ kind: "failed" });
    const full = { from: `${ana.ref.jid}/phone`, elements: message.elements };
    expect(await bruno.engine.decrypt(full, bruno.commit)).toMatchObject({ reason: "malformed" });
  });

  test("own other devices read along", async () => {
    const { ana, bruno, server } = await couple([protocol]);
    const laptop = await Device.join(server, ana.ref.jid, { protocols: [protocol] });
    for (const device of [ana, laptop]) await device.look(bruno.ref.jid);
    const message = await ana.say(bruno.ref.jid, "from the phone");
    expect(message.sentTo).toHaveLength(2);
    expect(bodyOf(await laptop.hear(ana, message))).toBe("from the phone");
    // Only now, or one time in a hundred he would take the prekey that Ana's message has just used up.
    await laptop.publishBundle(protocol);
    await bruno.look(ana.ref.jid);
    const answer = await bruno.say(ana.ref.jid, "to both");
    expect(bodyOf(await ana.hear(bruno, answer))).toBe("to both");
    expect(bodyOf(await laptop.hear(bruno, answer))).toBe("to both");
  });

  test("the signed prekey changes weekly; the old one works for another week", async () => {
    const { bruno, server } = await couple([protocol]);
    const old = server.bundle(bruno.ref, protocol) as XmlElement;
    const carla = await Device.join(server, "carla@example.org", { protocols: [protocol] });
    const diego = await Device.join(server, "diego@example.org", { protocols: [protocol] });
    await carla.look(bruno.ref.jid);
    await diego.look(bruno.ref.jid);
    expect(await bruno.engine.maintain(bruno.commit)).toEqual([]);
    server.clock.pass(7 * DAY);
    expect(await bruno.engine.maintain(bruno.commit)).toContainEqual({ do: "publish-bundle", protocol });
    await bruno.publishBundle(protocol);
    expect(JSON.stringify(server.bundle(bruno.ref, protocol))).not.toBe(JSON.stringify(old));
    await carla.engine.offerBundle(bruno.ref, protocol, old, carla.commit);
    expect(bodyOf(await bruno.hear(carla, await carla.say(bruno.ref.jid, "late but welcome")))).toBe(
      "late but welcome",
    );
    server.clock.pass(7 * DAY);
    await bruno.engine.maintain(bruno.commit);
    await diego.engine.offerBundle(bruno.ref, protocol, old, diego.commit);
    expect(reason(await bruno.hear(diego, await diego.say(bruno.ref.jid, "too late")))).toBe(
      "unknown-prekey",
    );
  });

  test("a used prekey leaves the bundle and another takes its place", async () => {
    const { ana, bruno, server } = await couple([protocol]);
    const idsOf = (bundle: XmlElement) =>
      JSON.stringify(bundle).match(/"(?:preKeyId|id)":"\d+"/g) as string[];
    const before = idsOf(server.bundle(bruno.ref, protocol) as XmlElement);
    const outcome = await bruno.hear(ana, await ana.say(bruno.ref.jid, "oi"));
    await bruno.work(outcome.tasks);
    const after = idsOf(server.bundle(bruno.ref, protocol) as XmlElement);
    expect(after).toHaveLength(before.length);
    expect(after.filter((id) => !before.includes(id))).toHaveLength(1);
    expect(await bruno.engine.pending()).toEqual([]);
  });
});

describe("both protocols", () => {
  test("each device gets the best it speaks, in one stanza", async () => {
    const server = new Server();
    const ana = await Device.join(server, "ana@example.org");
    const old = await Device.join(server, "bruno@example.org", { protocols: [AXOLOTL] });
    const modern = await Device.join(server, "bruno@example.org", { protocols: [OMEMO2] });
    const both = await Device.join(server, "bruno@example.org");
    for (const device of [ana, old, modern, both]) await device.look("bruno@example.org", "ana@example.org");
    const message = await ana.say("bruno@example.org", "to all kinds");
    expect(message.elements.map(({ ns }) => ns)).toEqual([OMEMO2, AXOLOTL]);
    for (const device of [old, modern, both])
      expect(bodyOf(await device.hear(ana, message))).toBe("to all kinds");
    expect(message.sentTo.find(({ deviceId }) => deviceId === both.ref.deviceId)?.protocol).toBe(OMEMO2);
  });

  test("what 0.3 cannot carry is not sent there", async () => {
    const { ana, bruno } = await couple([AXOLOTL]);
    const { elements, notSent } = await ana.engine.encrypt({ to: [bruno.ref.jid], content: [] }, ana.commit);
    expect(elements).toEqual([]);
    expect(notSent).toEqual([{ ...bruno.ref, reason: "not-representable" }]);
  });

  test("with both elements in a stanza the newer one is read, once", async () => {
    const { ana, bruno } = await couple();
    const modern = await ana.say(bruno.ref.jid, "new");
    const outcome = await bruno.engine.decrypt(
      { from: ana.ref.jid, elements: [...modern.elements].reverse() },
      bruno.commit,
    );
    expect(outcome).toMatchObject({ kind: "message", protocol: OMEMO2 });
  });

  test("a broken bundle of one protocol leads to the other, a broken one of both to a reason", async () => {
    const { ana, bruno, server } = await couple();
    server.bundleWith(bruno.ref, OMEMO2, (bundle) => ({ ...bundle, children: [] }));
    const first = await ana.say(bruno.ref.jid, "oi");
    expect(first.sentTo).toEqual([]);
    const second = await ana.say(bruno.ref.jid, "oi");
    expect(second.sentTo).toEqual([{ ...bruno.ref, protocol: AXOLOTL }]);
    const { ana: carla, bruno: diego, server: other } = await couple([OMEMO2]);
    other.bundles.clear();
    await carla.say(diego.ref.jid, "oi");
    expect((await carla.say(diego.ref.jid, "oi")).notSent).toEqual([{ ...diego.ref, reason: "bad-bundle" }]);
    expect((await carla.engine.plan([diego.ref.jid])).without).toEqual([diego.ref.jid]);
  });

  test("a group message is sealed once and names its room", async () => {
    const { ana, bruno, server } = await couple();
    const carla = await Device.join(server, "carla@example.org");
    await ana.look(carla.ref.jid);
    const room = "room@groups.example.org";
    const message = await ana.say([bruno.ref.jid, carla.ref.jid], "to you all", room);
    expect(message.sentTo).toHaveLength(2);
    expect(await bruno.hear(ana, message)).toMatchObject({ reason: "forged-envelope", remedy: "nobody" });
    for (const device of [bruno, carla])
      expect(bodyOf(await device.hear(ana, message, room))).toBe("to you all");
  });

  test("a message claims its time", async () => {
    const { ana, bruno, server } = await couple();
    expect(await bruno.hear(ana, await ana.say(bruno.ref.jid, "now"))).toMatchObject({
      claimedTime: server.clock.now(),
    });
  });
});
