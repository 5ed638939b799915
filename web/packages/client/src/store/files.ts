/** Bytes of media on this device, by id. */
export interface FileStore {
  put(id: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  get(id: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  remove(id: string): Promise<void>;
  list(): Promise<readonly string[]>;
  erase(): Promise<void>;
}

export class MemoryFiles implements FileStore {
  readonly #files = new Map<string, Uint8Array<ArrayBuffer>>();

  get size(): number {
    return this.#files.size;
  }

  async put(id: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#files.set(id, bytes);
  }
  async get(id: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#files.get(id);
  }
  async remove(id: string): Promise<void> {
    this.#files.delete(id);
  }
  async list(): Promise<readonly string[]> {
    return [...this.#files.keys()];
  }
  async erase(): Promise<void> {
    this.#files.clear();
  }
}

/** Files of the origin's private file system; only a dedicated worker may write them synchronously. */
export class OpfsFiles implements FileStore {
  readonly #directory: string;
  constructor(directory: string) {
    this.#directory = directory;
  }

  async put(id: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const directory = await this.#open();
    const handle = await directory.getFileHandle(id, { create: true });
    const file = await handle.createSyncAccessHandle();
    try {
      file.truncate(0);
      file.write(bytes, { at: 0 });
      file.flush();
    } finally {
      file.close();
    }
  }

  async get(id: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      const directory = await this.#open();
      const file = await (await directory.getFileHandle(id)).getFile();
      return new Uint8Array(await file.arrayBuffer());
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotFoundError") return undefined;
      throw error;
    }
  }

  async remove(id: string): Promise<void> {
    const directory = await this.#open();
    await directory.removeEntry(id).catch(() => undefined);
  }

  async list(): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const name of (await this.#open()).keys()) names.push(name);
    return names;
  }

  async erase(): Promise<void> {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry(this.#directory, { recursive: true }).catch(() => undefined);
  }

  async #open(): Promise<FileSystemDirectoryHandle> {
    const root = await navigator.storage.getDirectory();
    return await root.getDirectoryHandle(this.#directory, { create: true });
  }
}
