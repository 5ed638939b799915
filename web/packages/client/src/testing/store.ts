/** A store in memory, the same code as in the browser. */
import { openMemory } from "../store/sql.ts";
import { Store } from "../store/store.ts";
import { MemoryKeyStore, Vault } from "../store/vault.ts";

export async function memoryStore(): Promise<Store> {
  return new Store(await openMemory(), await Vault.open(new MemoryKeyStore()));
}
