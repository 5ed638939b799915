/**
 * A small XMPP server for tests: SASL (both profiles) with real SCRAM, Bind 2, FAST, stream management with
 * resumption. It records what it gets and says what the test tells it.
 */
import { concat, fromBase64, fromUtf8, toBase64, utf8 } from "../bytes.ts";
import { WRAP } from "../management.ts";
import { NS } from "../ns.ts";
import { type Element, el, parse } from "../xml.ts";
import type { FakeEnd, FakePlatform } from "./fake-platform.ts";

const SALT = utf8("salt of the test");
const ITERATIONS = 4096;

interface Stream {
  readonly id: string;
  readonly jid: string;
  /** Stanzas of the client. */
  handled: number;
  /** Ours, not acknowledged yet. */
  unacked: string[];
  acked: number;
}

export class FakeServer {
  readonly platform: FakePlatform;
  account = "ana@example.org";
  password = "secret";
  /** What it says to who has another one (RFC 6120 §6.5). */
  refusal = "not-authorized";
  sasl2 = true;
  fast = true;
  resumable = true;
  /** Servers differ in this. */
  featuresAfterResumption = false;
  /** Answer `<r/>`; off: the client never gets its tick. */
  acknowledges = true;
  /** Stanzas of all streams, in the order they came. */
  readonly received: Element[] = [];
  /** `scram`, `fast` and `resume`, as they happened. */
  readonly logins: string[] = [];
  /** The counts that came with tokens. */
  readonly uses: number[] = [];
  /** Break the line instead of answering a token. */
  losesAnswers = false;
  /** Answers requests; undefined: no answer. By default everything gets an empty result. */
  answer: (iq: Element) => Element | undefined = (iq) =>
    el("iq", NS.client, { type: "result", id: iq.attr("id"), to: this.jid, from: iq.attr("to") });
  /** Hears of every stanza that is no request. */
  onStanza: (stanza: Element) => void = () => undefined;
  readonly #streams = new Map<string, Stream>();
  #current: Connection | undefined;
  #serial = 0;
  #token = "";
  #count = 0;

  constructor(platform: FakePlatform) {
    this.platform = platform;
    platform.accept = (client) => {
      this.#current = new Connection(this, client);
      return this.#current;
    };
  }

  get jid(): string {
    return this.#current?.stream?.jid ?? "";
  }

  get isConnected(): boolean {
    return this.#current?.stream !== undefined;
  }

  get token(): string {
    return this.#token;
  }

  newToken(): string {
    this.#token = `token-${++this.#serial}`;
    this.#count = 0;
    return this.#token;
  }

  /** Whether a token may be used with this count (XEP-0484 §3.4). */
  counts(count: number): boolean {
    this.uses.push(count);
    const isFresh = count > this.#count;
    this.#count = count;
    return isFresh;
  }

  newStream(): Stream {
    const id = `stream-${++this.#serial}`;
    const stream = { id, jid: `${this.account}/r${this.#serial}`, handled: 0, unacked: [], acked: 0 };
    this.#streams.set(id, stream);
    return stream;
  }

  streamOf(id: string): Stream | undefined {
    return this.resumable ? this.#streams.get(id) : undefined;
  }

  /** Send a stanza to the client. */
  push(stanza: Element): void {
    this.#current?.push(stanza);
  }

  /** Send something that is not a stanza. */
  raw(text: string): void {
    this.#current?.client.send(text);
  }

  /** Break the line without goodbye. */
  drop(): void {
    this.#current?.client.close();
    this.#current = undefined;
  }

  /** What the client has acknowledged of the current stream. */
  get clientHandled(): number {
    return this.#current?.stream?.acked ?? -1;
  }

  messages(): Element[] {
    return this.received.filter(({ name }) => name === "message");
  }
}

interface Pending {
  readonly authMessageStart: string;
  readonly request: Element;
  readonly ns: string;
}

class Connection implements FakeEnd {
  stream: Stream | undefined;
  readonly client: { send(text: string): void; close(): void };
  readonly #server: FakeServer;
  #authenticated = false;
  #pending: Pending | undefined;
  #chain: Promise<void> = Promise.resolve();

