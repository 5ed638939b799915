/**
 * One account's connection, kept up: connects, authenticates, resumes, reconnects with jittered back-off.
 *
 * Inbound stanzas go to `consume` in batches and in order; only when it resolves are they counted as handled and
 * acknowledged, so what is acknowledged is on disk. `batch.stream` is what a later start needs to resume there:
 * write it in the same transaction. A consumer must not wait for answers to requests of its own: before a stream is
 * resumed, everything that came on it is consumed.
 */
import { backoff } from "./backoff.ts";
import { Emitter } from "./emitter.ts";
import {
  AuthenticationFailed,
  ConnectionLost,
  NotConnected,
  ProtocolError,
  ProtocolViolation,
  RequestTimeout,
  ServerNotGenuine,
  StanzaError,
  StreamError,
} from "./errors.ts";
import { bare, domainOf } from "./jid.ts";
import { type Sent, Unacked, WRAP } from "./management.ts";
import { type Credential, type FastToken, type Negotiated, negotiate } from "./negotiate.ts";
import { NS } from "./ns.ts";
import type { Platform, Timer } from "./platform.ts";
import { errorOf, errorReply, iq } from "./stanza.ts";
import { Wire } from "./wire.ts";
import { type Element, el } from "./xml.ts";

const OPEN_TIMEOUT = 15_000;
const REQUEST_TIMEOUT = 30_000;
/** Silence after which we ask whether the server is still there, and how long it may take to say so. */
const QUIET = 60_000;
const ANSWER = 20_000;
const MAX_BATCH = 256;
/** So many batches may come close together, then one each so many milliseconds; unless this much waits already. */
const BURST = 4;
const SPACING = 80;
const FLOOD = 16;
/** XEP-0198 gives no default for `max`; after this long we do not try to resume. */
const DEFAULT_RESUME_SECONDS = 300;

/** What a restarted client needs to go on with the same stream. */
export interface SavedStream {
  readonly id: string;
  readonly jid: string;
  readonly handled: number;
}

export interface Batch {
  readonly stanzas: readonly Element[];
  /** Undefined: this stream cannot be resumed. */
  readonly stream: SavedStream | undefined;
}

export type SessionState =
  | { readonly name: "stopped" }
  | { readonly name: "connecting" }
  | { readonly name: "online"; readonly jid: string; readonly resumed: boolean }
  /** Between two tries. `retryAt`: epoch milliseconds. */
  | { readonly name: "waiting"; readonly retryAt: number; readonly why: ProtocolError }
  /** Given up: the credential was refused, or another client took this resource. */
  | { readonly name: "refused"; readonly why: ProtocolError };

export interface SessionEvents {
  state: SessionState;
  /** A new stream (nothing of the old one goes on): time for presence, roster and catch-up. */
  bound: { readonly jid: string; readonly features: Element };
  /** The server has these (durable or delivered); the names `send` was given. */
  acked: readonly string[];
  /** A stream was resumed after a restart: whatever was sent on it up to `handled` has arrived. */
  resumed: { readonly id: string; readonly handled: number };
  /** Whether these arrived is unknown: send them again (receivers know them by their id). */
  inDoubt: readonly string[];
  token: FastToken | undefined;
}

export interface SessionOptions {
  readonly url: string;
  readonly credential: Credential;
  readonly platform: Platform;
  readonly consume: (batch: Batch) => Promise<void>;
  readonly saved?: SavedStream | undefined;
}

/** Answers a request of somebody else; throws `StanzaError` to refuse. */
export type RequestHandler = (
  request: Element,
  payload: Element,
) => Promise<Element | undefined> | Element | undefined;

interface PendingRequest {
  readonly to: string | undefined;
  readonly timer: Timer;
  resolve(answer: Element): void;
  reject(why: ProtocolError): void;
}

