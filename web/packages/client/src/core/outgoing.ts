/**
 * From what the person did to stanzas: jobs are written with the message, encrypted when there is a connection, and
 * leave the table in the transaction that steps the ratchets and fills the outbox.
 */
import type { Encrypted } from "@plauder/crypto/api";
import * as content from "@plauder/protocol/content";
import { StanzaError } from "@plauder/protocol/errors";
import { Outbox, type OutboxEntry, type OutboxStore } from "@plauder/protocol/outbox";
import type { Session } from "@plauder/protocol/session";
import { message } from "@plauder/protocol/stanza";
import { type Element, el, parse } from "@plauder/protocol/xml";
import type { ErrorCode } from "../api.ts";
import type { Store } from "../store/store.ts";
import { type Encryption, sealedMessage } from "./encryption.ts";
import { newId } from "./ids.ts";
import type { Messages } from "./messages.ts";
import type { People } from "./people.ts";

/**
 * `message`: shown to people, ticks. `change`: acts on a message (edit, reaction, deletion, timer).
 * `receipt`: tells what we have or saw. `signal`: typing; not kept.
 */
export type JobKind = "message" | "change" | "receipt" | "signal";

export interface NewJob {
  readonly chat: string;
  readonly kind: JobKind;
  /** For devices that read the whole envelope. */
  readonly content: readonly Element[];
  /** The body for devices that read only a body; undefined: they get nothing. */
  readonly legacy?: string | undefined;
  readonly message?: string | undefined;
  readonly stanzaId: string;
}

interface JobRow {
  readonly seq: number;
  readonly chat: string;
  readonly kind: JobKind;
  readonly message: string | null;
  readonly stanza_id: string;
  readonly content: string;
  readonly legacy: string | null;
  readonly attempts: number;
}

const WRAPPER = "urn:plauder:job";
const MAX_ATTEMPTS = 5;
const MOST_RECEIPTS = 250;
/** While much comes in, receipts wait for each other. */
const RECEIPTS_WAIT = 1000; // ms

class StoredOutbox implements OutboxStore {
  readonly #store: Store;
  readonly #messages: Messages;
  constructor(store: Store, messages: Messages) {
    this.#store = store;
    this.#messages = messages;
  }

  add(id: string, stanza: Element, messageId: string | null): void {
    this.#store.sql.run(
      "INSERT INTO outbox (id, xml, message) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
      id,
      String(stanza),
      messageId,
    );
  }

  async entries(): Promise<readonly OutboxEntry[]> {
    return this.#store.sql
      .all<{ id: string; stream: string | null; number: number | null }>(
        "SELECT id, stream, number FROM outbox ORDER BY seq",
      )
      .map(({ id, stream, number }) => ({
        id,
        sent: stream === null ? undefined : { stream, number: number ?? 0 },
      }));
  }

  async unsent(stream: string): Promise<readonly string[]> {
    return this.#store.sql
      .all<{ id: string }>("SELECT id FROM outbox WHERE stream IS NOT ? ORDER BY seq", stream)
      .map(({ id }) => id);
  }

  async stanza(id: string): Promise<string | undefined> {
    return this.#store.sql.value<string>("SELECT xml FROM outbox WHERE id = ?", id);
  }

  async sent(marks: readonly { id: string; stream: string; number: number }[]): Promise<void> {
    this.#store.jot(() => {
      for (const { id, stream, number } of marks)
        this.#store.sql.run("UPDATE outbox SET stream = ?, number = ? WHERE id = ?", stream, number, id);
    });
  }

  async lost(stream: string): Promise<void> {
    this.#store.jot(() =>
      this.#store.sql.run("UPDATE outbox SET stream = NULL, number = NULL WHERE stream = ?", stream),
    );
  }

  async acknowledged(ids: readonly string[]): Promise<void> {
    const now = Date.now();
    // Forgotten, it is sent again, and the receiver knows it by its id.
    this.#store.jot(() => {
      for (const id of ids) {
        const messageId = this.#store.sql.value<string | null>("SELECT message FROM outbox WHERE id = ?", id);
        this.#store.sql.run("DELETE FROM outbox WHERE id = ?", id);
        if (messageId) this.#messages.acknowledged(messageId, now);
      }
      this.#store.touch("queue");
    });
  }
}

