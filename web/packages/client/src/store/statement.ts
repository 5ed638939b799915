/**
 * A prepared statement by the C functions themselves. The library's own wrapper converts and checks each argument of
 * each call, which is most of the time a small statement takes; the types here make that unnecessary.
 */
import type { PreparedStatement, Sqlite3Static } from "@sqlite.org/sqlite-wasm";
import type { Value } from "./sql.ts";

/** What of SQLite's C interface is used (sqlite.org/c3ref). Pointers are numbers. */
interface Functions {
  sqlite3_step(statement: number): number;
  sqlite3_reset(statement: number): number;
  sqlite3_clear_bindings(statement: number): number;
  sqlite3_bind_null(statement: number, at: number): number;
  sqlite3_bind_int(statement: number, at: number, value: number): number;
  sqlite3_bind_int64(statement: number, at: number, value: bigint): number;
  sqlite3_bind_double(statement: number, at: number, value: number): number;
  sqlite3_bind_text(statement: number, at: number, bytes: number, count: number, free: number): number;
  sqlite3_bind_blob(statement: number, at: number, bytes: number, count: number, free: number): number;
  sqlite3_bind_zeroblob(statement: number, at: number, count: number): number;
  sqlite3_column_type(statement: number, at: number): number;
  sqlite3_column_int64(statement: number, at: number): bigint;
  sqlite3_column_double(statement: number, at: number): number;
  sqlite3_column_text(statement: number, at: number): number;
  sqlite3_column_blob(statement: number, at: number): number;
  sqlite3_column_bytes(statement: number, at: number): number;
  malloc(count: number): number;
  free(bytes: number): void;
}

const ROW = 100;
const DONE = 101;
/** SQLite copies what is bound before the call returns. */
const TRANSIENT = -1;
const [INTEGER, FLOAT, TEXT, BLOB] = [1, 2, 3, 4];
const INT32 = 2 ** 31;
const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

/** The library's memory, and a place in it for what is handed over. */
export class Memory {
  readonly sqlite: Sqlite3Static;
  readonly functions: Functions;
  #heap: Uint8Array;
  #place = 0;
  #room = 0;

  constructor(sqlite: Sqlite3Static) {
    this.sqlite = sqlite;
    this.functions = sqlite.wasm.exports as Functions;
    this.#heap = sqlite.wasm.heap8u();
  }

  /** Memory that has grown leaves its old view empty. */
  get heap(): Uint8Array {
    if (this.#heap.length === 0) this.#heap = this.sqlite.wasm.heap8u();
    return this.#heap;
  }

  /** Returns where the bytes are and how many. Good until the next call. */
  text(text: string): [place: number, count: number] {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    const place = this.#reserve(text.length * 3);
    return [place, utf8.encodeInto(text, this.heap.subarray(place, place + text.length * 3)).written];
  }

  bytes(bytes: Uint8Array): [place: number, count: number] {
    const place = this.#reserve(bytes.length);
    this.heap.set(bytes, place);
    return [place, bytes.length];
  }

  #reserve(count: number): number {
    if (this.#place === 0 || this.#room < count) {
      if (this.#place !== 0) this.functions.free(this.#place);
      this.#room = Math.max(count, 4096);
      this.#place = this.functions.malloc(this.#room);
      if (this.#place === 0) throw new RangeError("no memory for a value of this size");
    }
    return this.#place;
  }
}

export class Statement {
  readonly #memory: Memory;
  readonly #prepared: PreparedStatement;
  readonly #pointer: number;
  readonly #names: readonly string[];

  constructor(memory: Memory, prepared: PreparedStatement) {
    this.#memory = memory;
    this.#prepared = prepared;
    this.#pointer = Number(prepared.pointer);
    this.#names = prepared.columnCount > 0 ? prepared.getColumnNames([]) : [];
  }

  bind(params: readonly Value[]): void {
    for (let at = 0; at < params.length; at++) this.#check(this.#bind(at + 1, params[at] as Value));
  }

  #bind(at: number, value: Value): number {
    const { functions } = this.#memory;
    if (value === null) return functions.sqlite3_bind_null(this.#pointer, at);
    if (typeof value === "string")
      return functions.sqlite3_bind_text(this.#pointer, at, ...this.#memory.text(value), TRANSIENT);
    if (typeof value === "bigint") return functions.sqlite3_bind_int64(this.#pointer, at, value);
    if (typeof value === "number") {
      if (!Number.isSafeInteger(value)) return functions.sqlite3_bind_double(this.#pointer, at, value);
      return value >= -INT32 && value < INT32
        ? functions.sqlite3_bind_int(this.#pointer, at, value)
        : functions.sqlite3_bind_int64(this.#pointer, at, BigInt(value));
    }
    if (value.length === 0) return functions.sqlite3_bind_zeroblob(this.#pointer, at, 0);
    return functions.sqlite3_bind_blob(this.#pointer, at, ...this.#memory.bytes(value), TRANSIENT);
  }

  /** Whether there is a row. */
  step(): boolean {
    const code = this.#memory.functions.sqlite3_step(this.#pointer);
    if (code === ROW) return true;
    if (code !== DONE) this.#check(code);
    return false;
  }

  /** The present row; columns by their names. */
  row(): Record<string, Value> {
    const row: Record<string, Value> = {};
    for (let at = 0; at < this.#names.length; at++) row[this.#names[at] as string] = this.column(at);
    return row;
  }

  column(at: number): Value {
    const { functions } = this.#memory;
    switch (functions.sqlite3_column_type(this.#pointer, at)) {
      case INTEGER: {
        const value = functions.sqlite3_column_double(this.#pointer, at);
        return Number.isSafeInteger(value) ? value : functions.sqlite3_column_int64(this.#pointer, at);
      }
      case FLOAT:
        return functions.sqlite3_column_double(this.#pointer, at);
      case TEXT:
        return fromUtf8.decode(this.#taken(functions.sqlite3_column_text(this.#pointer, at), at));
      case BLOB:
        return this.#taken(functions.sqlite3_column_blob(this.#pointer, at), at).slice();
      default:
        return null;
    }
  }

  #taken(place: number, at: number): Uint8Array {
    const count = this.#memory.functions.sqlite3_column_bytes(this.#pointer, at);
    return this.#memory.heap.subarray(place, place + count);
  }

  /** Ready for the next use; what was bound is forgotten. */
  reset(): void {
    this.#memory.functions.sqlite3_reset(this.#pointer);
    this.#memory.functions.sqlite3_clear_bindings(this.#pointer);
  }

  finalize(): void {
    this.#prepared.finalize();
  }

  #check(code: number): void {
    if (code === 0) return;
    const { capi } = this.#memory.sqlite;
    const database = capi.sqlite3_db_handle(this.#prepared.pointer as never);
    throw new Error(`${capi.sqlite3_js_rc_str(code) ?? code}: ${capi.sqlite3_errmsg(database)}`);
  }
}
