import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Notice, XmlElement } from "../src/api.ts";
import { AXOLOTL, OMEMO2 } from "../src/api.ts";
import { element } from "../src/elements.ts";
import { parseTrustUri, safetyNumber, trustUri } from "../src/trust.ts";
import { bodyOf, couple, Device, PROTOCOLS, type Server } from "./people.ts";

const kinds = (notices: readonly Notice[]) => notices.map(({ notice }) => notice);

async function refresh(person: Device, jid: string): Promise<Notice[]> {
  const notices: Notice[] = [];
  for (const protocol of PROTOCOLS) {
    const list = person.server.list(jid, protocol);
    notices.push(...(await person.engine.receiveDeviceList(jid, protocol, list, person.commit)).notices);
  }
  return notices;
}

const second = (server: Server, jid: string) => Device.join(server, jid);

describe("blind trust before verification", () => {
  test("a first list is no news, a device added later is; it is trusted and gets messages", async () => {
    const { ana, bruno, server } = await couple();
    expect(await refresh(ana, bruno.ref.jid)).toEqual([]);
    const tablet = await second(server, bruno.ref.jid);
    expect(await refresh(ana, bruno.ref.jid)).toEqual([
      { notice: "new-device", device: tablet.ref, trust: "blind" },
    ]);
    expect((await ana.say(bruno.ref.jid, "oi")).sentTo).toHaveLength(2);
    expect(await refresh(ana, bruno.ref.jid)).toEqual([]);
  });

  test("a device that answered in omemo:2 is not written to in 0.3 because a list leaves it out", async () => {
    const { ana, bruno } = await couple();
    const withdraw = () => ana.engine.receiveDeviceList(bruno.ref.jid, OMEMO2, null, ana.commit);
    await bruno.hear(ana, await ana.say(bruno.ref.jid, "oi"));
    await withdraw();
    // It has never answered: what the lists say is all there is.
    expect((await ana.engine.plan([bruno.ref.jid])).fetch).toMatchObject([{ protocol: AXOLOTL }]);
    await refresh(ana, bruno.ref.jid);
    await bruno.look(ana.ref.jid);
    await ana.hear(bruno, await bruno.say(ana.ref.jid, "oi, oi"));
    await withdraw();
    const sent = await ana.say(bruno.ref.jid, "still all of it");
    expect(sent.sentTo.map(({ protocol }) => protocol)).toEqual([OMEMO2]);
    expect(bodyOf(await bruno.hear(ana, sent))).toBe("still all of it");
  });

  test("after the first verification new devices need consent", async () => {
    const { ana, bruno, server } = await couple();
    await bruno.hear(ana, await ana.say(bruno.ref.jid, "oi"));
    await ana.engine.decide(bruno.ref, "verified", ana.commit);
    const tablet = await second(server, bruno.ref.jid);
    expect(await refresh(ana, bruno.ref.jid)).toEqual([
      { notice: "new-device", device: tablet.ref, trust: "undecided" },
    ]);
    const plan = await ana.engine.plan([bruno.ref.jid]);
    expect(plan.undecided.map(({ deviceId }) => deviceId)).toEqual([tablet.ref.deviceId]);
    // Its key is fetched so that a person can see it; nothing is encrypted to it.
    expect(plan.fetch).toEqual([{ device: tablet.ref, protocol: OMEMO2 }]);
    for (const text of ["for the known one", "still not"]) {
      const sent = await ana.say(bruno.ref.jid, text);
      expect(sent.sentTo.map(({ deviceId }) => deviceId)).toEqual([bruno.ref.deviceId]);
      expect(sent.notSent).toEqual([{ ...tablet.ref, reason: "undecided" }]);
    }
    // What it writes can be read, and says what it is worth.
    await tablet.look(ana.ref.jid);
    expect(await ana.hear(tablet, await tablet.say(ana.ref.jid, "me"))).toMatchObject({
      kind: "message",
      trust: "undecided",
    });
    await ana.engine.decide(tablet.ref, "blind", ana.commit);
    expect((await ana.say(bruno.ref.jid, "for both")).notSent).toEqual([]);
  });

  test("a distrusted device gets nothing and is not read", async () => {
    const { ana, bruno } = await couple();
    const message = await bruno.say(ana.ref.jid, "oi");
    await ana.engine.decide(bruno.ref, "distrusted", ana.commit);
    expect(await ana.hear(bruno, message)).toMatchObject({
      kind: "failed",
      reason: "distrusted",
      remedy: "you",
    });
    expect((await ana.say(bruno.ref.jid, "oi")).notSent).toEqual([{ ...bruno.ref, reason: "distrusted" }]);
    await ana.engine.decide(bruno.ref, "blind", ana.commit);
    expect(bodyOf(await ana.hear(bruno, message))).toBe("oi");
  });

  test("a device that was announced before the verification, and shows its key after it, needs consent", async () => {
    const { ana, bruno, server } = await couple();
    await bruno.hear(ana, await ana.say(bruno.ref.jid, "oi"));
    const tablet = await second(server, bruno.ref.jid);
    const bundle = server.bundle(tablet.ref, OMEMO2);
    await refresh(ana, bruno.ref.jid);
    for (const protocol of PROTOCOLS) await ana.engine.offerBundle(tablet.ref, protocol, null, ana.commit);
    const { digits } = (await ana.engine.safetyNumber(bruno.ref.jid)) as { digits: string };
    expect(await ana.engine.confirmSafetyNumber(bruno.ref.jid, digits, ana.commit)).toMatchObject({
      devices: [bruno.ref],
    });
    await ana.engine.offerBundle(tablet.ref, OMEMO2, bundle, ana.commit);
    const sent = await ana.say(bruno.ref.jid, "for the verified one");
    expect(sent.notSent).toEqual([{ ...tablet.ref, reason: "undecided" }]);
  });

  test("a device that was hidden during the verification needs consent when it comes back", async () => {
    const { ana, bruno, server } = await couple();
    const evil = await second(server, bruno.ref.jid);
    await refresh(ana, bruno.ref.jid);
    await ana.say(bruno.ref.jid, "to both");
    const full = PROTOCOLS.map((protocol) => server.list(bruno.ref.jid, protocol) as XmlElement);
    const without = (list: XmlElement) =>
      list.children.filter(
        (child) => typeof child === "string" || child.attrs.id !== String(evil.ref.deviceId),
      );
    for (const [at, protocol] of PROTOCOLS.entries()) {
      const list = full[at] as XmlElement;
      await ana.engine.receiveDeviceList(
        bruno.ref.jid,
        protocol,
        { ...list, children: without(list) },
        ana.commit,
      );
    }
    const { digits } = (await ana.engine.safetyNumber(bruno.ref.jid)) as { digits: string };
    await ana.engine.confirmSafetyNumber(bruno.ref.jid, digits, ana.commit);
    await refresh(ana, bruno.ref.jid);
    const { sentTo, notSent } = await ana.say(bruno.ref.jid, "to the verified one");
    expect(sentTo.map(({ deviceId }) => deviceId)).toEqual([bruno.ref.deviceId]);
    expect(notSent).toEqual([{ ...evil.ref, reason: "undecided" }]);
  });

  test("a decision is about the key that was shown", async () => {
    const { ana, bruno } = await couple();
    await expect(ana.engine.decide(bruno.ref, "verified", ana.commit)).rejects.toThrow(RangeError);
    await bruno.hear(ana, await ana.say(bruno.ref.jid, "oi"));
    const shown = { ...bruno.ref, fingerprint: "ab".repeat(32) };
    await expect(ana.engine.decide(shown, "blind", ana.commit)).rejects.toThrow(RangeError);
    const [info] = await ana.engine.devices(bruno.ref.jid);
    await ana.engine.decide(info as NonNullable<typeof info>, "verified", ana.commit);
    expect((await ana.engine.devices(bruno.ref.jid))[0]?.trust).toBe("verified");
  });

  test("a removed device is told of and gets no more messages", async () => {
    const { ana, bruno, server } = await couple();
    const tablet = await second(server, bruno.ref.jid);
    await refresh(ana, bruno.ref.jid);
    for (const protocol of PROTOCOLS) {
      const list = server.list(bruno.ref.jid, protocol) as XmlElement;
      const children = list.children.filter(
        (child) => typeof child === "string" || child.attrs.id !== String(tablet.ref.deviceId),
      );
      server.lists.set(`${bruno.ref.jid} ${protocol}`, { ...list, children });
    }
    expect(kinds(await refresh(ana, bruno.ref.jid))).toEqual(["device-removed"]);
    expect((await ana.say(bruno.ref.jid, "oi")).sentTo).toHaveLength(1);
  });

  test("a list that lost this device asks to publish again, and keeps the others", async () => {
    const { ana } = await couple();
    const other = element("devices", OMEMO2, {}, element("device", OMEMO2, { id: 5, label: "x" }));
    const outcome = await ana.engine.receiveDeviceList(ana.ref.jid, OMEMO2, other, ana.commit);
    expect(outcome.tasks).toEqual([{ do: "publish-device-list", protocol: OMEMO2 }]);
    const list = await ana.engine.deviceList(OMEMO2, other);
    expect(list.children).toHaveLength(2);
    expect((await ana.engine.deviceList(OMEMO2, list)).children).toEqual(list.children);
  });

  test("a malformed list changes nothing", async () => {
    const { ana, bruno } = await couple();
    const before = await ana.engine.devices(bruno.ref.jid);
    for (const list of [
      element("devices", "urn:other"),
      element("list", OMEMO2),
      element("devices", OMEMO2, {}, element("device", OMEMO2, { id: "x" })),
    ]) {
      expect(await ana.engine.receiveDeviceList(bruno.ref.jid, OMEMO2, list, ana.commit)).toMatchObject({
        accepted: false,
        devices: before,
      });
    }
  });
});

