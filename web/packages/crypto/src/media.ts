/**
 * Media: AES-256-GCM as `aesgcm://` (XEP-0454) and as encrypted file source (XEP-0448) want it, in one piece or as a
 * stream of any length with little memory.
 *
 * GCM has one tag, at the end. What streams in is therefore read twice: once for the tag, and again, only if it is
 * right, for the content. Nothing unverified leaves this module. The stream is CTR mode and GHASH, which is what GCM
 * is (NIST SP 800-38D §7); both come from WebCrypto or noble.
 */

import { GHASH } from "@noble/ciphers/_polyval.js";
import { ctr, ecb } from "@noble/ciphers/aes.js";
import { sha256 } from "@noble/hashes/sha2.js";
import * as aead from "./aead.ts";
import type { XmlElement } from "./api.ts";
import { concat, equal, fromBase64, fromHex, randomBytes, toBase64, toHex } from "./bytes.ts";
import { childrenOf, element, textOf } from "./elements.ts";

/** 32 bytes of key; an IV of 12 bytes (16 only in old links). A pair is good for one file. */
export interface MediaKey {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

export const TAG = 16;
const NONE = new Uint8Array(0);
const BLOCK = 16;
/** Old links with 16-byte IVs are read in one piece, so they have to fit. */
const ONE_PIECE = 100 * 2 ** 20; // bytes
/** SP 800-38D §5.2.1.1: 2^39 - 256 bits under one IV. */
const LONGEST = 2 ** 36 - 32; // bytes

export function newMediaKey(): MediaKey {
  return { key: randomBytes(32), iv: randomBytes(12) };
}

// ------------------------------------------------------------------------------------------------------ one piece

export function sealMedia({ key, iv }: MediaKey, plain: Uint8Array): Promise<Uint8Array> {
  return aead.seal(key, iv, plain, NONE);
}

/** Undefined when it was damaged or the key is another. */
export async function openMedia({ key, iv }: MediaKey, sealed: Uint8Array): Promise<Uint8Array | undefined> {
  return sealed.length < TAG ? undefined : aead.open(key, iv, sealed, NONE);
}

// --------------------------------------------------------------------------------------------------------- stream

export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export class MediaDamaged extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MediaDamaged";
  }
}

/** Yields the ciphertext, then the tag: in all the length of the input and 16 bytes. */
export async function* sealStream(
  media: MediaKey,
  plain: Chunks,
  length: number,
): AsyncGenerator<Uint8Array> {
  const stream = new GcmStream(media, length);
  for await (const chunk of aligned(plain)) {
    const sealed = await stream.cipher(chunk);
    stream.authenticate(sealed);
    yield sealed;
  }
  yield stream.tag();
}

/**
 * Yields the plaintext of `length` bytes with tag, verified as a whole before the first byte.
 * @param sealed called twice; must give the same bytes each time, as a Blob's or a file's stream does
 * @throws MediaDamaged
 */
export async function* openStream(
  media: MediaKey,
  sealed: () => Chunks,
  length: number,
): AsyncGenerator<Uint8Array> {
  if (length < TAG) throw new MediaDamaged("shorter than its tag");
  if (media.iv.length !== 12) {
    yield await inOnePiece(media, sealed(), length);
    return;
  }
  const tag = new Collector(length - TAG);
  const check = new GcmStream(media, length - TAG);
  for await (const chunk of aligned(tag.withoutTail(sealed()))) check.authenticate(chunk);
  if (!equal(check.tag(), tag.tail()))
    throw new MediaDamaged("the file was damaged on the way, or the key is another");
  const stream = new GcmStream(media, length - TAG);
  // Again with the check running: a source that changes between the passes must not get through unnoticed.
  for await (const chunk of aligned(new Collector(length - TAG).withoutTail(sealed()))) {
    stream.authenticate(chunk);
    yield await stream.cipher(chunk);
  }
  if (!equal(stream.tag(), tag.tail())) throw new MediaDamaged("the file changed while it was read");
}

