/**
 * Extended triple Diffie-Hellman (X3DH, revision 1), as both OMEMO versions use it: always with a one-time prekey.
 * Notation of the text: A opens, B published the bundle; IK identity, EK ephemeral, SPK signed prekey, OPK one-time prekey.
 */

import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat } from "./bytes.ts";
import type { Curve, KeyPair } from "./keys.ts";
import type { Profile, PublicPreKey } from "./profile.ts";

/** X3DH §2.2: F, 32 bytes 0xFF in front of the key material, so that it can't be taken for an XEdDSA input. */
const F = new Uint8Array(32).fill(0xff);
const ZEROS = new Uint8Array(32);

function derive(profile: Profile, shared: readonly Uint8Array[]): Uint8Array {
  return hkdf(sha256, concat(F, ...shared), ZEROS, profile.labels.exchange, 32);
}

/** A's side. Returns the shared secret of 32 bytes. */
export async function initiate(
  profile: Profile,
  curve: Curve,
  identitySecret: Uint8Array,
  ephemeral: KeyPair,
  theirs: {
    readonly identity: Uint8Array;
    readonly signedPreKey: PublicPreKey;
    readonly preKey: PublicPreKey;
  },
): Promise<Uint8Array> {
  const shared = await Promise.all([
    curve.dh(identitySecret, theirs.signedPreKey.publicKey), // DH1 = DH(IK_A, SPK_B)
    curve.dh(ephemeral.secret, theirs.identity), // DH2 = DH(EK_A, IK_B)
    curve.dh(ephemeral.secret, theirs.signedPreKey.publicKey), // DH3 = DH(EK_A, SPK_B)
    curve.dh(ephemeral.secret, theirs.preKey.publicKey), // DH4 = DH(EK_A, OPK_B)
  ]);
  return derive(profile, shared);
}

/** B's side. Returns the shared secret of 32 bytes. */
export async function respond(
  profile: Profile,
  curve: Curve,
  own: { readonly identitySecret: Uint8Array; readonly signedPreKey: KeyPair; readonly preKey: KeyPair },
  theirs: { readonly identity: Uint8Array; readonly ephemeral: Uint8Array },
): Promise<Uint8Array> {
  const shared = await Promise.all([
    curve.dh(own.signedPreKey.secret, theirs.identity),
    curve.dh(own.identitySecret, theirs.ephemeral),
    curve.dh(own.signedPreKey.secret, theirs.ephemeral),
    curve.dh(own.preKey.secret, theirs.ephemeral),
  ]);
  return derive(profile, shared);
}
