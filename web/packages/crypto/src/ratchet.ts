/**
 * The Double Ratchet (revision 1) as pure steps: a session goes in, a new one comes out, nothing is changed in place.
 * So "commit only after the MAC verified" is simply: keep the new session only when `decrypt` returned.
 *
 * Bounds: a message may jump at most MAX_JUMP ahead, MAX_SKIPPED keys are kept in all (oldest go first), none longer
 * than SKIPPED_AGE.
 */

import { cbc } from "@noble/ciphers/aes.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, equal } from "./bytes.ts";
import { Unreadable } from "./errors.ts";
import type { Curve, KeyPair } from "./keys.ts";
import type { Header, Profile, RatchetMessage } from "./profile.ts";

export const MAX_JUMP = 1000;
export const MAX_SKIPPED = 1000;
export const SKIPPED_AGE = 30 * 24 * 3600 * 1000; // ms
/** Ratchet keys of finished chains that are remembered, to tell a late copy from a broken session. */
const MAX_PAST = 32;
const PAST_BYTES = 8;
/** XEP-0384 §6: answer the first message of a chain at or beyond this number with an empty one. */
export const HEARTBEAT = 53;

export interface Chain {
  readonly key: Uint8Array;
  /** Number of the next message. */
  readonly n: number;
}

/** The key of a message that has not come yet. */
export interface Skipped {
  readonly ratchetKey: Uint8Array;
  readonly n: number;
  readonly key: Uint8Array;
  /** When it was put aside, epoch milliseconds. */
  readonly at: number;
}

export interface Session {
  readonly initiated: boolean;
  /** Identities as spelled on the wire. */
  readonly ownIdentity: Uint8Array;
  readonly theirIdentity: Uint8Array;
  /** The ephemeral key of the exchange that made this session: names it. */
  readonly ephemeral: Uint8Array;
  /** Sent along until the first answer. */
  readonly unconfirmed: { readonly preKeyId: number; readonly signedPreKeyId: number } | undefined;
  readonly createdAt: number;

  readonly root: Uint8Array;
  readonly own: KeyPair;
  readonly their: Uint8Array | undefined;
  readonly sending: Chain | undefined;
  readonly receiving: Chain | undefined;
  /** Length of the previous sending chain (PN). */
  readonly previous: number;
  readonly skipped: readonly Skipped[];
  /** Beginnings of the ratchet keys of finished receiving chains. */
  readonly past: readonly Uint8Array[];
  /** The heartbeat for the current receiving chain was asked for. */
  readonly heartbeat: boolean;
}

type Start = Pick<Session, "ownIdentity" | "theirIdentity" | "ephemeral" | "createdAt">;

/** A's side after X3DH: B's signed prekey is B's first ratchet key. */
export async function open(
  profile: Profile,
  curve: Curve,
  start: Start & { readonly unconfirmed: NonNullable<Session["unconfirmed"]> },
  secret: Uint8Array,
  theirSignedPreKey: Uint8Array,
): Promise<Session> {
  const own = await curve.generate();
  const [root, key] = stepRoot(profile, secret, await curve.dh(own.secret, theirSignedPreKey));
  return {
    ...start,
    initiated: true,
    root,
    own,
    their: theirSignedPreKey,
    sending: { key, n: 0 },
    receiving: undefined,
    previous: 0,
    skipped: [],
    past: [],
    heartbeat: false,
  };
}

/** B's side after X3DH; chains begin with A's first message. */
export function accept(start: Start, secret: Uint8Array, ownSignedPreKey: KeyPair): Session {
  return {
    ...start,
    initiated: false,
    unconfirmed: undefined,
    root: secret,
    own: ownSignedPreKey,
    their: undefined,
    sending: undefined,
    receiving: undefined,
    previous: 0,
    skipped: [],
    past: [],
    heartbeat: false,
  };
}

/** Returns the framed message and the session after it. */
export function encrypt(
  profile: Profile,
  session: Session,
  plaintext: Uint8Array,
): { session: Session; message: Uint8Array } {
  if (!session.sending) throw new Error("the responder sends after it has received");
  const { messageKey, next } = stepChain(session.sending);
  const { encryption, authentication, iv } = messageKeys(profile, messageKey);
  const header = { n: session.sending.n, pn: session.previous, ratchetKey: session.own.publicKey };
  const signed = profile.encodeMessage(header, cbc(encryption, iv).encrypt(plaintext));
  const mac = computeMac(profile, session, authentication, signed, true);
  return { session: { ...session, sending: next }, message: profile.frame(signed, mac) };
}

/** Does the message belong to a chain of this session, current or finished? */
export function knows(session: Session, { ratchetKey }: Header): boolean {
  return (session.their !== undefined && equal(session.their, ratchetKey)) || isPast(session, ratchetKey);
}

function isPast(session: Session, ratchetKey: Uint8Array): boolean {
  const beginning = ratchetKey.subarray(0, PAST_BYTES);
  return session.past.some((past) => equal(past, beginning));
}

/**
 * Returns the plaintext and the session after the message; `late` when it came out of order. Throws `Unreadable`: `replay` when its key was used before,
 * `too-far-ahead`, `bad-mac` for everything that does not authenticate.
 */
