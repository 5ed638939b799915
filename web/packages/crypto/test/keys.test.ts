import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { describe, expect, test } from "vitest";
import { fromHex, randomBytes, toHex, utf8 } from "../src/bytes.ts";
import { agrees, type Curve, chooseCurve, identityFromSeed, newIdentity, nobleCurve } from "../src/keys.ts";
import { secretToMontgomery, signWithSign, toEdwards, toMontgomery, verifyWithSign } from "../src/xeddsa.ts";

/** Points of small order in their Curve25519 form (RFC 7748 §7 and libsodium's list). */
const SMALL_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

const web = await chooseCurve();

test("here WebCrypto knows the curves, and agrees with noble", async () => {
  expect(web.name).toBe("webcrypto");
  expect(await agrees(nobleCurve)).toBe(true);
});

test("an implementation that computes something else is not taken", async () => {
  const wrong: Curve = { ...nobleCurve, dh: async () => new Uint8Array(32).fill(7) };
  const lax: Curve = {
    ...nobleCurve,
    dh: async (a, b) => (b.every((x) => x === 0) ? b : nobleCurve.dh(a, b)),
  };
  const yes: Curve = { ...nobleCurve, verify: async () => true };
  const broken: Curve = { ...nobleCurve, sign: () => Promise.reject(new Error("not supported")) };
  for (const curve of [wrong, lax, yes, broken]) expect(await agrees(curve)).toBe(false);
});

describe.each([nobleCurve, web])("$name", (curve) => {
  test.each(SMALL_ORDER)("refuses the point of small order %s", async (point) => {
    await expect(curve.dh(randomBytes(32), fromHex(point))).rejects.toThrow();
  });

  test("verifies nothing malformed", async () => {
    const identity = newIdentity();
    const message = utf8("oi");
    const signature = await curve.sign(identity.seed, message);
    expect(await curve.verify(identity.edPublic, message, signature)).toBe(true);
    expect(await curve.verify(identity.edPublic, utf8("ai"), signature)).toBe(false);
    expect(await curve.verify(identity.edPublic, message, signature.slice(1))).toBe(false);
    expect(await curve.verify(new Uint8Array(31), message, signature)).toBe(false);
    expect(await curve.verify(new Uint8Array(32).fill(0xff), message, signature)).toBe(false);
    const flipped = Uint8Array.from(signature);
    flipped[3] = (flipped[3] as number) ^ 1;
    expect(await curve.verify(identity.edPublic, message, flipped)).toBe(false);
  });
});

describe("one identity in two forms", () => {
  const identities = Array.from({ length: 16 }, () => identityFromSeed(randomBytes(32)));

  test("ours have no sign, for clients that forget it", () => {
    for (const { edPublic } of Array.from({ length: 16 }, newIdentity))
      expect(edPublic[31]).toBeLessThan(0x80);
  });

  test("the X25519 secret belongs to the Curve25519 form", () => {
    for (const { seed, publicKey } of identities)
      expect(x25519.getPublicKey(secretToMontgomery(seed))).toEqual(publicKey);
  });

  test("the map is undone by the sign, and both signs occur", () => {
    const signs = new Set<number>();
    for (const { edPublic, publicKey } of identities) {
      const sign = (edPublic[31] as number) >> 7 ? 1 : 0;
      signs.add(sign);
      expect(toEdwards(publicKey, sign)).toEqual(edPublic);
      expect(toMontgomery(toEdwards(publicKey, sign ? 0 : 1))).toEqual(publicKey);
    }
    expect(signs.size).toBe(2);
  });

  test("signatures of 0.3 carry the sign and give the Edwards form back", async () => {
    for (const { seed, edPublic, publicKey } of identities) {
      const message = randomBytes(33);
      const signature = await signWithSign(web, seed, edPublic, message);
      expect(await verifyWithSign(nobleCurve, publicKey, message, signature)).toEqual(edPublic);
      const otherSign = Uint8Array.from(signature);
      otherSign[63] = (otherSign[63] as number) ^ 0x80;
      expect(await verifyWithSign(web, publicKey, message, otherSign)).toBeUndefined();
      expect(await verifyWithSign(web, publicKey, randomBytes(33), signature)).toBeUndefined();
      expect(await verifyWithSign(web, publicKey, message, signature.slice(1))).toBeUndefined();
    }
  });

  test("XEdDSA of somebody else, sign always 0, verifies as well", async () => {
    // XEdDSA §2.3 with libsodium-style scalars: choose a seed whose public key has sign 0, which is its result.
    const { seed, edPublic, publicKey } = identities.find(
      ({ edPublic: e }) => (e[31] as number) < 0x80,
    ) as (typeof identities)[0];
    const message = utf8("spk");
    expect(await verifyWithSign(web, publicKey, message, ed25519.sign(message, seed))).toEqual(edPublic);
  });

  test.each([
    ["u = -1, where the map has a pole", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
    ["a u that is not reduced", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
    ["a u with the top bit", toHex(new Uint8Array(32).fill(0xff))],
    ["a point of the twist", "0200000000000000000000000000000000000000000000000000000000000000"],
    ["a short key", "01"],
  ])("%s has no Edwards form", async (_what, hex) => {
    expect(() => toEdwards(fromHex(hex), 0)).toThrow();
    expect(await verifyWithSign(web, fromHex(hex), utf8("a"), new Uint8Array(64))).toBeUndefined();
  });

  test("the same seed is the same identity", () => {
    const { seed } = newIdentity();
    expect(identityFromSeed(seed)).toEqual(identityFromSeed(Uint8Array.from(seed)));
  });
});
