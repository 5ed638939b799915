/** Sessions with other devices: finding or making the right one for a message, and keeping them in order. */

import type { DeviceRef, Notice } from "./api.ts";
import { equal, toHex } from "./bytes.ts";
import { malformed, Unreadable } from "./errors.ts";
import { healed } from "./healing.ts";
import type { Curve, Identity } from "./keys.ts";
import type { Notebook } from "./notebook.ts";
import type { OwnKeys } from "./own.ts";
import type { KeyExchange, Profile, RatchetMessage, SealedKey } from "./profile.ts";
import * as ratchet from "./ratchet.ts";
import * as records from "./records.ts";
import { forgetSessions, judge } from "./trust.ts";
import { initiate, respond } from "./x3dh.ts";

const MAX_ARCHIVED = 4;
const ARCHIVE_AGE = 30 * 24 * 3600 * 1000; // ms

/** A key that was read. Nothing is written before `commit`. */
export interface OpenedKey {
  readonly plaintext: Uint8Array;
  /** Writes the session after this message and what follows from it. */
  commit(): Promise<{
    readonly notices: readonly Notice[];
    readonly owes: "key-exchange" | "heartbeat" | undefined;
  }>;
}

export class Sessions {
  readonly profile: Profile;
  readonly #curve: Curve;
  readonly #identity: Identity;
  readonly #own: OwnKeys;
  readonly #deviceId: number;

  constructor(profile: Profile, curve: Curve, identity: Identity, own: OwnKeys, deviceId: number) {
    this.profile = profile;
    this.#curve = curve;
    this.#identity = identity;
    this.#own = own;
    this.#deviceId = deviceId;
  }

  // ---------------------------------------------------------------------------------------------------- receiving

  /** Throws `Unreadable`. */
  async open(
    notes: Notebook,
    device: DeviceRef,
    key: SealedKey,
    keepPreKey: boolean,
    now: number,
  ): Promise<OpenedKey> {
    const record = await notes.get(records.session(device, this.profile.version));
    if (!key.isKeyExchange)
      return this.#openOnKnown(notes, device, record, this.profile.parseMessage(key.bytes), now);
    const exchange = this.profile.parseExchange(key.bytes);
    const message = this.profile.parseMessage(exchange.message);
    // XEP-0384 §4.3: the same ephemeral key means the same session; then only the message inside counts.
    const known = record && listed(record).find(({ ephemeral }) => equal(ephemeral, exchange.ephemeral));
    if (known) return this.#openOn(notes, device, record, known, message, now);
    return this.#accept(notes, device, record, exchange, message, keepPreKey, now);
  }

