/** Bytes to text and back, and the few operations on bytes that everything here needs. */

import { equalBytes } from "@noble/ciphers/utils.js";
import { bytesToHex, concatBytes, hexToBytes, randomBytes, utf8ToBytes } from "@noble/hashes/utils.js";

export {
  bytesToHex as toHex,
  concatBytes as concat,
  hexToBytes as fromHex,
  randomBytes,
  utf8ToBytes as utf8,
};

/** Same length and content, in time that does not depend on where they differ. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && equalBytes(a, b);
}

/** Strict: throws on anything that is not well-formed UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

const CHUNK = 0x2000; // arguments of one call; engines allow far more

export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(binary);
}

const XML_SPACE = /[\t\n\r ]+/g;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Standard alphabet with padding; XML white space is skipped. Undefined for anything else or more than `limit` bytes. */
export function fromBase64(text: string, limit: number): Uint8Array | undefined {
  if (text.length > limit * 2 + 1024) return undefined;
  const bare = text.replace(XML_SPACE, "");
  if (bare.length % 4 !== 0 || !BASE64.test(bare)) return undefined;
  const binary = atob(bare);
  if (binary.length > limit) return undefined;
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
