/** The store with what belongs to every use of it: who hears of changes, settings, sealed records. */
import { migrate } from "./schema.ts";
import { type Sql, StoreError } from "./sql.ts";
import type { Vault } from "./vault.ts";

/** Names of what views show; `messages:<chat>`, `person:<jid>` and so on. */
export type Topic = string;

/** How long nothing is written before the log is put away. */
const QUIET = 2000; // ms

interface Ending {
  readonly items: unknown[];
  work(items: readonly unknown[]): void;
}

export class Store {
  readonly sql: Sql;
  readonly vault: Vault;
  readonly #touched = new Set<Topic>();
  readonly #listeners = new Map<Topic, Set<() => void>>();
  #scheduled = false;
  /** What is done once at the end of the transaction, for all that was gathered under its key. */
  #endings = new Map<string, Ending>();
  #tidying: ReturnType<typeof setTimeout> | undefined;

  constructor(sql: Sql, vault: Vault) {
    this.sql = sql;
    this.vault = vault;
    migrate(sql);
  }

  /** One transaction; who watches what it touched hears of it after the commit, once. */
  write<T>(work: () => T): T {
    return this.#write(work, true);
  }

  /** As `write`, for what a power cut may take back: it is known elsewhere, or found out again. */
  jot<T>(work: () => T): T {
    return this.#write(work, false);
  }

  #write<T>(work: () => T, lasting: boolean): T {
    if (this.sql.inTransaction) return work();
    const before = new Set(this.#touched);
    try {
      return this.sql.transaction(() => {
        const result = work();
        this.#end();
        return result;
      }, lasting);
    } catch (error) {
      this.#endings.clear();
      this.#touched.clear();
      for (const topic of before) this.#touched.add(topic);
      throw error;
    } finally {
      this.#announceSoon();
      this.#tidyLater();
    }
  }

  #tidyLater(): void {
    clearTimeout(this.#tidying);
    // What cannot be put away now (no room) is tried after the next change.
    this.#tidying = setTimeout(() => {
      try {
        this.sql.tidy();
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
      }
    }, QUIET);
  }

  /** Inside a transaction: undo this part alone when it fails, and throw what made it fail. */
  part(work: () => void): void {
    const before = new Map([...this.#endings].map(([key, { items }]) => [key, items.length]));
    try {
      this.sql.part(work);
    } catch (error) {
      for (const [key, { items }] of this.#endings) {
        const count = before.get(key);
        if (count === undefined) this.#endings.delete(key);
        else items.length = count;
      }
      throw error;
    }
  }

  /**
   * Do `work` at the end of the transaction, once for all items that were gathered under `key`: what a thousand messages
   * have in common is worth doing once. Outside a transaction it is done at once.
   */
  gather<T>(key: string, item: T, work: (items: readonly T[]) => void): void {
    if (!this.sql.inTransaction) return this.write(() => work([item]));
    const ending = this.#endings.get(key);
    if (ending) ending.items.push(item);
    else this.#endings.set(key, { items: [item], work: work as Ending["work"] });
  }

  #end(): void {
    // What is done at the end may gather more.
    while (this.#endings.size) {
      const endings = this.#endings;
      this.#endings = new Map();
      for (const { items, work } of endings.values()) work(items);
    }
  }

  touch(...topics: Topic[]): void {
    for (const topic of topics) this.#touched.add(topic);
    this.#announceSoon();
  }

  /** What every view shows may have changed. */
  touchAll(): void {
    this.touch(...this.#listeners.keys());
  }

  watch(topics: readonly Topic[], listener: () => void): () => void {
    for (const topic of topics) {
      const set = this.#listeners.get(topic) ?? new Set();
      this.#listeners.set(topic, set.add(listener));
    }
    return () => {
      for (const topic of topics) {
        const set = this.#listeners.get(topic);
        set?.delete(listener);
        if (set?.size === 0) this.#listeners.delete(topic);
      }
    };
  }

  /** Nobody hears of anything any more. */
  close(): void {
    this.#listeners.clear();
    clearTimeout(this.#tidying);
    this.sql.close();
  }

  #announceSoon(): void {
    if (this.#scheduled || this.#touched.size === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      const hearing = new Set([...this.#touched].flatMap((topic) => [...(this.#listeners.get(topic) ?? [])]));
      this.#touched.clear();
      for (const listener of hearing) listener();
    });
  }

  // ---------------------------------------------------------------------------------------------- settings

  setting<T>(key: string): T | undefined {
    const text = this.sql.value<string>("SELECT value FROM setting WHERE key = ?", key);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }

  setSetting(key: string, value: unknown): void {
    if (value === undefined) this.sql.run("DELETE FROM setting WHERE key = ?", key);
    else
      this.sql.run(
        "INSERT INTO setting VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        key,
        JSON.stringify(value),
      );
    this.touch(`setting:${key}`);
  }

  async secret<T>(key: string): Promise<T | undefined> {
    const record = this.sql.value<Uint8Array>("SELECT value FROM secret WHERE key = ?", key);
    if (!record) return undefined;
    return JSON.parse(new TextDecoder().decode(await this.vault.open(`secret/${key}`, record))) as T;
  }

  /** `isWanted`: asked once more when it is sealed, which takes a moment. */
  async setSecret(key: string, value: unknown, isWanted = () => true): Promise<void> {
    const record = await this.vault.seal(`secret/${key}`, new TextEncoder().encode(JSON.stringify(value)));
    if (!isWanted()) return;
    this.sql.run(
      "INSERT INTO secret VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      key,
      record,
    );
  }

  /** Forget everything; the file holds no trace of it afterwards. */
  erase(): void {
    const tables = this.sql.all<{ name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'message_text%'",
    );
    this.sql.transaction(() => {
      for (const { name } of tables) this.sql.run(`DELETE FROM ${name}`);
    });
    this.sql.exec("INSERT INTO message_text (message_text) VALUES ('rebuild'); VACUUM");
  }
}
