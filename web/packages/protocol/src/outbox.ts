/**
 * Messages on their way out: kept until the server acknowledges them, through reconnects and restarts.
 *
 * The order of sending is the order of queueing. An entry goes when the server has acknowledged it; until then it is
 * sent again on every new stream, with the same id, by which receivers know it.
 */
import { NotConnected } from "./errors.ts";
import type { Session } from "./session.ts";

export interface OutboxEntry {
  readonly id: string;
  /** Where it was sent last; undefined: never. */
  readonly sent: { readonly stream: string; readonly number: number } | undefined;
}

/** Where entries live. Each call is durable when it resolves. */
export interface OutboxStore {
  /** All entries, oldest first. */
  entries(): Promise<readonly OutboxEntry[]>;
  /** Names of the entries that were not marked as sent on this stream, oldest first. */
  unsent(stream: string): Promise<readonly string[]>;
  /** The complete stanza; undefined when the entry has gone meanwhile. */
  stanza(id: string): Promise<string | undefined>;
  sent(marks: readonly { id: string; stream: string; number: number }[]): Promise<void>;
  /** What was sent on this stream did not arrive: it counts as never sent. */
  lost(stream: string): Promise<void>;
  /** The server has them: remove, and give the messages their first tick, in one transaction. */
  acknowledged(ids: readonly string[]): Promise<void>;
}

export class Outbox {
  readonly #session: Session;
  readonly #store: OutboxStore;
  /** Sent on the current stream and not to be sent again on it. */
  readonly #inFlight = new Set<string>();
  #flushing: Promise<void> | undefined;
  #again = false;
  /** What a resumed stream had carried is settled before anything is sent on it. */
  #settled: Promise<void> = Promise.resolve();

  constructor(session: Session, store: OutboxStore) {
    this.#session = session;
    this.#store = store;
    session.on("acked", (ids) => void this.#settle(ids));
    session.on("inDoubt", (ids) => {
      for (const id of ids) this.#inFlight.delete(id);
    });
    session.on("resumed", ({ id, handled }) => {
      this.#settled = this.#resumed(id, handled).catch(() => undefined);
      void this.flush();
    });
    session.on("bound", () => {
      this.#inFlight.clear();
      // Nothing was sent on it yet, even if a server names its streams alike after each restart.
      const stream = session.streamId;
      if (stream !== undefined)
        this.#settled = this.#settled.then(() => this.#store.lost(stream)).catch(() => undefined);
      void this.flush();
    });
  }

  /** Send what waits. Call after queueing an entry. Resolves when all that could be sent is sent. */
  flush(): Promise<void> {
    if (this.#flushing) this.#again = true;
    else this.#flushing = this.#flush();
    return this.#flushing;
  }

  async #flush(): Promise<void> {
    try {
      do {
        this.#again = false;
        await this.#settled;
        if (!this.#session.isOnline) return;
        const stream = this.#session.streamId ?? "";
        await this.#sendWaiting(stream, await this.#store.unsent(stream));
      } while (this.#again);
    } finally {
      // In the turn that looked at `again`: who asks from now on begins anew.
      this.#flushing = undefined;
    }
  }

  async #sendWaiting(stream: string, ids: readonly string[]): Promise<void> {
    const marks: { id: string; stream: string; number: number }[] = [];
    try {
      for (const id of ids) {
        const stanza = this.#inFlight.has(id) ? undefined : await this.#store.stanza(id);
        // Another stream began while we looked: its own pass sends the rest.
        if ((this.#session.streamId ?? "") !== stream) break;
        if (stanza === undefined || this.#inFlight.has(id)) continue;
        const number = this.#session.send(stanza, id);
        this.#inFlight.add(id);
        marks.push({ id, stream, number });
      }
    } catch (error) {
      if (!(error instanceof NotConnected)) throw error;
    }
    if (marks.length && stream) await this.#store.sent(marks);
  }

  async #settle(ids: readonly string[]): Promise<void> {
    await this.#store.acknowledged(ids);
    for (const id of ids) this.#inFlight.delete(id);
  }

  /** A stream from before a restart goes on: what it carried up to `handled` is at the server, the rest is sent again. */
  async #resumed(stream: string, handled: number): Promise<void> {
    const entries = await this.#store.entries();
    const arrived = entries.filter(({ sent }) => sent?.stream === stream && sent.number <= handled);
    if (arrived.length) await this.#store.acknowledged(arrived.map(({ id }) => id));
    await this.#store.lost(stream);
  }
}
