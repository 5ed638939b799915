/**
 * Files on their way: encrypted here, put on the server in resumable pieces where it allows, fetched and opened on
 * demand, kept in this device's own files. Keys travel inside the encrypted message alone (XEP-0448; XEP-0454 for others).
 */
import { fromHex, toHex } from "@plauder/protocol/bytes";
import * as wire from "@plauder/protocol/content";
import { HttpError, StanzaError } from "@plauder/protocol/errors";
import { findUploadService, requestSlot, type UploadService } from "@plauder/protocol/upload";
import { type Element, parse as parseElement } from "@plauder/protocol/xml";
import { type AttachmentDraft, type BlobLike, ClientError, type ErrorCode } from "../api.ts";
import type { FileStore } from "../store/files.ts";
import type { Account } from "./account.ts";
import { newId, newMessageId } from "./ids.ts";
import { readShare } from "./incoming.ts";
import type {
  MediaRow,
  MessageRow,
  PendingUpload,
  StoredContent,
  StoredMedia,
  StoredQuote,
  StoredShare,
} from "./rows.ts";
import { crypt } from "./sealed-files.ts";

const TAG_BYTES = 16;
/** GCM is opened whole in memory; larger files would not fit beside the rest (and WebCrypto has no streaming). */
export const LARGEST = 100 * 1024 * 1024;
const MOST_RESUMPTIONS = 5;
const PROGRESS_STEP = 64 * 1024;

type MediaContent = Extract<StoredContent, { media: StoredMedia }>;

export interface Transport {
  /** `offset`: bytes the server has already (`arrived`); then the rest follows them. */
  put(
    url: string,
    body: Uint8Array<ArrayBuffer>,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    progress: (done: number) => void,
    offset?: number,
  ): Promise<void>;
  /** How much of an upload that broke off is there; undefined where the server cannot say. */
  arrived(url: string, headers: Readonly<Record<string, string>>): Promise<number | undefined>;
  get(url: string, signal: AbortSignal, progress: (done: number) => void): Promise<Uint8Array<ArrayBuffer>>;
}

export class MediaTransfers {
  readonly #account: Account;
  readonly #files: FileStore;
  readonly #transport: Transport;
  readonly #running = new Map<string, AbortController>();
  #service: Promise<UploadService | undefined> | undefined;

  constructor(account: Account, files: FileStore, transport: Transport) {
    this.#account = account;
    this.#files = files;
    this.#transport = transport;
    account.session.on("state", ({ name }) => {
      if (name === "online") this.#resume();
    });
  }

