/**
 * Calls of one account: who rings whom, and what the two ends of the media say to each other.
 *
 * Devices ring by XEP-0353 and agree by Jingle (`CallSession`); the media itself is a page's part, which makes and takes
 * `CallSignal`s.
 * The server carries those in the clear, so each side also says the fingerprint of its media key inside OMEMO: only if both
 * agree is a call proven to be end-to-end encrypted. A call that rang is remembered on disk until it is known how it ended.
 */
import { NotConnected, StanzaError } from "@plauder/protocol/errors";
import * as jingle from "@plauder/protocol/jingle";
import { type CallMessage, callMessage } from "@plauder/protocol/jmi";
import type { Session } from "@plauder/protocol/session";
import { type Element, el } from "@plauder/protocol/xml";
import {
  type CallDevices,
  type CallEnd,
  type CallOutcome,
  type CallSignal,
  type CallView,
  ClientError,
} from "../api.ts";
import type { Store } from "../store/store.ts";
import { CallSession } from "./call-session.ts";
import { newId } from "./ids.ts";
import type { Messages } from "./messages.ts";
import type { People } from "./people.ts";

export const CALL_NS = "urn:plauder:call:0";
/** How long a call rings; the server counts the same. */
export const RINGS = 60_000;
const CONNECTS = 30_000;
const PROVES = 8_000;
const LEAVES = 3_000;
const SETTLES = 5_000;
const RINGING = "calls";
/** So many signals are kept for the page, which takes them as they come. */
const KEPT = 300;

/** What a call message comes with. */
export interface CallArrival {
  readonly chat: string;
  /** By another device of ours. */
  readonly own: boolean;
  /** Resource of who sent it. */
  readonly device: string;
  readonly at: number;
}

export interface CallsHost {
  readonly account: string;
  readonly session: Session;
  readonly store: Store;
  readonly messages: Messages;
  readonly people: People;
  now(): number;
  /** Say something inside OMEMO to all devices of a chat that can read it. */
  seal(chat: string, elements: readonly Element[]): void;
}

/** A call that rings or rang, as it lies in the store. */
interface Rang {
  readonly chat: string;
  readonly video: boolean;
  readonly at: number;
}

interface Ongoing extends Rang {
  readonly id: string;
  readonly own: boolean;
  readonly phase: CallView["phase"];
  /** The page that has the media. */
  readonly page?: string;
  /** The device at the other end. */
  readonly peer?: string;
  readonly startedAt?: number;
  readonly end?: CallEnd;
  readonly signals: readonly CallSignal[];
  readonly earlier: number;
  /** What both ends agreed on for the media. */
  readonly media: CallSession;
  /** Fingerprints as the other side's description has them, and as they were said inside OMEMO. */
  readonly shown?: string;
  readonly sealed?: string;
  readonly proofDue?: boolean;
}

type Timer = ReturnType<typeof setTimeout>;

export class Calls {
  readonly #host: CallsHost;
  #now: Ongoing | undefined;
  #timer: Timer | undefined;
  #proof: Timer | undefined;
  #settle: Timer | undefined;

  constructor(host: CallsHost) {
    this.#host = host;
    host.session.onRequest("jingle", jingle.JINGLE.session, (request, payload) =>
      this.#jingle(request, payload),
    );
    this.#settleSoon();
  }

