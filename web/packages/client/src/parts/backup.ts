/**
 * Encrypted backups: the history sealed here and kept by the server, which cannot read it. The key is wrapped by a code
 * of 64 digits, or by a password that OPAQUE hides from the server, which only counts the tries.
 */
import {
  BackupReader,
  BackupUnreadable,
  keyFromCode,
  keyFromExportKey,
  newArchiveKey,
  newBackupCode,
  sealBackup,
  unwrapArchiveKey,
  type Wrapping,
  wrapArchiveKey,
} from "@plauder/crypto/backup";
import { concat, fromBase64, toBase64 } from "@plauder/protocol/bytes";
import { type Backup, type BackupView, ClientError, type Live } from "../api.ts";
import { HistoryDamaged, pack, unpack } from "../core/history.ts";
import { Cell } from "../live.ts";
import { type Household, toClientError } from "./household.ts";

const DAY = 24 * 3600_000;

interface Kept {
  readonly lock: "password" | "code";
  readonly lastAt?: number;
  readonly bytes?: number;
}

/** What goes into a new archive: its key and how that is wrapped. */
interface Keys {
  readonly archiveKey: string;
  readonly wrapping: { readonly kind: "code" | "password"; readonly iv: string; readonly sealed: string };
}

export class BackupPart implements Backup {
  readonly #household: Household;
  readonly #cell: Cell<BackupView | undefined>;
  #running: BackupView["running"];
  #problem: BackupView["lastProblem"];

