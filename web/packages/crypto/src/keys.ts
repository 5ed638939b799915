/**
 * The curve operations, once by WebCrypto (constant-time, fast) and once by noble (everywhere). `chooseCurve` takes
 * WebCrypto when it passes known answers, and falls back without a word otherwise: older browsers lack X25519.
 */

import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { concat, equal, fromHex, randomBytes } from "./bytes.ts";
import { secretToMontgomery, toMontgomery } from "./xeddsa.ts";

/** An X25519 key pair, 32 bytes each. */
export interface KeyPair {
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
}

export interface Curve {
  readonly name: "webcrypto" | "noble";
  generate(): Promise<KeyPair>;
  /** X25519 (RFC 7748). Throws when the result is all zero: the peer sent a point of small order. */
  dh(secret: Uint8Array, publicKey: Uint8Array): Promise<Uint8Array>;
  /** Ed25519 (RFC 8032). */
  sign(seed: Uint8Array, message: Uint8Array): Promise<Uint8Array>;
  /** False, never an exception, for keys and signatures that are malformed. */
  verify(edPublic: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

/** The long-term key of a device in all the forms that are needed. */
export interface Identity {
  readonly seed: Uint8Array;
  readonly edPublic: Uint8Array;
  /** Curve25519 form: the fingerprint is its hexadecimal spelling. */
  readonly publicKey: Uint8Array;
  readonly secret: Uint8Array;
}

export function identityFromSeed(seed: Uint8Array): Identity {
  const edPublic = ed25519.getPublicKey(seed);
  return { seed, edPublic, publicKey: toMontgomery(edPublic), secret: secretToMontgomery(seed) };
}

/**
 * A new identity, whose Ed25519 form has the sign bit clear: libomemo.js (Converse.js 14) forgets that bit when it
 * reads a bundle of omemo:2, and then finds the signature wrong. It costs one bit of 252, and two tries on average.
 */
export function newIdentity(): Identity {
  for (;;) {
    const identity = identityFromSeed(randomBytes(32));
    if (!((identity.edPublic[31] as number) & 0x80)) return identity;
  }
}

export const nobleCurve: Curve = {
  name: "noble",
  async generate() {
    const secret = x25519.utils.randomSecretKey();
    return { secret, publicKey: x25519.getPublicKey(secret) };
  },
  async dh(secret, publicKey) {
    return x25519.getSharedSecret(secret, publicKey); // throws on the all-zero result
  },
  async sign(seed, message) {
    return ed25519.sign(message, seed);
  },
  async verify(edPublic, message, signature) {
    try {
      return ed25519.verify(signature, message, edPublic, { zip215: false });
    } catch {
      return false;
    }
  },
};

// PKCS #8 of RFC 8410 around a bare 32-byte key; only the last byte of the algorithm's identifier differs.
const X25519_PKCS8 = fromHex("302e020100300506032b656e04220420");
const ED25519_PKCS8 = fromHex("302e020100300506032b657004220420");
const X25519 = { name: "X25519" };
const ED25519 = { name: "Ed25519" };

/** What of `crypto.subtle` is used; typed by hand because not every type library knows X25519. */
interface Subtle {
  importKey(
    format: string,
    key: Uint8Array,
    algorithm: object,
    extractable: boolean,
    usages: string[],
  ): Promise<object>;
  exportKey(format: string, key: object): Promise<ArrayBuffer>;
  generateKey(
    algorithm: object,
    extractable: boolean,
    usages: string[],
  ): Promise<{ privateKey: object; publicKey: object }>;
  deriveBits(algorithm: object, key: object, length: number): Promise<ArrayBuffer>;
  sign(algorithm: object, key: object, data: Uint8Array): Promise<ArrayBuffer>;
  verify(algorithm: object, key: object, signature: Uint8Array, data: Uint8Array): Promise<boolean>;
}

export function webCurve(subtle: Subtle): Curve {
  return {
    name: "webcrypto",
    async generate() {
      const pair = await subtle.generateKey(X25519, true, ["deriveBits"]);
      const [secret, publicKey] = await Promise.all([
        subtle.exportKey("pkcs8", pair.privateKey),
        subtle.exportKey("raw", pair.publicKey),
      ]);
      return { secret: new Uint8Array(secret).slice(-32), publicKey: new Uint8Array(publicKey) };
    },
    async dh(secret, publicKey) {
      const [own, theirs] = await Promise.all([
        subtle.importKey("pkcs8", concat(X25519_PKCS8, secret), X25519, false, ["deriveBits"]),
        subtle.importKey("raw", publicKey, X25519, false, []),
      ]);
      const shared = new Uint8Array(await subtle.deriveBits({ ...X25519, public: theirs }, own, 256));
      if (equal(shared, new Uint8Array(32))) throw new RangeError("the key is of small order");
      return shared;
    },
    async sign(seed, message) {
      const key = await subtle.importKey("pkcs8", concat(ED25519_PKCS8, seed), ED25519, false, ["sign"]);
      return new Uint8Array(await subtle.sign(ED25519, key, message));
    },
    async verify(edPublic, message, signature) {
      try {
        const key = await subtle.importKey("raw", edPublic, ED25519, false, ["verify"]);
        return await subtle.verify(ED25519, key, signature, message);
      } catch {
        return false;
      }
    },
  };
}

// RFC 8032 §7.1, test 3. For X25519 the yardstick is noble itself.
const KNOWN_MESSAGE = fromHex("af82");
const KNOWN_SEED = fromHex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
const KNOWN_SIGNATURE = fromHex(
  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
);

/** Does this implementation compute what noble computes, and refuse what has to be refused? */
export async function agrees(curve: Curve): Promise<boolean> {
  try {
    const pair = await curve.generate();
    if (!equal(x25519.getPublicKey(pair.secret), pair.publicKey)) return false;
    if (
      !equal(await curve.dh(KNOWN_SEED, pair.publicKey), x25519.getSharedSecret(KNOWN_SEED, pair.publicKey))
    )
      return false;
    if (!equal(await curve.sign(KNOWN_SEED, KNOWN_MESSAGE), KNOWN_SIGNATURE)) return false;
    const edPublic = ed25519.getPublicKey(KNOWN_SEED);
    if (!(await curve.verify(edPublic, KNOWN_MESSAGE, KNOWN_SIGNATURE))) return false;
    if (await curve.verify(edPublic, fromHex("af83"), KNOWN_SIGNATURE)) return false;
  } catch {
    return false;
  }
  return curve.dh(KNOWN_SEED, new Uint8Array(32)).then(
    () => false, // a point of small order went through
    () => true,
  );
}

let chosen: Promise<Curve> | undefined;

/** The best implementation here, found once. */
export function chooseCurve(): Promise<Curve> {
  chosen ??= probe();
  return chosen;
}

async function probe(): Promise<Curve> {
  const subtle = globalThis.crypto?.subtle as unknown as Subtle | undefined;
  if (subtle) {
    const web = webCurve(subtle);
    if (await agrees(web)) return web;
  }
  return nobleCurve;
}