export async function decrypt(
  profile: Profile,
  curve: Curve,
  session: Session,
  message: RatchetMessage,
  now: number,
): Promise<{ session: Session; plaintext: Uint8Array; late: boolean }> {
  const { header } = message;
  const kept = session.skipped.findIndex(
    (key) => key.n === header.n && equal(key.ratchetKey, header.ratchetKey),
  );
  if (kept >= 0) {
    const plaintext = verifyAndOpen(profile, session, (session.skipped[kept] as Skipped).key, message);
    const after = { ...session, skipped: session.skipped.toSpliced(kept, 1), unconfirmed: undefined };
    return { plaintext, session: after, late: true };
  }
  if (isPast(session, header.ratchetKey))
    throw new Unreadable("replay", "the chain of this message is finished");
  const stepped = await onChainOf(profile, curve, session, header, now);
  const chain = stepped.receiving as Chain;
  // A key of this chain that is neither ahead nor kept was used before (or is too old to be kept).
  if (header.n < chain.n) throw new Unreadable("replay", "the key of this message was used before");
  const { skipped, chain: at } = skip(chain, header.n, header.ratchetKey, now);
  const { messageKey, next } = stepChain(at);
  const plaintext = verifyAndOpen(profile, stepped, messageKey, message);
  return {
    plaintext,
    late: false,
    session: {
      ...stepped,
      receiving: next,
      skipped: keep([...stepped.skipped, ...skipped], now),
      unconfirmed: undefined,
    },
  };
}

/** The session with its receiving chain at the sender's ratchet key: a Diffie-Hellman step if the key is new. */
async function onChainOf(
  profile: Profile,
  curve: Curve,
  session: Session,
  header: Header,
  now: number,
): Promise<Session> {
  if (session.their && session.receiving && equal(session.their, header.ratchetKey)) return session;
  let { skipped, past } = session;
  if (session.their && session.receiving) {
    past = [...past, session.their.slice(0, PAST_BYTES)].slice(-MAX_PAST);
    const missing = header.pn + profile.previousCountSlack;
    if (missing > session.receiving.n) {
      skipped = [...skipped, ...skip(session.receiving, missing, session.their, now).skipped];
    }
  }
  const received = await agree(curve, session.own.secret, header.ratchetKey);
  const [receivingRoot, receivingKey] = stepRoot(profile, session.root, received);
  const own = await curve.generate();
  const [root, sendingKey] = stepRoot(
    profile,
    receivingRoot,
    await agree(curve, own.secret, header.ratchetKey),
  );
  return {
    ...session,
    root,
    own,
    their: header.ratchetKey,
    sending: { key: sendingKey, n: 0 },
    receiving: { key: receivingKey, n: 0 },
    previous: session.sending?.n ?? 0,
    skipped,
    past,
    heartbeat: false,
  };
}

async function agree(curve: Curve, secret: Uint8Array, publicKey: Uint8Array): Promise<Uint8Array> {
  try {
    return await curve.dh(secret, publicKey);
  } catch {
    throw new Unreadable("bad-mac", "the ratchet key is of small order");
  }
}

/** Keys of the messages from the chain's next up to, not including, `n`. */
function skip(
  chain: Chain,
  n: number,
  ratchetKey: Uint8Array,
  at: number,
): { skipped: Skipped[]; chain: Chain } {
  if (n - chain.n > MAX_JUMP) throw new Unreadable("too-far-ahead", `${n - chain.n} messages are missing`);
  const skipped: Skipped[] = [];
  let current = chain;
  while (current.n < n) {
    const { messageKey, next } = stepChain(current);
    skipped.push({ ratchetKey, n: current.n, key: messageKey, at });
    current = next;
  }
  return { skipped, chain: current };
}

function keep(skipped: readonly Skipped[], now: number): readonly Skipped[] {
  return skipped.filter((key) => now - key.at < SKIPPED_AGE).slice(-MAX_SKIPPED);
}

function verifyAndOpen(
  profile: Profile,
  session: Session,
  messageKey: Uint8Array,
  message: RatchetMessage,
): Uint8Array {
  const { encryption, authentication, iv } = messageKeys(profile, messageKey);
  if (!equal(computeMac(profile, session, authentication, message.signed, false), message.mac)) {
    throw new Unreadable("bad-mac", "the message does not authenticate");
  }
  try {
    return cbc(encryption, iv).decrypt(message.ciphertext);
  } catch {
    throw new Unreadable("bad-mac", "the message is badly padded"); // only the sender can do this
  }
}

function computeMac(
  profile: Profile,
  session: Session,
  key: Uint8Array,
  signed: Uint8Array,
  send: boolean,
): Uint8Array {
  const data = profile.associatedData(session.ownIdentity, session.theirIdentity, {
    initiated: session.initiated,
    send,
  });
  return hmac(sha256, key, concat(data, signed)).subarray(0, profile.macLength);
}

/** KDF_RK: next root key and chain key. */
function stepRoot(profile: Profile, root: Uint8Array, shared: Uint8Array): [Uint8Array, Uint8Array] {
  const derived = hkdf(sha256, shared, root, profile.labels.root, 64);
  return [derived.slice(0, 32), derived.slice(32)];
}

const ONE = Uint8Array.of(1);
const TWO = Uint8Array.of(2);

/** KDF_CK. */
function stepChain(chain: Chain): { messageKey: Uint8Array; next: Chain } {
  return {
    messageKey: hmac(sha256, chain.key, ONE),
    next: { key: hmac(sha256, chain.key, TWO), n: chain.n + 1 },
  };
}

const ZEROS = new Uint8Array(32);

function messageKeys(
  profile: Profile,
  messageKey: Uint8Array,
): Record<"encryption" | "authentication" | "iv", Uint8Array> {
  const derived = hkdf(sha256, messageKey, ZEROS, profile.labels.message, 80);
  return {
    encryption: derived.subarray(0, 32),
    authentication: derived.subarray(32, 64),
    iv: derived.subarray(64),
  };
}