  stop(): void {
    for (const timer of [this.#timer, this.#proof, this.#settle]) clearTimeout(timer);
  }

  // ---------------------------------------------------------------------------------------------- what is shown

  view(): CallView | undefined {
    const call = this.#now;
    if (!call) return undefined;
    const { people } = this.#host;
    const name = people.name(call.chat);
    return {
      id: call.id,
      chat: call.chat,
      name,
      avatar: people.avatar(call.chat, name, people.row(call.chat)?.avatar_hash ?? null),
      video: call.video,
      own: call.own,
      phase: call.phase,
      signals: call.signals,
      earlier: call.earlier,
      theirs: call.media.theirs,
      asked: call.phase !== "over" && call.media.isAsked,
      proof: proofOf(call),
      ...(call.page && { page: call.page }),
      ...(call.startedAt && { startedAt: call.startedAt }),
      ...(call.end && { end: call.end }),
    };
  }

  #become(change: Partial<Ongoing>): void {
    if (!this.#now) return;
    this.#now = { ...this.#now, ...change };
    this.#host.store.touch("call");
  }

  #begin(call: Omit<Ongoing, "signals" | "earlier" | "media">, until: number): void {
    this.stop();
    this.#now = { ...call, signals: [], earlier: 0, media: this.#session(call) };
    this.#timer = setTimeout(() => this.#overdue(call.id), Math.max(until, 0));
    this.#host.store.touch("call");
  }

  // ---------------------------------------------------------------------------------------------- what people do

  start(chat: string, video: boolean, page: string): string {
    const { session, people } = this.#host;
    if (!session.isOnline) throw new ClientError("offline");
    if (this.#now && this.#now.phase !== "over") throw new ClientError("conflict");
    if (people.row(chat)?.blocked) throw new ClientError("blocked");
    const id = newId();
    this.#begin({ id, chat, video, own: true, at: this.#host.now(), phase: "calling", page }, RINGS);
    this.#say({ act: "propose", call: id, media: video ? ["audio", "video"] : ["audio"] });
    return id;
  }

  answer(id: string, page: string): void {
    const call = this.#the(id);
    if (call.own || call.phase !== "ringing") throw new ClientError("conflict");
    this.#accept(page);
  }

  /** The other side waits for us, or we for them: a call goes on with the media of `page`. */
  #accept(page: string): void {
    const call = this.#now as Ongoing;
    this.#say({ act: "proceed", call: call.id });
    this.#forget(call.id);
    this.#connecting({ page });
  }

  #connecting(change: Partial<Ongoing>): void {
    const { id } = this.#now as Ongoing;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#overdue(id), CONNECTS);
    this.#become({ ...change, phase: "connecting" });
  }

  hangUp(id: string): void {
    const call = this.#the(id);
    if (call.phase === "over") this.#leave(id);
    else if (call.phase === "calling" || (call.phase === "ringing" && call.own)) {
      this.#say({ act: "retract", call: id, reason: "cancel" });
      this.#over("hung-up", "unanswered");
    } else if (call.phase === "ringing") {
      this.#say({ act: "reject", call: id, reason: "decline" });
      this.#over("hung-up", "declined");
    } else this.#finish("success", "hung-up");
  }

  /** What our page's end of the media says. */
  signal(id: string, signal: CallSignal): void {
    const call = this.#the(id);
    if (!call.peer) {
      if (signal.kind === "candidate") return;
      throw new ClientError("conflict");
    }
    call.media.say(signal);
  }

  consent(id: string, yes: boolean): void {
    this.#the(id).media.consent(yes);
  }

  tell(id: string, devices: CallDevices): void {
    const call = this.#the(id);
    if (call.peer && call.phase !== "over") call.media.tell(devices);
  }

  #session({ id, own }: { id: string; own: boolean }): CallSession {
    const mine = (): Ongoing | undefined => (this.#now?.id === id ? this.#now : undefined);
    return new CallSession({
      id,
      own,
      us: () => this.#host.session.jid,
      isOnline: () => this.#host.session.isOnline,
      ask: (payload, refused) => this.#ask(payload, refused),
      hand: (signals) => mine() && this.#hand(signals),
      changed: () => mine() && this.#become({}),
      pictured: () => mine() && this.#become({ video: true }),
      shown: (prints) => {
        if (!mine()) return;
        this.#become({ shown: prints });
        this.#compare();
      },
      seal: (prints) => {
        const call = mine();
        const elements = prints.map((print) => {
          const [hash, value = ""] = print.split(" ");
          return el("fingerprint", jingle.JINGLE.dtls, { hash }, value);
        });
        if (call) this.#host.seal(call.chat, [el("media", CALL_NS, { call: id }, ...elements)]);
      },
      failed: () => mine() && this.#finish("failed-application", "failed"),
    });
  }