  constructor(server: FakeServer, client: Connection["client"]) {
    this.#server = server;
    this.client = client;
  }

  closed(): void {}

  receive(text: string): void {
    this.#chain = this.#chain.then(() => this.#frame(parse(text)));
  }

  push(stanza: Element): void {
    this.stream?.unacked.push(stanza.toString());
    this.#send(stanza);
  }

  #send(frame: Element): void {
    this.client.send(frame.toString());
  }

  async #frame(frame: Element): Promise<void> {
    if (frame.is("open", NS.framing)) return this.#opened();
    if (frame.is("authenticate", NS.sasl2))
      return await this.#begin(frame, frame.textOf("initial-response") ?? "");
    if (frame.is("auth", NS.sasl)) return await this.#begin(frame, frame.text());
    if (frame.name === "response" && this.#pending) return await this.#finish(frame.text());
    if (frame.ns === NS.sm) return this.#management(frame);
    if (frame.ns === NS.client) this.#stanza(frame);
  }

  #opened(): void {
    this.#send(el("open", NS.framing, { version: "1.0", from: "example.org", id: "x" }));
    this.#send(this.#features());
  }

  #features(): Element {
    if (this.#authenticated) return el("features", NS.stream, {}, el("bind", NS.bind), el("sm", NS.sm));
    const scram = (ns: string): Element => el("mechanism", ns, {}, "SCRAM-SHA-256");
    if (!this.#server.sasl2)
      return el("features", NS.stream, {}, el("mechanisms", NS.sasl, {}, scram(NS.sasl)));
    const bind = el(
      "bind",
      NS.bind2,
      {},
      el(
        "inline",
        NS.bind2,
        {},
        el("feature", NS.bind2, { var: NS.sm }),
        el("feature", NS.bind2, { var: NS.carbons }),
      ),
    );
    const fast =
      this.#server.fast && el("fast", NS.fast, {}, el("mechanism", NS.fast, {}, "HT-SHA-256-NONE"));
    const inline = el("inline", NS.sasl2, {}, bind, el("sm", NS.sm), fast);
    return el("features", NS.stream, {}, el("authentication", NS.sasl2, {}, scram(NS.sasl2), inline));
  }

  async #begin(request: Element, initial: string): Promise<void> {
    const first = fromBase64(initial);
    if (request.attr("mechanism") === "HT-SHA-256-NONE") return await this.#fast(request, first);
    const bare = fromUtf8(first).slice("n,,".length);
    const nonce = `${/r=([^,]+)/.exec(bare)?.[1]}server`;
    const challenge = `r=${nonce},s=${toBase64(SALT)},i=${ITERATIONS}`;
    this.#pending = { authMessageStart: `${bare},${challenge}`, request, ns: request.ns };
    this.#send(el("challenge", request.ns, {}, toBase64(utf8(challenge))));
  }

  async #fast(request: Element, data: Uint8Array): Promise<void> {
    const { platform, token } = this.#server;
    const expected = concat(
      utf8(`${this.#server.account.split("@")[0]}\0`),
      await platform.hmac("SHA-256", utf8(token || "none"), utf8("Initiator")),
    );
    const count = Number(request.get("fast", NS.fast)?.attr("count"));
    if (toBase64(expected) !== toBase64(data) || !this.#server.counts(count)) return this.#refuse(request.ns);
    if (this.#server.losesAnswers) return this.#server.drop();
    this.#server.logins.push("fast");
    this.#success(request, await platform.hmac("SHA-256", utf8(token), utf8("Responder")));
  }

  async #finish(response: string): Promise<void> {
    const { platform, password } = this.#server;
    const pending = this.#pending as Pending;
    const [withoutProof, proof] = fromUtf8(fromBase64(response)).split(",p=") as [string, string];
    const authMessage = utf8(`${pending.authMessageStart},${withoutProof}`);
    const salted = await platform.pbkdf2("SHA-256", utf8(password), SALT, ITERATIONS);
    const clientKey = await platform.hmac("SHA-256", salted, utf8("Client Key"));
    const signature = await platform.hmac("SHA-256", await platform.hash("SHA-256", clientKey), authMessage);
    const expected = clientKey.map((byte, at) => byte ^ (signature[at] as number));
    if (toBase64(expected) !== proof) return this.#refuse(pending.ns);
    this.#server.logins.push("scram");
    const serverKey = await platform.hmac("SHA-256", salted, utf8("Server Key"));
    const verifier = toBase64(await platform.hmac("SHA-256", serverKey, authMessage));
    this.#success(pending.request, utf8(`v=${verifier}`));
  }

  #refuse(ns: string): void {
    this.#send(el("failure", ns, {}, el(this.#server.refusal, NS.sasl)));
  }

  #success(request: Element, data: Uint8Array): void {
    this.#authenticated = true;
    if (request.ns === NS.sasl) {
      this.#send(el("success", NS.sasl, {}, toBase64(data)));
      return;
    }
    const resume = request.get("resume", NS.sm);
    const old = resume && this.#server.streamOf(resume.attr("previd") ?? "");
    const token =
      request.get("request-token", NS.fast) &&
      el("token", NS.fast, { token: this.#server.newToken(), expiry: "2030-01-01T00:00:00Z" });
    const answer = [el("additional-data", NS.sasl2, {}, toBase64(data)), token];
    if (old) {
      this.stream = old;
      const resumed = el("resumed", NS.sm, { previd: old.id, h: old.handled });
      this.#send(el("success", NS.sasl2, {}, ...answer, resumed));
      if (this.#server.featuresAfterResumption) this.#send(this.#features());
      this.#resend(old, Number(resume.attr("h")));
      return;
    }
    this.stream = this.#server.newStream();
    const enabled = el("enabled", NS.sm, { id: this.stream.id, resume: "true", max: 600 });
    const bound = el("bound", NS.bind2, {}, enabled, el("enabled", NS.carbons));
    const failed = resume && el("failed", NS.sm, {}, el("item-not-found", NS.stanzas));
    const identity = el("authorization-identifier", NS.sasl2, {}, this.stream.jid);
    this.#send(el("success", NS.sasl2, {}, ...answer, identity, bound, failed));
    this.#send(this.#features());
  }

  #resend(stream: Stream, handled: number): void {
    this.#server.logins.push("resume");
    this.#acked(stream, handled);
    for (const stanza of stream.unacked) this.client.send(stanza);
  }

  #acked(stream: Stream, h: number): void {
    stream.unacked.splice(0, (h - stream.acked + WRAP) % WRAP);
    stream.acked = h;
  }

  #management(frame: Element): void {
    if (frame.name === "enable") {
      this.stream ??= this.#server.newStream();
      this.#send(el("enabled", NS.sm, { id: this.stream.id, resume: "true" }));
    } else if (frame.name === "resume") {
      const old = this.#server.streamOf(frame.attr("previd") ?? "");
      if (!old) {
        this.#send(el("failed", NS.sm, {}, el("item-not-found", NS.stanzas)));
        return;
      }
      this.stream = old;
      this.#send(el("resumed", NS.sm, { previd: old.id, h: old.handled }));
      this.#resend(old, Number(frame.attr("h")));
    } else if (!this.stream) return;
    else if (frame.name === "a") this.#acked(this.stream, Number(frame.attr("h")));
    else if (this.#server.acknowledges) this.#send(el("a", NS.sm, { h: this.stream.handled }));
  }

  #stanza(stanza: Element): void {
    if (stanza.attr("id") === "bind") {
      const bound = this.#server.newStream();
      const jid = el("jid", NS.bind, {}, bound.jid);
      this.#send(el("iq", NS.client, { type: "result", id: "bind" }, el("bind", NS.bind, {}, jid)));
      this.stream = bound;
      return;
    }
    if (this.stream) this.stream.handled += 1;
    this.#server.received.push(stanza);
    const type = stanza.attr("type");
    if (stanza.name !== "iq") this.#server.onStanza(stanza);
    if (stanza.name !== "iq" || (type !== "get" && type !== "set")) return;
    const answer = this.#server.answer(stanza);
    if (answer) this.push(answer);
  }
}
