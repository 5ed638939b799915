/** Messages in the store: added, changed, ticked, read. The only SQL about them; callers open the transaction. */
import type { ErrorCode, Tick } from "../api.ts";
import type { Store } from "../store/store.ts";
import { newMessageId } from "./ids.ts";
import {
  type ChatRow,
  type Doubt,
  type MessageRow,
  type Sealing,
  type StoredContent,
  type StoredQuote,
  textOf,
} from "./rows.ts";
import { wantedOf } from "./words.ts";

export interface NewMessage {
  readonly id?: string;
  readonly chat: string;
  readonly sender: string;
  readonly own: boolean;
  readonly at: number;
  readonly stanzaId: string;
  readonly roomId?: string | undefined;
  readonly content: StoredContent;
  readonly quote?: StoredQuote | undefined;
  readonly forwarded?: boolean;
  readonly timer?: number;
  readonly tick?: Tick;
  readonly device?: string | undefined;
  readonly wantsReceipt?: boolean;
  readonly sealed?: Sealing | undefined;
  readonly doubt?: Doubt | undefined;
}

/** Kinds that count as unread and move a chat up. */
const NOTABLE = "('text','image','video','voice','file','location','business','locked','unsupported')";

/** Of a search, what is looked for beside the index. */
const MOST_PARTS = 8;