describe("a key that changed", () => {
  /** Bruno's app is set up anew under the device id it had, which an attacking server can also pretend. */
  async function reborn() {
    const { ana, bruno, server } = await couple([AXOLOTL]);
    await bruno.hear(ana, await ana.say(bruno.ref.jid, "oi"));
    await ana.hear(bruno, await bruno.say(ana.ref.jid, "oi"));
    const impostor = await Device.join(server, bruno.ref.jid, { protocols: [AXOLOTL] });
    Object.defineProperty(impostor, "ref", { value: bruno.ref });
    await impostor.look(ana.ref.jid);
    const message = await impostor.say(ana.ref.jid, "it is me");
    const elements = message.elements.map((e) => ({
      ...e,
      children: e.children.map((child) =>
        typeof child !== "string" && child.name === "header"
          ? { ...child, attrs: { sid: String(bruno.ref.deviceId) } }
          : child,
      ),
    }));
    return { ana, bruno, impostor, message: { ...message, elements } };
  }

  test("is adopted with a warning while nothing was verified", async () => {
    const { ana, bruno, impostor, message } = await reborn();
    const outcome = await ana.hear(impostor, message);
    expect(outcome).toMatchObject({ kind: "message", trust: "blind" });
    expect(outcome.notices).toEqual([
      {
        notice: "key-changed",
        device: bruno.ref,
        before: bruno.engine.fingerprint,
        now: impostor.engine.fingerprint,
      },
    ]);
  });

  test("is refused for a verified device until a person accepts it", async () => {
    const { ana, bruno, impostor, message } = await reborn();
    await ana.engine.decide(bruno.ref, "verified", ana.commit);
    const outcome = await ana.hear(impostor, message);
    expect(outcome).toMatchObject({ kind: "failed", reason: "key-changed", remedy: "you" });
    expect(kinds(outcome.notices)).toEqual(["key-changed"]);
    expect(kinds((await ana.hear(impostor, message)).notices)).toEqual([]);
    expect(bodyOf(await ana.hear(bruno, await bruno.say(ana.ref.jid, "still me")))).toBe("still me");
    await expect(ana.engine.acceptKey(bruno.ref, "00".repeat(32), "blind", ana.commit)).rejects.toThrow(
      RangeError,
    );
    await ana.engine.acceptKey(bruno.ref, impostor.engine.fingerprint, "verified", ana.commit);
    expect(bodyOf(await ana.hear(impostor, message))).toBe("it is me");
  });

  test("in a bundle is refused the same way", async () => {
    const { ana, bruno, server } = await couple([AXOLOTL]);
    await bruno.hear(ana, await ana.say(bruno.ref.jid, "oi"));
    await ana.engine.decide(bruno.ref, "verified", ana.commit);
    const impostor = await Device.join(server, bruno.ref.jid, { protocols: [AXOLOTL] });
    const bundle = server.bundle(impostor.ref, AXOLOTL);
    const outcome = await ana.engine.offerBundle(bruno.ref, AXOLOTL, bundle, ana.commit);
    expect(outcome).toMatchObject({ result: "refused", why: "key-changed" });
    expect(bodyOf(await bruno.hear(ana, await ana.say(bruno.ref.jid, "you?")))).toBe("you?");
  });
});