async function inOnePiece(media: MediaKey, sealed: Chunks, length: number): Promise<Uint8Array> {
  if (length > ONE_PIECE) throw new MediaDamaged("too large for a key of the old form");
  const parts: Uint8Array[] = [];
  for await (const chunk of sealed) parts.push(chunk);
  const plain = await openMedia(media, concat(...parts));
  if (!plain) throw new MediaDamaged("the file was damaged on the way, or the key is another");
  return plain;
}

/** Lets `length` bytes through and keeps what follows, which has to be exactly one tag. */
class Collector {
  readonly #length: number;
  #tail = NONE;

  constructor(length: number) {
    this.#length = length;
  }

  async *withoutTail(chunks: Chunks): AsyncGenerator<Uint8Array> {
    let seen = 0;
    for await (const chunk of chunks) {
      const inside = chunk.subarray(0, Math.max(0, this.#length - seen));
      if (inside.length) yield inside;
      if (inside.length < chunk.length) this.#tail = concat(this.#tail, chunk.subarray(inside.length));
      if (this.#tail.length > TAG) throw new MediaDamaged("longer than announced");
      seen += chunk.length;
    }
    if (this.#tail.length !== TAG) throw new MediaDamaged("shorter than announced");
  }

  tail(): Uint8Array {
    return this.#tail;
  }
}

const MIN_CHUNK = 1 << 16;

/** The same bytes in chunks whose lengths are multiples of the block (all but the last) and worth a call. */
async function* aligned(chunks: Chunks): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array[] = [];
  let waiting = 0;
  for await (const chunk of chunks) {
    rest.push(chunk);
    waiting += chunk.length;
    if (waiting < MIN_CHUNK) continue;
    const all = concat(...rest);
    const whole = all.length - (all.length % BLOCK);
    yield all.subarray(0, whole);
    rest = [all.slice(whole)];
    waiting -= whole;
  }
  if (waiting > 0) yield concat(...rest);
}

/** GCM in steps. Chunks have to be aligned; `authenticate` takes ciphertext. */
class GcmStream {
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;
  readonly #hash: GHASH;
  readonly #length: number;
  #handle: Promise<CryptoKey> | undefined;
  #block = 2; // SP 800-38D §7.1: the counter of the first block of text; 1 masks the tag
  #seen = 0;

  constructor({ key, iv }: MediaKey, length: number) {
    if (key.length !== 32 || iv.length !== 12)
      throw new RangeError("streams need a key of 32 and an IV of 12 bytes");
    if (length > LONGEST) throw new RangeError("longer than one key may encrypt");
    this.#key = key;
    this.#iv = iv;
    this.#length = length;
    this.#hash = new GHASH(ecb(key, { disablePadding: true }).encrypt(new Uint8Array(BLOCK)), length);
  }

  #counter(block: number): Uint8Array {
    const counter = concat(this.#iv, new Uint8Array(4));
    new DataView(counter.buffer, counter.byteOffset).setUint32(12, block);
    return counter;
  }

  async cipher(chunk: Uint8Array): Promise<Uint8Array> {
    const counter = this.#counter(this.#block);
    this.#block += Math.ceil(chunk.length / BLOCK);
    const subtle = globalThis.crypto?.subtle;
    if (!subtle) return ctr(this.#key, counter).encrypt(chunk);
    this.#handle ??= subtle.importKey("raw", Uint8Array.from(this.#key), "AES-CTR", false, ["encrypt"]);
    const parameters = { name: "AES-CTR", counter: Uint8Array.from(counter), length: 32 };
    return new Uint8Array(
      await subtle.encrypt(parameters, await this.#handle, chunk as Uint8Array<ArrayBuffer>),
    );
  }

  authenticate(chunk: Uint8Array): void {
    this.#seen += chunk.length;
    if (this.#seen > this.#length) throw new MediaDamaged("longer than announced");
    this.#hash.update(chunk);
  }

  tag(): Uint8Array {
    if (this.#seen !== this.#length) throw new MediaDamaged("shorter than announced");
    const lengths = new Uint8Array(BLOCK);
    new DataView(lengths.buffer).setBigUint64(8, BigInt(this.#length) * 8n);
    const digest = this.#hash.update(lengths).digest();
    return ctr(this.#key, this.#counter(1)).encrypt(digest);
  }
}

// ------------------------------------------------------------------------------------------------ aesgcm:// links

/** XEP-0454 §3: the HTTPS link with another scheme, and IV and key in hexadecimal behind the hash. */
export function toAesgcm(url: string, { key, iv }: MediaKey): string {
  if (!url.startsWith("https://") || url.includes("#"))
    throw new RangeError("an https link without fragment is needed");
  return `aesgcm://${url.slice("https://".length)}#${toHex(iv)}${toHex(key)}`;
}

const AESGCM = /^aesgcm:\/\/([^#\s]{1,2048})#([0-9a-f]{88}|[0-9a-f]{96})$/i;

/** The HTTPS link and the key; undefined if the text is no such link. */
export function fromAesgcm(text: string): (MediaKey & { readonly url: string }) | undefined {
  const match = AESGCM.exec(text);
  if (!match) return undefined;
  const bytes = fromHex((match[2] as string).toLowerCase());
  return { url: `https://${match[1]}`, iv: bytes.slice(0, -32), key: bytes.slice(-32) };
}

// -------------------------------------------------------------------------------------------------------- XEP-0448

const ESFS = "urn:xmpp:esfs:0";
const CIPHER = "urn:xmpp:ciphers:aes-256-gcm-nopadding:0";
const SFS = "urn:xmpp:sfs:0";
const URL_DATA = "http://jabber.org/protocol/url-data";
const HASHES = "urn:xmpp:hashes:2";
const MAX_SOURCES = 16;

/** `<encrypted/>` for the `<sources/>` of a `<file-sharing/>`. @param digest SHA-256 of the ciphertext */
export function toEncryptedSource(
  urls: readonly string[],
  { key, iv }: MediaKey,
  digest?: Uint8Array,
): XmlElement {
  const hash = digest && element("hash", HASHES, { algo: "sha-256" }, toBase64(digest));
  return element(
    "encrypted",
    ESFS,
    { cipher: CIPHER },
    element("key", ESFS, {}, toBase64(key)),
    element("iv", ESFS, {}, toBase64(iv)),
    ...(hash ? [hash] : []),
    element("sources", SFS, {}, ...urls.map((target) => element("url-data", URL_DATA, { target }))),
  );
}

export interface EncryptedSource extends MediaKey {
  /** HTTPS links, in the sender's order. */
  readonly urls: readonly string[];
  /** SHA-256 of the ciphertext. */
  readonly digest: Uint8Array | undefined;
}

/** Undefined for other ciphers, missing or broken keys, and sources none of which is an HTTPS link. */
export function fromEncryptedSource(source: XmlElement): EncryptedSource | undefined {
  if (source.name !== "encrypted" || source.ns !== ESFS || source.attrs.cipher !== CIPHER) return undefined;
  const inside = (name: string, ns: string) =>
    source.children.find(
      (child): child is XmlElement => typeof child !== "string" && child.name === name && child.ns === ns,
    );
  const bytes = (found: XmlElement | undefined) => found && fromBase64(textOf(found), 64);
  const key = bytes(inside("key", ESFS));
  const iv = bytes(inside("iv", ESFS));
  const sources = inside("sources", SFS);
  if (key?.length !== 32 || iv?.length !== 12 || !sources) return undefined;
  const urls = childrenOf({ ...sources, ns: URL_DATA }, "url-data", MAX_SOURCES)
    .map((child) => child.attrs.target ?? "")
    .filter((target) => target.startsWith("https://"));
  if (urls.length === 0) return undefined;
  const hash = inside("hash", HASHES);
  const digest = hash?.attrs.algo === "sha-256" ? bytes(hash) : undefined;
  return { key, iv, urls, digest: digest?.length === 32 ? digest : undefined };
}

/** SHA-256 of a stream. */
export async function digestOf(chunks: Chunks): Promise<Uint8Array> {
  const hash = sha256.create();
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest();
}
