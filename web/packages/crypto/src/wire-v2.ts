/** `urn:xmpp:omemo:2`: XEP-0384 0.8 to 0.9.1. Bare 32-byte keys, Ed25519 identities, MAC of 16 bytes, XEP-0420 content. */

import { cbc } from "@noble/ciphers/aes.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { OMEMO2, type XmlElement } from "./api.ts";
import { concat, equal, fromBase64, randomBytes, toBase64, utf8 } from "./bytes.ts";
import { bytesOf, childOf, childrenOf, element, flagOf, numberOf, optionalChild } from "./elements.ts";
import { malformed, Unreadable } from "./errors.ts";
import {
  type Bundle,
  type DeviceEntry,
  type EncryptedElement,
  type KeyExchange,
  LIMITS,
  type OutgoingKey,
  type OwnBundle,
  type Profile,
  type PublicPreKey,
  type RatchetMessage,
} from "./profile.ts";
import { encode, Fields } from "./protobuf.ts";
import { toMontgomery } from "./xeddsa.ts";

const MAC = 16;
const ZEROS = new Uint8Array(32);
const PAYLOAD_LABEL = utf8("OMEMO Payload");
const MAX_LABEL = 53; // Unicode code points, XEP-0384 §5.3.1

// XEP-0384, protobuf schema.
const MESSAGE = { 1: "uint32", 2: "uint32", 3: "bytes", 4: "bytes" } as const;
const AUTHENTICATED = { 1: "bytes", 2: "bytes" } as const;
const EXCHANGE = { 1: "uint32", 2: "uint32", 3: "bytes", 4: "bytes", 5: "bytes" } as const;

/** XEP-0384 §4.4: everything about the payload follows from its key. */
function payloadKeys(key: Uint8Array): {
  encryption: Uint8Array;
  authentication: Uint8Array;
  iv: Uint8Array;
} {
  const derived = hkdf(sha256, key, ZEROS, PAYLOAD_LABEL, 80);
  return {
    encryption: derived.subarray(0, 32),
    authentication: derived.subarray(32, 64),
    iv: derived.subarray(64),
  };
}

