/** The worker of a tab: holds the client for all tabs, or passes on to the worker that does. */
import { openEngine } from "@plauder/crypto";
import { standardPlatform } from "@plauder/protocol/platform";
import { LocalClient } from "../client.ts";
import { AccountApi } from "../core/http.ts";
import { newId } from "../core/ids.ts";
import { OpfsFiles } from "../store/files.ts";
import { openPool, StoreDamaged, StoreError } from "../store/sql.ts";
import { Store } from "../store/store.ts";
import { IndexedDbKeyStore, Vault } from "../store/vault.ts";
import { Host } from "./host.ts";
import { type Channel, Relay } from "./leader.ts";
import type { ToHost, ToPage } from "./messages.ts";
import { httpTransport } from "./transport.ts";
import { unopened } from "./unopened.ts";

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
const DIRECTORY = "plauder";

/** The tab that had the files may be just closing: its handles go a moment after its lock. */
async function openPatiently(): ReturnType<typeof openPool> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await openPool(DIRECTORY);
    } catch (error) {
      if (attempt >= 40 || error instanceof StoreDamaged) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function open(): Promise<Host> {
  try {
    const vault = await Vault.open(new IndexedDbKeyStore(DIRECTORY));
    const { sql } = await openPatiently();
    const client = new LocalClient({
      store: new Store(sql, vault),
      files: new OpfsFiles(`${DIRECTORY}-files`),
      transport: httpTransport,
      platform: standardPlatform(),
      api: new AccountApi(scope.location.origin),
      openEngine,
    });
    scope.addEventListener("online", () => client.session.reconnect());
    void client.wake();
    return new Host(client);
  } catch (error) {
    console.error("the store cannot be opened", error);
    return new Host(why(error));
  }
}

function why(error: unknown): ReturnType<typeof unopened> {
  if (error instanceof StoreDamaged) return unopened("storage-damaged", error.erase);
  if (error instanceof StoreError && error.full) return unopened("storage-full");
  return unopened("storage-blocked");
}

function channel(): Channel {
  const broadcast = new BroadcastChannel("plauder-client");
  const made: Channel = {
    post: (message) => broadcast.postMessage(message),
    onmessage: null,
    close: () => broadcast.close(),
  };
  broadcast.onmessage = ({ data }) => made.onmessage?.(data);
  return made;
}

/**
 * Old browsers, private windows and pages without TLS lack one of these. Without locks two tabs could step one ratchet, so
 * there is no going on without.
 */
const canKeep =
  "locks" in navigator && typeof navigator.storage?.getDirectory === "function" && !!crypto.subtle;
const alone = { hold: (_name: string, work: () => Promise<void>) => void work() };

const relay = new Relay(
  newId(),
  { post: (message: ToPage) => scope.postMessage(message) },
  channel(),
  canKeep ? { hold: (name, work) => void navigator.locks.request(name, work) } : alone,
  canKeep ? open : async () => new Host(unopened("storage-blocked")),
);
scope.onmessage = ({ data }: MessageEvent<ToHost>) => relay.hear(data);