  constructor(household: Household) {
    this.#household = household;
    this.#cell = new Cell<BackupView | undefined>(undefined, () => {
      const refresh = (): void => this.#cell.set(this.#view());
      refresh();
      void this.#backUpDaily();
      return household.store.watch(["setting:backup", "account", "backup"], refresh);
    });
  }

  get state(): Live<BackupView | undefined> {
    return this.#cell;
  }

  #view(): BackupView | undefined {
    if (!this.#household.home) return undefined;
    const kept = this.#household.store.setting<Kept>("backup");
    return {
      state: kept ? "on" : "off",
      ...kept,
      ...(this.#running && { running: this.#running }),
      ...(this.#problem && { lastProblem: this.#problem }),
    };
  }

  async #backUpDaily(): Promise<void> {
    const kept = this.#household.store.setting<Kept>("backup");
    const due = kept && (kept.lastAt ?? 0) < Date.now() - DAY;
    if (due && this.#household.home?.account.session.isOnline) await this.now().catch(() => undefined);
  }

  async enable(lock: { kind: "password"; password: string } | { kind: "code" }): Promise<string | undefined> {
    const code = lock.kind === "code" ? newBackupCode() : undefined;
    const key =
      code === undefined ? await this.#register((lock as { password: string }).password) : keyFromCode(code);
    const archiveKey = newArchiveKey();
    const wrapping = await wrapArchiveKey(lock.kind, key as Uint8Array, archiveKey);
    const { store } = this.#household;
    await store.setSecret("backup", toKeys(archiveKey, wrapping));
    store.setSetting("backup", { lock: lock.kind } satisfies Kept);
    await this.now();
    return code;
  }

  async now(): Promise<void> {
    const { store, around } = this.#household;
    const kept = store.setting<Kept>("backup");
    const keys = await store.secret<Keys>("backup");
    if (!kept || !keys || !this.#household.home) throw new ClientError("not-found");
    this.#tell({ done: 0, total: 1 }, undefined);
    try {
      const packed = await pack(store);
      const sealed: Uint8Array[] = [];
      for await (const chunk of sealBackup(fromBase64(keys.archiveKey), [fromKeys(keys)], [packed]))
        sealed.push(chunk);
      const archive = concat(...sealed);
      await around.api.bytes("PUT", `/backup/archive?lock=${kept.lock}`, archive);
      store.setSetting("backup", { ...kept, lastAt: Date.now(), bytes: archive.length });
      this.#tell(undefined, undefined);
    } catch (error) {
      this.#tell(undefined, toClientError(error).code);
      throw error;
    }
  }

  async disable(): Promise<void> {
    await this.#household.around.api.call("DELETE", "/backup");
    await this.#household.store.setSecret("backup", null);
    this.#household.store.setSetting("backup", undefined);
  }

  async restore(secret: { password: string } | { code: string }): Promise<{ messages: number }> {
    const { api } = this.#household.around;
    const { store } = this.#household.here.account;
    const key = "code" in secret ? keyFromCode(secret.code) : await this.#logIn(secret.password);
    if (!key) throw new ClientError("wrong-secret");
    const archive = await api.bytes("GET", "/backup/archive");
    try {
      const reader = await BackupReader.begin([archive]);
      const kind = "code" in secret ? "code" : "password";
      const archiveKey = await unwrapArchiveKey(reader.wrappings, kind, key);
      const chunks: Uint8Array[] = [];
      for await (const chunk of reader.read(archiveKey)) chunks.push(chunk);
      const messages = await unpack(store, concat(...chunks), (done, total) =>
        this.#tell({ done, total }, undefined),
      );
      const wrapping = reader.wrappings.find((one) => one.kind === kind) as Wrapping;
      await store.setSecret("backup", toKeys(archiveKey, wrapping));
      store.setSetting("backup", { lock: kind, lastAt: Date.now(), bytes: archive.length } satisfies Kept);
      return { messages };
    } catch (error) {
      if (error instanceof BackupUnreadable && error.reason === "wrong-key")
        throw new ClientError("wrong-secret");
      if (error instanceof BackupUnreadable || error instanceof HistoryDamaged)
        throw new ClientError("damaged", String(error));
      throw error;
    } finally {
      this.#tell(undefined, undefined);
    }
  }

  #tell(running: BackupView["running"], problem: BackupView["lastProblem"]): void {
    this.#running = running;
    this.#problem = problem;
    this.#household.store.touch("backup");
  }

  // ---------------------------------------------------------------------------------------------- the password (OPAQUE)

  async #register(password: string): Promise<Uint8Array> {
    const opaque = await loadOpaque();
    const { api } = this.#household.around;
    const { clientRegistrationState, registrationRequest } = opaque.client.startRegistration({ password });
    const { response } = await api.call<{ response: string }>("POST", "/backup/vault/registration", {
      request: registrationRequest,
    });
    const finished = opaque.client.finishRegistration({
      clientRegistrationState,
      registrationResponse: response,
      password,
    });
    await api.call("PUT", "/backup/vault", { record: finished.registrationRecord });
    return keyFromExportKey(fromBase64Url(finished.exportKey));
  }

  async #logIn(password: string): Promise<Uint8Array> {
    const opaque = await loadOpaque();
    const { api } = this.#household.around;
    const { clientLoginState, startLoginRequest } = opaque.client.startLogin({ password });
    const answer = await api.call<{ response: string; login: string; tries_left: number }>(
      "POST",
      "/backup/vault/login",
      { request: startLoginRequest },
    );
    const finished = opaque.client.finishLogin({
      clientLoginState,
      loginResponse: answer.response,
      password,
    });
    if (!finished) throw new ClientError("wrong-secret", "wrong password", { triesLeft: answer.tries_left });
    await api.call("POST", "/backup/vault/confirmation", {
      login: answer.login,
      finish: finished.finishLoginRequest,
    });
    return keyFromExportKey(fromBase64Url(finished.exportKey));
  }
}

/** Half a megabyte of code that few need: loaded when somebody does. */
async function loadOpaque(): Promise<typeof import("@serenity-kit/opaque")> {
  const opaque = await import("@serenity-kit/opaque");
  await opaque.ready;
  return opaque;
}

function fromBase64Url(text: string): Uint8Array {
  return fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
}

function toKeys(archiveKey: Uint8Array, { kind, iv, sealed }: Wrapping): Keys {
  const wrapping = { kind: kind as "code" | "password", iv: toBase64(iv), sealed: toBase64(sealed) };
  return { archiveKey: toBase64(archiveKey), wrapping };
}

function fromKeys({ wrapping: { kind, iv, sealed } }: Keys): Wrapping {
  return { kind, iv: fromBase64(iv), sealed: fromBase64(sealed) };
}