export class Session extends Emitter<SessionEvents> {
  readonly platform: Platform;
  readonly #options: SessionOptions;
  readonly #unacked = new Unacked();
  readonly #requests = new Map<string, PendingRequest>();
  readonly #handlers = new Map<string, RequestHandler>();
  #state: SessionState = { name: "stopped" };
  #wire: Wire | undefined;
  #jid: string;
  #token: FastToken | undefined;
  #stream: { id: string; max: number } | undefined;
  /** A stream from before a restart, until we know whether it goes on. */
  #saved: SavedStream | undefined;
  #managed = false;
  #handled = 0;
  #queue: Element[] = [];
  #draining: Promise<void> | undefined;
  /** How many batches may still come at once, as of when. */
  #credit = BURST;
  #creditAt = 0;
  #lastBatch = 0;
  #askScheduled = false;
  #attempt = 0;
  /** How often in a row inbound stanzas could not be kept: coming back at once would not make room for them. */
  #unkept = 0;
  #lastHeard = 0;
  #lostAt = 0;
  #retry: Timer | undefined;
  #watch: Timer | undefined;
  #counter = 0;
  #active = true;
  #idPrefix: string;

  constructor(options: SessionOptions) {
    super();
    this.#options = options;
    this.platform = options.platform;
    this.#jid = options.saved?.jid ?? options.credential.jid;
    this.#saved = options.saved;
    this.#handled = options.saved?.handled ?? 0;
    this.#token = options.credential.token;
    this.#idPrefix = Array.from(options.platform.randomBytes(6), (byte) => byte.toString(36)).join("");
  }

  get state(): SessionState {
    return this.#state;
  }

  get isOnline(): boolean {
    return this.#state.name === "online";
  }

  get isConnecting(): boolean {
    return this.#state.name === "connecting";
  }

  /** Our full address; before the first login, what the credential says. */
  get jid(): string {
    return this.#jid;
  }