export class Outgoing {
  readonly #store: Store;
  readonly #session: Session;
  readonly #messages: Messages;
  readonly #people: People;
  readonly #encryption: () => Encryption;
  readonly #entries: StoredOutbox;
  readonly #outbox: Outbox;
  /** Chats that wait a while before they are tried again. */
  readonly #pausing = new Set<string>();
  /** The job that is being encrypted now; nothing may join it. */
  #inHand = 0;
  #running = false;
  #soon = false;
  #again = false;

  constructor(
    store: Store,
    session: Session,
    messages: Messages,
    people: People,
    encryption: () => Encryption,
  ) {
    this.#store = store;
    this.#session = session;
    this.#messages = messages;
    this.#people = people;
    this.#encryption = encryption;
    this.#entries = new StoredOutbox(store, messages);
    this.#outbox = new Outbox(session, this.#entries);
  }

  /** Messages written here that the server does not have. */
  static waiting(store: Store): number {
    return store.sql.value<number>("SELECT count(*) FROM message WHERE tick = 'waiting'") ?? 0;
  }

  /** Write a job down; inside the transaction of what it belongs to. `kick` afterwards. */
  add(job: NewJob): void {
    if (job.kind === "receipt")
      this.#store.gather(`receipts:${job.chat}`, job, (jobs) => this.#addReceipts(jobs));
    else this.#insert(job);
  }

