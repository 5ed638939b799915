/**
 * One identity in two coordinate systems.
 *
 * Our identity is an Ed25519 seed, so signing is plain Ed25519 and no own signature code exists. What is needed besides
 * is the birational map between the curves (RFC 7748 §4.1): u = (1 + y) / (1 - y), y = (u - 1) / (u + 1).
 *
 * The map loses one bit, the sign of x. OMEMO 0.3 transports identities in the Curve25519 form and, as libsignal does,
 * carries the sign in the top bit of the last signature byte (free, because the scalar s is below 2^253).
 * omemo:2 transports the Ed25519 form with its sign. Identities are therefore compared in the Curve25519 form only.
 */

import { ed25519 } from "@noble/curves/ed25519.js";
import type { Curve } from "./keys.ts";

const P = ed25519.Point.Fp.ORDER;
const SIGN = 0x80;

/** Ed25519 public key (32 bytes) to its Curve25519 form. Throws if it is no point of the curve. */
export function toMontgomery(edPublic: Uint8Array): Uint8Array {
  return ed25519.utils.toMontgomery(edPublic);
}

/** The X25519 secret that belongs to the identity: the clamped first half of SHA-512(seed) (RFC 8032 §5.1.5). */
export function secretToMontgomery(seed: Uint8Array): Uint8Array {
  return ed25519.utils.toMontgomerySecret(seed);
}

/**
 * Curve25519 form to the Ed25519 public key with the given sign of x. Throws where no such point exists: u = -1, a
 * twist point, or u not reduced (an honest sender reduces, and one key must have one spelling).
 */
export function toEdwards(u: Uint8Array, sign: 0 | 1): Uint8Array {
  if (u.length !== 32) throw new RangeError("a Curve25519 key has 32 bytes");
  const Fp = ed25519.Point.Fp;
  const value = littleEndian(u);
  if (value >= P) throw new RangeError("the key is not reduced");
  const y = Fp.mul(Fp.sub(value, 1n), Fp.inv(Fp.add(value, 1n)));
  const encoded = Fp.toBytes(y);
  encoded[31] = (encoded[31] as number) | (sign ? SIGN : 0);
  ed25519.Point.fromBytes(encoded, false); // throws for a y without a point
  return encoded;
}

/** XEP-0384 0.3: an Ed25519 signature whose free top bit tells the sign of the signer's public key. */
export async function signWithSign(
  curve: Curve,
  seed: Uint8Array,
  edPublic: Uint8Array,
  message: Uint8Array,
): Promise<Uint8Array> {
  const signature = Uint8Array.from(await curve.sign(seed, message));
  signature[63] = (signature[63] as number) | ((edPublic[31] as number) & SIGN);
  return signature;
}

/** Verifies such a signature by the Curve25519 form of the signer. Returns the Ed25519 form, undefined if it does not verify. */
export async function verifyWithSign(
  curve: Curve,
  u: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<Uint8Array | undefined> {
  if (signature.length !== 64) return undefined;
  const plain = Uint8Array.from(signature);
  const sign = (plain[63] as number) & SIGN ? 1 : 0;
  plain[63] = (plain[63] as number) & ~SIGN;
  let edPublic: Uint8Array;
  try {
    edPublic = toEdwards(u, sign);
  } catch {
    return undefined;
  }
  return (await curve.verify(edPublic, message, plain)) ? edPublic : undefined;
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let at = bytes.length - 1; at >= 0; at--) value = (value << 8n) | BigInt(bytes[at] as number);
  return value;
}
