/**
 * Key material at rest: sealed with an AES-256-GCM key that the browser keeps and never hands out.
 *
 * That protects copies of the disk and of the browser's profile, not against script that runs in the page.
 */

/** Where the wrapping key lives; IndexedDB keeps a `CryptoKey` without ever exporting it. */
export interface KeyStore {
  load(): Promise<CryptoKey | undefined>;
  save(key: CryptoKey): Promise<void>;
  erase(): Promise<void>;
}

const IV_BYTES = 12;

export class Vault {
  readonly #key: CryptoKey;

  private constructor(key: CryptoKey) {
    this.#key = key;
  }

  static async open(store: KeyStore): Promise<Vault> {
    let key = await store.load();
    if (!key) {
      key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
      await store.save(key);
    }
    return new Vault(key);
  }

  /** `name` binds the sealed bytes to their place: a record cannot be moved to another key. */
  async seal(name: string, plain: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const sealed = await crypto.subtle.encrypt(parameters(iv, name), this.#key, plain as BufferSource);
    const record = new Uint8Array(IV_BYTES + sealed.byteLength);
    record.set(iv);
    record.set(new Uint8Array(sealed), IV_BYTES);
    return record;
  }

  /** Rejects when the record was altered, moved, or sealed by another key. */
  async open(name: string, record: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const iv = record.slice(0, IV_BYTES);
    const sealed = record.slice(IV_BYTES);
    return new Uint8Array(await crypto.subtle.decrypt(parameters(iv, name), this.#key, sealed));
  }
}

function parameters(iv: Uint8Array<ArrayBuffer>, name: string): AesGcmParams {
  return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(name) };
}

/** For tests and private windows: the key is gone with the worker. */
export class MemoryKeyStore implements KeyStore {
  #key: CryptoKey | undefined;
  async load(): Promise<CryptoKey | undefined> {
    return this.#key;
  }
  async save(key: CryptoKey): Promise<void> {
    this.#key = key;
  }
  async erase(): Promise<void> {
    this.#key = undefined;
  }
}

export class IndexedDbKeyStore implements KeyStore {
  readonly #name: string;
  constructor(name: string) {
    this.#name = name;
  }

  async load(): Promise<CryptoKey | undefined> {
    return (await this.#request("readonly", (keys) => keys.get("wrapping"))) as CryptoKey | undefined;
  }

  async save(key: CryptoKey): Promise<void> {
    await this.#request("readwrite", (keys) => keys.put(key, "wrapping"));
  }

  async erase(): Promise<void> {
    await this.#request("readwrite", (keys) => keys.clear());
  }

  async #request(mode: IDBTransactionMode, act: (keys: IDBObjectStore) => IDBRequest): Promise<unknown> {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const open = indexedDB.open(this.#name, 1);
      open.onupgradeneeded = () => open.result.createObjectStore("keys");
      open.onsuccess = () => resolve(open.result);
      open.onerror = () => reject(open.error);
    });
    try {
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction("keys", mode);
        const request = act(transaction.objectStore("keys"));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onerror = () => reject(transaction.error);
        transaction.onabort = () => reject(transaction.error);
      });
    } finally {
      database.close();
    }
  }
}
