/**
 * Encrypted backups: history, trust and settings, never sessions (a restored ratchet would repeat keys; a restored
 * device is a new one).
 *
 * A random archive key seals the archive. The archive key is wrapped by one or more of: a code of 64 digits that only
 * the person has (212 bits, so a plain key derivation is enough); the export key of OPAQUE, that is a password and a
 * server that counts tries; a passkey's PRF output.
 *
 *     "PLBK" 0x01 · salt (32) · number of wrappings (1) · each: kind (1) iv (12) sealed key (48) · chunks
 *
 * Each chunk is AES-256-GCM of up to 64 KiB under a key made for this archive, with its number as IV; the associated
 * data are the digest of everything before the chunks and whether it is the last one. So chunks can't be dropped,
 * reordered, repeated, cut off, or moved to another archive.
 */

import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import * as aead from "./aead.ts";
import { concat, randomBytes, utf8 } from "./bytes.ts";
import type { Chunks } from "./media.ts";

export type WrappingKind = "code" | "password" | "passkey";

const KINDS: readonly WrappingKind[] = ["code", "password", "passkey"];
const MAGIC = Uint8Array.of(0x50, 0x4c, 0x42, 0x4b, 1);
const SALT = 32;
const IV = 12;
const TAG = 16;
const KEY = 32;
const WRAPPING = 1 + IV + KEY + TAG;
const MAX_WRAPPINGS = 8;
const CHUNK = 1 << 16;
const CODE_DIGITS = 64;

/** `damaged`: not a backup, cut off, changed. `wrong-key`: the code or password is another one. */
export class BackupUnreadable extends Error {
  readonly reason: "damaged" | "wrong-key" | "newer-version";

  constructor(reason: BackupUnreadable["reason"], message: string) {
    super(message);
    this.name = "BackupUnreadable";
    this.reason = reason;
  }
}

// ----------------------------------------------------------------------------------------------------------- keys

export function newArchiveKey(): Uint8Array {
  return randomBytes(KEY);
}

/** 64 random digits in 16 groups of four. */
export function newBackupCode(): string {
  let digits = "";
  while (digits.length < CODE_DIGITS) {
    for (const byte of randomBytes(CODE_DIGITS)) if (byte < 250) digits += String(byte % 10);
  }
  return digits.slice(0, CODE_DIGITS).replace(/(.{4})(?=.)/g, "$1 ");
}

/** Undefined unless there are exactly 64 digits; spaces and dashes between them don't matter. */
export function keyFromCode(code: string): Uint8Array | undefined {
  const digits = code.replace(/[\s-]/g, "");
  if (!/^[0-9]{64}$/.test(digits)) return undefined;
  return hkdf(sha256, utf8(digits), undefined, utf8("plauder backup code 1"), KEY);
}

/** @param exportKey of OPAQUE (already stretched there), 64 bytes */
export function keyFromExportKey(exportKey: Uint8Array): Uint8Array {
  if (exportKey.length < KEY) throw new RangeError("an export key has at least 32 bytes");
  return hkdf(sha256, exportKey, undefined, utf8("plauder backup password 1"), KEY);
}

/** @param output of the WebAuthn PRF extension, 32 bytes */
export function keyFromPasskey(output: Uint8Array): Uint8Array {
  if (output.length < KEY) throw new RangeError("a PRF output has at least 32 bytes");
  return hkdf(sha256, output, undefined, utf8("plauder backup passkey 1"), KEY);
}

/** An archive key that `key` opens. */
export interface Wrapping {
  readonly kind: WrappingKind;
  readonly iv: Uint8Array;
  readonly sealed: Uint8Array;
}

const wrappingData = (kind: WrappingKind): Uint8Array => utf8(`plauder backup key 1 ${kind}`);

export async function wrapArchiveKey(
  kind: WrappingKind,
  key: Uint8Array,
  archiveKey: Uint8Array,
): Promise<Wrapping> {
  const iv = randomBytes(IV);
  return { kind, iv, sealed: await aead.seal(key, iv, archiveKey, wrappingData(kind)) };
}

/** Throws BackupUnreadable (`wrong-key`). */
export async function unwrapArchiveKey(
  wrappings: readonly Wrapping[],
  kind: WrappingKind,
  key: Uint8Array,
): Promise<Uint8Array> {
  for (const wrapping of wrappings) {
    if (wrapping.kind !== kind) continue;
    const archiveKey = await aead.open(key, wrapping.iv, wrapping.sealed, wrappingData(kind));
    if (archiveKey) return archiveKey;
  }
  throw new BackupUnreadable("wrong-key", `this ${kind} does not open the backup`);
}

// ------------------------------------------------------------------------------------------------------ container

function archiveKeyFor(archiveKey: Uint8Array, salt: Uint8Array): Uint8Array {
  return hkdf(sha256, archiveKey, salt, utf8("plauder backup archive 1"), KEY);
}