describe("safety numbers", () => {
  test("are the same on both sides, and change with any device", async () => {
    const { ana, bruno, server } = await couple();
    expect(await ana.engine.safetyNumber(bruno.ref.jid)).toBeUndefined(); // no key seen yet
    await bruno.hear(ana, await ana.say(bruno.ref.jid, "oi"));
    const [one, two] = [
      await ana.engine.safetyNumber(bruno.ref.jid),
      await bruno.engine.safetyNumber(ana.ref.jid),
    ];
    expect(one?.digits).toMatch(/^[0-9]{60}$/);
    expect(two?.digits).toBe(one?.digits);
    const tablet = await second(server, bruno.ref.jid);
    await refresh(ana, bruno.ref.jid);
    await ana.fetch(tablet.ref, OMEMO2);
    expect((await ana.engine.safetyNumber(bruno.ref.jid))?.digits).not.toBe(one?.digits);
  });

  test("do not depend on the order of keys, and separate accounts", () => {
    const key = (byte: string) => ({ deviceId: 1, fingerprint: byte.repeat(32) });
    const ana = { jid: "ana@example.org", keys: [key("01"), key("02")] };
    const bruno = { jid: "bruno@example.org", keys: [key("03")] };
    const digits = safetyNumber(ana, bruno).digits;
    expect(safetyNumber(bruno, { ...ana, keys: [key("02"), key("01")] }).digits).toBe(digits);
    expect(safetyNumber({ ...ana, jid: "eva@example.org" }, bruno).digits).not.toBe(digits);
  });

  test("confirmed, they verify all devices; a wrong one verifies none", async () => {
    const { ana, bruno } = await couple();
    await bruno.hear(ana, await ana.say(bruno.ref.jid, "oi"));
    const { digits } = (await bruno.engine.safetyNumber(ana.ref.jid)) as { digits: string };
    expect(await ana.engine.confirmSafetyNumber(bruno.ref.jid, "0".repeat(60), ana.commit)).toMatchObject({
      result: "mismatch",
    });
    expect((await ana.engine.devices(bruno.ref.jid))[0]?.trust).toBe("blind");
    const spaced = digits.replace(/(.{5})/g, "$1 ");
    expect(await ana.engine.confirmSafetyNumber(bruno.ref.jid, spaced, ana.commit)).toMatchObject({
      result: "verified",
    });
    expect((await ana.engine.devices(bruno.ref.jid))[0]?.trust).toBe("verified");
    expect(await ana.engine.confirmSafetyNumber("eva@example.org", digits, ana.commit)).toEqual({
      result: "unreadable",
    });
  });
});

