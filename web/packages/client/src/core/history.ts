/**
 * History for a device that joins later: packed here, sealed with a fresh key, put on the server like any file, and
 * announced to the new device alone by an encrypted message. Ratchets and keys are never part of it.
 */
import { fromHex, fromUtf8, toHex, utf8 } from "@plauder/protocol/bytes";
import { type Element, el } from "@plauder/protocol/xml";
import type { Row } from "../store/sql.ts";
import type { Store } from "../store/store.ts";

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

export interface HistoryNotice {
  readonly url: string;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

export function historyElement({ url, key, iv }: HistoryNotice): Element {
  return el("history", HISTORY_NS, { url, key: toHex(key), iv: toHex(iv) });
}

export function readHistory(elements: readonly Element[]): HistoryNotice | undefined {
  const found = elements.find((element) => element.is("history", HISTORY_NS));
  const { url, key, iv } = found?.attrs ?? {};
  if (!url || !key || !iv || !/^[0-9a-f]{64}$/.test(key) || !/^[0-9a-f]{24}$/.test(iv)) return undefined;
  return { url, key: fromHex(key), iv: fromHex(iv) };
}

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

/** Writes a packed history; what is here already stays. Returns how many messages it brought. */
export async function unpack(
  store: Store,
  packed: Uint8Array<ArrayBuffer>,
  progress: (done: number, total: number) => void,
): Promise<number> {
  const text = fromUtf8(await pipe(packed, new DecompressionStream("gzip")));
  const [head = "{}", ...lines] = text.split("\n");
  if ((JSON.parse(head) as { format?: number }).format !== 1)
    throw new TypeError("not a history of a kind we know");
  const columns = new Map(TABLES.map((table) => [table as string, columnsOf(store, table)]));
  let messages = 0;
  for (let at = 0; at < lines.length; at += CHUNK) {
    store.write(() => {
      for (const line of lines.slice(at, at + CHUNK)) messages += unpackLine(store, columns, line);
    });
    progress(Math.min(at + CHUNK, lines.length), lines.length);
    // Let the socket and the views have their turn.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  store.write(() => settle(store));
  return messages;
}

function unpackLine(store: Store, columns: ReadonlyMap<string, readonly string[]>, line: string): number {
  const [table, raw] = JSON.parse(line) as [string, Record<string, unknown>];
  if (table === "setting") {
    if ((SETTINGS as readonly string[]).includes(String(raw.key)))
      store.setSetting(String(raw.key), raw.value);
    return 0;
  }
  const known = columns.get(table);
  if (!known) return 0;
  // Numbers of rows are this device's own affair; chats find their last message anew.
  const names = known.filter((name) => name in raw && !(table === "message" && name === "seq"));
  const values = names.map((name) => decode(raw[name]));
  const marks = names.map(() => "?").join(", ");
  store.sql.run(`INSERT OR IGNORE INTO ${table} (${names.join(", ")}) VALUES (${marks})`, ...values);
  return table === "message" ? 1 : 0;
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

function columnsOf(store: Store, table: string): string[] {
  return store.sql
    .all<{ name: string }>(`SELECT name FROM pragma_table_info('${table}')`)
    .map(({ name }) => name);
}

function encode(table: string, row: Row): Record<string, unknown> {
  const entries = Object.entries(row).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? { hex: toHex(value) } : value,
  ]);
  const plain = Object.fromEntries(entries) as Record<string, unknown>;
  if (table === "chat") plain.draft = null;
  return plain;
}

function decode(value: unknown): string | number | Uint8Array | null {
  if (typeof value === "string" || typeof value === "number") return value;
  const hex = (value as { hex?: unknown } | null)?.hex;
  return typeof hex === "string" ? fromHex(hex) : null;
}

async function pipe(
  bytes: Uint8Array<ArrayBuffer>,
  through: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(through);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
