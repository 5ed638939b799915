import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { XmlElement } from "../src/api.ts";
import { concat, fromBase64, randomBytes, toBase64 } from "../src/bytes.ts";
import { element, textOf } from "../src/elements.ts";
import { Unreadable } from "../src/errors.ts";
import { chooseCurve, newIdentity } from "../src/keys.ts";
import type { Profile } from "../src/profile.ts";
import { v2 } from "../src/wire-v2.ts";
import { v03 } from "../src/wire-v03.ts";

const curve = await chooseCurve();
const header = { n: 7, pn: 3, ratchetKey: randomBytes(32) };

async function bundleOf(profile: Profile): Promise<XmlElement> {
  const identity = newIdentity();
  const pair = await curve.generate();
  const signature = await profile.signPreKey(curve, identity, pair);
  const preKeys = [
    { id: 1, publicKey: randomBytes(32) },
    { id: 2, publicKey: randomBytes(32) },
  ];
  return profile.bundleElement({
    identity,
    signedPreKey: { id: 9, publicKey: pair.publicKey, signature },
    preKeys,
  });
}

/** The element with the named descendant replaced by what `edit` makes of it; undefined removes it. */
function edited(
  root: XmlElement,
  name: string,
  edit: (found: XmlElement) => XmlElement | undefined,
): XmlElement {
  const children = root.children.flatMap((child): (XmlElement | string)[] => {
    if (typeof child === "string") return [child];
    const next = child.name === name ? edit(child) : edited(child, name, edit);
    return next ? [next] : [];
  });
  return { ...root, children };
}

const withText =
  (text: string) =>
  (found: XmlElement): XmlElement => ({ ...found, children: [text] });
const without = (): undefined => undefined;
const flip = (found: XmlElement): XmlElement => {
  const bytes = fromBase64(textOf(found), 100) as Uint8Array;
  bytes[5] = (bytes[5] as number) ^ 1;
  return withText(toBase64(bytes))(found);
};

