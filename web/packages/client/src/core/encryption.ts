/**
 * The OMEMO engine between the store and the network: seals its records, publishes its keys, fetches those of others,
 * and carries out what it asks for.
 */
import {
  AXOLOTL,
  type Batch,
  type DeviceRef,
  type Encrypted,
  type Notice,
  OMEMO2,
  type OmemoEngine,
  type OmemoStorage,
  type OpenEngine,
  type Protocol,
  type Task,
} from "@plauder/crypto/api";
import * as content from "@plauder/protocol/content";
import { StanzaError } from "@plauder/protocol/errors";
import { NS } from "@plauder/protocol/ns";
import { fetchItems, type Item, publish, retract, subscribeNode } from "@plauder/protocol/pubsub";
import type { Session } from "@plauder/protocol/session";
import { message } from "@plauder/protocol/stanza";
import { type Element, el, fromData } from "@plauder/protocol/xml";
import type { Store } from "../store/store.ts";
import { newId } from "./ids.ts";

export const PROTOCOLS: readonly Protocol[] = [OMEMO2, AXOLOTL];
const LIST_NODE: Readonly<Record<Protocol, string>> = {
  [OMEMO2]: NS.omemoDevices,
  [AXOLOTL]: NS.axolotlDevices,
};
/** Bundles that are fetched at the same time. */
const AT_ONCE = 16;
const OPEN_NODE = { access: "open", maxItems: "max" } as const;
const OPEN_ITEM = { access: "open" } as const;

/** The engine's table, each record sealed for its place. */
export class SealedRecords implements OmemoStorage {
  readonly #store: Store;
  constructor(store: Store) {
    this.#store = store;
  }

  async read(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    const { sql } = this.#store;
    const records = keys.map((key) => sql.value<Uint8Array>("SELECT value FROM omemo WHERE key = ?", key));
    return await Promise.all(
      records.map(
        async (record, at) => record && (await this.#store.vault.open(`omemo/${keys[at]}`, record)),
      ),
    );
  }

  async scan(prefix: string): Promise<readonly (readonly [string, Uint8Array])[]> {
    const rows = this.#store.sql.all<{ key: string; value: Uint8Array }>(
      "SELECT key, value FROM omemo WHERE key >= ?1 AND key < ?1 || char(1114111)",
      prefix,
    );
    return await Promise.all(
      rows.map(async ({ key, value }) => [key, await this.#store.vault.open(`omemo/${key}`, value)] as const),
    );
  }

  /** Write the engine's records and what belongs to them in one transaction. */
  async commit(batch: Batch, together: () => void): Promise<void> {
    const sealed = await Promise.all(
      batch.map(async ({ key, value }) => ({
        key,
        record: value && (await this.#store.vault.seal(`omemo/${key}`, value)),
      })),
    );
    this.#store.write(() => {
      for (const { key, record } of sealed) {
        if (record === null) this.#store.sql.run("DELETE FROM omemo WHERE key = ?", key);
        else
          this.#store.sql.run(
            "INSERT INTO omemo VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            key,
            record,
          );
      }
      together();
    });
  }
}

/** What the rest of the account does for us. */
export interface EncryptionHost {
  /** Queue a complete stanza in the outbox; called inside a transaction. */
  enqueue(id: string, stanza: Element): void;
  flush(): void;
  notices(notices: readonly Notice[]): void;
  /** Whether their server tells us of changes by itself. */
  isSubscribedTo(jid: string): boolean;
}

export class Encryption {
  readonly engine: OmemoEngine;
  readonly records: SealedRecords;
  readonly #session: Session;
  readonly #host: EncryptionHost;
  /** Accounts whose device lists we asked for on this stream; notifications keep them fresh. */
  readonly #asked = new Map<string, Promise<void>>();
  #tasks: Promise<void> = Promise.resolve();

  private constructor(engine: OmemoEngine, records: SealedRecords, session: Session, host: EncryptionHost) {
    this.engine = engine;
    this.records = records;
    this.#session = session;
    this.#host = host;
  }

