/** SQLite as the client uses it: synchronous, one connection, prepared statements kept. */
import sqlite3InitModule, {
  type Database,
  type SAHPoolUtil,
  type Sqlite3Static,
} from "@sqlite.org/sqlite-wasm";
import { Memory, Statement } from "./statement.ts";

export type Value = string | number | bigint | Uint8Array | null;
export type Row = Record<string, Value>;

/** SQLite's own error, with its code; `full`: no room left on the device; `damaged`: the file is no database any more. */
export class StoreError extends Error {
  readonly full: boolean;
  readonly damaged: boolean;
  constructor(message: string, options: { cause: unknown }) {
    super(message, options);
    this.name = "StoreError";
    // A file that is open and cannot be written has no room: the pool of files says no more than I/O error then.
    this.full = /SQLITE_FULL|SQLITE_IOERR|disk is full|QuotaExceeded/i.test(message);
    this.damaged = /SQLITE_(CORRUPT|NOTADB)/.test(message);
  }
}

/** There is a store, but it cannot be read. `erase` makes room for a new one. */
export class StoreDamaged extends Error {
  readonly erase: () => Promise<void>;
  constructor(erase: () => Promise<void>, options: { cause: unknown }) {
    super("the store is damaged", options);
    this.name = "StoreDamaged";
    this.erase = erase;
  }
}

export class Sql {
  readonly #sqlite: Sqlite3Static;
  readonly #database: Database;
  readonly #memory: Memory;
  readonly #statements = new Map<string, Statement>();
  #depth = 0;
  /** Why there is no transaction any more, inside of one. */
  #undone: StoreError | undefined;
  #hasLog = false;
  #syncs = true;

  constructor(sqlite: Sqlite3Static, database: Database) {
    this.#sqlite = sqlite;
    this.#database = database;
    this.#memory = new Memory(sqlite);
  }

  /** Statements without parameters; several may stand in one text. */
  exec(text: string): void {
    this.#guard(() => this.#database.exec(text));
  }

  run(text: string, ...params: readonly Value[]): void {
    this.#use(text, params, (statement) => {
      statement.step();
    });
  }

  all<T = Row>(text: string, ...params: readonly Value[]): T[] {
    return this.#use(text, params, (statement) => {
      const rows: T[] = [];
      while (statement.step()) rows.push(statement.row() as T);
      return rows;
    });
  }

  get<T = Row>(text: string, ...params: readonly Value[]): T | undefined {
    return this.#use(text, params, (statement) => (statement.step() ? (statement.row() as T) : undefined));
  }

  /** One column of one row. */
  value<T extends Value>(text: string, ...params: readonly Value[]): T | undefined {
    return this.#use(text, params, (statement) =>
      statement.step() ? (statement.column(0) as T) : undefined,
    );
  }

  /** Changed pages go to a write-ahead log, where that is possible. */
  useLog(): void {
    this.#hasLog = this.value("PRAGMA journal_mode=WAL") === "wal";
    if (!this.#hasLog) this.exec("PRAGMA journal_mode=TRUNCATE");
    this.exec("PRAGMA synchronous=FULL");
  }

  get inTransaction(): boolean {
    return this.#depth > 0;
  }

  /**
   * All or nothing. A transaction inside another is part of it. `lasting`: it survives a power cut from the moment this
   * returns; otherwise it does so from the next lasting one on, and a closed tab or browser never loses it.
   */
  transaction<T>(work: () => T, lasting = true): T {
    if (this.#depth > 0) return work();
    if (this.#hasLog && lasting !== this.#syncs) {
      // In a log, what is not synced can be missing after a power cut, but only with all that came after it.
      this.exec(`PRAGMA synchronous=${lasting ? "FULL" : "NORMAL"}`);
      this.#syncs = lasting;
    }
    this.#guard(() => this.#database.exec("BEGIN IMMEDIATE"));
    this.#depth = 1;
    try {
      const result = work();
      this.#guard(() => this.#database.exec("COMMIT"));
      return result;
    } catch (error) {
      if (!this.#undone) this.#database.exec("ROLLBACK");
      throw error;
    } finally {
      this.#depth = 0;
      this.#undone = undefined;
    }
  }

  /** Inside a transaction: undo this part alone when it fails, and throw what made it fail. */
  part(work: () => void): void {
    this.#guard(() => this.#database.exec("SAVEPOINT part"));
    try {
      work();
      this.#guard(() => this.#database.exec("RELEASE part"));
    } catch (error) {
      if (!this.#undone) this.#database.exec("ROLLBACK TO part; RELEASE part");
      throw error;
    }
  }

  /** The log goes into the file and leaves nothing behind: old pages hold what was deleted since. */
  tidy(): void {
    if (this.#depth === 0) this.#guard(() => this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
  }

  close(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
    this.#database.close();
  }

  #use<T>(text: string, params: readonly Value[], act: (statement: Statement) => T): T {
    return this.#guard(() => {
      const statement = this.#prepared(text);
      try {
        statement.bind(params);
        return act(statement);
      } finally {
        statement.reset();
      }
    });
  }

  #prepared(text: string): Statement {
    let statement = this.#statements.get(text);
    if (!statement) {
      statement = new Statement(this.#memory, this.#database.prepare(text));
      this.#statements.set(text, statement);
    }
    return statement;
  }

  #guard<T>(act: () => T): T {
    // What was to be part of a transaction must not be written outside of it.
    if (this.#undone) throw this.#undone;
    try {
      return act();
    } catch (error) {
      const problem = error instanceof StoreError ? error : new StoreError(String(error), { cause: error });
      // https://sqlite.org/lang_transaction.html §3: after some errors SQLite undoes the whole transaction by itself.
      if (this.#depth > 0 && this.#autocommits()) this.#undone = problem;
      throw problem;
    }
  }

  #autocommits(): boolean {
    const { pointer } = this.#database;
    return pointer !== undefined && this.#sqlite.capi.sqlite3_get_autocommit(pointer) !== 0;
  }
}

let library: Promise<Sqlite3Static> | undefined;

function load(): Promise<Sqlite3Static> {
  library ??= sqlite3InitModule();
  return library;
}

/** A store that is gone when closed: for tests, and for browsers that give no file system. */
export async function openMemory(): Promise<Sql> {
  const sqlite = await load();
  return new Sql(sqlite, new sqlite.oo1.DB(":memory:"));
}

/** The store of this browser: the OPFS pool is exclusive, so the caller has to be the only one (Web Locks). */
export async function openPool(directory: string): Promise<{ sql: Sql; erase(): Promise<void> }> {
  const sqlite = await load();
  const options = {
    name: directory,
    directory: `/${directory}`,
    // Asked again after a failure, it would otherwise repeat its first answer. (Its types do not know the option.)
    forceReinitIfPreviouslyFailed: true,
  };
  const pool: SAHPoolUtil = await sqlite.installOpfsSAHPoolVfs(options);
  const sql = new Sql(sqlite, new pool.OpfsSAHPoolDb("/plauder.sqlite3"));
  const erase = async (): Promise<void> => {
    sql.close();
    await pool.wipeFiles();
    await pool.removeVfs();
  };
  try {
    // One connection holds exclusive handles: a write-ahead log needs no shared memory then. It writes a changed page once
    // and syncs once a transaction; a rollback journal writes it twice, in small pieces. Each write is a call out of here.
    sql.exec("PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16384");
    sql.useLog();
    sql.value("SELECT count(*) FROM sqlite_schema");
  } catch (error) {
    if (error instanceof StoreError && error.damaged) throw new StoreDamaged(erase, { cause: error });
    throw error;
  }
  return { sql, erase };
}
