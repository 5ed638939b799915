/** Random names. */
export function newId(): string {
  return hex(crypto.getRandomValues(new Uint8Array(16)));
}

/**
 * A name for a message: the time, then 80 random bits. Names made one after the other lie together in the store's indexes,
 * so that a thousand messages change tens of pages and not hundreds. Who sees the name knows the time anyway.
 */
export function newMessageId(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  return time + hex(crypto.getRandomValues(new Uint8Array(10)));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
