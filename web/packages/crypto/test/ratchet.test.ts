/** The Double Ratchet alone: bounds, replays, and that nothing is changed in place. */

import { describe, expect, test } from "vitest";
import { utf8 } from "../src/bytes.ts";
import { chooseCurve, identityFromSeed, newIdentity } from "../src/keys.ts";
import type { Profile } from "../src/profile.ts";
import * as ratchet from "../src/ratchet.ts";
import { v2 } from "../src/wire-v2.ts";
import { v03 } from "../src/wire-v03.ts";
import { initiate, respond } from "../src/x3dh.ts";

const curve = await chooseCurve();
const NOW = Date.UTC(2026, 0, 1);

/** Ana has opened, Bruno has accepted; nothing was sent yet. */
async function pair(profile: Profile): Promise<[ratchet.Session, ratchet.Session]> {
  const [ana, bruno] = [newIdentity(), newIdentity()];
  const [ephemeral, signedPreKey, preKey] = await Promise.all([
    curve.generate(),
    curve.generate(),
    curve.generate(),
  ]);
  const secret = await initiate(profile, curve, ana.secret, ephemeral, {
    identity: bruno.publicKey,
    signedPreKey: { id: 1, publicKey: signedPreKey.publicKey },
    preKey: { id: 2, publicKey: preKey.publicKey },
  });
  const same = await respond(
    profile,
    curve,
    { identitySecret: bruno.secret, signedPreKey, preKey },
    { identity: ana.publicKey, ephemeral: ephemeral.publicKey },
  );
  expect(same).toEqual(secret);
  const [anaWire, brunoWire] = [profile.wireIdentity(ana), profile.wireIdentity(bruno)];
  const start = { ephemeral: ephemeral.publicKey, createdAt: NOW };
  const unconfirmed = { preKeyId: 2, signedPreKeyId: 1 };
  const opened = await ratchet.open(
    profile,
    curve,
    { ...start, ownIdentity: anaWire, theirIdentity: brunoWire, unconfirmed },
    secret,
    signedPreKey.publicKey,
  );
  return [
    opened,
    ratchet.accept({ ...start, ownIdentity: brunoWire, theirIdentity: anaWire }, secret, signedPreKey),
  ];
}

