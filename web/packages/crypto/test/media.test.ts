import { gcm } from "@noble/ciphers/aes.js";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { concat, randomBytes, toHex } from "../src/bytes.ts";
import { element } from "../src/elements.ts";
import * as media from "../src/media.ts";

async function gathered(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return concat(...parts);
}

function* split(bytes: Uint8Array, ...sizes: number[]): Generator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] as number;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const big = Uint8Array.from({ length: 300_001 }, (_, at) => (at * 7) ^ (at >> 8));

afterEach(() => vi.unstubAllGlobals());

describe.each(["WebCrypto", "noble"])("streams with %s", (which) => {
  const prepare = () =>
    which === "noble" && vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });

  test("are AES-256-GCM, whatever the chunks", async () => {
    prepare();
    const key = media.newMediaKey();
    const expected = gcm(key.key, key.iv).encrypt(big);
    for (const sizes of [[1 << 16], [1, 5, 70_000], [65_537], [300_001]]) {
      const sealed = await gathered(media.sealStream(key, split(big, ...sizes), big.length));
      expect(toHex(sealed) === toHex(expected)).toBe(true);
      const opened = await gathered(media.openStream(key, () => split(sealed, ...sizes), sealed.length));
      expect(toHex(opened) === toHex(big)).toBe(true);
    }
  });

  test("of small sizes", async () => {
    prepare();
    for (const length of [0, 1, 15, 16, 17]) {
      const key = media.newMediaKey();
      const plain = randomBytes(length);
      const sealed = await gathered(media.sealStream(key, [plain], length));
      expect(sealed).toEqual(gcm(key.key, key.iv).encrypt(plain));
      expect(await gathered(media.openStream(key, () => [sealed], sealed.length))).toEqual(plain);
    }
  });
});

describe("nothing unverified leaves", () => {
  const key = media.newMediaKey();
  const sealed = gcm(key.key, key.iv).encrypt(big);

  async function released(source: () => Iterable<Uint8Array>, length = sealed.length): Promise<number> {
    let count = 0;
    const reading = async () => {
      for await (const chunk of media.openStream(key, source, length)) count += chunk.length;
    };
    await expect(reading()).rejects.toThrow(media.MediaDamaged);
    return count;
  }

  test("when a bit was flipped, anywhere", async () => {
    for (const at of [0, 150_000, sealed.length - 17, sealed.length - 1]) {
      const wrong = Uint8Array.from(sealed);
      wrong[at] = (wrong[at] as number) ^ 1;
      expect(await released(() => [wrong])).toBe(0);
    }
  });

  test("when it was cut or lengthened", async () => {
    expect(await released(() => [sealed.subarray(0, -1)])).toBe(0);
    expect(await released(() => [sealed, new Uint8Array(1)])).toBe(0);
    expect(await released(() => [sealed.subarray(0, -1)], sealed.length - 1)).toBe(0);
    expect(await released(() => [], 3)).toBe(0);
  });

  test("and a source that changes between the two readings is found out", async () => {
    let reading = 0;
    const wrong = Uint8Array.from(sealed).fill(0, 200_000, 200_001);
    await released(() => (reading++ ? [wrong] : [sealed]));
  });

  test("one-piece too", async () => {
    expect(await media.openMedia(key, sealed)).toEqual(big);
    expect(await media.openMedia(media.newMediaKey(), sealed)).toBeUndefined();
    expect(await media.openMedia(key, sealed.subarray(0, 10))).toBeUndefined();
    expect(await media.sealMedia(key, big)).toEqual(sealed);
  });

  test("sealing another length than announced fails", async () => {
    await expect(gathered(media.sealStream(key, [big], big.length - 1))).rejects.toThrow(media.MediaDamaged);
    await expect(gathered(media.sealStream(key, [big], big.length + 1))).rejects.toThrow(media.MediaDamaged);
    await expect(gathered(media.sealStream(key, [big], 2 ** 40))).rejects.toThrow(RangeError);
  });
});

describe("aesgcm:// links", () => {
  const key = media.newMediaKey();

  test("there and back", () => {
    const link = media.toAesgcm("https://up.example.org/a/b.jpg", key);
    expect(link).toMatch(/^aesgcm:\/\/up\.example\.org\/a\/b\.jpg#[0-9a-f]{88}$/);
    expect(media.fromAesgcm(link)).toEqual({ url: "https://up.example.org/a/b.jpg", ...key });
  });

  test("of old apps have 16-byte IVs, and their files are read", async () => {
    const iv = randomBytes(16);
    const parsed = media.fromAesgcm(
      `aesgcm://up.example.org/x#${toHex(iv)}${toHex(key.key)}`.toUpperCase().replace("AESGCM", "aesgcm"),
    );
    expect(parsed).toMatchObject({ iv, key: key.key });
    const sealed = gcm(key.key, iv).encrypt(big);
    const old = { key: key.key, iv };
    expect(
      toHex(await gathered(media.openStream(old, () => split(sealed, 1000), sealed.length))) === toHex(big),
    ).toBe(true);
    await expect(gathered(media.openStream(old, () => [sealed.slice(1)], sealed.length - 1))).rejects.toThrow(
      media.MediaDamaged,
    );
    await expect(gathered(media.openStream(old, () => [], 2 ** 30))).rejects.toThrow(/too large/);
  });

  test.each([
    "",
    "https://a/b",
    "aesgcm://a/b",
    "aesgcm://a/b#12",
    `aesgcm://a b#${"a".repeat(88)}`,
    `aesgcm://a#${"g".repeat(88)}`,
    `aesgcm://a#${"a".repeat(90)}`,
    `x aesgcm://a#${"a".repeat(88)}`,
  ])("%j is none", (text) => expect(media.fromAesgcm(text)).toBeUndefined());

  test("are made of https links alone", () => {
    expect(() => media.toAesgcm("http://a/b", key)).toThrow(RangeError);
    expect(() => media.toAesgcm("https://a/b#c", key)).toThrow(RangeError);
  });
});

describe("encrypted file sources", () => {
  const key = media.newMediaKey();

  test("there and back", async () => {
    const digest = await media.digestOf([big]);
    const source = media.toEncryptedSource(["https://up.example.org/a"], key, digest);
    expect(media.fromEncryptedSource(source)).toEqual({ ...key, urls: ["https://up.example.org/a"], digest });
    expect(media.fromEncryptedSource(media.toEncryptedSource(["https://a/b"], key))?.digest).toBeUndefined();
  });

  test("with another cipher, without key, or from nowhere are none", () => {
    const good = media.toEncryptedSource(["https://a/b"], key);
    expect(
      media.fromEncryptedSource({ ...good, attrs: { cipher: "urn:xmpp:ciphers:aes-128-gcm-nopadding:0" } }),
    ).toBeUndefined();
    for (const at of [0, 1, 2])
      expect(
        media.fromEncryptedSource({ ...good, children: good.children.toSpliced(at, 1) }),
      ).toBeUndefined();
    expect(
      media.fromEncryptedSource(media.toEncryptedSource(["javascript:alert(1)", "http://a"], key)),
    ).toBeUndefined();
    expect(media.fromEncryptedSource(element("encrypted", "urn:other"))).toBeUndefined();
  });

  test("any text is read as a link or refused", () => {
    fc.assert(fc.property(fc.string(), (text) => void media.fromAesgcm(`aesgcm://${text}`)));
  });
});
