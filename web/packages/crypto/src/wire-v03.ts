/**
 * `eu.siacs.conversations.axolotl`: XEP-0384 0.3 around libsignal's message format (version 3).
 *
 * Facts no text states in one place: public keys carry a leading 0x05 (33 bytes), also under the signature of the signed
 * prekey; messages carry a leading 0x33 and a trailing MAC of 8 bytes; the MAC covers sender and receiver identity, in
 * the order of this message, not of the session; the tag of the payload travels with its key.
 */

import { gcm } from "@noble/ciphers/aes.js";
import { AXOLOTL, type XmlElement } from "./api.ts";
import { concat, randomBytes, toBase64, utf8 } from "./bytes.ts";
import { bytesOf, childOf, childrenOf, element, flagOf, numberOf, optionalChild } from "./elements.ts";
import { malformed, Unreadable } from "./errors.ts";
import {
  type Bundle,
  type DeviceEntry,
  type EncryptedElement,
  type KeyExchange,
  LIMITS,
  type OwnBundle,
  type Profile,
  type PublicPreKey,
  type RatchetMessage,
} from "./profile.ts";
import { encode, Fields } from "./protobuf.ts";
import { signWithSign, verifyWithSign } from "./xeddsa.ts";

const VERSION = 0x33;
const KEY_TYPE = 0x05;
const MAC = 8;
const TAG = 16;

// libsignal's SignalMessage and PreKeySignalMessage.
const MESSAGE = { 1: "bytes", 2: "uint32", 3: "uint32", 4: "bytes" } as const;
const EXCHANGE = { 1: "uint32", 2: "bytes", 3: "bytes", 4: "bytes", 5: "uint32", 6: "uint32" } as const;

function spell(publicKey: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(KEY_TYPE), publicKey);
}

function unspell(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 33 || bytes[0] !== KEY_TYPE)
    throw malformed("a public key of 0.3 has 33 bytes and begins with 5");
  return bytes.slice(1);
}

function withoutVersion(bytes: Uint8Array): Uint8Array {
  // High nibble: version of the message, low nibble: highest version understood. Nobody else ever was.
  if ((bytes[0] ?? 0) >> 4 !== 3) throw new Unreadable("unknown-version", "not a version 3 message");
  return bytes.subarray(1);
}