describe.each([v03, v2])("$version", (profile) => {
  const say = (session: ratchet.Session, text: string) => ratchet.encrypt(profile, session, utf8(text));
  const hear = (session: ratchet.Session, message: Uint8Array, now = NOW) =>
    ratchet.decrypt(profile, curve, session, profile.parseMessage(message), now);
  const reason = (work: Promise<unknown>) =>
    work.then(
      () => "none",
      (error: { reason: string }) => error.reason,
    );

  function many(session: ratchet.Session, count: number): [ratchet.Session, Uint8Array[]] {
    const messages: Uint8Array[] = [];
    let current = session;
    for (let at = 0; at < count; at++) {
      const { session: next, message } = say(current, String(at));
      current = next;
      messages.push(message);
    }
    return [current, messages];
  }

  test("a thousand may be missing, not one more; the first of them may still come", async () => {
    const [ana, bruno] = await pair(profile);
    const [, messages] = many(ana, 1002);
    const far = await hear(bruno, messages[1000] as Uint8Array);
    expect(far.session.skipped).toHaveLength(1000);
    expect((await hear(far.session, messages[0] as Uint8Array)).late).toBe(true);
    expect(await reason(hear(bruno, messages[1001] as Uint8Array))).toBe("too-far-ahead");
  });

  test("a thousand keys are kept in all: the oldest go", async () => {
    const [ana, bruno] = await pair(profile);
    const [afterAna, messages] = many(ana, 1001);
    const far = (await hear(bruno, messages[1000] as Uint8Array)).session;
    const [, more] = many(afterAna, 11);
    const further = (await hear(far, more[10] as Uint8Array)).session;
    expect(further.skipped).toHaveLength(ratchet.MAX_SKIPPED);
    expect(await reason(hear(further, messages[0] as Uint8Array))).toBe("replay");
    expect(await reason(hear(further, messages[999] as Uint8Array))).toBe("none");
  });

  test("a false message costs the session nothing, whatever number it claims", async () => {
    const [ana, bruno] = await pair(profile);
    const { message } = say(ana, "true");
    const parsed = profile.parseMessage(message);
    for (const n of [0, 5, 999]) {
      const signed = profile.encodeMessage({ ...parsed.header, n }, parsed.ciphertext);
      const forged = profile.frame(
        signed,
        parsed.mac.map((byte) => byte ^ 1),
      );
      expect(await reason(hear(bruno, forged))).toBe("bad-mac");
    }
    const small = profile.encodeMessage(
      { ...parsed.header, ratchetKey: new Uint8Array(32) },
      parsed.ciphertext,
    );
    expect(await reason(hear(bruno, profile.frame(small, parsed.mac)))).toBe("bad-mac");
    expect((await hear(bruno, message)).plaintext).toEqual(utf8("true"));
  });

  test("the MAC ties a message to both identities and to its direction", async () => {
    const [ana, bruno] = await pair(profile);
    const { message } = say(ana, "to Bruno");
    const stranger = profile.wireIdentity(identityFromSeed(new Uint8Array(32).fill(7)));
    expect(await reason(hear({ ...bruno, theirIdentity: stranger }, message))).toBe("bad-mac");
    expect(await reason(hear({ ...bruno, ownIdentity: stranger }, message))).toBe("bad-mac");
    const swapped = { ...bruno, ownIdentity: bruno.theirIdentity, theirIdentity: bruno.ownIdentity };
    expect(await reason(hear(swapped, message))).toBe("bad-mac");
  });

  test("steps leave the session they came from as it was", async () => {
    const [ana, bruno] = await pair(profile);
    const before = structuredClone([ana, bruno]);
    const { message } = say(ana, "1");
    await hear(bruno, message);
    expect([ana, bruno]).toEqual(before);
  });

  test("each turn brings new keys", async () => {
    let [ana, bruno] = await pair(profile);
    const keys = new Set<string>();
    for (let turn = 0; turn < 4; turn++) {
      const forth = say(ana, "ping");
      bruno = (await hear(bruno, forth.message)).session;
      const back = say(bruno, "pong");
      ana = (await hear(forth.session, back.message)).session;
      bruno = back.session;
      keys.add(ana.own.publicKey.join()).add(bruno.own.publicKey.join());
    }
    expect(keys.size).toBe(8);
  });

  test("messages of a finished chain may be late, the last one too, each once", async () => {
    let [ana, bruno] = await pair(profile);
    const first = say(ana, "first");
    bruno = (await hear(bruno, first.message)).session;
    const [afterThree, late] = many(first.session, 3);
    const answer = say(bruno, "answer");
    ana = (await hear(afterThree, answer.message)).session;
    bruno = (await hear(answer.session, say(ana, "new chain").message)).session;
    for (const at of [2, 0, 1]) {
      const heard = await hear(bruno, late[at] as Uint8Array);
      expect([heard.plaintext, heard.late]).toEqual([utf8(String(at)), true]);
      bruno = heard.session;
    }
    expect(await reason(hear(bruno, late[1] as Uint8Array))).toBe("replay");
  });

  test("libsignal announces a chain one too short, and its last message is read all the same", async () => {
    let [ana, bruno] = await pair(profile);
    const first = say(ana, "first");
    bruno = (await hear(bruno, first.message)).session;
    const [afterTwo, late] = many(first.session, 2);
    const answer = say(bruno, "answer");
    ana = (await hear(afterTwo, answer.message)).session;
    const short = say({ ...ana, previous: ana.previous - 1 }, "new chain");
    bruno = (await hear(answer.session, short.message)).session;
    expect(await reason(hear(bruno, late[1] as Uint8Array))).toBe(profile === v03 ? "none" : "replay");
  });

  test("a responder that has heard nothing cannot write", async () => {
    const [, bruno] = await pair(profile);
    expect(() => say(bruno, "first")).toThrow();
  });
});