function numbered(index: number): Uint8Array {
  const iv = new Uint8Array(IV);
  new DataView(iv.buffer).setBigUint64(4, BigInt(index));
  return iv;
}

function chunkData(header: Uint8Array, isLast: boolean): Uint8Array {
  return concat(sha256(header), Uint8Array.of(isLast ? 1 : 0));
}

/** Yields the container; memory is one chunk. */
export async function* sealBackup(
  archiveKey: Uint8Array,
  wrappings: readonly Wrapping[],
  plain: Chunks,
): AsyncGenerator<Uint8Array> {
  if (wrappings.length === 0 || wrappings.length > MAX_WRAPPINGS)
    throw new RangeError("one to eight wrappings");
  const salt = randomBytes(SALT);
  const header = concat(
    MAGIC,
    salt,
    Uint8Array.of(wrappings.length),
    ...wrappings.flatMap(({ kind, iv, sealed }) => [Uint8Array.of(KINDS.indexOf(kind)), iv, sealed]),
  );
  yield header;
  const key = archiveKeyFor(archiveKey, salt);
  let index = 0;
  for await (const { chunk, isLast } of cut(plain, CHUNK)) {
    yield await aead.seal(key, numbered(index++), chunk, chunkData(header, isLast));
  }
}

/** The container as far as it can be read without a key. */
export class BackupReader {
  readonly wrappings: readonly Wrapping[];
  readonly #header: Uint8Array;
  readonly #salt: Uint8Array;
  readonly #rest: Chunks;

  private constructor(wrappings: readonly Wrapping[], header: Uint8Array, salt: Uint8Array, rest: Chunks) {
    this.wrappings = wrappings;
    this.#header = header;
    this.#salt = salt;
    this.#rest = rest;
  }

  /** Reads the beginning. Throws BackupUnreadable. */
  static async begin(container: Chunks): Promise<BackupReader> {
    const source = iterate(container);
    let buffer: Uint8Array = new Uint8Array(0);
    const need = async (length: number): Promise<void> => {
      while (buffer.length < length) {
        const next = await source.next();
        if (next.done) throw new BackupUnreadable("damaged", "the backup ends in its header");
        buffer = concat(buffer, next.value);
      }
    };
    const fixed = MAGIC.length + SALT + 1;
    await need(fixed);
    MAGIC.forEach((byte, at) => {
      if (buffer[at] === byte) return;
      const isVersion = at === MAGIC.length - 1;
      throw new BackupUnreadable(
        isVersion ? "newer-version" : "damaged",
        "this is no backup that can be read here",
      );
    });
    const count = buffer[fixed - 1] as number;
    if (count === 0 || count > MAX_WRAPPINGS)
      throw new BackupUnreadable("damaged", "an impossible number of keys");
    const length = fixed + count * WRAPPING;
    await need(length);
    const wrappings: Wrapping[] = [];
    for (let at = fixed; at < length; at += WRAPPING) {
      const kind = KINDS[buffer[at] as number];
      if (kind)
        wrappings.push({
          kind,
          iv: buffer.slice(at + 1, at + 1 + IV),
          sealed: buffer.slice(at + 1 + IV, at + WRAPPING),
        });
    }
    const rest = continued(buffer.slice(length), source);
    return new BackupReader(
      wrappings,
      buffer.slice(0, length),
      buffer.slice(MAGIC.length, MAGIC.length + SALT),
      rest,
    );
  }

  /** Yields the content, chunk by chunk verified. What was yielded is genuine; that it is all is known at the end. */
  async *read(archiveKey: Uint8Array): AsyncGenerator<Uint8Array> {
    const key = archiveKeyFor(archiveKey, this.#salt);
    let index = 0;
    let isComplete = false;
    for await (const { chunk, isLast } of cut(this.#rest, CHUNK + TAG)) {
      const plain =
        chunk.length < TAG
          ? undefined
          : await aead.open(key, numbered(index++), chunk, chunkData(this.#header, isLast));
      if (!plain) throw new BackupUnreadable("damaged", `part ${index} of the backup is damaged or missing`);
      isComplete = isLast;
      yield plain;
    }
    if (!isComplete) throw new BackupUnreadable("damaged", "the backup is empty");
  }
}

function iterate(chunks: Chunks): AsyncIterator<Uint8Array> {
  return (async function* () {
    yield* chunks;
  })();
}

async function* continued(first: Uint8Array, source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length) yield first;
  for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
}

/** Pieces of exactly `size`, the last one shorter or equal and marked; no input is one empty last piece. */
async function* cut(chunks: Chunks, size: number): AsyncGenerator<{ chunk: Uint8Array; isLast: boolean }> {
  let buffer: Uint8Array = new Uint8Array(0);
  for await (const chunk of chunks) {
    buffer = buffer.length ? concat(buffer, chunk) : chunk;
    while (buffer.length > size) {
      yield { chunk: buffer.subarray(0, size), isLast: false };
      buffer = buffer.subarray(size);
    }
  }
  yield { chunk: buffer, isLast: true };
}
