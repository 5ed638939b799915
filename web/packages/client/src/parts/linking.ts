/**
 * Linking a device: the new one shows a code with a fresh secret and a meeting place; the old one, having read it, leaves
 * a one-time link there, sealed under the secret. The server sees a sealed note and learns nothing from the code.
 */
import { fromBase64, fromUtf8, toBase64, toHex, utf8 } from "@plauder/protocol/bytes";
import { ClientError, type LinkOffer, type Live } from "../api.ts";
import { awaitHistory, type HistoryProgress } from "../core/link-history.ts";
import { Cell } from "../live.ts";
import type { Household } from "./household.ts";

const PREFIX = "plauder-link:";
const LASTS = 5 * 60_000;
const POLL = 2000;

interface Offer {
  readonly place: string;
  readonly secret: Uint8Array<ArrayBuffer>;
  readonly deviceName: string;
}

interface Note {
  readonly token: string;
  /** Mark of the history that will come; absent: none will. */
  readonly history?: string;
}

export class Linking {
  readonly #household: Household;
  #offer: Cell<LinkOffer | undefined> | undefined;

  constructor(household: Household) {
    this.#household = household;
  }

  // ---------------------------------------------------------------------------------------------- the new device

  offer(deviceName: string): Live<LinkOffer | undefined> {
    this.#offer ??= this.#makeOffer(deviceName);
    return this.#offer;
  }

  #makeOffer(deviceName: string): Cell<LinkOffer | undefined> {
    const cell: Cell<LinkOffer | undefined> = new Cell<LinkOffer | undefined>(undefined, () => {
      let stopped = false;
      void this.#wait(cell, deviceName, () => stopped);
      return () => {
        stopped = true;
        this.#offer = undefined;
      };
    });
    return cell;
  }

  async #wait(cell: Cell<LinkOffer | undefined>, deviceName: string, stopped: () => boolean): Promise<void> {
    while (!stopped()) {
      const offer: Offer = {
        place: toHex(crypto.getRandomValues(new Uint8Array(16))),
        secret: crypto.getRandomValues(new Uint8Array(32)),
        deviceName,
      };
      const expiresAt = Date.now() + LASTS;
      cell.set({ qr: format(offer), expiresAt, state: "waiting" });
      const note = await this.#meet(offer, expiresAt, stopped);
      if (!note) continue;
      await this.#join(cell, deviceName, note);
      return;
    }
  }

  async #meet(offer: Offer, until: number, stopped: () => boolean): Promise<Note | undefined> {
    const { api } = this.#household.around;
    while (!stopped() && Date.now() < until) {
      const found = await api
        .call<{ note: string }>("GET", `/meetings/${offer.place}`)
        .catch(() => undefined);
      if (found) return await unseal(offer, found.note);
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
    return undefined;
  }

  async #join(cell: Cell<LinkOffer | undefined>, deviceName: string, note: Note): Promise<void> {
    const before = cell.get() as LinkOffer;
    cell.set({ ...before, state: "approved" });
    try {
      const credential = await this.#household.around.api.acceptLink(note.token, deviceName);
      awaitHistory(this.#household.store, note.history);
      await this.#household.signIn(credential, deviceName);
    } catch {
      cell.set({ ...before, state: "refused" });
      return;
    }
    if (note.history === undefined) {
      cell.set({ ...before, state: "done" });
      return;
    }
    const { store } = this.#household;
    const refresh = (): void => {
      const now = store.setting<HistoryProgress>("history");
      const isDone = now !== undefined && now.done >= now.total;
      const state = now?.failed ? "failed" : isDone ? "done" : "receiving";
      cell.set({ ...before, state, ...(now && { progress: { done: now.done, total: now.total } }) });
      if (state !== "receiving") stop();
    };
    const stop = store.watch(["setting:history"], refresh);
    refresh();
  }

  // ---------------------------------------------------------------------------------------------- the old device

  read(qr: string): Offer | undefined {
    const [place, secret, name] = qr.startsWith(PREFIX) ? qr.slice(PREFIX.length).split(".") : [];
    if (!place || !secret || !/^[0-9a-f]{32}$/.test(place)) return undefined;
    try {
      const bytes = fromBase64(secret.replaceAll("-", "+").replaceAll("_", "/"));
      const deviceName = decodeURIComponent(name ?? "").slice(0, 100);
      return bytes.length === 32 ? { place, secret: bytes, deviceName } : undefined;
    } catch {
      return undefined;
    }
  }

  async approve(qr: string, history: boolean): Promise<void> {
    const offer = this.read(qr);
    if (!offer) throw new ClientError("not-found");
    const { account } = this.#household.connected;
    const { api } = this.#household.around;
    const { token } = await api.call<{ token: string }>("POST", "/devices/links");
    const known = new Set(
      (await account.encryption.engine.devices(account.jid)).map(({ deviceId }) => deviceId),
    );
    const mark = history ? toHex(crypto.getRandomValues(new Uint8Array(16))) : undefined;
    const note = await seal(offer, { token, ...(mark && { history: mark }) });
    await api.call("PUT", `/meetings/${offer.place}`, { note });
    if (mark) account.history.sendToNewDevice(known, mark);
  }
}

function format({ place, secret, deviceName }: Offer): string {
  const text = toBase64(secret).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `${PREFIX}${place}.${text}.${encodeURIComponent(deviceName)}`;
}

async function keyOf({ secret }: Offer): Promise<CryptoKey> {
  return await crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["encrypt", "decrypt"]);
}

async function seal(offer: Offer, note: Note): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const how = { name: "AES-GCM", iv, additionalData: utf8(offer.place) };
  const sealed = new Uint8Array(
    await crypto.subtle.encrypt(how, await keyOf(offer), utf8(JSON.stringify(note))),
  );
  return toBase64(Uint8Array.from([...iv, ...sealed]));
}

/** Undefined when the note is not from somebody who saw the code. */
async function unseal(offer: Offer, text: string): Promise<Note | undefined> {
  try {
    const bytes = fromBase64(text);
    const how = { name: "AES-GCM", iv: bytes.slice(0, 12), additionalData: utf8(offer.place) };
    const plain = await crypto.subtle.decrypt(how, await keyOf(offer), bytes.slice(12));
    const { token, history } = JSON.parse(fromUtf8(new Uint8Array(plain))) as Partial<Note>;
    if (typeof token !== "string") return undefined;
    return typeof history === "string" ? { token, history } : { token };
  } catch {
    return undefined;
  }
}
