/**
 * Records sealed before they reach the disk. With a non-extractable key from IndexedDB this protects a copied database
 * file, not against script on the page. The record's name is authenticated, so that records can't be swapped.
 */

import type { Batch, OmemoStorage } from "./api.ts";
import { concat, randomBytes, utf8 } from "./bytes.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const IV = 12;

/** The key to keep in IndexedDB: script can use it, but not read it. */
export function newAtRestKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]) as Promise<CryptoKey>;
}

export class SealedStorage implements OmemoStorage {
  readonly #inner: OmemoStorage;
  readonly #key: CryptoKey;

  constructor(inner: OmemoStorage, key: CryptoKey) {
    this.#inner = inner;
    this.#key = key;
  }

  /** The batch to write in place of the engine's. */
  seal(batch: Batch): Promise<Batch> {
    return Promise.all(
      batch.map(async ({ key, value }) => ({ key, value: value && (await this.#seal(key, value)) })),
    );
  }

  async read(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    const found = await this.#inner.read(keys);
    return Promise.all(keys.map((key, at) => this.#open(key, found[at])));
  }

  async scan(prefix: string): Promise<readonly (readonly [string, Uint8Array])[]> {
    const found = await this.#inner.scan(prefix);
    return Promise.all(
      found.map(async ([key, value]) => [key, (await this.#open(key, value)) as Uint8Array] as const),
    );
  }

  async #seal(name: string, value: Uint8Array): Promise<Uint8Array> {
    const iv = randomBytes(IV);
    return concat(
      iv,
      new Uint8Array(await crypto.subtle.encrypt(parameters(iv, name), this.#key, value as Bytes)),
    );
  }

  async #open(name: string, sealed: Uint8Array | undefined): Promise<Uint8Array | undefined> {
    if (!sealed) return undefined;
    const iv = sealed.slice(0, IV);
    return new Uint8Array(
      await crypto.subtle.decrypt(parameters(iv, name), this.#key, sealed.slice(IV) as Bytes),
    );
  }
}

function parameters(iv: Uint8Array, name: string) {
  return { name: "AES-GCM", iv: iv as Bytes, additionalData: utf8(name) as Bytes };
}
