/** Sends our history to a device that has just joined, and takes it in when we are that device. */
import { findUploadService, requestSlot } from "@plauder/protocol/upload";
import type { Account } from "./account.ts";
import { type HistoryNotice, historyElement, pack, unpack } from "./history.ts";
import { newId } from "./ids.ts";
import type { Transport } from "./media.ts";
import { crypt } from "./sealed-files.ts";

/** How long an approved device has to show up. */
const PATIENCE = 10 * 60_000;

export class LinkHistory {
  readonly #account: Account;
  readonly #transport: Transport;
  #waiting: { known: ReadonlySet<number>; until: number } | undefined;

  constructor(account: Account, transport: Transport) {
    this.#account = account;
    this.#transport = transport;
    account.store.watch([`safety:${account.jid}`], () => void this.#look());
  }

  /** The next device of ours that is none of these gets the history. */
  sendToNewDevice(known: ReadonlySet<number>): void {
    this.#waiting = { known, until: Date.now() + PATIENCE };
    void this.#look();
  }

  async #look(): Promise<void> {
    const waiting = this.#waiting;
    if (!waiting || Date.now() > waiting.until) return;
    const devices = await this.#account.encryption.engine.devices(this.#account.jid);
    if (!devices.some(({ deviceId, protocols }) => protocols.length > 0 && !waiting.known.has(deviceId)))
      return;
    this.#waiting = undefined;
    await this.#send();
  }

  async #send(): Promise<void> {
    const { session, store, outgoing, jid } = this.#account;
    const service = await findUploadService(session);
    if (!service) return;
    const key = crypto.getRandomValues(new Uint8Array(32));
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const sealed = await crypt("encrypt", key, iv, await pack(store));
    const slot = await requestSlot(session, service, {
      name: `${newId()}.bin`,
      size: sealed.length,
      type: "application/octet-stream",
    });
    await this.#transport.put(slot.put, sealed, slot.headers, new AbortController().signal, () => undefined);
    store.write(() =>
      outgoing.add({
        chat: jid,
        kind: "change",
        content: [historyElement({ url: slot.get, key, iv })],
        stanzaId: newId(),
      }),
    );
    outgoing.kick();
  }

  /** Another device of ours sent its history: only a device that has none of its own takes it. */
  async receive(notice: HistoryNotice): Promise<void> {
    const { store } = this.#account;
    if (store.setting("history") !== undefined) return;
    store.setSetting("history", { done: 0, total: 1 });
    try {
      const sealed = await this.#transport.get(notice.url, new AbortController().signal, () => undefined);
      const packed = await crypt("decrypt", notice.key, notice.iv, sealed);
      await unpack(store, packed, (done, total) => store.setSetting("history", { done, total }));
    } catch (error) {
      store.setSetting("history", undefined);
      throw error;
    }
  }
}