describe.each([v03, v2])("$version", (profile) => {
  test("a message there and back", () => {
    const signed = profile.encodeMessage(header, Uint8Array.of(1, 2, 3));
    const mac = randomBytes(profile.macLength);
    const parsed = profile.parseMessage(profile.frame(signed, mac));
    expect(parsed).toEqual({ header, ciphertext: Uint8Array.of(1, 2, 3), signed, mac });
  });

  test("a key exchange there and back", () => {
    const exchange = {
      preKeyId: 5,
      signedPreKeyId: 6,
      identity: randomBytes(32),
      ephemeral: randomBytes(32),
      message: randomBytes(40),
    };
    expect(profile.parseExchange(profile.encodeExchange(exchange, 77))).toEqual(exchange);
  });

  test("every beginning of a message or key exchange is refused", () => {
    const framed = profile.frame(
      profile.encodeMessage(header, randomBytes(48)),
      randomBytes(profile.macLength),
    );
    const exchange = {
      preKeyId: 5,
      signedPreKeyId: 6,
      identity: randomBytes(32),
      ephemeral: randomBytes(32),
      message: framed,
    };
    const whole = profile.encodeExchange(exchange, 77);
    for (let length = 0; length < whole.length; length++) {
      expect(() => profile.parseExchange(whole.slice(0, length))).toThrow(Unreadable);
    }
    // A shorter 0.3 message may still be parsed: its MAC is the last eight bytes, whatever they are. v2 has a frame.
    for (let length = 0; length < (profile === v2 ? framed.length : 40); length++) {
      expect(() => profile.parseMessage(framed.slice(0, length))).toThrow(Unreadable);
    }
  });

  test("any bytes at all never do more than throw Unreadable", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        for (const input of [bytes, concat(Uint8Array.of(0x33), bytes)]) {
          for (const parse of [profile.parseMessage, profile.parseExchange]) {
            try {
              parse(input);
            } catch (error) {
              expect(error).toBeInstanceOf(Unreadable);
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test("a bundle there and back", async () => {
    const parsed = await profile.parseBundle(curve, await bundleOf(profile));
    expect(parsed?.signedPreKey.id).toBe(9);
    expect(parsed?.preKeys.map(({ id }) => id)).toEqual([1, 2]);
  });

  const names =
    profile === v2
      ? { spk: "spk", spks: "spks", ik: "ik", pk: "pk", id: "id" }
      : {
          spk: "signedPreKeyPublic",
          spks: "signedPreKeySignature",
          ik: "identityKey",
          pk: "preKeyPublic",
          id: "preKeyId",
        };

  test("a bundle with a changed key or signature does not verify", async () => {
    for (const name of [names.spk, names.spks]) {
      expect(await profile.parseBundle(curve, edited(await bundleOf(profile), name, flip))).toBeUndefined();
    }
  });

  test.each([
    ["no identity", names.ik, without],
    ["no signed prekey", names.spk, without],
    ["no signature", names.spks, without],
    ["no prekey", names.pk, without],
    ["no prekeys", "prekeys", without],
    ["a short signature", names.spks, withText(toBase64(new Uint8Array(63)))],
    ["a short identity", names.ik, withText(toBase64(new Uint8Array(31)))],
    ["a long prekey", names.pk, withText(toBase64(new Uint8Array(40)))],
    ["a prekey that is no base64", names.pk, withText("?")],
    ["a prekey without id", names.pk, (found: XmlElement) => ({ ...found, attrs: {} })],
    ["two identities", "prekeys", (found: XmlElement) => ({ ...found, name: names.ik })],
    [
      "a thousand prekeys",
      "prekeys",
      (found: XmlElement) => ({
        ...found,
        children: Array.from({ length: 1000 }, () => found.children[0] as XmlElement),
      }),
    ],
  ])("a bundle with %s is malformed or unsigned", async (_what, name, edit) => {
    const broken = edited(
      await bundleOf(profile),
      name,
      edit as (found: XmlElement) => XmlElement | undefined,
    );
    const outcome = await profile.parseBundle(curve, broken).catch((error: unknown) => error);
    expect(outcome === undefined || outcome instanceof Unreadable).toBe(true);
  });

  test("payloads: changed, cut, or with another key are refused", async () => {
    const sealed = await profile.sealPayload(Uint8Array.of(1, 2, 3));
    const arrived = {
      protocol: profile.protocol,
      senderId: 1,
      keys: [],
      iv: sealed.iv,
      payload: sealed.payload,
    };
    expect(await profile.openPayload(sealed.key, arrived)).toEqual(Uint8Array.of(1, 2, 3));
    const wrong = Uint8Array.from(sealed.payload as Uint8Array);
    wrong[0] = (wrong[0] as number) ^ 1;
    const otherKey = Uint8Array.from(sealed.key).fill(0, 0, 4);
    for (const [key, payload] of [
      [sealed.key, wrong],
      [sealed.key, wrong.slice(1)],
      [otherKey, sealed.payload],
      [sealed.key.slice(1), sealed.payload],
      [new Uint8Array(0), sealed.payload],
    ] as const) {
      await expect(profile.openPayload(key as Uint8Array, { ...arrived, payload })).rejects.toThrow(
        Unreadable,
      );
    }
  });

  test("an encrypted element finds the keys for this device", async () => {
    const sealed = await profile.sealPayload(randomBytes(5));
    const keys = [
      { jid: "ana@example.org", deviceId: 1, isKeyExchange: false, bytes: randomBytes(60) },
      { jid: "bruno@example.org", deviceId: 2, isKeyExchange: true, bytes: randomBytes(60) },
    ];
    const sent = profile.encryptedElement(99, keys, sealed);
    const parsed = profile.parseEncrypted(sent, "bruno@example.org", 2);
    expect(parsed.senderId).toBe(99);
    expect(parsed.keys).toEqual([{ isKeyExchange: true, bytes: keys[1]?.bytes }]);
    expect(profile.parseEncrypted(sent, "bruno@example.org", 3).keys).toEqual([]);
    const numeric = edited(sent, "key", (key) => ({
      ...key,
      attrs: { rid: key.attrs.rid ?? "", prekey: "1", kex: "1" },
    }));
    expect(profile.parseEncrypted(numeric, "bruno@example.org", 2).keys[0]?.isKeyExchange).toBe(true);
  });

  test.each([
    ["no header", (e: XmlElement) => edited(e, "header", without)],
    ["no sender", (e: XmlElement) => edited(e, "header", (h) => ({ ...h, attrs: {} }))],
    [
      "two payloads",
      (e: XmlElement) => ({ ...e, children: [...e.children, e.children.at(-1) as XmlElement] }),
    ],
    ["a payload that is no base64", (e: XmlElement) => edited(e, "payload", withText("%"))],
    ["an empty payload", (e: XmlElement) => edited(e, "payload", withText(""))],
    ["a key that is no base64", (e: XmlElement) => edited(e, "key", withText("%"))],
    ["a huge key", (e: XmlElement) => edited(e, "key", withText("A".repeat(4096)))],
  ])("an encrypted element with %s is malformed", async (_what, edit) => {
    const key = { jid: "bruno@example.org", deviceId: 2, isKeyExchange: true, bytes: randomBytes(60) };
    const sent = profile.encryptedElement(99, [key], await profile.sealPayload(randomBytes(5)));
    expect(() => profile.parseEncrypted(edit(sent), "bruno@example.org", 2)).toThrow(Unreadable);
  });

  test("any tree of known names is read or refused, never more", async () => {
    const name = fc.constantFrom(
      "header",
      "key",
      "keys",
      "iv",
      "payload",
      "device",
      "spk",
      "spks",
      "ik",
      "pk",
      "prekeys",
      "x",
    );
    const legacy = fc.constantFrom(
      "signedPreKeyPublic",
      "signedPreKeySignature",
      "identityKey",
      "preKeyPublic",
    );
    const value = fc.constantFrom("1", "2", "true", "-1", "", "4294967296", "bruno@example.org", "AAAA");
    const text = fc.constantFrom(
      "",
      "AA==",
      "%",
      toBase64(new Uint8Array(32)),
      toBase64(new Uint8Array(33).fill(5)),
      toBase64(new Uint8Array(64)),
    );
    const tree = fc.letrec<{ node: XmlElement }>((tie) => ({
      node: fc.record({
        name: fc.oneof(name, legacy),
        ns: fc.constantFrom(profile.protocol, profile.protocol, "urn:other"),
        attrs: fc.dictionary(
          fc.constantFrom("sid", "rid", "id", "jid", "kex", "prekey", "preKeyId", "signedPreKeyId"),
          value,
        ),
        children: fc.array(fc.oneof({ maxDepth: 4 }, text, tie("node") as fc.Arbitrary<XmlElement>), {
          maxLength: 5,
        }),
      }),
    })).node;
    await fc.assert(
      fc.asyncProperty(fc.array(tree, { maxLength: 5 }), async (children) => {
        const root = element("root", profile.protocol, {}, ...children);
        const readers = [
          () => profile.parseEncrypted(root, "bruno@example.org", 2),
          () => profile.parseDeviceList(root),
          () => profile.parseBundle(curve, root),
        ];
        for (const read of readers) {
          try {
            await read();
          } catch (error) {
            expect(error).toBeInstanceOf(Unreadable);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test("a device list there and back; a broken one is malformed", () => {
    const list = {
      ...profile.emptyDeviceList(),
      children: [1, 2].map((deviceId) =>
        profile.deviceElement({ deviceId, label: undefined, labelSignature: undefined }),
      ),
    };
    expect(profile.parseDeviceList(list).map(({ deviceId }) => deviceId)).toEqual([1, 2]);
    const many = { ...list, children: Array.from({ length: 500 }, () => list.children[0] as XmlElement) };
    expect(() => profile.parseDeviceList(many)).toThrow(Unreadable);
    expect(() =>
      profile.parseDeviceList({ ...list, children: [element("device", list.ns, { id: "x" })] }),
    ).toThrow(Unreadable);
  });
});

describe("0.3 alone", () => {
  test("keys begin with 5 and have 33 bytes", () => {
    const signed = v03.encodeMessage(header, randomBytes(16));
    const at = signed.findIndex((byte, index) => byte === 0x21 && signed[index + 1] === 5); // length 33, then the type
    signed[at + 1] = 6;
    expect(() => v03.parseMessage(concat(signed, randomBytes(8)))).toThrow(/begins with 5/);
  });

  test("another version is another app's business", () => {
    const signed = v03.encodeMessage(header, randomBytes(16));
    signed[0] = 0x44;
    expect(() => v03.parseMessage(concat(signed, randomBytes(8)))).toThrow(
      expect.objectContaining({ reason: "unknown-version" }),
    );
  });

  test("a key exchange without a one-time prekey is refused", () => {
    const whole = v03.encodeExchange(
      {
        preKeyId: 5,
        signedPreKeyId: 6,
        identity: randomBytes(32),
        ephemeral: randomBytes(32),
        message: randomBytes(9),
      },
      1,
    );
    const at = whole.findIndex((byte, index) => byte === 0x08 && whole[index + 1] === 5); // field 1
    expect(() => v03.parseExchange(concat(whole.slice(0, at), whole.slice(at + 2)))).toThrow(Unreadable);
  });

  test("IVs of 12 and 16 bytes are read, 12 are sent", async () => {
    const { gcm } = await import("@noble/ciphers/aes.js");
    const key = randomBytes(16);
    for (const length of [12, 16]) {
      const iv = randomBytes(length);
      const sealed = gcm(key, iv).encrypt(Uint8Array.of(1, 2));
      const arrived = { protocol: v03.protocol, senderId: 1, keys: [], iv, payload: sealed.slice(0, -16) };
      expect(await v03.openPayload(concat(key, sealed.slice(-16)), arrived)).toEqual(Uint8Array.of(1, 2));
      expect(await v03.openPayload(key, { ...arrived, payload: sealed })).toEqual(Uint8Array.of(1, 2));
    }
    const wrong = {
      protocol: v03.protocol,
      senderId: 1,
      keys: [],
      iv: randomBytes(8),
      payload: randomBytes(20),
    };
    await expect(v03.openPayload(concat(key, randomBytes(16)), wrong)).rejects.toThrow(Unreadable);
    expect((await v03.sealPayload(Uint8Array.of(1))).iv).toHaveLength(12);
  });
});

describe("omemo:2 alone", () => {
  test("a label needs its signature and at most 53 characters", () => {
    const list = (attrs: Record<string, string>) =>
      element("devices", v2.protocol, {}, element("device", v2.protocol, { id: 1, ...attrs }));
    const labelsig = toBase64(new Uint8Array(64));
    const labels = [
      { label: "a" },
      { label: "a", labelsig },
      { label: "a", labelsig: "%" },
      { label: "a".repeat(54), labelsig },
      { labelsig },
    ];
    expect(labels.map((attrs) => v2.parseDeviceList(list(attrs))[0]?.label)).toEqual([
      undefined,
      "a",
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("an identity that is no point is malformed", () => {
    expect(() => v2.identityPoint(new Uint8Array(32).fill(0xff))).toThrow(Unreadable);
  });
});
