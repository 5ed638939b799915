/** Bytes under AES-256-GCM, whole. */
export async function crypt(
  act: "encrypt" | "decrypt",
  key: Uint8Array,
  iv: Uint8Array,
  data: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await crypto.subtle.importKey("raw", key as BufferSource, "AES-GCM", false, [act]);
  return new Uint8Array(
    await crypto.subtle[act]({ name: "AES-GCM", iv: iv as BufferSource }, imported, data),
  );
}