  /** Our page hears the other side. */
  connected(id: string): void {
    const call = this.#the(id);
    if (call.phase !== "connecting") return;
    clearTimeout(this.#timer);
    this.#become({ phase: "talking", startedAt: this.#host.now() });
    this.#proof = setTimeout(() => this.#now?.id === id && this.#become({ proofDue: true }), PROVES);
  }

  /** Our page cannot go on: no microphone, or no way to the other side. */
  failed(id: string, why: "media" | "connection"): void {
    const call = this.#the(id);
    if (call.phase === "over") return;
    if (call.phase === "connecting" || call.phase === "talking")
      this.#finish(why === "media" ? "media-error" : "connectivity-error", "failed");
    else this.hangUp(id);
  }

  #the(id: string): Ongoing {
    if (this.#now?.id !== id) throw new ClientError("gone");
    return this.#now;
  }

  #overdue(id: string): void {
    const call = this.#now;
    if (call?.id !== id) return;
    if (call.phase === "connecting") this.#finish("connectivity-error", "failed");
    else if (call.own) {
      this.#say({ act: "retract", call: id, reason: "timeout" });
      this.#over("unanswered", "unanswered");
    } else this.#over("missed", "missed");
  }

  // ---------------------------------------------------------------------------------------------- what others say

  /** A call message came. Called in the transaction of its batch; what has to travel waits in the stream's queue. */
  heard(from: CallArrival, signal: CallMessage): void {
    const { act, call: id } = signal;
    const call = this.#now?.id === id && this.#now.chat === from.chat ? this.#now : undefined;
    if (act === "propose") {
      if (!from.own) this.#proposed(from, signal);
    } else if (act === "ringing") {
      if (call?.own && !from.own && call.phase === "calling") this.#become({ phase: "ringing" });
    } else if (act === "proceed") this.#proceeded(from, id, call);
    else if (act === "reject") this.#rejected(from, signal, call);
    else if (!from.own) this.#withdrawn(from, signal, call);
  }

  #proposed(from: CallArrival, { call: id, media = [] }: CallMessage): void {
    const { chat, at, device } = from;
    const now = this.#now;
    if (!this.#mayRing(chat) || !device || now?.id === id) return;
    const video = media.includes("video");
    this.#remember(id, { chat, video, at });
    const left = at + RINGS - this.#host.now();
    if (left <= 0) return this.#settleSoon();
    if (!now || now.phase === "over")
      this.#begin({ id, chat, video, own: false, at, phase: "ringing" }, left + LEAVES);
    else if (now.chat === chat && now.page) return this.#meet(now, { id, chat, video, at });
    else if (now.phase === "ringing" && !now.own) return this.#settleSoon(left + LEAVES);
    else {
      this.#say({ act: "reject", call: id, reason: "busy" }, chat);
      return this.#record({ id, chat, video, at, own: false }, "missed");
    }
    this.#say({ act: "ringing", call: id });
  }

