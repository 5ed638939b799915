/** What is kept, and under which keys. JIDs are bare and hold no slash, so paths are unambiguous. */

import type { DeviceRef, Protocol, Trust } from "./api.ts";
import { AXOLOTL, OMEMO2 } from "./api.ts";
import type { KeyPair } from "./keys.ts";
import type { Slot } from "./notebook.ts";
import type { PublicPreKey } from "./profile.ts";
import type { Session } from "./ratchet.ts";

export type Version = "v03" | "v2";

export function versionOf(protocol: Protocol): Version {
  return protocol === OMEMO2 ? "v2" : "v03";
}

export function protocolOf(version: Version): Protocol {
  return version === "v2" ? OMEMO2 : AXOLOTL;
}

/** This device. */
export interface SelfRecord {
  readonly seed: Uint8Array;
  readonly deviceId: number;
}
export const SELF: Slot<SelfRecord> = { key: "self" };

export interface SignedPreKey {
  readonly id: number;
  readonly pair: KeyPair;
  readonly signature: Uint8Array;
  readonly createdAt: number;
  readonly retiredAt?: number;
}

/** Own keys of one protocol version. */
export interface OwnRecord {
  readonly signedPreKey: SignedPreKey;
  readonly retired: readonly SignedPreKey[];
  readonly nextPreKeyId: number;
  /** Counts changes of the published part. */
  readonly revision: number;
  readonly publishedRevision: number;
}
export const own = (version: Version): Slot<OwnRecord> => ({ key: `own/${version}` });

export interface PreKey {
  readonly id: number;
  readonly pair: KeyPair;
  /** Set: taken by a key exchange, kept only until the archive is read. The ephemerals it was used with. */
  readonly usedWith?: readonly Uint8Array[];
}
export const preKeys = (version: Version): string => `prekey/${version}/`;
export const preKey = (version: Version, id: number): Slot<PreKey> => ({ key: `prekey/${version}/${id}` });

export interface AccountRecord {
  /** Device ids by version; absent: no list was ever received. */
  readonly lists: { readonly [version in Version]?: readonly number[] };
  /** A device of this account was verified: new ones need consent. */
  readonly isVerified: boolean;
}
export const account = (jid: string): Slot<AccountRecord> => ({ key: `account/${jid}` });

export interface DeviceRecord {
  /** Curve25519 form, hexadecimal. */
  readonly fingerprint?: string;
  readonly edIdentity?: Uint8Array;
  /** Another key that was shown for this device and not accepted. */
  readonly offered?: string;
  readonly trust: Trust;
  readonly label?: string;
  readonly labelSignature?: Uint8Array;
  readonly firstSeen: number;
  readonly lastHeard?: number;
}
export const devices = (jid: string): string => `device/${jid}/`;
export const device = ({ jid, deviceId }: DeviceRef): Slot<DeviceRecord> => ({
  key: `device/${jid}/${deviceId}`,
});

export interface SessionRecord {
  readonly current: Session;
  /** Earlier ones, latest first: both sides may open at once, and messages may be on their way. */
  readonly archived: readonly Session[];
}
export const session = ({ jid, deviceId }: DeviceRef, version: Version): Slot<SessionRecord> => ({
  key: `session/${jid}/${deviceId}/${version}`,
});

/** A fetched bundle, of which one prekey was picked, or why there is none. */
export interface BundleRecord {
  readonly at: number;
  readonly refused?: "missing" | "malformed" | "bad-signature" | "key-changed";
  readonly keys?: {
    readonly identity: Uint8Array;
    readonly edIdentity: Uint8Array;
    readonly signedPreKey: PublicPreKey;
    readonly preKey: PublicPreKey;
  };
}
export const bundle = ({ jid, deviceId }: DeviceRef, version: Version): Slot<BundleRecord> => ({
  key: `bundle/${jid}/${deviceId}/${version}`,
});

/** An empty message that has to be sent. */
export interface OwedRecord {
  readonly device: DeviceRef;
  readonly version: Version;
  readonly why: "key-exchange" | "heartbeat" | "healing";
}
export const OWED = "owed/";
export const owed = ({ jid, deviceId }: DeviceRef, version: Version): Slot<OwedRecord> => ({
  key: `${OWED}${jid}/${deviceId}/${version}`,
});

export interface HealingRecord {
  readonly attempts: number;
  readonly notBefore: number;
}
export const healing = ({ jid, deviceId }: DeviceRef, version: Version): Slot<HealingRecord> => ({
  key: `healing/${jid}/${deviceId}/${version}`,
});
