/** Storage in memory: for tests, benchmarks, and accounts that shall leave no trace. */

import type { Batch, Commit, OmemoStorage } from "./api.ts";

export class MemoryStorage implements OmemoStorage {
  readonly records = new Map<string, Uint8Array>();

  async read(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.records.get(key));
  }

  async scan(prefix: string): Promise<[string, Uint8Array][]> {
    return [...this.records].filter(([key]) => key.startsWith(prefix));
  }

  write(batch: Batch): void {
    for (const { key, value } of batch) {
      if (value) this.records.set(key, value);
      else this.records.delete(key);
    }
  }

  /** A `Commit` that writes and does nothing else. */
  readonly commit: Commit<unknown> = async (batch) => this.write(batch);
}
