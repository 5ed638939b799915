/** The engine of one account on this device: the promises of `api.ts`, kept with the modules beside this one. */

import type {
  BundleOutcome,
  Commit,
  Decrypted,
  DeviceInfo,
  DeviceListOutcome,
  DeviceRef,
  Encrypted,
  EncryptRequest,
  EngineOptions,
  Incoming,
  OmemoEngine,
  OmemoStorage,
  OpenEngine,
  Plan,
  Protocol,
  Publication,
  SafetyNumber,
  Task,
  VerifyOutcome,
  XmlElement,
} from "./api.ts";
import { randomBytes, toHex, utf8 } from "./bytes.ts";
import { type Context, profileOf } from "./context.ts";
import { decryptOne } from "./decrypt.ts";
import { offerBundle, receiveDeviceList } from "./directory.ts";
import { encryptContent, encryptEmpty, planFor } from "./encrypt.ts";
import { tasksFor } from "./healing.ts";
import { type Curve, chooseCurve, type Identity, identityFromSeed, newIdentity } from "./keys.ts";
import { Notebook } from "./notebook.ts";
import { OwnKeys } from "./own.ts";
import * as records from "./records.ts";
import { Sessions } from "./sessions.ts";
import * as trust from "./trust.ts";
import { v2 } from "./wire-v2.ts";
import { v03 } from "./wire-v03.ts";

const MAX_DEVICE_ID = 2 ** 31 - 1;

function pickDeviceId(taken: readonly number[]): number {
  for (;;) {
    const id = new DataView(randomBytes(4).buffer).getUint32(0) & MAX_DEVICE_ID;
    if (id !== 0 && !taken.includes(id)) return id;
  }
}

/** @param curve for tests; otherwise the best there is */
export async function openEngineWith(
  curve: Curve,
  options: EngineOptions,
  commit: Commit<void>,
): Promise<OmemoEngine> {
  const notes = new Notebook(options.storage);
  const known = await notes.get(records.SELF);
  const identity = known ? identityFromSeed(known.seed) : newIdentity();
  const deviceId = known?.deviceId ?? pickDeviceId(options.takenIds ?? []);
  const own = { v2: new OwnKeys(v2, curve, identity), v03: new OwnKeys(v03, curve, identity) };
  if (!known) {
    notes.put(records.SELF, { seed: identity.seed, deviceId });
    await own.v2.create(notes, options.now());
    await own.v03.create(notes, options.now());
    await commit(notes.batch(), undefined);
  }
  const context: Context = {
    self: { jid: options.jid, deviceId },
    curve,
    now: options.now,
    own,
    sessions: {
      v2: new Sessions(v2, curve, identity, own.v2, deviceId),
      v03: new Sessions(v03, curve, identity, own.v03, deviceId),
    },
    isCatchingUp: false,
  };
  return new Engine(context, identity, options.storage, options.label);
}

export const openEngine: OpenEngine = async (options, commit) =>
  openEngineWith(await chooseCurve(), options, commit);