  get account(): string {
    return bare(this.#jid);
  }

  get domain(): string {
    return domainOf(this.#jid);
  }

  /** The name of the current stream, as the outbox notes it next to what it sent there. */
  get streamId(): string | undefined {
    return this.#stream?.id;
  }

  newId(): string {
    this.#counter += 1;
    return `${this.#idPrefix}-${this.#counter.toString(36)}`;
  }

  start(): void {
    if (this.#state.name === "stopped" || this.#state.name === "refused") void this.#connect();
  }

  /** Leave for good: the server forgets the stream. */
  stop(): void {
    this.#retry?.cancel();
    this.#watch?.cancel();
    const wire = this.#wire;
    this.#wire = undefined;
    if (wire) {
      wire.onClosed = null;
      wire.close();
    }
    this.#queue = [];
    this.#failRequests(new ConnectionLost("stopped"));
    this.#become({ name: "stopped" });
  }

  /** Resolves when nothing that came is being consumed. */
  async quiet(): Promise<void> {
    await this.#draining;
  }

  /** The network or the person is back: try at once instead of waiting, or check that the line still stands. */
  wake(): void {
    if (this.#state.name === "waiting") {
      this.#retry?.cancel();
      this.#attempt = 0;
      void this.#connect();
    } else if (this.#state.name === "online" && this.#managed) this.#ask();
  }

  /** Client state indication (XEP-0352): while nobody looks, the server may hold back what can wait. */
  setActive(active: boolean): void {
    if (this.#active === active) return;
    this.#active = active;
    if (this.isOnline) this.#wire?.send(el(active ? "active" : "inactive", NS.csi));
  }

  /**
   * Send a stanza now (as text: one whole stanza of our own making). With `track`, `acked` or `inDoubt` will name it.
   * Returns its number on this stream. Throws `NotConnected`.
   */
  send(stanza: Element | string, track?: string): number {
    if (!this.isOnline || !this.#wire) throw new NotConnected("not connected");
    const xml = String(stanza);
    const number = this.#managed ? this.#unacked.sent({ xml, track }) : 0;
    this.#wire.send(xml);
    if (this.#managed) this.#askSoon();
    return number;
  }

  /**
   * Ask and wait for the answer; while a connection is being made, for that first: who opens the page and clicks at once is
   * not offline. Rejects with `StanzaError`, `RequestTimeout`, `ConnectionLost` or `NotConnected`.
   */
  async request(
    type: "get" | "set",
    payload: Element,
    { to, timeout = REQUEST_TIMEOUT }: { to?: string | undefined; timeout?: number } = {},
  ): Promise<Element> {
    if (this.isConnecting) await this.#settled();
    return await this.#request(type, payload, to, timeout);
  }

  /** Until there is a connection, or none for now. */
  #settled(): Promise<void> {
    return new Promise((resolve) => {
      const leave = this.on("state", () => {
        leave();
        resolve();
      });
    });
  }

  #request(type: "get" | "set", payload: Element, to: string | undefined, timeout: number): Promise<Element> {
    const id = this.newId();
    return new Promise((resolve, reject) => {
      const timer = this.platform.after(timeout, () => {
        this.#requests.delete(id);
        reject(new RequestTimeout(`no answer to ${payload.name} from ${to ?? "the server"}`));
      });
      this.#requests.set(id, { to, timer, resolve, reject });
      try {
        this.send(iq(type, { id, to }, payload));
      } catch (error) {
        timer.cancel();
        this.#requests.delete(id);
        reject(error);
      }
    });
  }

  /** Answer requests for this payload. */
  onRequest(name: string, ns: string, handler: RequestHandler): void {
    this.#handlers.set(`${ns} ${name}`, handler);
  }

  // ---------------------------------------------------------------------------------------------- connecting

  async #connect(): Promise<void> {
    this.#become({ name: "connecting" });
    const { url, credential } = this.#options;
    try {
      const wire = await Wire.open(this.platform, url, OPEN_TIMEOUT);
      // What came before the line broke is dealt with first: the count we resume with has to be true.
      while (this.#draining) await this.#draining;
      if (this.#state.name !== "connecting") return wire.close();
      this.#wire = wire;
      const outcome = await negotiate(
        wire,
        this.platform,
        { ...credential, token: this.#nextUse() },
        this.#resumable(),
      );
      if (wire.closed) throw wire.closed;
      this.#up(wire, outcome);
    } catch (error) {
      if ((this.#state as SessionState).name !== "connecting") return;
      this.#wire?.fail(new ConnectionLost("negotiation failed"));
      this.#wire = undefined;
      this.#down(
        error instanceof ProtocolError ? error : new ProtocolViolation(String(error), { cause: error }),
      );
    }
  }

  /** The token with a count that was never used before, not even by an attempt of which nothing came. */
  #nextUse(): FastToken | undefined {
    if (!this.#token) return undefined;
    this.#token = { ...this.#token, count: this.#token.count + 1 };
    this.emit("token", this.#token);
    return this.#token;
  }

  #resumable(): { id: string; handled: number } | undefined {
    if (this.#saved) return { id: this.#saved.id, handled: this.#handled };
    if (!this.#stream) return undefined;
    const age = (this.platform.now() - this.#lostAt) / 1000;
    return age < this.#stream.max ? { id: this.#stream.id, handled: this.#handled } : undefined;
  }

  #up(wire: Wire, outcome: Negotiated): void {
    if (outcome.token?.token !== this.#token?.token || outcome.tokenRefused) {
      this.#token = outcome.token;
      this.emit("token", outcome.token);
    }
    this.#attempt = this.#unkept;
    this.#lastHeard = this.platform.now();
    this.#managed = outcome.management !== undefined;
    wire.onClosed = (why) => this.#wire === wire && this.#lost(why);
    if (outcome.resumed) this.#goOn(wire, outcome.resumed.handled);
    else this.#begin(outcome);
    if (!this.#active) wire.send(el("inactive", NS.csi));
    wire.stream((frame) => this.#frame(frame));
    this.#watchLine();
  }

  #goOn(wire: Wire, handled: number): void {
    const saved = this.#saved;
    this.#saved = undefined;
    if (saved) {
      this.#stream = { id: saved.id, max: DEFAULT_RESUME_SECONDS };
      this.#unacked.restart(handled);
      this.#become({ name: "online", jid: this.#jid, resumed: true });
      this.emit("resumed", { id: saved.id, handled });
      return;
    }
    this.#confirm(this.#unacked.acknowledged(handled));
    // XEP-0198 §5: what the server has not handled is sent again on the resumed stream, before anything new.
    for (const stanza of this.#unacked.pending()) wire.send(stanza.xml);
    this.#become({ name: "online", jid: this.#jid, resumed: true });
    if (this.#unacked.count) this.#askSoon();
  }

  #begin({ jid, management, lostAt, features, carbons }: Negotiated): void {
    this.#jid = jid as string;
    if (lostAt !== undefined && !this.#saved) this.#confirm(this.#unacked.acknowledged(lostAt));
    else if (lostAt !== undefined && this.#saved)
      this.emit("resumed", { id: this.#saved.id, handled: lostAt });
    const lost = this.#unacked.restart();
    this.#saved = undefined;
    this.#stream = management?.resumable
      ? { id: management.id, max: management.max || DEFAULT_RESUME_SECONDS }
      : undefined;
    this.#handled = 0;
    this.#queue = [];
    this.#failRequests(new ConnectionLost("a new stream began"));
    this.#become({ name: "online", jid: this.#jid, resumed: false });
    const tracks = lost.flatMap(({ track }) => (track === undefined ? [] : [track]));
    if (tracks.length) this.emit("inDoubt", tracks);
    if (!carbons) void this.request("set", el("enable", NS.carbons)).catch(() => undefined);
    this.emit("bound", { jid: this.#jid, features });
  }

  #lost(why: ProtocolError): void {
    this.#wire = undefined;
    this.#lostAt = this.platform.now();
    this.#watch?.cancel();
    if (!this.#stream) {
      this.#failRequests(new ConnectionLost(why.message));
      const tracks = this.#unacked.restart().flatMap(({ track }) => (track === undefined ? [] : [track]));
      if (tracks.length) this.emit("inDoubt", tracks);
    }
    this.#down(why);
  }

  #down(why: ProtocolError): void {
    if (isFinal(why)) {
      this.#failRequests(new ConnectionLost(why.message));
      this.#become({ name: "refused", why });
      return;
    }
    const wait = backoff(this.#attempt++, this.#random());
    this.#become({ name: "waiting", retryAt: this.platform.now() + wait, why });
    this.#retry = this.platform.after(wait, () => void this.#connect());
  }

  #random(): number {
    return (this.platform.randomBytes(1)[0] as number) / 255;
  }

  #become(state: SessionState): void {
    this.#state = state;
    this.emit("state", state);
  }

  // ---------------------------------------------------------------------------------------------- frames

  #frame(frame: Element): void {
    this.#lastHeard = this.platform.now();
    if (frame.ns === NS.sm) this.#management(frame);
    if (frame.ns !== NS.client) return;
    this.#queue.push(frame);
    if (frame.name === "iq") this.#iq(frame);
    this.#draining ??= this.#consume();
  }

  #management(frame: Element): void {
    if (frame.name === "r") {
      if (!this.#draining) this.#acknowledge();
    } else if (frame.name === "a") {
      const h = Number(frame.attr("h"));
      if (!Number.isInteger(h)) throw new ProtocolViolation("acknowledgement without a count");
      this.#confirm(this.#unacked.acknowledged(h));
    }
  }

  #confirm(sent: readonly Sent[]): void {
    const tracks = sent.flatMap(({ track }) => (track === undefined ? [] : [track]));
    if (tracks.length) this.emit("acked", tracks);
  }

  async #consume(): Promise<void> {
    try {
      while (this.#queue.length) {
        await this.#gather();
        await this.#space();
        // Who has left keeps nothing any more.
        if (this.#state.name === "stopped") this.#queue = [];
        else await this.#consumeBatch();
      }
    } catch (error) {
      // What could not be kept is not acknowledged: reconnect, and the server hands it out again.
      this.#queue = [];
      this.#unkept += 1;
      this.#attempt = this.#unkept;
      this.#wire?.fail(new ProtocolViolation("inbound stanzas could not be kept", { cause: error }));
    } finally {
      this.#draining = undefined;
    }
  }

  /**
   * Wait until nothing more comes at once. Chromium hands out the next frame only after all that the one before set off,
   * so that whoever goes to work in the same turn gets one frame a batch, however many have arrived.
   */
  async #gather(): Promise<void> {
    for (let before = -1; this.#queue.length > before && this.#queue.length < MAX_BATCH; ) {
      before = this.#queue.length;
      await this.platform.pause();
    }
  }

  /**
   * Each batch costs a transaction, a sync, an acknowledgement and a new picture of what it changed. What trickles in
   * for a while is taken a few at a time; what comes now and then, or in masses, does not wait.
   */
  async #space(): Promise<void> {
    const now = this.platform.now();
    const earned = Math.max(0, now - this.#creditAt) / SPACING;
    this.#credit = Math.max(-1, Math.min(BURST, this.#credit + earned) - 1);
    this.#creditAt = now;
    if (this.#credit < 0 && Math.max(this.#queue.length, this.#lastBatch) < FLOOD)
      await this.platform.pause(-this.#credit * SPACING);
  }

  async #consumeBatch(): Promise<void> {
    const batch = this.#queue.slice(0, MAX_BATCH);
    this.#lastBatch = batch.length;
    const handled = (this.#handled + batch.length) % WRAP;
    const stanzas = batch.filter((stanza) => stanza.name !== "iq");
    await this.#options.consume({
      stanzas,
      stream: this.#stream && { id: this.#stream.id, jid: this.#jid, handled },
    });
    this.#queue.splice(0, batch.length);
    this.#unkept = 0;
    this.#handled = handled;
    if (this.isOnline && this.#managed) this.#acknowledge();
  }

  #acknowledge(): void {
    if (this.#wire && !this.#wire.closed) this.#wire.send(el("a", NS.sm, { h: this.#handled }));
  }

  #askSoon(): void {
    if (this.#askScheduled) return;
    this.#askScheduled = true;
    // One question for all that is sent in this turn.
    void Promise.resolve().then(() => {
      this.#askScheduled = false;
      this.#ask();
    });
  }

  #ask(): void {
    if (this.isOnline && this.#wire && !this.#wire.closed) this.#wire.send(el("r", NS.sm));
  }

  // ---------------------------------------------------------------------------------------------- requests

  #iq(frame: Element): void {
    const type = frame.attr("type");
    if (type === "result" || type === "error") this.#answer(frame, type);
    else if (type === "get" || type === "set") void this.#serve(frame);
  }

  #answer(frame: Element, type: "result" | "error"): void {
    const id = frame.attr("id") ?? "";
    const pending = this.#requests.get(id);
    if (!pending || !this.#mayAnswer(pending.to, frame.attr("from"))) return;
    this.#requests.delete(id);
    pending.timer.cancel();
    if (type === "result") pending.resolve(frame);
    else pending.reject(errorOf(frame));
  }

  /** RFC 6120 §8.1.2.1: an answer that comes from somebody else than was asked is forged. */
  #mayAnswer(asked: string | undefined, from: string | undefined): boolean {
    const own = [undefined, this.account, this.#jid, this.domain];
    if (asked === undefined || asked === this.account) return own.includes(from);
    return from === asked || (asked === this.domain && from === undefined);
  }

  async #serve(request: Element): Promise<void> {
    const payload = request.elements()[0];
    const handler = payload && this.#handlers.get(`${payload.ns} ${payload.name}`);
    try {
      if (!handler || !payload) throw new StanzaError("cancel", "service-unavailable");
      const answer = await handler(request, payload);
      this.#reply(iq("result", { to: request.attr("from"), id: request.attr("id") }, answer));
    } catch (error) {
      const refusal = error instanceof StanzaError ? error : new StanzaError("wait", "internal-server-error");
      const { type, condition, app, appNs } = refusal;
      this.#reply(errorReply(request, type, condition, app && appNs ? el(app, appNs) : undefined));
    }
  }

  #reply(answer: Element): void {
    if (this.isOnline) this.send(answer);
  }

  #failRequests(why: ProtocolError): void {
    for (const pending of this.#requests.values()) {
      pending.timer.cancel();
      pending.reject(why);
    }
    this.#requests.clear();
  }

  // ---------------------------------------------------------------------------------------------- is it still there?

  #watchLine(): void {
    this.#watch?.cancel();
    this.#watch = this.platform.after(ANSWER, () => {
      const silence = this.platform.now() - this.#lastHeard;
      if (silence > QUIET + ANSWER) return this.#wire?.fail(new ConnectionLost("the server went silent"));
      if (silence > QUIET - ANSWER) this.#probe();
      this.#watchLine();
    });
  }

  #probe(): void {
    if (this.#managed) this.#ask();
    else void this.request("get", el("ping", NS.ping)).catch(() => undefined);
  }
}

/** Errors after which trying again by itself would only repeat them. */
function isFinal(why: ProtocolError): boolean {
  // `not-authorized` may be about a neighbour: logging in again shows whether this credential still holds.
  if (why instanceof StreamError) return why.condition === "conflict";
  if (why instanceof ServerNotGenuine) return true;
  return why instanceof AuthenticationFailed && why.condition !== "temporary-auth-failure";
}