  get #sql() {
    return this.#account.store.sql;
  }

  row(message: string): MediaRow | undefined {
    return this.#sql.get<MediaRow>("SELECT * FROM media WHERE message = ?", message);
  }

  async service(): Promise<UploadService | undefined> {
    this.#service ??= findUploadService(this.#account.session).catch(() => {
      this.#service = undefined;
      return undefined;
    });
    return await this.#service;
  }

  // ---------------------------------------------------------------------------------------------- sending

  async send(
    chat: string,
    draft: AttachmentDraft,
    quote: StoredQuote | undefined,
    elements: readonly Element[],
    id: string = newMessageId(),
  ): Promise<string> {
    const limit = Math.min(LARGEST, (await this.#knownLimit()) ?? LARGEST);
    if (draft.blob.size + TAG_BYTES > limit)
      throw new ClientError("too-large", "the file is too large", { limit: limit - TAG_BYTES });
    const bytes = new Uint8Array(await draft.blob.arrayBuffer());
    const mediaId = newId();
    await this.#files.put(mediaId, bytes).catch((error: unknown) => {
      throw new ClientError("storage-full", String(error));
    });
    this.#account.post(chat, { id, content: contentOf(draft, mediaId), quote }, [], undefined, false);
    this.#account.store.write(() => {
      this.#sql.run(
        "INSERT INTO media (id, message, chat, state, bytes) VALUES (?, ?, ?, 'up', ?)",
        mediaId,
        id,
        chat,
        bytes.length,
      );
      // What else the message says waits with it.
      if (elements.length) this.#account.store.setSetting(`media:${id}`, elements.map(String));
    });
    void this.#upload(id);
    return id;
  }

  async #knownLimit(): Promise<number | undefined> {
    return this.#account.session.isOnline ? (await this.service())?.limit : undefined;
  }

  /** Start again what was on its way up when the connection or the page went. */
  #resume(): void {
    const waiting = this.#sql.all<{ message: string }>("SELECT message FROM media WHERE state = 'up'");
    for (const { message } of waiting) void this.#upload(message);
  }

  async #upload(message: string): Promise<void> {
    const row = this.row(message);
    if (!row || this.#running.has(row.id) || !this.#account.session.isOnline) return;
    const stop = new AbortController();
    this.#running.set(row.id, stop);
    try {
      const share = await this.#store(row, stop.signal);
      if (share && !stop.signal.aborted) this.#uploaded(row, share);
    } catch (error) {
      if (!stop.signal.aborted && this.#account.session.isOnline) this.#failed(row, codeOf(error), "up");
    } finally {
      this.#running.delete(row.id);
    }
  }

  /** Encrypt and put the bytes, or what is missing of them. */
  async #store(row: MediaRow, signal: AbortSignal): Promise<StoredShare | undefined> {
    const message = this.#account.messages.byId(row.message);
    const content = message && (JSON.parse(message.content) as MediaContent);
    const plain = await this.#files.get(row.id);
    if (!content || !plain) throw new ClientError("not-found");
    const begun = row.slot ? (JSON.parse(row.slot) as PendingUpload) : undefined;
    const upload = begun ?? (await this.#begin(row, plain.length + TAG_BYTES));
    const sealed = await crypt("encrypt", fromHex(upload.key), fromHex(upload.iv), plain);
    await this.#put(row, upload, sealed, signal, begun !== undefined);
    const { media } = content;
    return {
      url: upload.get,
      key: upload.key,
      iv: upload.iv,
      name: media.name,
      type: media.type,
      size: plain.length,
      width: media.width,
      height: media.height,
      description: media.alt,
      preview: media.preview,
      voice: content.kind === "voice" ? { seconds: content.seconds, wave: content.wave } : undefined,
    };
  }

  /** A slot and a key of its own for each file, written down before a byte leaves. */
  async #begin(row: MediaRow, size: number): Promise<PendingUpload> {
    const service = await this.service();
    if (!service) throw new ClientError("not-allowed", "the server takes no files");
    // The name tells nothing of what is inside.
    const file = { name: `${newId()}.bin`, size, type: "application/octet-stream" };
    const slot = await requestSlot(this.#account.session, service, file);
    const key = toHex(crypto.getRandomValues(new Uint8Array(32)));
    const iv = toHex(crypto.getRandomValues(new Uint8Array(12)));
    const upload: PendingUpload = { ...slot, key, iv };
    this.#sql.run("UPDATE media SET slot = ? WHERE id = ?", JSON.stringify(upload), row.id);
    return upload;
  }

  /** What broke off goes on where it stopped, as long as the line comes back. */
  async #put(
    row: MediaRow,
    { put, headers }: PendingUpload,
    sealed: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
    isAgain: boolean,
  ): Promise<void> {
    const progress = this.#progress(row, sealed.length);
    let offset = isAgain ? await this.#transport.arrived(put, headers) : 0;
    for (let attempt = 0; ; attempt++) {
      if (offset !== undefined && offset >= sealed.length) return;
      try {
        return await this.#transport.put(put, sealed, headers, signal, progress, offset);
      } catch (error) {
        const isLine = error instanceof HttpError && error.status === 0;
        if (!isLine || signal.aborted || attempt >= MOST_RESUMPTIONS) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1000 * 2 ** attempt));
        offset = await this.#transport.arrived(put, headers).catch(() => offset);
      }
    }
  }

  #uploaded(row: MediaRow, share: StoredShare): void {
    const { store, messages, outgoing } = this.#account;
    store.write(() => {
      const message = messages.byId(row.message);
      if (!message) return;
      this.#sql.run(
        "UPDATE media SET state = 'here', share = ?, slot = NULL WHERE id = ?",
        JSON.stringify(share),
        row.id,
      );
      const waiting = store.setting<string[]>(`media:${row.message}`);
      store.setSetting(`media:${row.message}`, undefined);
      this.#queue(message, share, waiting ?? []);
      this.#touch(row);
    });
    outgoing.kick();
  }

  #queue(message: MessageRow, share: StoredShare, waiting: readonly string[]): void {
    const file = readShare(JSON.stringify(share));
    const content = JSON.parse(message.content) as MediaContent;
    const caption = content.kind === "voice" ? "" : content.caption;
    const timers = message.timer ? [wire.timer(message.timer)] : [];
    const forwarded = message.forwarded ? [wire.forwardedMark()] : [];
    this.#account.outgoing.add({
      chat: message.chat,
      kind: "message",
      content: [
        wire.fileShare(file),
        wire.body(caption || file.url),
        ...waiting.map(parseElement),
        ...timers,
        ...forwarded,
      ],
      legacy: wire.aesgcmUrl(file),
      message: message.id,
      stanzaId: message.stanza_id,
    });
  }

  /** The same encrypted file for somebody else: nothing to upload again. */
  async forward(row: MessageRow, content: MediaContent, chat: string, id: string): Promise<void> {
    const media = this.row(row.id);
    if (!media?.share) throw new ClientError("not-found");
    if (!readShare(media.share).key.length) return await this.#forwardOpen(row, content, chat, id);
    const mediaId = newId();
    const bytes = await this.#files.get(media.id);
    if (bytes) await this.#files.put(mediaId, bytes);
    const copy = { ...content, media: { ...content.media, id: mediaId } } as StoredContent;
    this.#account.store.write(() => {
      this.#account.post(chat, { id, content: copy, forwarded: true }, [], undefined, false);
      this.#sql.run(
        "INSERT INTO media (id, message, chat, share, state, bytes) VALUES (?, ?, ?, ?, ?, ?)",
        mediaId,
        id,
        chat,
        media.share,
        bytes ? "here" : "remote",
        bytes?.length ?? 0,
      );
      const message = this.#account.messages.byId(id) as MessageRow;
      this.#queue(message, JSON.parse(media.share as string) as StoredShare, []);
    });
    this.#account.outgoing.kick();
  }

  /** What lies open at a business's host is sealed like any other file before it goes to somebody else. */
  async #forwardOpen(row: MessageRow, content: MediaContent, chat: string, id: string): Promise<void> {
    const blob = await this.open(row.id);
    const { media } = content;
    const draft: AttachmentDraft = {
      kind: content.kind === "voice" ? "file" : content.kind,
      blob,
      name: media.name,
      ...(content.kind !== "voice" && { caption: content.caption }),
    };
    await this.send(chat, draft, undefined, [wire.forwardedMark()], id);
  }

  /** True when the failed message was one whose file has to go up again. */
  async retry(message: string): Promise<boolean> {
    const row = this.row(message);
    if (!row || row.share) return false;
    this.#account.store.write(() => {
      this.#sql.run("UPDATE media SET state = 'up', slot = NULL, failure = NULL WHERE id = ?", row.id);
      this.#account.messages.retrying(message);
    });
    void this.#upload(message);
    return true;
  }

  // ---------------------------------------------------------------------------------------------- fetching

  async open(message: string): Promise<BlobLike> {
    const row = this.row(message);
    const stored = this.#account.messages.byId(message);
    if (!row || !stored) throw new ClientError("not-found");
    const { media } = JSON.parse(stored.content) as MediaContent;
    const here = await this.#files.get(row.id);
    if (here) return new Blob([here], { type: media.type });
    if (!row.share) throw new ClientError("not-found");
    return new Blob([await this.#fetch(row)], { type: media.type });
  }

  async #fetch(row: MediaRow): Promise<Uint8Array<ArrayBuffer>> {
    this.#running.get(row.id)?.abort();
    const stop = new AbortController();
    this.#running.set(row.id, stop);
    const share = readShare(row.share as string);
    try {
      this.#setState(row, "down", 0);
      const sealed = await this.#transport.get(share.url, stop.signal, this.#progress(row, share.size));
      // Files of hosted businesses lie open at their address: encryption ends at the host.
      const plain = share.key.length ? await crypt("decrypt", share.key, share.iv, sealed) : sealed;
      await this.#files.put(row.id, plain);
      if (!this.#isKnown(row.id)) await this.#files.remove(row.id);
      this.#account.store.write(() => {
        this.#sql.run(
          "UPDATE media SET state = 'here', bytes = ?, done = 0 WHERE id = ?",
          plain.length,
          row.id,
        );
        this.#touch(row);
      });
      return plain;
    } catch (error) {
      if (stop.signal.aborted) {
        this.#setState(row, "remote", 0);
        throw new ClientError("cancelled");
      }
      const code = codeOf(error);
      this.#failed(row, code, "down");
      throw new ClientError(code);
    } finally {
      if (this.#running.get(row.id) === stop) this.#running.delete(row.id);
    }
  }

  async stop(message: string): Promise<void> {
    const row = this.row(message);
    if (!row) return;
    this.#running.get(row.id)?.abort();
    if (row.state === "up") this.#failed(row, "cancelled", "up");
  }

  /** Forget the bytes of a message that goes. */
  async forget(message: string): Promise<void> {
    const row = this.row(message);
    if (!row) return;
    this.#running.get(row.id)?.abort();
    await this.#files.remove(row.id);
  }

  /** Remove the bytes of messages that disappeared or were taken back just now. */
  async discard(): Promise<void> {
    for (const id of this.#account.messages.takeUnwanted()) {
      if (this.#isKnown(id)) continue; // what took it away was undone
      this.#running.get(id)?.abort();
      await this.#files.remove(id);
    }
  }

  #isKnown(id: string): boolean {
    return this.#sql.value("SELECT 1 FROM media WHERE id = ?", id) !== undefined;
  }

  /** Remove the bytes that no message knows, such as those lost with a crash. */
  async sweep(): Promise<void> {
    const known = new Set(this.#sql.all<{ id: string }>("SELECT id FROM media").map(({ id }) => id));
    for (const id of await this.#files.list()) if (!known.has(id)) await this.#files.remove(id);
  }

  async forgetChat(chat: string): Promise<void> {
    const rows = this.#sql.all<{ message: string }>("SELECT message FROM media WHERE chat = ?", chat);
    for (const { message } of rows) await this.forget(message);
  }

  /** Forget what can be fetched again; of one chat or of all. */
  async free(chat: string | undefined): Promise<void> {
    const rows = this.#sql.all<MediaRow>(
      "SELECT * FROM media WHERE state = 'here' AND share IS NOT NULL AND (?1 IS NULL OR chat = ?1)",
      chat ?? null,
    );
    for (const row of rows) {
      await this.#files.remove(row.id);
      this.#setState(row, "remote", 0);
    }
  }

  // ---------------------------------------------------------------------------------------------- how far it is

  #progress(row: MediaRow, total: number): (done: number) => void {
    let told = 0;
    return (done) => {
      if (done - told < PROGRESS_STEP && done < total) return;
      told = done;
      this.#sql.run(
        "UPDATE media SET done = ? WHERE id = ? AND state IN ('up', 'down')",
        Math.min(done, total),
        row.id,
      );
      this.#touch(row);
    };
  }

  #setState(row: MediaRow, state: MediaRow["state"], done: number): void {
    this.#account.store.write(() => {
      this.#sql.run("UPDATE media SET state = ?, done = ?, failure = NULL WHERE id = ?", state, done, row.id);
      this.#touch(row);
    });
  }

  #failed(row: MediaRow, code: ErrorCode, way: "up" | "down"): void {
    this.#account.store.write(() => {
      this.#sql.run("UPDATE media SET state = 'failed', failure = ? WHERE id = ?", code, row.id);
      if (way === "up") this.#account.messages.failed(row.message, code, true);
      this.#touch(row);
    });
  }

  #touch(row: MediaRow): void {
    this.#account.store.touch(`messages:${row.chat}`, `message:${row.message}`);
  }
}

function contentOf(draft: AttachmentDraft, id: string): StoredContent {
  const media: StoredMedia = {
    id,
    name: draft.name,
    type: draft.blob.type || "application/octet-stream",
    size: draft.blob.size,
    width: draft.width,
    height: draft.height,
    preview: draft.preview,
    alt: draft.alt,
  };
  if (draft.kind === "voice")
    return { kind: "voice", media, seconds: draft.seconds ?? 0, wave: draft.wave ?? [], heard: true };
  return { kind: draft.kind, media, caption: draft.caption ?? "" };
}

const HTTP_CODES: Readonly<Record<number, ErrorCode>> = {
  0: "offline",
  403: "not-allowed",
  404: "gone",
  410: "gone",
  413: "too-large",
  507: "storage-full",
};

function codeOf(error: unknown): ErrorCode {
  if (error instanceof ClientError) return error.code;
  if (error instanceof HttpError)
    return HTTP_CODES[error.status] ?? (error.status >= 500 ? "offline" : "internal");
  if (error instanceof StanzaError)
    return error.condition === "resource-constraint" ? "storage-full" : "too-large";
  if (error instanceof TypeError) return "offline";
  return "internal";
}