  /** XEP-0353 §4: they call us while we call or talk to them. */
  #meet(now: Ongoing, call: Rang & { id: string }): void {
    const isTie = now.own && (now.phase === "calling" || now.phase === "ringing");
    if (isTie && now.id < call.id) {
      this.#say({ act: "reject", call: call.id, reason: "expired", tieBreak: true });
      return this.#forget(call.id);
    }
    const { page = "" } = now;
    if (isTie) this.#say({ act: "retract", call: now.id, reason: "expired", tieBreak: true });
    else this.#finish("expired", "hung-up");
    this.#begin({ ...call, own: false, phase: "ringing" }, RINGS);
    this.#accept(page);
  }

  #mayRing(chat: string): boolean {
    const person = this.#host.people.row(chat);
    const known = this.#host.messages.chat(chat);
    return !person?.blocked && (person?.is_contact === 1 || (known !== undefined && !known.is_request));
  }

  #proceeded(from: CallArrival, id: string, call: Ongoing | undefined): void {
    if (from.own) {
      // Another device of ours took it.
      this.#forget(id);
      if (call && !call.own && call.phase === "ringing") this.#over("elsewhere", undefined);
    } else if (call?.own && from.device && (call.phase === "calling" || call.phase === "ringing"))
      this.#connecting({ peer: `${from.chat}/${from.device}` });
  }

  #rejected(from: CallArrival, { call: id, reason, tieBreak }: CallMessage, call: Ongoing | undefined): void {
    if (from.own) {
      const rang = this.#rang()[id];
      if (call && !call.own && call.phase === "ringing") this.#over("elsewhere", "declined");
      else if (rang) this.#record({ ...rang, id, own: false }, "declined");
      return;
    }
    if (!call?.own || (call.phase !== "calling" && call.phase !== "ringing")) return;
    // Their call goes on instead; it is here already or about to come.
    if (tieBreak) return this.#over("elsewhere", undefined);
    const isNo = reason === "decline" || reason === undefined;
    this.#over(reason === "busy" ? "busy" : isNo ? "declined" : "unanswered", "unanswered");
  }

  /** Taken back while it rang, or over. */
  #withdrawn(from: CallArrival, { call: id, act, reason }: CallMessage, call: Ongoing | undefined): void {
    if (call) {
      if (!call.own && call.phase === "ringing") this.#over("missed", "missed");
      else if (act === "finish" && call.phase !== "calling" && call.phase !== "ringing") this.#ended(reason);
      return;
    }
    const rang = this.#rang()[id];
    if (rang?.chat === from.chat) this.#record({ ...rang, id, own: false }, "missed");
  }

  /** Inside OMEMO: the fingerprint of their media. */
  unsealed(chat: string, element: Element): void {
    const call = this.#now;
    if (call?.id !== element.attr("call") || call?.chat !== chat || call.phase === "over") return;
    try {
      const prints = element.all("fingerprint", jingle.JINGLE.dtls).map(jingle.readFingerprint);
      if (prints.length === 0 || prints.length > 4) return;
      this.#become({
        sealed: prints
          .map(({ hash, value }) => `${hash} ${value}`)
          .sort()
          .join(),
      });
    } catch {
      return;
    }
    this.#compare();
  }

  /** Who says one thing in the clear and another inside OMEMO is two. */
  #compare(): void {
    const { shown, sealed } = this.#now ?? {};
    if (shown && sealed && shown !== sealed) this.#finish("security-error", "insecure");
  }

  // ---------------------------------------------------------------------------------------------- Jingle

  #jingle(request: Element, payload: Element): undefined {
    const call = this.#now;
    const from = request.attr("from") ?? "";
    const action = payload.attr("action");
    const isTheirs =
      call !== undefined &&
      payload.attr("sid") === call.id &&
      call.phase !== "over" &&
      request.attr("type") === "set";
    if (isTheirs && action === "session-initiate") this.#offered(call, from, payload);
    else if (!isTheirs || call.peer !== from)
      throw new StanzaError("cancel", "item-not-found", undefined, "unknown-session", jingle.JINGLE.errors);
    else if (action === "session-terminate") this.#ended(jingle.readReason(payload));
    else call.media.hear(action ?? "", payload);
    return undefined;
  }

  #offered(call: Ongoing, from: string, payload: Element): void {
    const isDue = !call.own && !call.peer && call.phase === "connecting";
    if (!isDue || !from.startsWith(`${call.chat}/`)) throw new StanzaError("cancel", "item-not-found");
    call.media.offered(payload);
    this.#become({ peer: from });
  }

  #hand(fresh: readonly CallSignal[]): void {
    const { signals = [], earlier = 0 } = this.#now ?? {};
    const all = [...signals, ...fresh];
    const left = Math.max(0, all.length - KEPT);
    this.#become({ signals: all.slice(left), earlier: earlier + left });
  }

  // ---------------------------------------------------------------------------------------------- the end

  /** We end what both had begun. */
  #finish(reason: jingle.EndReason, end: CallEnd): void {
    const call = this.#now;
    if (!call || call.phase === "over") return;
    if (call.peer) this.#ask(jingle.terminate(call.id, reason), () => undefined);
    this.#say({ act: "finish", call: call.id, reason });
    this.#over(end, call.startedAt ? "talked" : "failed");
  }

  /** They ended it. */
  #ended(reason: jingle.EndReason | undefined): void {
    const call = this.#now;
    if (!call || call.phase === "over") return;
    this.#say({ act: "finish", call: call.id, reason: reason ?? "success" });
    const isPlain = reason === undefined || reason === "success" || reason === "gone" || reason === "cancel";
    this.#over(
      isPlain ? "they-hung-up" : reason === "security-error" ? "insecure" : "failed",
      call.startedAt ? "talked" : "failed",
    );
  }

  /** The call is shown as over for a moment; what it came to is written into the chat. */
  #over(end: CallEnd, outcome: CallOutcome | undefined): void {
    const call = this.#now;
    if (!call) return;
    this.stop();
    this.#forget(call.id);
    this.#become({ phase: "over", end });
    if (outcome) this.#record(call, outcome);
    this.#timer = setTimeout(() => this.#leave(call.id), LEAVES);
    this.#settleSoon();
  }

  #leave(id: string): void {
    if (this.#now?.id !== id) return;
    this.#now = undefined;
    this.#host.store.touch("call");
  }

  #record(call: Rang & { id: string; own: boolean; startedAt?: number }, outcome: CallOutcome): void {
    const { store, messages, people, account, now } = this.#host;
    const seconds = call.startedAt ? Math.round((now() - call.startedAt) / 1000) : 0;
    store.write(() => {
      this.#forget(call.id);
      if (!messages.chat(call.chat))
        messages.ensureChat(call.chat, people.row(call.chat)?.kind ?? "person", call.at);
      messages.add({
        chat: call.chat,
        sender: call.own ? account : call.chat,
        own: call.own,
        at: call.at,
        stanzaId: `call-${call.id}`,
        content: {
          kind: "system",
          event: { kind: "call", video: call.video, own: call.own, outcome, seconds },
        },
      });
    });
    store.touch("calls");
  }

  // ---------------------------------------------------------------------------------------------- what rang

  #rang(): Readonly<Record<string, Rang>> {
    return this.#host.store.setting<Record<string, Rang>>(RINGING) ?? {};
  }

  #remember(id: string, rang: Rang): void {
    const kept = Object.entries({ ...this.#rang(), [id]: rang }).slice(-50);
    this.#host.store.setSetting(RINGING, Object.fromEntries(kept));
  }

  #forget(id: string): void {
    const { [id]: gone, ...others } = this.#rang();
    if (gone) this.#host.store.setSetting(RINGING, others);
  }

  /** What rang while nobody was here, and of which nothing more is heard, was missed. */
  #settleSoon(wait: number = SETTLES): void {
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => {
      const due = this.#host.now() - RINGS;
      for (const [id, rang] of Object.entries(this.#rang()))
        if (id !== this.#now?.id && rang.at <= due) this.#record({ ...rang, id, own: false }, "missed");
    }, wait);
  }

  // ---------------------------------------------------------------------------------------------- the wire

  #say(signal: CallMessage, to: string = this.#now?.chat ?? ""): void {
    try {
      this.#host.session.send(callMessage(to, newId(), signal));
    } catch (error) {
      // Without a line the call ends here all the same; the other side sees its media stop.
      if (!(error instanceof NotConnected)) throw error;
    }
  }

  #ask(payload: Element, refused: (error: unknown) => void): void {
    const call = this.#now;
    if (!call?.peer) return;
    this.#host.session.request("set", payload, { to: call.peer }).catch((error: unknown) => {
      if (this.#now?.id === call.id) refused(error);
    });
  }
}

function proofOf({ shown, sealed, proofDue }: Ongoing): CallView["proof"] {
  if (shown && shown === sealed) return "proven";
  return proofDue ? "none" : "pending";
}
