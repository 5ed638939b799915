/**
 * Messages on their way out: kept until the server acknowledges them, through reconnects and restarts.
 *
 * The order of sending is the order of queueing. An entry goes when the server has acknowledged it; until then it is
 * sent again on every new stream, with the same id, by which receivers know it.
 */
import { NotConnected } from "./errors.ts";
import type { Session } from "./session.ts";
import { parse } from "./xml.ts";

export interface OutboxEntry {
  readonly id: string;
  /** The complete stanza. */
  readonly xml: string;
  /** Where it was sent last; undefined: never. */
  readonly sent: { readonly stream: string; readonly number: number } | undefined;
}

/** Where entries live. Each call is durable when it resolves. */
export interface OutboxStore {
  /** All entries, oldest first. */
  entries(): Promise<readonly OutboxEntry[]>;
  sent(marks: readonly { id: string; stream: string; number: number }[]): Promise<void>;
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

  constructor(session: Session, store: OutboxStore) {
    this.#session = session;
    this.#store = store;
    session.on("acked", (ids) => void this.#settle(ids));
    session.on("inDoubt", (ids) => {
      for (const id of ids) this.#inFlight.delete(id);
    });
    session.on("resumed", ({ id, handled }) => void this.#resumed(id, handled));
    session.on("bound", () => {
      this.#inFlight.clear();
      void this.flush();
    });
  }

  /** Send what waits. Call after queueing an entry. Resolves when all that could be sent is sent. */
  flush(): Promise<void> {
    if (this.#flushing) this.#again = true;
    else {
      this.#flushing = this.#flush().finally(() => {
        this.#flushing = undefined;
      });
    }
    return this.#flushing as Promise<void>;
  }

  async #flush(): Promise<void> {
    do {
      this.#again = false;
      if (!this.#session.isOnline) return;
      await this.#sendWaiting(await this.#store.entries());
    } while (this.#again);
  }

  async #sendWaiting(entries: readonly OutboxEntry[]): Promise<void> {
    const marks: { id: string; stream: string; number: number }[] = [];
    const stream = this.#session.streamId ?? "";
    try {
      for (const { id, xml } of entries) {
        if (this.#inFlight.has(id)) continue;
        const number = this.#session.send(parse(xml), id);
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
    await this.flush();
  }
}