  #insert(job: NewJob): void {
    const wrapped = el("content", WRAPPER, {}, ...job.content);
    this.#store.sql.run(
      "INSERT INTO job (chat, kind, message, stanza_id, content, legacy) VALUES (?, ?, ?, ?, ?, ?)",
      job.chat,
      job.kind,
      job.message ?? null,
      job.stanzaId,
      String(wrapped),
      job.legacy ?? null,
    );
    this.#store.touch("queue");
  }

  /** Receipts that wait for the same person travel together: a thousand messages read at once are no thousand answers. */
  #addReceipts(jobs: readonly NewJob[]): void {
    const first = jobs[0] as NewJob;
    let elements = jobs.flatMap(({ content: given }) => given);
    const last = this.#store.sql.get<JobRow>(
      "SELECT * FROM job WHERE chat = ? ORDER BY seq DESC LIMIT 1",
      first.chat,
    );
    if (last?.kind === "receipt" && last.seq !== this.#inHand) {
      const before = parse(last.content);
      const room = Math.max(0, MOST_RECEIPTS - before.children.length);
      if (room > 0)
        this.#store.sql.run(
          "UPDATE job SET content = ? WHERE seq = ?",
          String(before.with({}, ...elements.slice(0, room))),
          last.seq,
        );
      elements = elements.slice(room);
    }
    for (let at = 0; at < elements.length; at += MOST_RECEIPTS)
      this.#insert({ ...first, stanzaId: newId(), content: elements.slice(at, at + MOST_RECEIPTS) });
  }

  enqueue(id: string, stanza: Element): void {
    this.#entries.add(id, stanza, null);
  }

  flush(): void {
    void this.#outbox.flush();
  }

  /** Work through the jobs, if there is a connection: in a later turn, because a transaction may be open in this one. */
  kick(): void {
    queueMicrotask(() => {
      if (this.#running) this.#again = true;
      else void this.#run();
    });
  }

  /** As `kick`, in a while: for what is better sent together. */
  kickSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    this.#session.platform.after(RECEIPTS_WAIT, () => {
      this.#soon = false;
      this.kick();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      do {
        this.#again = false;
        await this.#pass();
      } while (this.#again);
    } finally {
      this.#running = false;
    }
  }

  async #pass(): Promise<void> {
    const stuck = new Set(this.#pausing);
    let after = 0;
    while (this.#session.isOnline) {
      const job = this.#store.sql.get<JobRow>(
        "SELECT * FROM job WHERE seq > ? AND held IS NULL ORDER BY seq LIMIT 1",
        after,
      );
      if (!job) break;
      after = job.seq;
      // The order within a chat holds even when one of its messages has to wait.
      if (stuck.has(job.chat)) continue;
      try {
        this.#inHand = job.seq;
        // Read again: receipts may have joined it.
        await this.#perform(this.#store.sql.get<JobRow>("SELECT * FROM job WHERE seq = ?", job.seq) ?? job);
      } catch (error) {
        stuck.add(job.chat);
        this.#failed(job, error);
      }
    }
    await this.#outbox.flush();
  }

  async #perform(job: JobRow): Promise<void> {
    const elements = parse(job.content).elements();
    const group = this.#messages.chat(job.chat)?.kind === "group";
    const receivers = group ? this.#members(job.chat) : [job.chat];
    const attrs = { to: job.chat, type: group ? "groupchat" : "chat", id: job.stanza_id };
    const without = await this.#encryption().prepare(receivers);
    if (!group && without.includes(job.chat)) {
      this.#withoutEncryption(job, attrs, elements);
      return;
    }
    const outcome = await this.#encryption().engine.encrypt(
      {
        to: receivers,
        ...(group && { room: job.chat }),
        content: elements,
        ...(job.legacy !== null && { legacyBody: job.legacy }),
      },
      (batch, encrypted) =>
        this.#encryption().records.commit(batch, () => this.#queue(job, attrs, elements, encrypted, group)),
    );
    this.#encryption().perform(outcome.tasks);
    await this.#outbox.flush();
  }

  /** Inside the engine's transaction: the job becomes an outbox entry. */
  #queue(
    job: JobRow,
    attrs: Readonly<Record<string, string>>,
    elements: readonly Element[],
    encrypted: Encrypted,
    group: boolean,
  ): void {
    const reached = encrypted.sentTo.some(({ jid }) => group || jid === job.chat);
    const oldOnly =
      !reached &&
      encrypted.notSent.some(({ jid, reason }) => jid === job.chat && reason === "not-representable");
    const alone = !reached && encrypted.notSent.length === 0 && this.#isAlone(job.chat);
    if (!reached && !oldOnly && !alone) throw new NobodyReached(encrypted);
    this.#store.sql.run("DELETE FROM job WHERE seq = ?", job.seq);
    if (alone) {
      if (job.message) this.#messages.acknowledged(job.message, Date.now());
    } else if (reached) {
      this.#entries.add(
        job.stanza_id,
        sealedMessage(attrs, encrypted, this.#outside(job, elements)),
        job.message,
      );
    } else if (job.kind === "receipt") {
      // Their devices read bodies alone: receipts and markers go in the clear as everybody's do, the rest stays unsaid.
      this.#receiptsInTheClear(attrs, elements);
    }
  }

  /** Others expect one receipt a message (XEP-0184 §5.3). */
  #receiptsInTheClear(attrs: Readonly<Record<string, string>>, elements: readonly Element[]): void {
    for (const receipt of elements) {
      const id = newId();
      this.#entries.add(id, message({ ...attrs, id }, receipt, content.hint("store")), null);
    }
  }

  /** What stands next to the encrypted part: what servers need, and what old clients need to understand a change. */
  #outside(job: JobRow, elements: readonly Element[]): Element[] {
    if (job.kind === "signal") return [content.hint("no-store"), content.hint("no-copy")];
    const change = job.legacy === null ? [] : elements.filter(({ name }) => name === "replace");
    const outside = [content.originId(job.stanza_id), content.hint("store"), ...change];
    if (job.kind !== "message") return outside;
    return [
      ...outside,
      content.receiptRequest(),
      content.markable(),
      content.body(content.ENCRYPTED_FALLBACK),
    ];
  }

  /** They have no device with keys. Only somebody who writes to us in the clear gets an answer in the clear. */
  #withoutEncryption(
    job: JobRow,
    attrs: Readonly<Record<string, string>>,
    elements: readonly Element[],
  ): void {
    const plain = this.#people.row(job.chat)?.plain === 1;
    if (!plain && job.kind === "message") throw new NobodyReached({ sentTo: [], notSent: [] });
    this.#store.write(() => {
      this.#store.sql.run("DELETE FROM job WHERE seq = ?", job.seq);
      if (!plain) return;
      if (job.kind === "receipt") return this.#receiptsInTheClear(attrs, elements);
      const asked = job.kind === "message" ? [content.receiptRequest(), content.markable()] : [];
      const hint = job.kind === "signal" ? content.hint("no-store") : content.hint("store");
      this.#entries.add(
        job.stanza_id,
        message(attrs, ...elements, content.originId(job.stanza_id), hint, ...asked),
        job.message,
      );
    });
  }

  #members(room: string): string[] {
    return this.#store.sql
      .all<{ jid: string }>(
        "SELECT jid FROM member WHERE room = ? AND affiliation IN ('owner', 'admin', 'member') AND jid <> ?",
        room,
        this.#session.account,
      )
      .map(({ jid }) => jid);
  }

  /** Nobody else is in the group, as far as its server told: what is written there is where it should be. */
  #isAlone(chat: string): boolean {
    const row = this.#messages.chat(chat);
    return row?.kind === "group" && row.room_settings !== null && this.#members(chat).length === 0;
  }

  #failed(job: JobRow, error: unknown): void {
    if (!this.#session.isOnline) return;
    const later = error instanceof NobodyReached && !error.undecided && job.attempts + 1 < MAX_ATTEMPTS;
    // Somebody who has just come may not have published keys yet: look again in a while.
    if (later) this.#lookAgain(job);
    const refused = error instanceof NobodyReached ? !later : error instanceof StanzaError;
    const gaveUp = refused || job.attempts + 1 >= MAX_ATTEMPTS;
    this.#store.write(() => {
      this.#store.sql.run("UPDATE job SET attempts = attempts + 1 WHERE seq = ?", job.seq);
      if (!gaveUp) return;
      if (job.message && job.kind === "message") {
        this.#messages.failed(job.message, codeOf(error), true);
        this.#store.sql.run("UPDATE job SET held = 'failed' WHERE seq = ?", job.seq);
      } else this.#store.sql.run("DELETE FROM job WHERE seq = ?", job.seq);
    });
    // The next job of this chat does not wait for one that was given up.
    if (gaveUp) this.#again = true;
  }

  #lookAgain({ chat, attempts }: JobRow): void {
    this.#encryption().forget(chat);
    this.#pausing.add(chat);
    this.#session.platform.after(1500 * (attempts + 1), () => {
      this.#pausing.delete(chat);
      this.kick();
    });
  }

  /** Try a failed message again. */
  retry(messageId: string): void {
    this.#store.write(() => {
      this.#messages.retrying(messageId);
      const chat = this.#messages.byId(messageId)?.chat;
      if (chat) this.#encryption().forget(chat);
      this.#store.sql.run("UPDATE job SET held = NULL, attempts = 0 WHERE message = ?", messageId);
    });
    this.kick();
  }

  /** Somebody's device was decided about: what waited for that goes on. */
  retryHeld(chat: string): void {
    const held = this.#store.sql.all<{ message: string }>(
      "SELECT message FROM job WHERE chat = ? AND held IS NOT NULL AND message IS NOT NULL",
      chat,
    );
    for (const { message: id } of held) this.retry(id);
  }

  /** Take back a message that has not left yet; false when it is too late. */
  cancel(messageId: string): boolean {
    const job = this.#store.sql.value("SELECT 1 FROM job WHERE message = ?", messageId);
    if (job === undefined) return false;
    this.#store.write(() => this.#messages.delete(messageId));
    return true;
  }

  /** Typing and the like: now or never. */
  async signal(chat: string, elements: readonly Element[]): Promise<void> {
    if (!this.#session.isOnline) return;
    const group = this.#messages.chat(chat)?.kind === "group";
    const receivers = group ? this.#members(chat) : [chat];
    const id = newId();
    const attrs = { to: chat, type: group ? "groupchat" : "chat", id };
    const outcome = await this.#encryption().engine.encrypt(
      { to: receivers, ...(group && { room: chat }), content: elements },
      (batch) => this.#encryption().records.commit(batch, () => undefined),
    );
    const outside = [content.hint("no-store"), content.hint("no-copy")];
    if (outcome.sentTo.some(({ jid }) => jid !== this.#session.account))
      this.#session.send(sealedMessage(attrs, outcome, outside));
    // In the clear only to who writes in the clear: others would show the server when somebody types.
    else if (this.#people.row(chat)?.plain === 1) this.#session.send(message(attrs, ...elements, ...outside));
    this.#encryption().perform(outcome.tasks);
  }
}

/** No device of the receiver could be written to. */
class NobodyReached extends Error {
  readonly undecided: boolean;
  constructor({ notSent }: Pick<Encrypted, "sentTo" | "notSent">) {
    super("no device of the receiver can read encrypted messages");
    this.undecided = notSent.some(({ reason }) => reason === "undecided");
  }
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof NobodyReached) return error.undecided ? "not-allowed" : "not-found";
  if (error instanceof StanzaError) return error.condition === "item-not-found" ? "not-found" : "not-allowed";
  return "internal";
}