describe("QR codes", () => {
  test("scanned, verify the devices in them", async () => {
    const { ana, bruno } = await couple();
    await bruno.hear(ana, await ana.say(bruno.ref.jid, "oi"));
    const { uri } = (await bruno.engine.safetyNumber(ana.ref.jid)) as { uri: string };
    expect(uri).toBe(`xmpp:${bruno.ref.jid}?omemo-sid-${bruno.ref.deviceId}=${bruno.engine.fingerprint}`);
    expect(await ana.engine.verifyUri(uri, "eva@example.org", ana.commit)).toEqual({
      result: "other-contact",
      jid: bruno.ref.jid,
    });
    expect(await ana.engine.verifyUri(uri, bruno.ref.jid, ana.commit)).toEqual({
      result: "verified",
      devices: [bruno.ref],
    });
    const wrong = uri.replace(/=.*/, `=${"ab".repeat(32)}`);
    expect(await ana.engine.verifyUri(wrong, undefined, ana.commit)).toEqual({
      result: "mismatch",
      devices: [bruno.ref],
    });
  });

  test("of a device nobody has seen yet pin its key beforehand", async () => {
    const { ana, bruno, server } = await couple();
    const tablet = await second(server, bruno.ref.jid);
    const uri = trustUri(bruno.ref.jid, [
      { deviceId: tablet.ref.deviceId, fingerprint: tablet.engine.fingerprint },
    ]);
    await ana.engine.verifyUri(uri, undefined, ana.commit);
    await refresh(ana, bruno.ref.jid);
    await ana.fetch(tablet.ref, OMEMO2);
    const info = (await ana.engine.devices(bruno.ref.jid)).find(
      ({ deviceId }) => deviceId === tablet.ref.deviceId,
    );
    expect(info).toMatchObject({ trust: "verified", fingerprint: tablet.engine.fingerprint });
  });

  test.each([
    "",
    "https://example.org",
    "xmpp:a@b",
    "xmpp:a@b?join",
    "xmpp:a@b?omemo-sid-1=xyz",
    `xmpp:%ff@b?omemo-sid-1=${"ab".repeat(32)}`,
    `xmpp:${"a".repeat(20000)}@b?omemo-sid-1=${"ab".repeat(32)}`,
  ])("%j are unreadable", (uri) => {
    expect(parseTrustUri(uri)).toBeUndefined();
  });

  test("are read back as written, and any text is read or refused", () => {
    const keys = fc.array(
      fc.record({
        deviceId: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        fingerprint: fc.stringMatching(/^[0-9a-f]{64}$/),
      }),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(
        keys,
        (all) =>
          void expect(parseTrustUri(trustUri("ana%1@example.org", all))).toEqual({
            jid: "ana%1@example.org",
            keys: all,
          }),
      ),
    );
    fc.assert(fc.property(fc.string(), (text) => void parseTrustUri(`xmpp:${text}`)));
  });
});

test("a label is shown only with a signature of the device's own key", async () => {
  const { ana, server } = await couple();
  const phone = await Device.join(server, "carla@example.org", { label: "Carla's phone" });
  await ana.look("carla@example.org");
  const label = async () => (await ana.engine.devices("carla@example.org"))[0]?.label;
  expect(await label()).toBeUndefined(); // the key is not known yet
  await ana.fetch(phone.ref, OMEMO2);
  expect(await label()).toBe("Carla's phone");
  const list = server.list("carla@example.org", OMEMO2) as XmlElement;
  const forged = {
    ...list,
    children: list.children.map((child) =>
      typeof child === "string" ? child : { ...child, attrs: { ...child.attrs, label: "Bank" } },
    ),
  };
  await ana.engine.receiveDeviceList("carla@example.org", OMEMO2, forged, ana.commit);
  expect(await label()).toBeUndefined();
});
