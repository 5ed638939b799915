/**
 * Which of these numbers are here, without telling the server which numbers (RFC 9497, VOPRF).
 *
 * Each number is blinded, the server applies its key to what it cannot read, the blind is taken off, and the result is
 * looked up in the list of everybody who wants to be found. The list is fetched whole, so not even that tells anything.
 */
import { ristretto255_oprf } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, fromBase64, toBase64, toHex, utf8 } from "@plauder/protocol/bytes";
import { ClientError } from "../api.ts";

const PREFIX = concat(utf8("plauder/discovery"), new Uint8Array(1));

/** What is asked of the account's HTTP interface. */
export interface DiscoveryApi {
  call<T>(method: string, path: string, body?: Readonly<Record<string, unknown>>): Promise<T>;
  bytes(method: string, path: string): Promise<Uint8Array<ArrayBuffer>>;
}

interface About {
  readonly enabled: boolean;
  readonly public_key: string;
  readonly batch: number;
  readonly left_today: number;
  readonly tag_bytes: number;
}

interface Evaluated {
  readonly evaluated: readonly string[];
  readonly proof: string;
}

/**
 * Those of `numbers` (digits, with or without the plus) whose owners are here and want to be found; undefined where the
 * network does not offer to look.
 *
 * Throws ClientError "too-many-tries" when the day's allowance does not suffice for all of them, "internal" when the
 * server's proof is wrong.
 */
export async function findNumbers(
  api: DiscoveryApi,
  numbers: readonly string[],
): Promise<ReadonlySet<string> | undefined> {
  if (numbers.length === 0) return new Set();
  const about = await api.call<About>("GET", "/discovery");
  if (!about.enabled) return undefined;
  if (numbers.length > about.left_today) throw new ClientError("too-many-tries");
  const listed = tagsOf(await api.bytes("GET", "/discovery/directory"), about.tag_bytes);
  const found = new Set<string>();
  if (listed.size === 0) return found;
  for (let at = 0; at < numbers.length; at += about.batch) {
    const batch = numbers.slice(at, at + about.batch);
    const outputs = await evaluate(api, batch, decode(about.public_key));
    batch.forEach((number, index) => {
      const output = outputs[index];
      if (output && listed.has(toHex(tagOf(output, about.tag_bytes)))) found.add(number);
    });
  }
  return found;
}

/** The function's value for each number, its proof checked. */
async function evaluate(
  api: DiscoveryApi,
  numbers: readonly string[],
  publicKey: Uint8Array,
): Promise<readonly Uint8Array[]> {
  const asked = numbers.map((number) => {
    const input = utf8(`+${number.replace(/\D/g, "")}`);
    return { input, ...ristretto255_oprf.voprf.blind(input) };
  });
  const answer = await api.call<Evaluated>("POST", "/discovery/evaluate", {
    blinded: asked.map(({ blinded }) => encode(blinded)),
  });
  if (answer.evaluated.length !== asked.length) throw new ClientError("internal");
  const items = asked.map((one, index) => ({ ...one, evaluated: decode(answer.evaluated[index] ?? "") }));
  try {
    return ristretto255_oprf.voprf.finalizeBatch(items, publicKey, decode(answer.proof));
  } catch {
    // A wrong proof: the server used another key for us than it shows to everybody.
    throw new ClientError("internal");
  }
}

/** What the server publishes of a value of the function. */
export function tagOf(output: Uint8Array, size: number): Uint8Array {
  return sha256(concat(PREFIX, output)).subarray(0, size);
}

function tagsOf(list: Uint8Array, size: number): ReadonlySet<string> {
  const tags = new Set<string>();
  for (let at = 0; at + size <= list.length; at += size) tags.add(toHex(list.subarray(at, at + size)));
  return tags;
}

function encode(bytes: Uint8Array): string {
  return toBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function decode(text: string): Uint8Array {
  return fromBase64(text.replace(/-/g, "+").replace(/_/g, "/"));
}
