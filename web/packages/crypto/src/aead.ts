/** AES-256-GCM of whole buffers: WebCrypto where it is, noble elsewhere. Output is ciphertext and 16 bytes of tag. */

import { gcm } from "@noble/ciphers/aes.js";

type Bytes = Uint8Array<ArrayBuffer>;

const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
const own = (bytes: Uint8Array): Bytes => bytes as Bytes;
/** Below this the way to WebCrypto costs more than the work. */
const WORTH_IT = 4096; // bytes

const parameters = (iv: Uint8Array, aad: Uint8Array) => ({
  name: "AES-GCM",
  iv: own(iv),
  additionalData: own(aad),
});

export async function seal(
  key: Uint8Array,
  iv: Uint8Array,
  plain: Uint8Array,
  aad: Uint8Array,
): Promise<Uint8Array> {
  if (!subtle || plain.length < WORTH_IT) return gcm(key, iv, aad).encrypt(plain);
  const handle = await subtle.importKey("raw", own(key), "AES-GCM", false, ["encrypt"]);
  return new Uint8Array(await subtle.encrypt(parameters(iv, aad), handle, own(plain)));
}

/** Undefined when it does not authenticate. */
export async function open(
  key: Uint8Array,
  iv: Uint8Array,
  sealed: Uint8Array,
  aad: Uint8Array,
): Promise<Uint8Array | undefined> {
  try {
    if (!subtle || sealed.length < WORTH_IT) return gcm(key, iv, aad).decrypt(sealed);
    const handle = await subtle.importKey("raw", own(key), "AES-GCM", false, ["decrypt"]);
    return new Uint8Array(await subtle.decrypt(parameters(iv, aad), handle, own(sealed)));
  } catch {
    return undefined;
  }
}
