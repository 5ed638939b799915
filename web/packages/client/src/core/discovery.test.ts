import { ristretto255_oprf } from "@noble/curves/ed25519.js";
import { concat, fromHex, toHex, utf8 } from "@plauder/protocol/bytes";
import { describe, expect, it } from "vitest";
import { type DiscoveryApi, findNumbers, tagOf } from "./discovery.ts";

const { voprf } = ristretto255_oprf;
const KEYS = voprf.deriveKeyPair(new Uint8Array(32).fill(0xa3), utf8("test key"));

describe("the function of RFC 9497 §A.1.2", () => {
  const publicKey = fromHex("c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e");
  const input = fromHex("00");
  const blind = fromHex("64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706");
  const blinded = fromHex("863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945");
  const evaluated = fromHex("aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e");
  const proof = fromHex(
    "ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd06" +
      "6d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d",
  );

  it("has the public key and the output of the vectors", () => {
    expect(toHex(KEYS.publicKey)).toBe(toHex(publicKey));
    expect(toHex(voprf.finalize(input, blind, evaluated, blinded, publicKey, proof))).toBe(
      "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d" +
        "a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c",
    );
  });
});

const url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
const unurl = (text: string) => new Uint8Array(Buffer.from(text, "base64url"));

/** A server with these numbers in its list. It keeps what it was sent. */
class Server implements DiscoveryApi {
  readonly seen: string[] = [];
  left = 100;
  keys = KEYS;
  enabled = true;
  readonly #listed: readonly string[];

  constructor(listed: readonly string[]) {
    this.#listed = listed;
  }

  async call<T>(_method: string, path: string, body?: Readonly<Record<string, unknown>>): Promise<T> {
    if (path === "/discovery") {
      const about = { enabled: this.enabled, public_key: url(KEYS.publicKey), batch: 2, tag_bytes: 16 };
      return { ...about, left_today: this.left } as T;
    }
    const blinded = ((body?.blinded ?? []) as string[]).map(unurl);
    this.seen.push(JSON.stringify(body));
    const { secretKey, publicKey } = this.keys;
    const { evaluated, proof } = voprf.blindEvaluateBatch(secretKey, publicKey, blinded);
    return { evaluated: evaluated.map(url), proof: url(proof) } as T;
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const tags = this.#listed.map((number) => {
      const input = utf8(`+${number}`);
      const { blind, blinded } = voprf.blind(input);
      const { evaluated, proof } = voprf.blindEvaluate(KEYS.secretKey, KEYS.publicKey, blinded);
      return tagOf(voprf.finalize(input, blind, evaluated, blinded, KEYS.publicKey, proof), 16);
    });
    return concat(...tags);
  }
}

const BRUNO = "4915123456789";
const STRANGERS = ["5511961234567", "447400123456"];

describe("finding numbers", () => {
  it("finds those in the list, however they are written, in batches", async () => {
    const server = new Server([BRUNO]);
    const found = await findNumbers(server, [...STRANGERS, "+49 1512 3456789"]);
    expect([...(found ?? [])]).toEqual(["+49 1512 3456789"]);
    expect(server.seen).toHaveLength(2);
  });

  it("sends nothing that tells a number, and nothing twice", async () => {
    const server = new Server([BRUNO]);
    await findNumbers(server, [BRUNO]);
    await findNumbers(server, [BRUNO]);
    expect(server.seen.join()).not.toContain(BRUNO);
    expect(new Set(server.seen).size).toBe(2);
  });

  it("does not believe a server that uses another key for us", async () => {
    const server = new Server([BRUNO]);
    server.keys = voprf.deriveKeyPair(new Uint8Array(32).fill(1), utf8("other key"));
    await expect(findNumbers(server, [BRUNO])).rejects.toMatchObject({ code: "internal" });
  });

  it("asks for nothing when the allowance, the list or the question is empty", async () => {
    const poor = new Server([BRUNO]);
    poor.left = 0;
    await expect(findNumbers(poor, [BRUNO])).rejects.toMatchObject({ code: "too-many-tries" });
    const off = new Server([BRUNO]);
    off.enabled = false;
    expect(await findNumbers(off, [BRUNO])).toBeUndefined();
    expect(await findNumbers(new Server([]), [BRUNO])).toEqual(new Set());
    expect(await findNumbers(new Server([BRUNO]), [])).toEqual(new Set());
  });
});
