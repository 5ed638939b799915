/**
 * SCRAM (RFC 5802, 7677) as the client plays it, with the downgrade protection of XEP-0474.
 *
 * A browser cannot reach the TLS exporter, so there is no channel binding: the GS2 header is `n,,`.
 */
import { concat, fromBase64, fromUtf8, sameBytes, toBase64, utf8 } from "./bytes.ts";
import { AuthenticationFailed, ProtocolViolation, ServerNotGenuine } from "./errors.ts";
import type { HashName, Platform } from "./platform.ts";

const GS2_HEADER = "n,,";
const MAX_ITERATIONS = 10_000_000;
/** RFC 7677 §4 asks for at least 4096; less would make a stolen exchange cheap to guess from. */
const MIN_ITERATIONS = 4096;

const HASHES: Readonly<Record<string, HashName>> = {
  "SCRAM-SHA-512": "SHA-512",
  "SCRAM-SHA-256": "SHA-256",
  "SCRAM-SHA-1": "SHA-1",
};

/** The strongest mechanism of the offer that we can do, if there is one. */
export function chooseScram(offered: readonly string[]): string | undefined {
  return Object.keys(HASHES).find((mechanism) => offered.includes(mechanism));
}

export class Scram {
  readonly mechanism: string;
  readonly #platform: Platform;
  readonly #hash: HashName;
  readonly #password: string;
  readonly #offered: readonly string[];
  readonly #nonce: string;
  readonly #firstBare: string;
  #serverSignature: Uint8Array | undefined;

  /** `offered`: every mechanism the server named, for XEP-0474. */
  constructor(
    platform: Platform,
    mechanism: string,
    user: string,
    password: string,
    offered: readonly string[],
  ) {
    const hash = HASHES[mechanism];
    if (!hash) throw new ProtocolViolation(`no such mechanism: ${mechanism}`);
    this.mechanism = mechanism;
    this.#platform = platform;
    this.#hash = hash;
    this.#password = password.normalize("NFC");
    this.#offered = offered;
    this.#nonce = toBase64(platform.randomBytes(24));
    const name = user.replaceAll("=", "=3D").replaceAll(",", "=2C");
    this.#firstBare = `n=${name},r=${this.#nonce}`;
  }

  first(): Uint8Array {
    return utf8(GS2_HEADER + this.#firstBare);
  }

  /** Answer the server-first-message with the client-final-message. */
  async respond(challenge: Uint8Array): Promise<Uint8Array> {
    const serverFirst = fromUtf8(challenge);
    const fields = attributes(serverFirst);
    const nonce = fields.get("r") ?? "";
    const iterations = Number(fields.get("i"));
    // RFC 5802 §5.1: an unknown mandatory extension must end the exchange.
    if (fields.has("m")) throw new ProtocolViolation("mandatory SCRAM extension");
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length)
      throw new ServerNotGenuine("the server's nonce does not continue ours");
    if (!Number.isInteger(iterations) || iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS)
      throw new ServerNotGenuine(`iteration count ${fields.get("i")}`);
    await this.#checkOffer(fields.get("h"));

    const withoutProof = `c=${toBase64(utf8(GS2_HEADER))},r=${nonce}`;
    const authMessage = utf8(`${this.#firstBare},${serverFirst},${withoutProof}`);
    const salt = fromBase64(fields.get("s") ?? "");
    const salted = await this.#platform.pbkdf2(this.#hash, utf8(this.#password), salt, iterations);
    const clientKey = await this.#hmac(salted, utf8("Client Key"));
    const storedKey = await this.#platform.hash(this.#hash, clientKey);
    const signature = await this.#hmac(storedKey, authMessage);
    const proof = clientKey.map((byte, at) => byte ^ (signature[at] as number));
    const serverKey = await this.#hmac(salted, utf8("Server Key"));
    this.#serverSignature = await this.#hmac(serverKey, authMessage);
    return utf8(`${withoutProof},p=${toBase64(proof)}`);
  }

  /** Check the server-final-message: only who knows the credential can have signed it. */
  verify(final: Uint8Array): void {
    const fields = attributes(fromUtf8(final));
    const error = fields.get("e");
    if (error !== undefined) throw new AuthenticationFailed("not-authorized", error);
    const claimed = fromBase64(fields.get("v") ?? "");
    if (!this.#serverSignature || !sameBytes(claimed, this.#serverSignature))
      throw new ServerNotGenuine("the server's signature is wrong");
  }

  /** XEP-0474 §4: the server repeats, under the proof, what it offered; a difference is a man in the middle. */
  async #checkOffer(claimed: string | undefined): Promise<void> {
    if (claimed === undefined) return;
    const offer = [...this.#offered].sort().join("\x1e");
    const ours = await this.#platform.hash(this.#hash, utf8(offer));
    if (toBase64(ours) !== claimed) throw new ServerNotGenuine("the list of mechanisms was tampered with");
  }

  #hmac(key: Uint8Array, data: Uint8Array): Promise<Uint8Array> {
    return this.#platform.hmac(this.#hash, key, data);
  }
}

function attributes(message: string): Map<string, string> {
  return new Map(message.split(",").map((part) => [part.slice(0, 1), part.slice(2)]));
}

/** HT-SHA-256-NONE (XEP-0484 uses it): a token instead of a password, one round trip. */
export const FAST_MECHANISM = "HT-SHA-256-NONE";

export async function fastInitial(platform: Platform, user: string, token: string): Promise<Uint8Array> {
  const proof = await platform.hmac("SHA-256", utf8(token), utf8("Initiator"));
  return concat(utf8(user), new Uint8Array(1), proof);
}

export async function fastVerify(platform: Platform, token: string, data: Uint8Array): Promise<void> {
  const expected = await platform.hmac("SHA-256", utf8(token), utf8("Responder"));
  if (!sameBytes(expected, data)) throw new ServerNotGenuine("the server's token answer is wrong");
}
