/**
 * The records of one operation: what it read, and what it wants written. Values are immutable objects; bytes inside them
 * are kept as base64 in JSON, which costs a few microseconds and can be looked at.
 */

import type { Batch, OmemoStorage } from "./api.ts";
import { fromBase64, fromUtf8, toBase64, utf8 } from "./bytes.ts";

const ANY_SIZE = 1 << 24;

export function encodeRecord(value: unknown): Uint8Array {
  return utf8(
    JSON.stringify(value, (_key, inner) => (inner instanceof Uint8Array ? { $: toBase64(inner) } : inner)),
  );
}

export function decodeRecord(bytes: Uint8Array): unknown {
  return JSON.parse(fromUtf8(bytes), (_key, inner) =>
    inner !== null && typeof inner === "object" && typeof inner.$ === "string"
      ? fromBase64(inner.$, ANY_SIZE)
      : inner,
  );
}

/** A place for values of one type; see `records.ts`. */
export interface Slot<T> {
  readonly key: string;
  /** Never set; ties the type to the key. */
  readonly type?: T;
}

export class Notebook {
  readonly #storage: OmemoStorage;
  readonly #values = new Map<string, unknown>();
  readonly #changed = new Set<string>();

  constructor(storage: OmemoStorage) {
    this.#storage = storage;
  }

  /** Reads many records at once; `get` then finds them here. */
  async prefetch(slots: readonly Slot<unknown>[]): Promise<void> {
    const keys = slots.map(({ key }) => key).filter((key) => !this.#values.has(key));
    if (keys.length === 0) return;
    const found = await this.#storage.read(keys);
    keys.forEach((key, at) => {
      const bytes = found[at];
      this.#values.set(key, bytes && decodeRecord(bytes));
    });
  }

  async get<T>(slot: Slot<T>): Promise<T | undefined> {
    if (!this.#values.has(slot.key)) await this.prefetch([slot]);
    return this.#values.get(slot.key) as T | undefined;
  }

  put<T>(slot: Slot<T>, value: T): void {
    this.#values.set(slot.key, value);
    this.#changed.add(slot.key);
  }

  delete(slot: Slot<unknown>): void {
    this.#values.set(slot.key, undefined);
    this.#changed.add(slot.key);
  }

  /** All records below a prefix, with what this operation changed. */
  async scan<T>(prefix: string): Promise<{ readonly key: string; readonly value: T }[]> {
    for (const [key, bytes] of await this.#storage.scan(prefix)) {
      if (!this.#values.has(key)) this.#values.set(key, decodeRecord(bytes));
    }
    return [...this.#values]
      .filter(([key, value]) => key.startsWith(prefix) && value !== undefined)
      .map(([key, value]) => ({ key, value: value as T }));
  }

  batch(): Batch {
    return [...this.#changed].map((key) => {
      const value = this.#values.get(key);
      return { key, value: value === undefined ? null : encodeRecord(value) };
    });
  }
}
