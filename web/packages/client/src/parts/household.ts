/** What all parts of the client share: the store, the account while there is one, and live values over both. */

import type { OpenEngine } from "@plauder/crypto/api";
import {
  AuthenticationFailed,
  ConnectionLost,
  HttpError,
  NotConnected,
  RequestTimeout,
  StanzaError,
} from "@plauder/protocol/errors";
import type { Platform } from "@plauder/protocol/platform";
import { ClientError, type Live, type SessionView } from "../api.ts";
import { Account, type Login } from "../core/account.ts";
import type { AccountApi, Credential } from "../core/http.ts";
import { MediaTransfers, type Transport } from "../core/media.ts";
import { Cell, paced } from "../live.ts";
import type { FileStore } from "../store/files.ts";
import { StoreError } from "../store/sql.ts";
import type { Store } from "../store/store.ts";
import { Views } from "../views.ts";

export interface Surroundings {
  readonly store: Store;
  readonly files: FileStore;
  readonly transport: Transport;
  readonly platform: Platform;
  readonly api: AccountApi;
  readonly openEngine: OpenEngine;
}

/** Everything that is there while somebody is signed in. */
export interface Home {
  readonly account: Account;
  readonly views: Views;
  readonly media: MediaTransfers;
}

const WORDS_OF_REFUSAL: Readonly<Record<string, ClientError["code"]>> = {
  "item-not-found": "not-found",
  "remote-server-not-found": "not-found",
  conflict: "conflict",
  gone: "gone",
  "resource-constraint": "too-many-tries",
  "policy-violation": "too-many-tries",
};

/** Commands reject with `ClientError` only. */
export function toClientError(error: unknown): ClientError {
  if (error instanceof ClientError) return error;
  if (error instanceof NotConnected || error instanceof ConnectionLost)
    return new ClientError("offline", error.message);
  if (error instanceof RequestTimeout) return new ClientError("timeout", error.message);
  if (error instanceof StanzaError)
    return new ClientError(WORDS_OF_REFUSAL[error.condition] ?? "not-allowed", error.message);
  if (error instanceof HttpError)
    return new ClientError(error.status === 0 ? "offline" : "internal", error.message);
  if (error instanceof StoreError && error.full) return new ClientError("storage-full", error.message);
  return new ClientError("internal", error instanceof Error ? error.message : String(error));
}

export class Household {
  readonly around: Surroundings;
  readonly state = new Cell<SessionView>({ kind: "loading" });
  readonly arrivals = new Set<(messageId: string) => void>();
  readonly #lives = new Map<string, Live<unknown>>();
  #home: Home | undefined;

  constructor(around: Surroundings) {
    this.around = around;
    // What cannot be removed now goes with the next sweep.
    this.store.watch(["unwanted"], () => void this.#home?.media.discard().catch(() => undefined));
  }

  get store(): Store {
    return this.around.store;
  }

  get home(): Home | undefined {
    return this.#home;
  }

  /** The signed-in account's things. Throws `ClientError`. */
  get here(): Home {
    if (!this.#home) throw new ClientError("not-allowed", "nobody is signed in");
    return this.#home;
  }

  /** As `here`, while the server is within reach, or may be in a moment: requests wait for it. */
  get connected(): Home {
    const { here } = this;
    const { session } = here.account;
    if (!session.isOnline && !session.isConnecting) throw new ClientError("offline");
    return here;
  }

  /** Go on with whoever was signed in here before. */
  async wake(): Promise<void> {
    try {
      const login = await this.store.secret<Login>("login");
      if (login) await this.#moveIn(login);
      else this.state.set({ kind: "signed-out" });
    } catch (error) {
      // The key to what is kept lies elsewhere in the browser; a person can clear one without the other.
      const isLocked = error instanceof DOMException && error.name === "OperationError";
      this.state.set({ kind: "failed", code: isLocked ? "storage-damaged" : toClientError(error).code });
    }
  }

  async signIn(credential: Credential, deviceName: string): Promise<void> {
    const login: Login = {
      jid: credential.jid,
      password: credential.password,
      deviceId: credential.deviceId,
      deviceName,
      // Where the app came from is where its server is, whatever name the server knows itself by.
      websocket: `${this.around.api.origin.replace(/^http/, "ws")}/ws`,
      userAgentId: crypto.randomUUID(),
    };
    await this.store.setSecret("login", login);
    await this.#moveIn(login);
  }

  async #moveIn(login: Login): Promise<void> {
    const { store, platform, openEngine, files, transport, api } = this.around;
    api.logIn(login.jid, login.password);
    const account = await Account.open({
      store,
      login,
      platform,
      openEngine,
      transport,
      onArrived: (id) => {
        for (const listener of this.arrivals) listener(id);
      },
    });
    const media = new MediaTransfers(account, files, transport);
    this.#home = { account, views: new Views(account), media };
    void media.sweep().catch(() => undefined);
    account.session.on("state", (state) => {
      // Only what is gone for good is erased: an account that its operator has shut may be opened again.
      const why =
        state.name === "refused" && state.why instanceof AuthenticationFailed && state.why.condition;
      if (why === "not-authorized") void this.signOut("device-removed");
    });
    store.touch("account");
    this.state.set({ kind: "ready" });
    account.start();
  }

  /** End this device's session and erase what it kept. */
  async signOut(because: "logged-out" | "device-removed" | "account-deleted"): Promise<void> {
    const account = this.#home?.account;
    account?.stop();
    this.#home = undefined;
    this.around.api.logOut();
    // What is being written now would come after the end.
    await account?.session.quiet();
    await this.around.files.erase();
    this.store.erase();
    this.store.touch("account");
    this.state.set({ kind: "signed-out", because });
  }

  /** A value of the signed-in account, computed again when a topic is touched; `undefined` while nobody is signed in. */
  live<T>(key: string, topics: readonly string[], compute: (home: Home) => T): Live<T | undefined> {
    const known = this.#lives.get(key);
    if (known) return known as Live<T | undefined>;
    const cell: Cell<T | undefined> = new Cell<T | undefined>(undefined, () => {
      const refresh = paced(() => cell.set(this.#home ? compute(this.#home) : undefined));
      refresh.run();
      const leave = this.store.watch([...topics, "account"], refresh.run);
      return () => {
        leave();
        refresh.stop();
      };
    });
    this.#lives.set(key, cell);
    return cell;
  }
}
