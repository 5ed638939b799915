/**
 * The two wire formats behind one face. The Double Ratchet and X3DH are the same in both; what differs is how keys are
 * spelled, the labels of the key derivations, what the MAC covers and how long it is, and how messages are framed.
 */

import type { Protocol, XmlElement } from "./api.ts";
import type { Curve, Identity, KeyPair } from "./keys.ts";

/** Header of one ratchet message. */
export interface Header {
  /** Number in the sending chain, from 0. */
  readonly n: number;
  /** Length of the sender's previous chain. */
  readonly pn: number;
  /** The sender's ratchet key, X25519, 32 bytes. */
  readonly ratchetKey: Uint8Array;
}

/** A ratchet message as it arrived: `signed` is what the MAC covers besides the associated data. */
export interface RatchetMessage {
  readonly header: Header;
  readonly ciphertext: Uint8Array;
  readonly signed: Uint8Array;
  readonly mac: Uint8Array;
}

export interface KeyExchange {
  readonly preKeyId: number;
  readonly signedPreKeyId: number;
  /** The sender's identity as spelled on the wire: 32 bytes, Curve25519 in 0.3, Ed25519 in omemo:2. */
  readonly identity: Uint8Array;
  /** Ephemeral X25519 key, 32 bytes. */
  readonly ephemeral: Uint8Array;
  /** The ratchet message inside, framed. */
  readonly message: Uint8Array;
}

export interface PublicPreKey {
  readonly id: number;
  readonly publicKey: Uint8Array;
}

/** A bundle whose signature has been verified. */
export interface Bundle {
  /** Curve25519 form. */
  readonly identity: Uint8Array;
  readonly edIdentity: Uint8Array;
  readonly signedPreKey: PublicPreKey;
  readonly preKeys: readonly PublicPreKey[];
}

/** Own keys to publish. */
export interface OwnBundle {
  readonly identity: Identity;
  readonly signedPreKey: PublicPreKey & { readonly signature: Uint8Array };
  readonly preKeys: readonly PublicPreKey[];
}

/** One `<key/>` for this device. */
export interface SealedKey {
  readonly isKeyExchange: boolean;
  readonly bytes: Uint8Array;
}

/** An `<encrypted/>` element, as far as this device is concerned. */
export interface EncryptedElement {
  readonly protocol: Protocol;
  readonly senderId: number;
  /** Mostly none or one. In 0.3 keys name no account, so another account's device can have our number. */
  readonly keys: readonly SealedKey[];
  readonly iv: Uint8Array | undefined;
  /** Undefined: an empty message. */
  readonly payload: Uint8Array | undefined;
}

/** A `<key/>` to send. */
export interface OutgoingKey extends SealedKey {
  readonly jid: string;
  readonly deviceId: number;
}

/** The content, sealed once for all devices; `key` is what each device gets through its own session. */
export interface SealedPayload {
  readonly key: Uint8Array;
  readonly iv: Uint8Array | undefined;
  readonly payload: Uint8Array | undefined;
}

export interface DeviceEntry {
  readonly deviceId: number;
  readonly label: string | undefined;
  readonly labelSignature: Uint8Array | undefined;
}

export interface Profile {
  readonly protocol: Protocol;
  /** Short name in record keys. */
  readonly version: "v03" | "v2";
  readonly labels: { readonly exchange: Uint8Array; readonly root: Uint8Array; readonly message: Uint8Array };
  readonly macLength: 8 | 16;
  /** PN as libsignal counts it is one too small, see wire-v03. */
  readonly previousCountSlack: 0 | 1;

  /** How an identity is spelled on the wire and in the associated data, 32 bytes. */
  wireIdentity(identity: { readonly publicKey: Uint8Array; readonly edPublic: Uint8Array }): Uint8Array;
  /** The Curve25519 form of a wire identity. Throws `Unreadable`. */
  identityPoint(wire: Uint8Array): Uint8Array;
  /** Associated data of a message. */
  associatedData(
    own: Uint8Array,
    theirs: Uint8Array,
    we: { readonly initiated: boolean; readonly send: boolean },
  ): Uint8Array;

  encodeMessage(header: Header, ciphertext: Uint8Array): Uint8Array;
  frame(signed: Uint8Array, mac: Uint8Array): Uint8Array;
  parseMessage(framed: Uint8Array): RatchetMessage;
  /** 0.3 fills libsignal's registration id with the device id, which nobody reads. */
  encodeExchange(exchange: KeyExchange, deviceId: number): Uint8Array;
  parseExchange(bytes: Uint8Array): KeyExchange;

  sealPayload(plaintext: Uint8Array): Promise<SealedPayload>;
  emptyPayload(): SealedPayload;
  /** Throws `Unreadable` (`bad-payload`). */
  openPayload(key: Uint8Array, element: EncryptedElement): Promise<Uint8Array>;

  encryptedElement(senderId: number, keys: readonly OutgoingKey[], sealed: SealedPayload): XmlElement;
  parseEncrypted(element: XmlElement, jid: string, deviceId: number): EncryptedElement;

  readonly deviceListNode: string;
  bundleNode(deviceId: number): string;
  bundleItemId(deviceId: number): string;
  signPreKey(curve: Curve, identity: Identity, pair: KeyPair): Promise<Uint8Array>;
  bundleElement(bundle: OwnBundle): XmlElement;
  /** Parses and verifies. Throws `Unreadable` for a broken one; undefined for a bad signature. */
  parseBundle(curve: Curve, element: XmlElement): Promise<Bundle | undefined>;
  deviceElement(entry: DeviceEntry): XmlElement;
  emptyDeviceList(): XmlElement;
  parseDeviceList(element: XmlElement): DeviceEntry[];
}

/** Bounds of what is read from the network. */
export const LIMITS = {
  /** Devices in one list, as in other clients' lists of broken accounts; nobody has more. */
  devices: 128,
  preKeys: 256,
  /** Accounts and keys in one header: a group of 1,024 with 4 devices each. */
  accounts: 1200,
  keys: 5000,
  keyBytes: 1024,
  /** A payload: stanza limits are below that. */
  payload: 1 << 20,
  /** Header keys tried for one message (0.3 numbers may collide). */
  candidates: 4,
} as const;
