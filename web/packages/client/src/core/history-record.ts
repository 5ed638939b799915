/**
 * One line of a history as it may be written. What another device made is not trusted to fit: a value of the wrong kind would
 * lie in the store for ever and break the chat that shows it.
 */
import { fromHex } from "@plauder/protocol/bytes";
import type { Value } from "../store/sql.ts";

export interface Column {
  readonly name: string;
  /** As the table declares it. */
  readonly type: string;
  readonly notnull: number;
}

export interface HistoryRecord {
  readonly table: string;
  readonly values: ReadonlyMap<string, unknown>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Columns whose text is JSON, and what it has to be. */
const JSON_COLUMNS: Readonly<Record<string, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  message: { content: isContent, quote: isObject, failure: isObject },
  reaction: { emojis: (value) => Array.isArray(value) && value.every(isText) },
  chat: { room_settings: isObject },
  media: { share: isObject, slot: isObject },
};

const media = (value: unknown): boolean =>
  isObject(value) &&
  isText(value.id) &&
  isText(value.name) &&
  isText(value.type) &&
  isNumber(value.size) &&
  (value.preview === undefined || (isText(value.preview) && value.preview.startsWith("data:image/")));
const visual = (value: Fields): boolean => media(value.media) && isText(value.caption);

/** What a message of each kind cannot be shown without. */
const CONTENTS: Readonly<Record<string, (value: Fields) => boolean>> = {
  text: (value) => isText(value.text) && (value.mentions === undefined || Array.isArray(value.mentions)),
  image: visual,
  video: visual,
  file: visual,
  voice: (value) =>
    media(value.media) && isNumber(value.seconds) && Array.isArray(value.wave) && value.wave.every(isNumber),
  location: (value) => isNumber(value.latitude) && isNumber(value.longitude),
  business: (value) => isText(value.text),
  system: (value) => isObject(value.event) && isText(value.event.kind),
  deleted: () => true,
  locked: () => true,
  unsupported: (value) => isText(value.text),
};

/** Undefined: of a table, setting or kind that this app does not know, or of another shape. It is left out. */
export function readRecord(
  tables: ReadonlyMap<string, readonly Column[]>,
  settings: readonly string[],
  line: string,
): HistoryRecord | undefined {
  try {
    return readValid(tables, settings, JSON.parse(line));
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function readValid(
  tables: ReadonlyMap<string, readonly Column[]>,
  settings: readonly string[],
  line: unknown,
): HistoryRecord | undefined {
  const [table, raw] = Array.isArray(line) ? line : [];
  if (!isText(table) || !isObject(raw)) return undefined;
  if (table === "setting")
    return isText(raw.key) && settings.includes(raw.key) && isObject(raw.value)
      ? { table, values: new Map([["key", raw.key] as [string, unknown], ["value", raw.value]]) }
      : undefined;
  const columns = tables.get(table);
  if (!columns) return undefined;
  const values = new Map<string, unknown>();
  for (const column of columns) {
    // Numbers of rows are this device's own affair; chats find their last message anew.
    if (!(column.name in raw) || (table === "message" && column.name === "seq")) continue;
    const value = readValue(column, raw[column.name]);
    const check = JSON_COLUMNS[table]?.[column.name];
    if (check && value !== null && !check(JSON.parse(String(value))))
      throw new TypeError(`${table}.${column.name} has another shape`);
    values.set(column.name, value);
  }
  if (
    table === "message" &&
    (JSON.parse(String(values.get("content"))) as Fields).kind !== values.get("kind")
  )
    throw new TypeError("a message of two kinds");
  return { table, values };
}

function readValue({ name, type, notnull }: Column, value: unknown): Value {
  if (value === null && !notnull) return null;
  if (type === "TEXT" && isText(value)) return value;
  if (type === "BLOB" && isObject(value) && isText(value.hex)) return fromHex(value.hex);
  if (type === "INTEGER" && Number.isSafeInteger(value) && Math.abs(value as number) <= LATEST)
    return value as number;
  if (type === "REAL" && isNumber(value)) return value;
  throw new TypeError(`${name} is of another kind`);
}

/** The last instant a `Date` knows. */
const LATEST = 8.64e15;

function isContent(value: unknown): boolean {
  return isObject(value) && isText(value.kind) && CONTENTS[value.kind]?.(value) === true;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