class Engine implements OmemoEngine {
  readonly #context: Context;
  readonly #identity: Identity;
  readonly #storage: OmemoStorage;
  readonly #label: string | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(context: Context, identity: Identity, storage: OmemoStorage, label: string | undefined) {
    this.#context = context;
    this.#identity = identity;
    this.#storage = storage;
    this.#label = label;
  }

  get jid(): string {
    return this.#context.self.jid;
  }

  get deviceId(): number {
    return this.#context.self.deviceId;
  }

  get fingerprint(): string {
    return toHex(this.#identity.publicKey);
  }

  /** One operation at a time, in the order they were asked for. */
  #queue<T>(work: (notes: Notebook) => Promise<T>): Promise<T> {
    const run = () => work(new Notebook(this.#storage));
    const result = this.#last.then(run, run);
    this.#last = result;
    return result;
  }

  #change<T>(commit: Commit<T>, work: (notes: Notebook) => Promise<T>): Promise<T> {
    return this.#queue(async (notes) => {
      const outcome = await work(notes);
      await commit(notes.batch(), outcome);
      return outcome;
    });
  }

  // ------------------------------------------------------------------------------------------------------ own keys

  publication(protocol: Protocol): Promise<Publication> {
    return this.#queue((notes) =>
      this.#context.own[records.versionOf(protocol)].publication(notes, this.deviceId),
    );
  }

  confirmPublished(protocol: Protocol, revision: number, commit: Commit<void>): Promise<void> {
    return this.#change(commit, (notes) =>
      this.#context.own[records.versionOf(protocol)].confirm(notes, revision),
    );
  }

  async deviceList(protocol: Protocol, published: XmlElement | null): Promise<XmlElement> {
    const profile = profileOf(protocol);
    const list = published ?? profile.emptyDeviceList();
    const others = list.children.filter(
      (child) =>
        typeof child === "string" || child.name !== "device" || child.attrs.id !== String(this.deviceId),
    );
    const label = this.#label;
    const labelSignature =
      label === undefined ? undefined : await this.#context.curve.sign(this.#identity.seed, utf8(label));
    return {
      ...list,
      children: [...others, profile.deviceElement({ deviceId: this.deviceId, label, labelSignature })],
    };
  }

  maintain(commit: Commit<readonly Task[]>): Promise<readonly Task[]> {
    return this.#change(commit, async (notes) => {
      const tasks: Task[] = [];
      for (const own of Object.values(this.#context.own)) {
        await own.rotate(notes, this.#context.now());
        await own.refill(notes);
        tasks.push(...(await own.tasks(notes)));
      }
      return tasks;
    });
  }

  pending(): Promise<readonly Task[]> {
    return this.#queue(async (notes) => {
      const publish = [
        ...(await this.#context.own.v2.tasks(notes)),
        ...(await this.#context.own.v03.tasks(notes)),
      ];
      const debts = await notes.scan<records.OwedRecord>(records.OWED);
      return [...publish, ...debts.flatMap(({ value }) => tasksFor(value))];
    });
  }

  beginCatchUp(): void {
    this.#context.isCatchingUp = true;
  }

  endCatchUp(commit: Commit<readonly Task[]>): Promise<readonly Task[]> {
    return this.#change(commit, async (notes) => {
      this.#context.isCatchingUp = false;
      const tasks: Task[] = [];
      for (const own of Object.values(this.#context.own)) {
        await own.forgetUsed(notes);
        tasks.push(...(await own.tasks(notes)));
      }
      return tasks;
    });
  }

  // ------------------------------------------------------------------------------------------------------ directory

  receiveDeviceList(
    jid: string,
    protocol: Protocol,
    list: XmlElement | null,
    commit: Commit<DeviceListOutcome>,
  ): Promise<DeviceListOutcome> {
    return this.#change(commit, (notes) => receiveDeviceList(this.#context, notes, jid, protocol, list));
  }

  offerBundle(
    device: DeviceRef,
    protocol: Protocol,
    bundle: XmlElement | null,
    commit: Commit<BundleOutcome>,
  ): Promise<BundleOutcome> {
    return this.#change(commit, (notes) => offerBundle(this.#context, notes, device, protocol, bundle));
  }

  // ------------------------------------------------------------------------------------------------------- messages

  plan(to: readonly string[]): Promise<Plan> {
    return this.#queue((notes) => planFor(this.#context, notes, to));
  }

  encrypt(request: EncryptRequest, commit: Commit<Encrypted>): Promise<Encrypted> {
    return this.#change(commit, (notes) => encryptContent(this.#context, notes, request));
  }

  encryptEmpty(device: DeviceRef, protocol: Protocol, commit: Commit<Encrypted>): Promise<Encrypted> {
    return this.#change(commit, (notes) =>
      encryptEmpty(this.#context, notes, device, records.versionOf(protocol)),
    );
  }

  decrypt(incoming: Incoming, commit: Commit<Decrypted>): Promise<Decrypted> {
    return this.#change(commit, (notes) => decryptOne(this.#context, notes, incoming));
  }

  decryptMany(
    incoming: readonly Incoming[],
    commit: Commit<readonly Decrypted[]>,
  ): Promise<readonly Decrypted[]> {
    return this.#change(commit, async (notes) => {
      const outcomes: Decrypted[] = [];
      for (const one of incoming) outcomes.push(await decryptOne(this.#context, notes, one));
      return outcomes;
    });
  }

  // ---------------------------------------------------------------------------------------------------------- trust

  devices(jid: string): Promise<readonly DeviceInfo[]> {
    return this.#queue((notes) => this.#devices(notes, jid));
  }

  #devices(notes: Notebook, jid: string): Promise<DeviceInfo[]> {
    return trust.devicesOf(notes, this.#context.curve, jid, this.#context.self);
  }

  decide(
    device: DeviceRef & { readonly fingerprint?: string | undefined },
    verdict: "verified" | "distrusted" | "blind",
    commit: Commit<void>,
  ): Promise<void> {
    return this.#change(commit, (notes) => trust.decide(notes, device, verdict, this.#context.now()));
  }

  acceptKey(
    device: DeviceRef,
    fingerprint: string,
    verdict: "verified" | "blind",
    commit: Commit<void>,
  ): Promise<void> {
    return this.#change(commit, async (notes) => {
      const accepted = await trust.acceptKey(notes, device, fingerprint, verdict);
      if (!accepted) throw new RangeError("this device has not shown that key");
    });
  }

  safetyNumber(jid: string): Promise<SafetyNumber | undefined> {
    return this.#queue((notes) => this.#safetyNumber(notes, jid));
  }

  async #safetyNumber(notes: Notebook, jid: string): Promise<SafetyNumber | undefined> {
    const theirs = await this.#currentKeys(notes, jid);
    const others = jid === this.jid ? [] : await this.#currentKeys(notes, this.jid);
    if (!theirs?.length || !others) return undefined;
    const own = [{ deviceId: this.deviceId, fingerprint: this.fingerprint }, ...others];
    return trust.safetyNumber({ jid: this.jid, keys: own }, { jid, keys: theirs });
  }

  /** Undefined while a listed device has a key that was not fetched; devices without usable keys don't count. */
  async #currentKeys(notes: Notebook, jid: string): Promise<trust.Keyed[] | undefined> {
    const keys: trust.Keyed[] = [];
    for (const { deviceId, fingerprint, protocols } of await this.#devices(notes, jid)) {
      if (protocols.length === 0) continue;
      if (fingerprint !== undefined) {
        keys.push({ deviceId, fingerprint });
        continue;
      }
      for (const protocol of protocols) {
        const bundle = await notes.get(records.bundle({ jid, deviceId }, records.versionOf(protocol)));
        if (!bundle?.refused) return undefined;
      }
    }
    return keys;
  }

  confirmSafetyNumber(jid: string, digits: string, commit: Commit<VerifyOutcome>): Promise<VerifyOutcome> {
    return this.#change<VerifyOutcome>(commit, async (notes) => {
      const number = await this.#safetyNumber(notes, jid);
      const keys = await this.#currentKeys(notes, jid);
      if (!number || !keys) return { result: "unreadable" };
      if (digits.replace(/\s/g, "") !== number.digits) {
        return { result: "mismatch", devices: keys.map(({ deviceId }) => ({ jid, deviceId })) };
      }
      return trust.verifyKeys(notes, jid, keys, this.#context.now());
    });
  }

  verifyUri(uri: string, jid: string | undefined, commit: Commit<VerifyOutcome>): Promise<VerifyOutcome> {
    return this.#change<VerifyOutcome>(commit, async (notes) => {
      const parsed = trust.parseTrustUri(uri);
      if (!parsed) return { result: "unreadable" };
      if (jid !== undefined && parsed.jid !== jid) return { result: "other-contact", jid: parsed.jid };
      return trust.verifyKeys(notes, parsed.jid, parsed.keys, this.#context.now());
    });
  }
}
