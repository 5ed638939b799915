/** Sends our history to a device that has just joined, and takes it in when we are that device. */
import { HttpError } from "@plauder/protocol/errors";
import { findUploadService, requestSlot } from "@plauder/protocol/upload";
import { el } from "@plauder/protocol/xml";
import type { Store } from "../store/store.ts";
import type { Account } from "./account.ts";
import {
  HISTORY_NS,
  HistoryDamaged,
  type HistoryNotice,
  historyElement,
  pack,
  readHistory,
  unpack,
} from "./history.ts";
import { newId } from "./ids.ts";
import type { Transport } from "./media.ts";
import { crypt } from "./sealed-files.ts";

/** How long an approved device has to show up. */
const PATIENCE = 10 * 60_000;
const AGAIN = 5000;
const AWAITED = "history-awaited";
const PROMISED = "history-promised";

/** What an approved device will get as soon as it shows; kept, since the page may be reloaded meanwhile. */
interface Promised {
  readonly known: readonly number[];
  readonly mark: string;
  readonly until: number;
}

/** What a device that has just joined waits for: the notice with this mark, and then what that says. */
interface Awaited {
  readonly mark: string;
  /** The notice as it came: it must outlive a reload. */
  readonly notice?: Readonly<Record<string, string>>;
}

/** How far it is; `failed`: it will not come any more. */
export interface HistoryProgress {
  readonly done: number;
  readonly total: number;
  readonly failed?: boolean;
}

/** On a device that joins: wait for the history with this mark, or for none any more. */
export function awaitHistory(store: Store, mark: string | undefined): void {
  store.setSetting(AWAITED, mark === undefined ? undefined : ({ mark } satisfies Awaited));
}

/** What will not get better by trying again. */
function isFinal(error: unknown): boolean {
  const isGone = error instanceof HttpError && error.status >= 400 && error.status < 500;
  // AES-GCM says no more than that the bytes are others.
  const isForged = error instanceof DOMException && error.name === "OperationError";
  return error instanceof HistoryDamaged || isGone || isForged;
}

export class LinkHistory {
  readonly #account: Account;
  readonly #transport: Transport;
  readonly #leave: () => void;
  #looking: Promise<void> = Promise.resolve();
  #receiving = false;
  #lookAgain: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(account: Account, transport: Transport) {
    this.#account = account;
    this.#transport = transport;
    this.#leave = account.store.watch([`safety:${account.jid}`], () => void this.#look());
    account.session.on("state", ({ name }) => {
      if (name !== "online") return;
      void this.resume();
      void this.#look();
    });
  }

  stop(): void {
    this.#leave();
    clearTimeout(this.#again);
    clearTimeout(this.#lookAgain);
  }

  // ---------------------------------------------------------------------------------------------- the old device

  /** The next device of ours that is none of these gets the history. */
  sendToNewDevice(known: ReadonlySet<number>, mark: string): void {
    const promised: Promised = { known: [...known], mark, until: Date.now() + PATIENCE };
    this.#account.store.setSetting(PROMISED, promised);
    void this.#look();
  }

  /** One after the other: what is promised is sent once. */
  #look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#sendIfThere());
    return this.#looking;
  }

  async #sendIfThere(): Promise<void> {
    const promised = this.#account.store.setting<Promised>(PROMISED);
    if (!promised || Date.now() > promised.until) return;
    try {
      const devices = await this.#account.encryption.engine.devices(this.#account.jid);
      const isThere = devices.some(
        ({ deviceId, protocols }) => protocols.length > 0 && !promised.known.includes(deviceId),
      );
      if (isThere) await this.#send(promised.mark);
    } catch {
      // The line broke, or the server has no room just now.
      this.#lookAgain = setTimeout(() => void this.#look(), AGAIN);
    }
  }

  async #send(mark: string): Promise<void> {
    const { session, store, outgoing, jid } = this.#account;
    const service = await findUploadService(session);
    if (!service) return store.setSetting(PROMISED, undefined);
    const key = crypto.getRandomValues(new Uint8Array(32));
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const sealed = await crypt("encrypt", key, iv, await pack(store));
    const slot = await requestSlot(session, service, {
      name: `${newId()}.bin`,
      size: sealed.length,
      type: "application/octet-stream",
    });
    await this.#transport.put(slot.put, sealed, slot.headers, new AbortController().signal, () => undefined);
    store.write(() => {
      outgoing.add({
        chat: jid,
        kind: "change",
        content: [historyElement({ mark, url: slot.get, key, iv })],
        stanzaId: newId(),
      });
      store.setSetting(PROMISED, undefined);
    });
    outgoing.kick();
  }

  // ---------------------------------------------------------------------------------------------- the new device

  /**
   * Another device of ours sent its history. Only a device that has just joined takes one, and only from who approved it: any
   * other could put words into everybody's mouth. Called in the transaction of its batch.
   */
  receive(notice: HistoryNotice): void {
    const { store } = this.#account;
    const awaited = store.setting<Awaited>(AWAITED);
    if (!awaited || awaited.notice || awaited.mark !== notice.mark) return;
    store.setSetting(AWAITED, { ...awaited, notice: historyElement(notice).attrs } satisfies Awaited);
    void this.resume();
  }

  /** Bring the history, or go on with it after the line or the page was gone. */
  async resume(): Promise<void> {
    const { store } = this.#account;
    const found = store.setting<Awaited>(AWAITED)?.notice;
    if (!found || this.#receiving) return;
    this.#receiving = true;
    clearTimeout(this.#again);
    const tell = (done: number, total: number): void => store.setSetting("history", { done, total });
    tell(0, 1);
    try {
      const notice = readHistory([el("history", HISTORY_NS, found)]) as HistoryNotice;
      const sealed = await this.#transport.get(notice.url, new AbortController().signal, () => undefined);
      await unpack(store, await crypt("decrypt", notice.key, notice.iv, sealed), tell);
      awaitHistory(store, undefined);
    } catch (error) {
      if (isFinal(error)) {
        awaitHistory(store, undefined);
        store.setSetting("history", { done: 0, total: 1, failed: true } satisfies HistoryProgress);
      } else this.#again = setTimeout(() => void this.resume(), AGAIN);
    } finally {
      this.#receiving = false;
    }
  }
}