  static async open(
    openEngine: OpenEngine,
    store: Store,
    session: Session,
    host: EncryptionHost,
    label: string,
  ): Promise<Encryption> {
    const records = new SealedRecords(store);
    const options = { jid: session.account, storage: records, now: () => Date.now(), label };
    const engine = await openEngine(options, (batch) => records.commit(batch, () => undefined));
    return new Encryption(engine, records, session, host);
  }

  /** A new stream: see whether the server still has our keys, and do what was left over. */
  async start(): Promise<void> {
    this.#asked.clear();
    await this.learn(this.#session.account);
    const tasks = await this.engine.maintain((batch) => this.records.commit(batch, () => undefined));
    this.perform([...tasks, ...(await this.engine.pending())]);
    await this.#tasks;
  }

  /** Make sure that we know the devices of an account; once per stream. */
  async learn(jid: string): Promise<void> {
    let asked = this.#asked.get(jid);
    if (!asked) {
      asked = this.#fetchLists(jid).catch((error: unknown) => {
        this.#asked.delete(jid);
        throw error;
      });
      this.#asked.set(jid, asked);
    }
    await asked;
  }

  /** Ask again for somebody's devices the next time they are needed. */
  forget(jid: string): void {
    this.#asked.delete(jid);
  }

  async #fetchLists(jid: string): Promise<void> {
    await Promise.all(PROTOCOLS.map((protocol) => this.#fetchList(jid, protocol)));
    if (jid !== this.#session.account && !this.#host.isSubscribedTo(jid)) this.#follow(jid);
  }

  /** Hear of new devices of somebody whose presence we do not see; where that is refused, the next stream asks again. */
  #follow(jid: string): void {
    for (const protocol of PROTOCOLS)
      void subscribeNode(this.#session, jid, LIST_NODE[protocol]).catch(() => undefined);
  }

  async #fetchList(jid: string, protocol: Protocol): Promise<void> {
    const items = await fetchItems(this.#session, jid, LIST_NODE[protocol]);
    await this.#receiveList(jid, protocol, currentItem(items)?.payload ?? null);
  }

  /** A notification about somebody's devices, perhaps our own. */
  async notified(jid: string, node: string, items: readonly Item[]): Promise<boolean> {
    const protocol = PROTOCOLS.find((one) => LIST_NODE[one] === node);
    if (!protocol) return false;
    const payload = currentItem(items)?.payload;
    if (payload) await this.#receiveList(jid, protocol, payload);
    return true;
  }

  async #receiveList(jid: string, protocol: Protocol, list: Element | null): Promise<void> {
    const outcome = await this.engine.receiveDeviceList(jid, protocol, list, (batch, { notices }) =>
      this.records.commit(batch, () => this.#host.notices(notices)),
    );
    this.perform(outcome.tasks);
  }

  async fetchBundle(device: DeviceRef, protocol: Protocol): Promise<void> {
    const items =
      protocol === OMEMO2
        ? await fetchItems(this.#session, device.jid, NS.omemoBundles, { ids: [String(device.deviceId)] })
        : await fetchItems(this.#session, device.jid, `${NS.axolotlBundles}:${device.deviceId}`);
    await this.engine.offerBundle(device, protocol, items[0]?.payload ?? null, (batch, { notices }) =>
      this.records.commit(batch, () => this.#host.notices(notices)),
    );
  }

  /** Know the devices of these accounts and have what is needed to write to them. Returns accounts without a device. */
  async prepare(jids: readonly string[]): Promise<readonly string[]> {
    const learnt = await Promise.allSettled([...jids, this.#session.account].map((jid) => this.learn(jid)));
    // One person who cannot be asked about must not silence a whole group.
    if (jids.length === 1 && learnt[0]?.status === "rejected") throw learnt[0].reason;
    const plan = await this.engine.plan(jids);
    // A large group has hundreds: many at once, so that its first message is not as many round trips late.
    const left = [...plan.fetch];
    const fetchOn = async (): Promise<void> => {
      for (let next = left.shift(); next; next = left.shift())
        await this.fetchBundle(next.device, next.protocol).catch((error: unknown) => {
          if (!(error instanceof StanzaError)) throw error;
        });
    };
    await Promise.all(Array.from({ length: AT_ONCE }, fetchOn));
    return plan.without;
  }

  /** Carry out what the engine asks for, one after the other, in the background. Safe to repeat. */
  perform(tasks: readonly Task[]): void {
    if (tasks.length === 0) return;
    this.#tasks = this.#tasks.then(async () => {
      for (const task of tasks) {
        if (!this.#session.isOnline) return;
        // What fails here (no connection, refused) comes back from `pending` on the next stream.
        await this.#perform(task).catch(() => undefined);
      }
    });
  }

  async #perform(task: Task): Promise<void> {
    if (task.do === "publish-bundle") await this.#publishBundle(task.protocol);
    else if (task.do === "publish-device-list") await this.#publishList(task.protocol);
    else if (task.do === "fetch-bundle") await this.fetchBundle(task.device, task.protocol);
    else if (task.do === "fetch-device-list") await this.#fetchList(task.jid, task.protocol);
    else await this.#sendEmpty(task.device, task.protocol);
  }

  async #publishBundle(protocol: Protocol): Promise<void> {
    const { bundleNode, bundleItemId, bundle, revision } = await this.engine.publication(protocol);
    const options = protocol === OMEMO2 ? OPEN_NODE : OPEN_ITEM;
    await publish(this.#session, bundleNode, bundleItemId, fromData(bundle), options);
    await this.engine.confirmPublished(protocol, revision, (batch) =>
      this.records.commit(batch, () => undefined),
    );
  }

  /** The bundle first: a device that is listed has to be reachable. */
  async #publishList(protocol: Protocol): Promise<void> {
    await this.#publishBundle(protocol);
    const { deviceListNode, deviceListItemId } = await this.engine.publication(protocol);
    const published = await fetchItems(this.#session, this.#session.account, deviceListNode);
    const list = await this.engine.deviceList(protocol, currentItem(published)?.payload ?? null);
    await publish(this.#session, deviceListNode, deviceListItemId, fromData(list), OPEN_ITEM);
  }

  /** This device goes: its keys leave the server, so that nobody writes to it any more. */
  async withdraw(): Promise<void> {
    for (const protocol of PROTOCOLS) {
      const { deviceListNode, deviceListItemId, bundleNode, bundleItemId } =
        await this.engine.publication(protocol);
      const list = currentItem(
        await fetchItems(this.#session, this.#session.account, deviceListNode),
      )?.payload;
      if (!list) continue;
      const own = String(this.engine.deviceId);
      const others = list.elements().filter((device) => device.attr("id") !== own);
      const payload = el(list.name, list.ns, list.attrs, ...others);
      await publish(this.#session, deviceListNode, deviceListItemId, payload, OPEN_ITEM);
      await retract(this.#session, bundleNode, bundleItemId).catch(() => undefined);
    }
  }

  async #sendEmpty(device: DeviceRef, protocol: Protocol): Promise<void> {
    const id = newId();
    const outcome = await this.engine.encryptEmpty(device, protocol, (batch, encrypted) =>
      this.records.commit(batch, () => {
        if (encrypted.elements.length)
          this.#host.enqueue(
            id,
            sealedMessage({ to: device.jid, id, type: "chat" }, encrypted, [content.hint("store")]),
          );
      }),
    );
    this.#host.flush();
    this.perform(outcome.tasks);
  }
}

/** The stanza around what the engine made. */
export function sealedMessage(
  attrs: Readonly<Record<string, string>>,
  { elements }: Pick<Encrypted, "elements">,
  outside: readonly Element[],
): Element {
  const best = elements.some(({ ns }) => ns === NS.axolotl) ? NS.axolotl : NS.omemo;
  return message(attrs, ...elements.map(fromData), content.encryptionHint(best), ...outside);
}

/** Personal nodes of one item call it `current`; others have only the newest. */
function currentItem(items: readonly Item[]): Item | undefined {
  return items.find(({ id }) => id === "current") ?? items.at(-1);
}