export const v2: Profile = {
  protocol: OMEMO2,
  version: "v2",
  labels: {
    exchange: utf8("OMEMO X3DH"),
    root: utf8("OMEMO Root Chain"),
    message: utf8("OMEMO Message Key Material"),
  },
  macLength: MAC,
  previousCountSlack: 0,

  wireIdentity: ({ edPublic }) => edPublic,
  identityPoint(wire) {
    try {
      return toMontgomery(wire);
    } catch {
      throw malformed("the identity is no point of Ed25519");
    }
  },
  associatedData: (own, theirs, { initiated }) => (initiated ? concat(own, theirs) : concat(theirs, own)),

  encodeMessage: (header, ciphertext) =>
    encode([
      [1, header.n],
      [2, header.pn],
      [3, header.ratchetKey],
      [4, ciphertext],
    ]),
  frame: (signed, mac) =>
    encode([
      [1, mac],
      [2, signed],
    ]),
  parseMessage(framed): RatchetMessage {
    const outer = new Fields(framed, AUTHENTICATED);
    const signed = outer.bytes(2);
    const fields = new Fields(signed, MESSAGE);
    return {
      header: { n: fields.uint32(1), pn: fields.uint32(2), ratchetKey: fields.bytes(3, 32) },
      ciphertext: fields.bytes(4),
      signed,
      mac: outer.bytes(1, MAC),
    };
  },
  encodeExchange: (exchange) =>
    encode([
      [1, exchange.preKeyId],
      [2, exchange.signedPreKeyId],
      [3, exchange.identity],
      [4, exchange.ephemeral],
      [5, exchange.message],
    ]),
  parseExchange(bytes): KeyExchange {
    const fields = new Fields(bytes, EXCHANGE);
    return {
      preKeyId: fields.uint32(1),
      signedPreKeyId: fields.uint32(2),
      identity: fields.bytes(3, 32),
      ephemeral: fields.bytes(4, 32),
      message: fields.bytes(5),
    };
  },

  async sealPayload(plaintext) {
    const key = randomBytes(32);
    const { encryption, authentication, iv } = payloadKeys(key);
    const payload = cbc(encryption, iv).encrypt(plaintext);
    return {
      key: concat(key, hmac(sha256, authentication, payload).subarray(0, MAC)),
      iv: undefined,
      payload,
    };
  },
  emptyPayload: () => ({ key: ZEROS, iv: undefined, payload: undefined }),
  async openPayload(key, { payload }) {
    if (!payload || key.length !== 32 + MAC)
      throw new Unreadable("bad-payload", "the key has a wrong length");
    const { encryption, authentication, iv } = payloadKeys(key.subarray(0, 32));
    if (!equal(hmac(sha256, authentication, payload).subarray(0, MAC), key.subarray(32))) {
      throw new Unreadable("bad-payload", "the payload does not match its MAC");
    }
    try {
      return cbc(encryption, iv).decrypt(payload);
    } catch {
      throw new Unreadable("bad-payload", "the payload is badly padded");
    }
  },

  encryptedElement(senderId, keys, sealed): XmlElement {
    const accounts = new Map<string, OutgoingKey[]>();
    for (const key of keys) accounts.set(key.jid, [...(accounts.get(key.jid) ?? []), key]);
    const header = element(
      "header",
      OMEMO2,
      { sid: senderId },
      ...[...accounts].map(([jid, ofAccount]) =>
        element(
          "keys",
          OMEMO2,
          { jid },
          ...ofAccount.map((key) =>
            element(
              "key",
              OMEMO2,
              { rid: key.deviceId, kex: key.isKeyExchange ? "true" : undefined },
              toBase64(key.bytes),
            ),
          ),
        ),
      ),
    );
    const payload = sealed.payload && element("payload", OMEMO2, {}, toBase64(sealed.payload));
    return element("encrypted", OMEMO2, {}, header, ...(payload ? [payload] : []));
  },
  parseEncrypted(encrypted, jid, deviceId): EncryptedElement {
    const header = childOf(encrypted, "header");
    const keys = childrenOf(header, "keys", LIMITS.accounts)
      .filter((ofAccount) => ofAccount.attrs.jid === jid)
      .flatMap((ofAccount) => childrenOf(ofAccount, "key", LIMITS.devices))
      .filter((key) => key.attrs.rid === String(deviceId))
      .slice(0, LIMITS.candidates);
    const payload = optionalChild(encrypted, "payload");
    return {
      protocol: OMEMO2,
      senderId: numberOf(header, "sid"),
      keys: keys.map((key) => ({ isKeyExchange: flagOf(key, "kex"), bytes: bytesOf(key, LIMITS.keyBytes) })),
      iv: undefined,
      payload: payload && bytesOf(payload, LIMITS.payload),
    };
  },

  deviceListNode: `${OMEMO2}:devices`,
  bundleNode: () => `${OMEMO2}:bundles`,
  bundleItemId: (deviceId) => String(deviceId),
  signPreKey: (curve, identity, pair) => curve.sign(identity.seed, pair.publicKey),
  bundleElement: ({ identity, signedPreKey, preKeys }: OwnBundle) =>
    element(
      "bundle",
      OMEMO2,
      {},
      element("spk", OMEMO2, { id: signedPreKey.id }, toBase64(signedPreKey.publicKey)),
      element("spks", OMEMO2, {}, toBase64(signedPreKey.signature)),
      element("ik", OMEMO2, {}, toBase64(identity.edPublic)),
      element(
        "prekeys",
        OMEMO2,
        {},
        ...preKeys.map((key) => element("pk", OMEMO2, { id: key.id }, toBase64(key.publicKey))),
      ),
    ),
  async parseBundle(curve, bundle): Promise<Bundle | undefined> {
    const spk = childOf(bundle, "spk");
    const signedPreKey = { id: numberOf(spk, "id"), publicKey: exactly(bytesOf(spk, 32), 32) };
    const edIdentity = exactly(bytesOf(childOf(bundle, "ik"), 32), 32);
    const identity = v2.identityPoint(edIdentity);
    const signature = exactly(bytesOf(childOf(bundle, "spks"), 64), 64);
    const preKeys = childrenOf(childOf(bundle, "prekeys"), "pk", LIMITS.preKeys).map(
      (key): PublicPreKey => ({ id: numberOf(key, "id"), publicKey: exactly(bytesOf(key, 32), 32) }),
    );
    if (preKeys.length === 0) throw malformed("no prekeys");
    if (!(await curve.verify(edIdentity, signedPreKey.publicKey, signature))) return undefined;
    return { identity, edIdentity, signedPreKey, preKeys };
  },
  deviceElement: ({ deviceId, label, labelSignature }) =>
    element("device", OMEMO2, {
      id: deviceId,
      label,
      labelsig: label === undefined || !labelSignature ? undefined : toBase64(labelSignature),
    }),
  emptyDeviceList: () => element("devices", OMEMO2),
  parseDeviceList: (list): DeviceEntry[] =>
    childrenOf(list, "device", LIMITS.devices).map((device) => ({
      deviceId: numberOf(device, "id"),
      ...labelOf(device),
    })),
};

/** A label counts only with its signature; whether that verifies is known once the identity is. */
function labelOf(device: XmlElement): { label: string | undefined; labelSignature: Uint8Array | undefined } {
  const { label, labelsig } = device.attrs;
  const labelSignature = labelsig === undefined ? undefined : fromBase64(labelsig, 64);
  const usable = label !== undefined && [...label].length <= MAX_LABEL && labelSignature?.length === 64;
  return usable ? { label, labelSignature } : { label: undefined, labelSignature: undefined };
}

function exactly(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw malformed(`expected ${length} bytes, got ${bytes.length}`);
  return bytes;
}
