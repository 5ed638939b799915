/**
 * History for a device that joins later: packed here, sealed with a fresh key, put on the server like any file, and
 * announced to the new device alone by an encrypted message. Ratchets and keys are never part of it.
 */
import { fromHex, fromUtf8, toHex, utf8 } from "@plauder/protocol/bytes";
import { type Element, el } from "@plauder/protocol/xml";
import type { Row, Value } from "../store/sql.ts";
import type { Store } from "../store/store.ts";
import { type Column, type HistoryRecord, readRecord } from "./history-record.ts";

export const HISTORY_NS = "urn:plauder:history:0";
/** What goes along; the order lets references find their target. */
const TABLES = [
  "person",
  "avatar",
  "chat",
  "member",
  "message",
  "reaction",
  "receipt",
  "retracted",
  "media",
] as const;
const SETTINGS = ["privacy", "notifications"] as const;
const CHUNK = 500;
/** Of the lines, in bytes: what is packed small can be large. */
const LARGEST = 400 * 1024 * 1024;

/** "For ever", which JSON cannot say: the last instant that a `Date` knows. */
const EVER = 8.64e15;

/** Not a history, or not one that can be shown: nothing of it was written. */
export class HistoryDamaged extends Error {
  override readonly name = "HistoryDamaged";
}

export interface HistoryNotice {
  /** Which joining it belongs to: said by who approved the device, behind the code that it showed. */
  readonly mark: string;
  readonly url: string;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

export function historyElement({ mark, url, key, iv }: HistoryNotice): Element {
  return el("history", HISTORY_NS, { mark, url, key: toHex(key), iv: toHex(iv) });
}

export function readHistory(elements: readonly Element[]): HistoryNotice | undefined {
  const found = elements.find((element) => element.is("history", HISTORY_NS));
  const { mark, url, key, iv } = found?.attrs ?? {};
  if (!mark || !url || !key || !iv || !/^[0-9a-f]{64}$/.test(key) || !/^[0-9a-f]{24}$/.test(iv))
    return undefined;
  return { mark, url, key: fromHex(key), iv: fromHex(iv) };
}

/** What people say of themselves. */
const PROFILE = ["nick", "card_name", "about", "avatar_hash", "card_at"];

/** Everything a person would miss, as compressed lines of JSON. */
export async function pack(store: Store): Promise<Uint8Array<ArrayBuffer>> {
  const lines: string[] = [JSON.stringify({ format: 1 })];
  for (const table of TABLES) {
    for (const row of store.sql.all(`SELECT * FROM ${table}`))
      lines.push(JSON.stringify([table, encode(table, row)]));
  }
  for (const key of SETTINGS) {
    const value = store.setting(key);
    if (value !== undefined) lines.push(JSON.stringify(["setting", { key, value }]));
  }
  return await pipe(utf8(lines.join("\n")), new CompressionStream("gzip"));
}

/** Writes a packed history; what is here already stays. Returns how many messages it brought. Throws `HistoryDamaged`. */
export async function unpack(
  store: Store,
  packed: Uint8Array<ArrayBuffer>,
  progress: (done: number, total: number) => void,
  largest: number = LARGEST,
): Promise<number> {
  const records = await read(store, packed, largest);
  const count = (): number => store.sql.value<number>("SELECT count(*) FROM message") ?? 0;
  const before = count();
  for (let at = 0; at < records.length; at += CHUNK) {
    store.write(() => {
      for (const record of records.slice(at, at + CHUNK)) write(store, record);
    });
    progress(Math.min(at + CHUNK, records.length), records.length);
    await pause();
  }
  store.write(() => settle(store));
  return count() - before;
}

/** Let the socket and the views have their turn. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Everything is read before anything is written, so that half a history is none. */
async function read(
  store: Store,
  packed: Uint8Array<ArrayBuffer>,
  largest: number,
): Promise<HistoryRecord[]> {
  const tables = new Map(TABLES.map((table) => [table as string, columnsOf(store, table)]));
  try {
    const text = fromUtf8(await pipe(packed, new DecompressionStream("gzip"), largest));
    const [head = "{}", ...lines] = text.split("\n");
    if ((JSON.parse(head) as { format?: number }).format !== 1)
      throw new TypeError("of a kind we do not know");
    const records: HistoryRecord[] = [];
    for (const [at, line] of lines.entries()) {
      const record = readRecord(tables, SETTINGS, line);
      if (record) records.push(record);
      if (at % CHUNK === 0) await pause();
    }
    return records;
  } catch (error) {
    throw new HistoryDamaged("this is no history that can be read here", { cause: error });
  }
}

function write(store: Store, { table, values }: HistoryRecord): void {
  if (table === "setting") return store.setSetting(String(values.get("key")), values.get("value"));
  const marks = Array.from(values, () => "?").join(", ");
  const names = [...values.keys()].join(", ");
  // The contact list may have been quicker, and it has no names that people gave themselves.
  const fill = PROFILE.filter((name) => values.has(name)).map(
    (name) => `${name} = coalesce(${name}, excluded.${name})`,
  );
  const known =
    table === "person" && fill.length > 0 ? `ON CONFLICT (jid) DO UPDATE SET ${fill.join(", ")}` : "";
  const sql = `INSERT OR IGNORE INTO ${table} (${names}) VALUES (${marks}) ${known}`;
  store.sql.run(sql, ...(values.values() as Iterable<Value>));
}

/** Chats point at rows by number: find the places again. What came with the history was read elsewhere. */
function settle(store: Store): void {
  store.sql.run(
    `UPDATE chat SET read_up_to = max(read_up_to, coalesce((SELECT max(seq) FROM message WHERE chat = chat.id), 0)), unread = 0`,
  );
  store.sql.run(
    `UPDATE chat SET (last_seq, last_at) =
       (SELECT seq, at FROM message WHERE message.chat = chat.id ORDER BY at DESC, seq DESC LIMIT 1)`,
  );
  // Bytes of files stay where they are; the key to fetch them came along.
  store.sql.run(
    "UPDATE media SET state = 'remote', bytes = 0 WHERE state IN ('here', 'down') AND share IS NOT NULL",
  );
  store.sql.run(
    "DELETE FROM message WHERE tick = 'waiting' AND id NOT IN (SELECT message FROM job WHERE message IS NOT NULL)",
  );
  store.touch("chats", "people", "starred");
}

function columnsOf(store: Store, table: string): Column[] {
  return store.sql.all<{ name: string; type: string; notnull: number }>(
    `SELECT name, type, "notnull" FROM pragma_table_info('${table}')`,
  );
}

function encode(table: string, row: Row): Record<string, unknown> {
  const entries = Object.entries(row).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? { hex: toHex(value) } : value === Infinity ? EVER : value,
  ]);
  const plain = Object.fromEntries(entries) as Record<string, unknown>;
  if (table === "chat") plain.draft = null;
  return plain;
}

async function pipe(
  bytes: Uint8Array<ArrayBuffer>,
  through: CompressionStream | DecompressionStream,
  largest: number = Number.POSITIVE_INFINITY,
): Promise<Uint8Array<ArrayBuffer>> {
  let size = 0;
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.length;
      if (size > largest) throw new RangeError("larger than any history");
      controller.enqueue(chunk);
    },
  });
  const stream = new Blob([bytes]).stream().pipeThrough(through).pipeThrough(limit);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
