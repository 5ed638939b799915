/** This device's own keys: prekeys, the signed prekey and its rotation, and the bundles made of them. */

import type { Publication, Task } from "./api.ts";
import { equal } from "./bytes.ts";
import { Unreadable } from "./errors.ts";
import type { Curve, Identity } from "./keys.ts";
import type { Notebook } from "./notebook.ts";
import type { Profile } from "./profile.ts";
import * as records from "./records.ts";

/** XEP-0384: a bundle has around 100 prekeys. */
export const PREKEYS = 100;
/** Signed prekeys are replaced after a week and honoured for another. */
export const ROTATION = 7 * 24 * 3600 * 1000; // ms
export const GRACE = ROTATION;
/** libsignal's ids have 24 bits. */
const MAX_ID = 0xffffff;

const following = (id: number): number => (id >= MAX_ID ? 1 : id + 1);

export class OwnKeys {
  readonly #profile: Profile;
  readonly #curve: Curve;
  readonly #identity: Identity;

  constructor(profile: Profile, curve: Curve, identity: Identity) {
    this.#profile = profile;
    this.#curve = curve;
    this.#identity = identity;
  }

  get #slot() {
    return records.own(this.#profile.version);
  }

  async create(notes: Notebook, now: number): Promise<void> {
    notes.put(this.#slot, {
      signedPreKey: await this.#newSignedPreKey(1, now),
      retired: [],
      nextPreKeyId: 1,
      revision: 1,
      publishedRevision: 0,
    });
    await this.refill(notes);
  }

  async #record(notes: Notebook): Promise<records.OwnRecord> {
    const record = await notes.get(this.#slot);
    if (!record) throw new Error("own keys are missing: the storage belongs to no engine");
    return record;
  }

  async #newSignedPreKey(id: number, now: number): Promise<records.SignedPreKey> {
    const pair = await this.#curve.generate();
    return {
      id,
      pair,
      signature: await this.#profile.signPreKey(this.#curve, this.#identity, pair),
      createdAt: now,
    };
  }

  /** A signed prekey that may still be used, current or retired. */
  async signedPreKey(notes: Notebook, id: number): Promise<records.SignedPreKey> {
    const record = await this.#record(notes);
    const found = [record.signedPreKey, ...record.retired].find((key) => key.id === id);
    if (!found) throw new Unreadable("unknown-prekey", `signed prekey ${id} is gone`);
    return found;
  }

  async preKey(notes: Notebook, id: number, ephemeral: Uint8Array): Promise<records.PreKey> {
    const found = await notes.get(records.preKey(this.#profile.version, id));
    if (!found) throw new Unreadable("unknown-prekey", `prekey ${id} is gone`);
    // The session it made is known (or was replaced since): opening it again would accept a copy.
    if (found.usedWith?.some((used) => equal(used, ephemeral))) {
      throw new Unreadable("replay", "this key exchange was carried out before");
    }
    return found;
  }

  /** A key exchange has taken this prekey. With `keep` it goes when the archive has been read. */
  async take(notes: Notebook, id: number, ephemeral: Uint8Array, keep: boolean): Promise<void> {
    const slot = records.preKey(this.#profile.version, id);
    const found = await notes.get(slot);
    if (!found) return;
    if (keep) notes.put(slot, { ...found, usedWith: [...(found.usedWith ?? []), ephemeral] });
    else notes.delete(slot);
    if (!found.usedWith) await this.refill(notes);
  }

  /** Deletes used prekeys that were kept for reading the archive. */
  async forgetUsed(notes: Notebook): Promise<void> {
    for (const { value } of await notes.scan<records.PreKey>(records.preKeys(this.#profile.version))) {
      if (value.usedWith) notes.delete(records.preKey(this.#profile.version, value.id));
    }
  }

  /** Back to PREKEYS unused ones. */
  async refill(notes: Notebook): Promise<void> {
    const { version } = this.#profile;
    const all = await notes.scan<records.PreKey>(records.preKeys(version));
    const taken = new Set(all.map(({ value }) => value.id));
    const missing = PREKEYS - all.filter(({ value }) => !value.usedWith).length;
    if (missing <= 0) return;
    const record = await this.#record(notes);
    let id = record.nextPreKeyId;
    for (let made = 0; made < missing; id = following(id)) {
      if (taken.has(id)) continue;
      notes.put(records.preKey(version, id), { id, pair: await this.#curve.generate() });
      made++;
    }
    notes.put(this.#slot, { ...record, nextPreKeyId: id, revision: record.revision + 1 });
  }

  /** Weekly rotation; retired keys go after their grace. */
  async rotate(notes: Notebook, now: number): Promise<void> {
    let record = await this.#record(notes);
    const retired = record.retired.filter((key) => now - (key.retiredAt ?? 0) < GRACE);
    if (retired.length !== record.retired.length) record = { ...record, retired };
    if (now - record.signedPreKey.createdAt >= ROTATION) {
      const old = { ...record.signedPreKey, retiredAt: now };
      const signedPreKey = await this.#newSignedPreKey(following(old.id), now);
      record = { ...record, signedPreKey, retired: [old, ...retired], revision: record.revision + 1 };
    }
    if (record !== (await this.#record(notes))) notes.put(this.#slot, record);
  }

  async tasks(notes: Notebook): Promise<Task[]> {
    const { revision, publishedRevision } = await this.#record(notes);
    return revision > publishedRevision ? [{ do: "publish-bundle", protocol: this.#profile.protocol }] : [];
  }

  async confirm(notes: Notebook, revision: number): Promise<void> {
    const record = await this.#record(notes);
    notes.put(this.#slot, { ...record, publishedRevision: Math.max(record.publishedRevision, revision) });
  }

  async publication(notes: Notebook, deviceId: number): Promise<Publication> {
    const profile = this.#profile;
    const { signedPreKey, revision } = await this.#record(notes);
    const unused = (await notes.scan<records.PreKey>(records.preKeys(profile.version)))
      .filter(({ value }) => !value.usedWith)
      .map(({ value }) => ({ id: value.id, publicKey: value.pair.publicKey }))
      .sort((a, b) => a.id - b.id);
    return {
      protocol: profile.protocol,
      deviceListNode: profile.deviceListNode,
      deviceListItemId: "current",
      bundleNode: profile.bundleNode(deviceId),
      bundleItemId: profile.bundleItemId(deviceId),
      bundle: profile.bundleElement({
        identity: this.#identity,
        signedPreKey: {
          id: signedPreKey.id,
          publicKey: signedPreKey.pair.publicKey,
          signature: signedPreKey.signature,
        },
        preKeys: unused,
      }),
      revision,
    };
  }
}