export const v03: Profile = {
  protocol: AXOLOTL,
  version: "v03",
  labels: {
    exchange: utf8("WhisperText"),
    root: utf8("WhisperRatchet"),
    message: utf8("WhisperMessageKeys"),
  },
  macLength: MAC,
  // COMPAT(libsignal): it announces the index of the last message of a chain (0 for an empty one) where the Double
  // Ratchet wants the length. One key more than announced is kept, or the last message of a chain could not be late.
  previousCountSlack: 1,

  wireIdentity: ({ publicKey }) => publicKey,
  identityPoint: (wire) => wire,
  associatedData: (own, theirs, { send }) =>
    send ? concat(spell(own), spell(theirs)) : concat(spell(theirs), spell(own)),

  encodeMessage: (header, ciphertext) =>
    concat(
      Uint8Array.of(VERSION),
      encode([
        [1, spell(header.ratchetKey)],
        [2, header.n],
        [3, header.pn],
        [4, ciphertext],
      ]),
    ),
  frame: (signed, mac) => concat(signed, mac),
  parseMessage(framed): RatchetMessage {
    if (framed.length <= MAC) throw malformed("a message shorter than its MAC");
    const signed = framed.slice(0, -MAC);
    const fields = new Fields(withoutVersion(signed), MESSAGE);
    return {
      header: {
        n: fields.uint32(2),
        pn: fields.optionalUint32(3) ?? 0,
        ratchetKey: unspell(fields.bytes(1)),
      },
      ciphertext: fields.bytes(4),
      signed,
      mac: framed.slice(-MAC),
    };
  },
  encodeExchange: (exchange, deviceId) =>
    concat(
      Uint8Array.of(VERSION),
      encode([
        [5, deviceId],
        [1, exchange.preKeyId],
        [6, exchange.signedPreKeyId],
        [2, spell(exchange.ephemeral)],
        [3, spell(exchange.identity)],
        [4, exchange.message],
      ]),
    ),
  parseExchange(bytes): KeyExchange {
    const fields = new Fields(withoutVersion(bytes), EXCHANGE);
    return {
      preKeyId: fields.uint32(1), // XEP-0384: a key exchange without a one-time prekey must be rejected
      signedPreKeyId: fields.uint32(6),
      identity: unspell(fields.bytes(3)),
      ephemeral: unspell(fields.bytes(2)),
      message: fields.bytes(4),
    };
  },

  async sealPayload(plaintext) {
    const key = randomBytes(16);
    const iv = randomBytes(12);
    const sealed = gcm(key, iv).encrypt(plaintext);
    return { key: concat(key, sealed.subarray(-TAG)), iv, payload: sealed.slice(0, -TAG) };
  },
  emptyPayload: () => ({ key: randomBytes(16), iv: randomBytes(12), payload: undefined }),
  async openPayload(key, { iv, payload }) {
    // Before 2017 the tag was the end of the payload and the key came alone.
    if (!payload || (iv?.length !== 12 && iv?.length !== 16)) throw malformed("an IV has 12 or 16 bytes");
    if (key.length !== 16 && key.length !== 16 + TAG)
      throw new Unreadable("bad-payload", "the key has a wrong length");
    try {
      return gcm(key.subarray(0, 16), iv).decrypt(concat(payload, key.subarray(16)));
    } catch {
      throw new Unreadable("bad-payload", "the payload does not match its tag");
    }
  },

  encryptedElement(senderId, keys, sealed): XmlElement {
    const header = element(
      "header",
      AXOLOTL,
      { sid: senderId },
      ...keys.map((key) =>
        element(
          "key",
          AXOLOTL,
          { rid: key.deviceId, prekey: key.isKeyExchange ? "true" : undefined },
          toBase64(key.bytes),
        ),
      ),
      element("iv", AXOLOTL, {}, toBase64(sealed.iv as Uint8Array)),
    );
    const payload = sealed.payload && element("payload", AXOLOTL, {}, toBase64(sealed.payload));
    return element("encrypted", AXOLOTL, {}, header, ...(payload ? [payload] : []));
  },
  parseEncrypted(encrypted, _jid, deviceId): EncryptedElement {
    const header = childOf(encrypted, "header");
    const keys = childrenOf(header, "key", LIMITS.keys)
      .filter((key) => key.attrs.rid === String(deviceId))
      .slice(0, LIMITS.candidates);
    const payload = optionalChild(encrypted, "payload");
    const iv = optionalChild(header, "iv");
    return {
      protocol: AXOLOTL,
      senderId: numberOf(header, "sid"),
      keys: keys.map((key) => ({
        isKeyExchange: flagOf(key, "prekey"),
        bytes: bytesOf(key, LIMITS.keyBytes),
      })),
      iv: iv && bytesOf(iv, 16),
      payload: payload && bytesOf(payload, LIMITS.payload),
    };
  },

  deviceListNode: `${AXOLOTL}.devicelist`,
  bundleNode: (deviceId) => `${AXOLOTL}.bundles:${deviceId}`,
  bundleItemId: () => "current",
  signPreKey: (curve, identity, pair) =>
    signWithSign(curve, identity.seed, identity.edPublic, spell(pair.publicKey)),
  bundleElement: ({ identity, signedPreKey, preKeys }: OwnBundle) =>
    element(
      "bundle",
      AXOLOTL,
      {},
      element(
        "signedPreKeyPublic",
        AXOLOTL,
        { signedPreKeyId: signedPreKey.id },
        toBase64(spell(signedPreKey.publicKey)),
      ),
      element("signedPreKeySignature", AXOLOTL, {}, toBase64(signedPreKey.signature)),
      element("identityKey", AXOLOTL, {}, toBase64(spell(identity.publicKey))),
      element(
        "prekeys",
        AXOLOTL,
        {},
        ...preKeys.map((key) =>
          element("preKeyPublic", AXOLOTL, { preKeyId: key.id }, toBase64(spell(key.publicKey))),
        ),
      ),
    ),
  async parseBundle(curve, bundle): Promise<Bundle | undefined> {
    const spk = childOf(bundle, "signedPreKeyPublic");
    const signed = bytesOf(spk, 33);
    const identity = unspell(bytesOf(childOf(bundle, "identityKey"), 33));
    const signature = bytesOf(childOf(bundle, "signedPreKeySignature"), 64);
    const preKeys = childrenOf(childOf(bundle, "prekeys"), "preKeyPublic", LIMITS.preKeys).map(
      (key): PublicPreKey => ({ id: numberOf(key, "preKeyId"), publicKey: unspell(bytesOf(key, 33)) }),
    );
    if (preKeys.length === 0) throw malformed("no prekeys");
    const signedPreKey = { id: numberOf(spk, "signedPreKeyId"), publicKey: unspell(signed) };
    const edIdentity = await verifyWithSign(curve, identity, signed, signature);
    return edIdentity && { identity, edIdentity, signedPreKey, preKeys };
  },
  deviceElement: ({ deviceId }) => element("device", AXOLOTL, { id: deviceId }),
  emptyDeviceList: () => element("list", AXOLOTL),
  parseDeviceList: (list): DeviceEntry[] =>
    childrenOf(list, "device", LIMITS.devices).map((device) => ({
      deviceId: numberOf(device, "id"),
      label: undefined,
      labelSignature: undefined,
    })),
};