export class Messages {
  readonly #store: Store;
  #unwanted: string[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  get #sql() {
    return this.#store.sql;
  }

  byId(id: string): MessageRow | undefined {
    return this.#sql.get<MessageRow>("SELECT * FROM message WHERE id = ?", id);
  }

  /** By what the other side calls it: the author's id, or in a room the room's id. */
  find(chat: string, target: string, sender?: string): MessageRow | undefined {
    return this.#sql.get<MessageRow>(
      `SELECT * FROM message WHERE chat = ?1 AND (stanza_id = ?2 OR room_id = ?2) AND (?3 IS NULL OR sender = ?3)
       ORDER BY seq LIMIT 1`,
      chat,
      target,
      sender ?? null,
    );
  }

  /** Adds a message unless it is known. Returns its id if it is new (or readable only now). */
  add(message: NewMessage): string | undefined {
    const known = this.#sql.get<MessageRow>(
      "SELECT * FROM message WHERE chat = ? AND sender = ? AND stanza_id = ?",
      message.chat,
      message.sender,
      message.stanzaId,
    );
    if (known) return this.#meetAgain(known, message);
    const id = message.id ?? newMessageId();
    const deleted = this.#wasRetracted(message);
    const content: StoredContent = deleted ? { kind: "deleted", by: "sender" } : message.content;
    this.#sql.run(
      `INSERT INTO message (id, chat, sender, own, at, stanza_id, room_id, kind, content, text, quote, forwarded, timer,
         tick, device, wants_receipt, sealed, doubt)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id,
      message.chat,
      message.sender,
      message.own ? 1 : 0,
      message.at,
      message.stanzaId,
      message.roomId ?? null,
      content.kind,
      JSON.stringify(content),
      textOf(content),
      message.quote ? JSON.stringify(message.quote) : null,
      message.forwarded ? 1 : 0,
      message.timer ?? 0,
      message.tick ?? null,
      message.device ?? null,
      message.wantsReceipt ? 1 : 0,
      message.sealed ?? null,
      message.doubt ?? null,
    );
    this.moved(message.chat);
    return id;
  }

  #wasRetracted({ chat, sender, stanzaId, roomId }: NewMessage): boolean {
    return (
      this.#sql.value(
        "SELECT 1 FROM retracted WHERE chat = ? AND sender IN (?, '*') AND target IN (?, ?)",
        chat,
        sender,
        stanzaId,
        roomId ?? stanzaId,
      ) !== undefined
    );
  }

  /** A second copy: it may bring the room's id, or be readable where the first was not. */
  #meetAgain(known: MessageRow, again: NewMessage): string | undefined {
    if (again.roomId && !known.room_id) {
      this.#sql.run("UPDATE message SET room_id = ? WHERE id = ?", again.roomId, known.id);
    }
    if (known.kind !== "locked" || again.content.kind === "locked") return undefined;
    this.#sql.run(
      "UPDATE message SET sealed = ?, doubt = ? WHERE id = ?",
      again.sealed ?? null,
      again.doubt ?? null,
      known.id,
    );
    this.setContent(known.id, again.content);
    return known.id;
  }

  setContent(id: string, content: StoredContent, change: { edited?: boolean } = {}): void {
    const chat = this.#sql.value<string>("SELECT chat FROM message WHERE id = ?", id);
    if (chat === undefined) return;
    this.#sql.run(
      "UPDATE message SET kind = ?, content = ?, text = ?, edited = max(edited, ?) WHERE id = ?",
      content.kind,
      JSON.stringify(content),
      textOf(content),
      change.edited ? 1 : 0,
      id,
    );
    this.moved(chat);
  }

  /** The author (or, in a room, an admin) takes a message back; it may come later than this. */
  retract(chat: string, sender: string | undefined, target: string, by: "sender" | "admin"): void {
    const row = this.find(chat, target, sender);
    if (row) this.erase(row, by);
    else
      this.#sql.run(
        "INSERT INTO retracted VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        chat,
        sender ?? "*",
        target,
      );
  }

  /** Leave only the note that something was here. */
  erase(row: MessageRow, by: "me" | "sender" | "admin"): void {
    this.setContent(row.id, { kind: "deleted", by });
    this.#sql.run("UPDATE message SET quote = NULL, starred = 0 WHERE id = ?", row.id);
    this.#sql.run(
      "DELETE FROM reaction WHERE chat = ? AND target IN (?, ?)",
      row.chat,
      row.stanza_id,
      row.room_id,
    );
    this.#dropMedia(row.id);
    this.#store.touch("starred", `message:${row.id}`);
  }

  /** Gone from this device without trace. */
  delete(id: string): void {
    const row = this.byId(id);
    if (!row) return;
    this.#sql.run("DELETE FROM message WHERE id = ?", id);
    this.#sql.run("DELETE FROM receipt WHERE message = ?", id);
    this.#dropMedia(id);
    this.#sql.run("DELETE FROM job WHERE message = ?", id);
    this.#sql.run(
      "DELETE FROM reaction WHERE chat = ? AND target IN (?, ?)",
      row.chat,
      row.stanza_id,
      row.room_id,
    );
    this.moved(row.chat);
    this.#store.touch("starred");
  }

  #dropMedia(message: string): void {
    const media = this.#sql.value<string>("SELECT id FROM media WHERE message = ?", message);
    if (media === undefined) return;
    this.#sql.run("DELETE FROM media WHERE id = ?", media);
    this.#unwanted.push(media);
    this.#store.touch("unwanted");
  }

  /** Media of messages that went: their bytes lie beside the store. Each is named once; `unwanted` tells of them. */
  takeUnwanted(): readonly string[] {
    const unwanted = this.#unwanted;
    this.#unwanted = [];
    return unwanted;
  }

  clear(chat: string): void {
    this.#sql.run("DELETE FROM receipt WHERE message IN (SELECT id FROM message WHERE chat = ?)", chat);
    for (const table of ["message", "reaction", "media", "retracted", "job"])
      this.#sql.run(`DELETE FROM ${table} WHERE chat = ?`, chat);
    this.moved(chat);
    this.#store.touch("starred");
  }

  react(chat: string, target: string, sender: string, emojis: readonly string[], at: number): void {
    const row = this.find(chat, target);
    // Kept under the author's id, so that both names of a message lead to the same reactions.
    const key = row?.stanza_id ?? target;
    if (emojis.length === 0)
      this.#sql.run("DELETE FROM reaction WHERE chat = ? AND target = ? AND sender = ?", chat, key, sender);
    else
      this.#sql.run(
        `INSERT INTO reaction VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (chat, target, sender) DO UPDATE SET emojis = excluded.emojis, at = excluded.at
         WHERE excluded.at >= reaction.at`,
        chat,
        key,
        sender,
        JSON.stringify(emojis),
        at,
      );
    this.#store.touch(`messages:${chat}`);
  }

  star(id: string, on: boolean): void {
    const row = this.byId(id);
    if (!row) return;
    this.#sql.run("UPDATE message SET starred = ? WHERE id = ?", on ? 1 : 0, id);
    this.#store.touch("starred", `messages:${row.chat}`);
  }

  // ---------------------------------------------------------------------------------------------- ticks

  /** The server has it (durable, or delivered to all). */
  acknowledged(id: string, at: number): void {
    // A receipt may be quicker than the acknowledgement, which the server gives when all devices have it.
    this.#sql.run(
      `UPDATE message SET sent_at = coalesce(sent_at, ?), failure = NULL,
         tick = CASE WHEN tick IN ('waiting', 'failed') THEN 'sent' ELSE tick END WHERE id = ?`,
      at,
      id,
    );
    this.#sql.run(
      "UPDATE message SET expires_at = ? + timer * 1000 WHERE id = ? AND timer > 0 AND own = 1",
      at,
      id,
    );
    this.#touchMessage(id);
  }

  failed(id: string, code: ErrorCode, canRetry: boolean): void {
    const failure = JSON.stringify({ code, canRetry });
    this.#sql.run("UPDATE message SET tick = 'failed', failure = ? WHERE id = ? AND own = 1", failure, id);
    this.#touchMessage(id);
  }

  retrying(id: string): void {
    this.#sql.run("UPDATE message SET tick = 'waiting', failure = NULL WHERE id = ? AND tick = 'failed'", id);
    this.#touchMessage(id);
  }

  /** A message of ours by the id we gave it, if this person was to get it. */
  #ownFor(jid: string, target: string): MessageRow | undefined {
    return this.#sql.get<MessageRow>(
      `SELECT * FROM message WHERE stanza_id = ?1 AND own = 1 AND (chat = ?2
         OR EXISTS (SELECT 1 FROM member WHERE room = message.chat AND jid = ?2)) ORDER BY seq LIMIT 1`,
      target,
      jid,
    );
  }

  /** A device of a receiver has it. */
  delivered(target: string, jid: string, device: string, at: number): void {
    const row = this.#ownFor(jid, target);
    if (!row) return;
    this.#sql.run(
      `INSERT INTO receipt VALUES (?, ?, ?, ?, NULL) ON CONFLICT (message, jid, device)
       DO UPDATE SET delivered_at = coalesce(receipt.delivered_at, excluded.delivered_at)`,
      row.id,
      jid,
      device,
      at,
    );
    this.#settleTick(row);
  }

  /** A receiver saw everything of ours up to this message. */
  read(target: string, jid: string, device: string, at: number): void {
    const last = this.#ownFor(jid, target);
    if (!last) return;
    const rows = this.#sql.all<MessageRow>(
      `SELECT * FROM message WHERE chat = ? AND own = 1 AND tick IN ('sent', 'delivered', 'waiting')
       AND (at, seq) <= (?, ?)`,
      last.chat,
      last.at,
      last.seq,
    );
    for (const row of rows) {
      this.#sql.run(
        `INSERT INTO receipt VALUES (?, ?, ?, ?, ?) ON CONFLICT (message, jid, device) DO UPDATE SET
         read_at = coalesce(receipt.read_at, excluded.read_at),
         delivered_at = coalesce(receipt.delivered_at, excluded.delivered_at)`,
        row.id,
        jid,
        device,
        at,
        at,
      );
      this.#settleTick(row);
    }
  }

  /** The lowest state over all receivers. */
  #settleTick(row: MessageRow): void {
    const receivers =
      this.#sql.value<number>(
        "SELECT count(*) FROM member WHERE room = ? AND affiliation <> 'outcast' AND jid <> ?",
        row.chat,
        row.sender,
      ) || 1;
    const [delivered, read] = (["delivered_at", "read_at"] as const).map((column) =>
      this.#sql.value<number>(
        `SELECT count(DISTINCT jid) FROM receipt WHERE message = ? AND ${column} IS NOT NULL`,
        row.id,
      ),
    ) as [number, number];
    const tick: Tick | undefined =
      read >= receivers ? "read" : delivered >= receivers ? "delivered" : undefined;
    if (tick)
      this.#sql.run(
        "UPDATE message SET tick = ?, failure = NULL WHERE id = ? AND tick <> 'read'",
        tick,
        row.id,
      );
    this.#touchMessage(row.id);
  }

  #touchMessage(id: string): void {
    const chat = this.#sql.value<string>("SELECT chat FROM message WHERE id = ?", id);
    if (chat !== undefined) this.#store.touch("chats", `chat:${chat}`, `messages:${chat}`, `message:${id}`);
  }

  // ---------------------------------------------------------------------------------------------- the chat it is in

  chat(id: string): ChatRow | undefined {
    return this.#sql.get<ChatRow>("SELECT * FROM chat WHERE id = ?", id);
  }

  chats(): ChatRow[] {
    return this.#sql.all<ChatRow>(
      "SELECT * FROM chat WHERE hidden = 0 ORDER BY pinned DESC, coalesce(last_at, created_at, 0) DESC, id",
    );
  }

  /** The chat, made when it is not there. */
  ensureChat(id: string, kind: ChatRow["kind"], at: number, timer = 0): ChatRow {
    this.#sql.run(
      "INSERT INTO chat (id, kind, created_at, timer) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
      id,
      kind,
      at,
      timer,
    );
    this.#store.touch("chats", `chat:${id}`);
    return this.chat(id) as ChatRow;
  }

  changeChat(id: string, change: Partial<Omit<ChatRow, "id">>): void {
    for (const [column, value] of Object.entries(change)) {
      this.#sql.run(`UPDATE chat SET ${column} = ? WHERE id = ?`, value as string | number | null, id);
    }
    this.#store.touch("chats", `chat:${id}`, `messages:${id}`);
  }

  removeChat(id: string): void {
    this.clear(id);
    this.#sql.run("DELETE FROM chat WHERE id = ?", id);
    this.#store.touch("chats", `chat:${id}`);
  }

  /** Messages came or went: the chat's place, preview and count follow, once a transaction. */
  moved(chat: string): void {
    this.#store.gather(`moved:${chat}`, chat, () => this.#recount(chat));
  }

  #recount(chat: string): void {
    this.#sql.run(
      `UPDATE chat SET
         (last_seq, last_at) = (SELECT seq, at FROM message WHERE chat = ?1 ORDER BY at DESC, seq DESC LIMIT 1),
         unread = (SELECT count(*) FROM message WHERE chat = ?1 AND own = 0 AND seq > read_up_to AND kind IN ${NOTABLE})
       WHERE id = ?1`,
      chat,
    );
    this.#store.touch("chats", `chat:${chat}`, `messages:${chat}`);
  }

  /** The person saw everything up to this message. Returns what became read, oldest first. */
  seen(chat: string, upTo: MessageRow, now: number): MessageRow[] {
    const from = this.chat(chat)?.read_up_to ?? 0;
    if (upTo.seq <= from) return [];
    const rows = this.#sql.all<MessageRow>(
      `SELECT * FROM message WHERE chat = ? AND own = 0 AND seq > ? AND seq <= ? AND kind IN ${NOTABLE} ORDER BY seq`,
      chat,
      from,
      upTo.seq,
    );
    this.#sql.run(
      "UPDATE chat SET read_up_to = ?, marked_unread = 0, mentioned = 0 WHERE id = ?",
      upTo.seq,
      chat,
    );
    this.#sql.run(
      `UPDATE message SET expires_at = ?1 + timer * 1000 WHERE chat = ?2 AND own = 0 AND timer > 0
       AND expires_at IS NULL AND seq <= ?3`,
      now,
      chat,
      upTo.seq,
    );
    this.moved(chat);
    return rows;
  }

  /** Removes what has disappeared by now; returns when the next one will. */
  expire(now: number): number | undefined {
    const gone = this.#sql.all<{ id: string }>("SELECT id FROM message WHERE expires_at <= ?", now);
    for (const { id } of gone) this.delete(id);
    return this.#sql.value<number>("SELECT min(expires_at) FROM message WHERE expires_at IS NOT NULL");
  }

  // ---------------------------------------------------------------------------------------------- reading

  /** Up to `count` messages before a point (or the newest), oldest first. */
  before(chat: string, point: { at: number; seq: number } | undefined, count: number): MessageRow[] {
    const { at, seq } = point ?? { at: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };
    return this.#sql
      .all<MessageRow>(
        "SELECT * FROM message WHERE chat = ? AND (at, seq) < (?, ?) ORDER BY at DESC, seq DESC LIMIT ?",
        chat,
        at,
        seq,
        count,
      )
      .reverse();
  }

  after(chat: string, point: { at: number; seq: number }, count: number): MessageRow[] {
    return this.#sql.all<MessageRow>(
      "SELECT * FROM message WHERE chat = ? AND (at, seq) > (?, ?) ORDER BY at, seq LIMIT ?",
      chat,
      point.at,
      point.seq,
      count,
    );
  }

  from(chat: string, point: { at: number; seq: number }): MessageRow[] {
    return this.#sql.all<MessageRow>(
      "SELECT * FROM message WHERE chat = ? AND (at, seq) >= (?, ?) ORDER BY at, seq",
      chat,
      point.at,
      point.seq,
    );
  }

  between(chat: string, from: { at: number; seq: number }, to: { at: number; seq: number }): MessageRow[] {
    return this.#sql.all<MessageRow>(
      "SELECT * FROM message WHERE chat = ? AND (at, seq) BETWEEN (?, ?) AND (?, ?) ORDER BY at, seq",
      chat,
      from.at,
      from.seq,
      to.at,
      to.seq,
    );
  }

  firstUnread(chat: string): MessageRow | undefined {
    return this.#sql.get<MessageRow>(
      `SELECT message.* FROM message JOIN chat ON chat.id = message.chat WHERE chat = ? AND own = 0
       AND seq > read_up_to AND message.kind IN ${NOTABLE} ORDER BY at, seq LIMIT 1`,
      chat,
    );
  }

  /** What calls came to, newest first. */
  calls(limit: number): MessageRow[] {
    return this.#sql.all<MessageRow>(
      `SELECT * FROM message WHERE kind = 'system' AND json_extract(content, '$.event.kind') = 'call'
       ORDER BY at DESC, seq DESC LIMIT ?`,
      limit,
    );
  }

  starred(): MessageRow[] {
    return this.#sql.all<MessageRow>("SELECT * FROM message WHERE starred = 1 ORDER BY at DESC, seq DESC");
  }

  ofKinds(chat: string, kinds: readonly string[]): MessageRow[] {
    const marks = kinds.map(() => "?").join(", ");
    return this.#sql.all<MessageRow>(
      `SELECT * FROM message WHERE chat = ? AND kind IN (${marks}) ORDER BY at DESC, seq DESC LIMIT 500`,
      chat,
      ...kinds,
    );
  }

  /** Newest first. Every word of the text has to begin a word of the message; writing without spaces, to be in it. */
  search(text: string, chat?: string, limit = 100): MessageRow[] {
    const { beginnings, parts } = wantedOf(text);
    if (beginnings.length + parts.length === 0) return [];
    const indexed = beginnings.length > 0;
    const from = indexed
      ? "message_text JOIN message ON message.seq = message_text.rowid WHERE message_text MATCH ?1"
      : "message WHERE ?1 = ''";
    return this.#sql.all<MessageRow>(
      `SELECT message.* FROM ${from} AND (?2 IS NULL OR chat = ?2)
       ${parts
         .slice(0, MOST_PARTS)
         .map((_, at) => `AND instr(message.text, ?${at + 4})`)
         .join(" ")} ORDER BY at DESC, seq DESC LIMIT ?3`,
      beginnings.map((word) => `"${word}"*`).join(" "),
      chat ?? null,
      limit,
      ...parts.slice(0, MOST_PARTS),
    );
  }
}