  /** A message without key exchange: the session that knows its chain first, then the others, latest first. */
  async #openOnKnown(
    notes: Notebook,
    device: DeviceRef,
    record: records.SessionRecord | undefined,
    message: RatchetMessage,
    now: number,
  ): Promise<OpenedKey> {
    if (!record) throw new Unreadable("no-session", "there is no session with this device");
    const sessions = listed(record);
    const owner = sessions.find((session) => ratchet.knows(session, message.header));
    if (owner) return this.#openOn(notes, device, record, owner, message, now);
    let first: unknown;
    for (const session of sessions) {
      try {
        return await this.#openOn(notes, device, record, session, message, now);
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        first ??= error;
      }
    }
    throw first;
  }

  async #openOn(
    notes: Notebook,
    device: DeviceRef,
    record: records.SessionRecord,
    session: ratchet.Session,
    message: RatchetMessage,
    now: number,
  ): Promise<OpenedKey> {
    const {
      session: after,
      plaintext,
      late,
    } = await ratchet.decrypt(this.profile, this.#curve, session, message, now);
    const needsHeartbeat = !late && !after.heartbeat && message.header.n >= ratchet.HEARTBEAT;
    const next = needsHeartbeat ? { ...after, heartbeat: true } : after;
    const commit = async () => {
      notes.put(records.session(device, this.profile.version), replaced(record, session, next, late, now));
      await healed(notes, device, this.profile.version);
      return { notices: [], owes: needsHeartbeat ? ("heartbeat" as const) : undefined };
    };
    return { plaintext, commit };
  }

  /** A new key exchange: replaces the session with this device (XEP-0384 §5.6). */
  async #accept(
    notes: Notebook,
    device: DeviceRef,
    record: records.SessionRecord | undefined,
    exchange: KeyExchange,
    message: RatchetMessage,
    keepPreKey: boolean,
    now: number,
  ): Promise<OpenedKey> {
    const signedPreKey = await this.#own.signedPreKey(notes, exchange.signedPreKeyId);
    const preKey = await this.#own.preKey(notes, exchange.preKeyId, exchange.ephemeral);
    const identity = this.profile.identityPoint(exchange.identity);
    const isEd = this.profile.version === "v2";
    const judgement = await judge(
      notes,
      device,
      { publicKey: identity, edIdentity: isEd ? exchange.identity : undefined },
      now,
    );
    const start = {
      ownIdentity: this.profile.wireIdentity(this.#identity),
      theirIdentity: exchange.identity,
      ephemeral: exchange.ephemeral,
      createdAt: now,
    };
    const secret = await this.#agree(() =>
      respond(
        this.profile,
        this.#curve,
        { identitySecret: this.#identity.secret, signedPreKey: signedPreKey.pair, preKey: preKey.pair },
        { identity, ephemeral: exchange.ephemeral },
      ),
    );
    const opened = await ratchet.decrypt(
      this.profile,
      this.#curve,
      ratchet.accept(start, secret, signedPreKey.pair),
      message,
      now,
    );
    if (!judgement.accepted) {
      // Authentic, but from a key nobody agreed to: remember only that it was offered.
      notes.put(records.device(device), judgement.record);
      throw new KeyRefused(judgement.notices);
    }
    const commit = async () => {
      const isChange = judgement.notices.some(({ notice }) => notice === "key-changed");
      if (isChange) forgetSessions(notes, device);
      notes.put(records.device(device), judgement.record);
      const archived = record && !isChange ? listed(record) : [];
      notes.put(
        records.session(device, this.profile.version),
        prune({ current: opened.session, archived }, now),
      );
      await this.#own.take(notes, exchange.preKeyId, exchange.ephemeral, keepPreKey);
      await healed(notes, device, this.profile.version);
      return { notices: judgement.notices, owes: "key-exchange" as const };
    };
    return { plaintext: opened.plaintext, commit };
  }

  async #agree(exchange: () => Promise<Uint8Array>): Promise<Uint8Array> {
    try {
      return await exchange();
    } catch {
      throw malformed("a key of the exchange is of small order");
    }
  }

  // ------------------------------------------------------------------------------------------------------ sending

  /** Seals for one device over its session, or over a new one from its bundle. Undefined: there is neither. */
  async seal(
    notes: Notebook,
    device: DeviceRef,
    plaintext: Uint8Array,
    now: number,
  ): Promise<SealedKey | undefined> {
    const { version } = this.profile;
    const slot = records.session(device, version);
    const debt = await notes.get(records.owed(device, version));
    let record = await notes.get(slot);
    if (!record || debt?.why === "healing") {
      const refused = (await notes.get(records.bundle(device, version)))?.refused;
      const fresh = await this.#fromBundle(notes, device, now);
      if (fresh) record = prune({ current: fresh, archived: record ? listed(record) : [] }, now);
      // A repair waits for its bundle: what went over the old session could be lost. Without a bundle it is all there is.
      else if (!record || refused === undefined) return undefined;
    }
    const { session, message } = ratchet.encrypt(this.profile, record.current, plaintext);
    notes.put(slot, { ...record, current: session });
    if (debt) notes.delete(records.owed(device, version));
    const { unconfirmed } = record.current;
    if (!unconfirmed) return { isKeyExchange: false, bytes: message };
    const { ownIdentity: identity, ephemeral } = record.current;
    const exchange = { ...unconfirmed, identity, ephemeral, message };
    return { isKeyExchange: true, bytes: this.profile.encodeExchange(exchange, this.#deviceId) };
  }

  async #fromBundle(notes: Notebook, device: DeviceRef, now: number): Promise<ratchet.Session | undefined> {
    const slot = records.bundle(device, this.profile.version);
    const keys = (await notes.get(slot))?.keys;
    if (!keys) return undefined;
    const pinned = (await notes.get(records.device(device)))?.fingerprint;
    if (pinned !== undefined && pinned !== toHex(keys.identity)) return undefined;
    notes.delete(slot); // a one-time prekey is good for one session
    const ephemeral = await this.#curve.generate();
    const secret = await this.#agree(() =>
      initiate(this.profile, this.#curve, this.#identity.secret, ephemeral, keys),
    );
    const start = {
      ownIdentity: this.profile.wireIdentity(this.#identity),
      theirIdentity: this.profile.wireIdentity({ publicKey: keys.identity, edPublic: keys.edIdentity }),
      ephemeral: ephemeral.publicKey,
      createdAt: now,
      unconfirmed: { preKeyId: keys.preKey.id, signedPreKeyId: keys.signedPreKey.id },
    };
    return ratchet.open(this.profile, this.#curve, start, secret, keys.signedPreKey.publicKey);
  }
}

/** The device shows a key that a person has to accept first. */
export class KeyRefused extends Unreadable {
  readonly notices: readonly Notice[];

  constructor(notices: readonly Notice[]) {
    super("key-changed", "the device shows another identity key");
    this.notices = notices;
  }
}

function listed({ current, archived }: records.SessionRecord): ratchet.Session[] {
  return [current, ...archived];
}

/** The record with `before` replaced by `after`, which becomes the current one unless the message was a late one. */
function replaced(
  record: records.SessionRecord,
  before: ratchet.Session,
  after: ratchet.Session,
  late: boolean,
  now: number,
): records.SessionRecord {
  if (before === record.current) return prune({ ...record, current: after }, now);
  const others = record.archived.filter((session) => session !== before);
  if (!late) return prune({ current: after, archived: [record.current, ...others] }, now);
  return prune(
    { ...record, archived: record.archived.map((session) => (session === before ? after : session)) },
    now,
  );
}

function prune(record: records.SessionRecord, now: number): records.SessionRecord {
  if (record.archived.length === 0) return record;
  const young = record.archived.filter((session) => now - session.createdAt < ARCHIVE_AGE);
  return { ...record, archived: young.slice(0, MAX_ARCHIVED) };
}
