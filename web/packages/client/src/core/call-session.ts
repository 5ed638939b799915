/**
 * What the two ends of one call agreed on by Jingle (XEP-0166), from the first offer to changes while they talk: pictures
 * come (`content-add`), ICE begins anew (`transport-info` with new credentials), cameras and microphones go off and on.
 *
 * A page speaks and hears whole session descriptions; here they become what has changed, and back. An offer of a page
 * is `pending` until the other end has answered it; where both offer at once, the initiator's goes on (XEP-0166 §7.2.16).
 */
import { StanzaError } from "@plauder/protocol/errors";
import * as jingle from "@plauder/protocol/jingle";
import * as sides from "@plauder/protocol/jingle-side";
import type { Element } from "@plauder/protocol/xml";
import { type CallDevices, type CallSignal, ClientError } from "../api.ts";

export interface CallSessionHost {
  readonly id: string;
  /** We called: we are the initiator. */
  readonly own: boolean;
  us(): string;
  isOnline(): boolean;
  /** Ask the other end's device. */
  ask(payload: Element, refused: (error: unknown) => void): void;
  /** To our page. */
  hand(signals: readonly CallSignal[]): void;
  changed(): void;
  /** From now on it is a call with pictures. */
  pictured(): void;
  /** Fingerprints of their media, as one word. */
  shown(prints: string): void;
  /** Fingerprints of our media, to be said inside OMEMO. */
  seal(prints: readonly string[]): void;
  /** They cannot do what we began with. */
  failed(): void;
}

type Offer = Extract<CallSignal, { sdp: string }>;

/** What of ours waits for an answer. */
interface Pending {
  readonly sdp: string;
  /** Contents it adds; none if it begins ICE anew. */
  readonly adds: readonly string[];
}

/** What our page's next answer is for: contents that are accepted, or nothing that has to be said. */
type Due = { readonly accepts: readonly string[] };

interface Asked {
  readonly payload: Element;
  readonly names: readonly string[];
}

export class CallSession {
  readonly #host: CallSessionHost;
  readonly #role: jingle.Role;
  #ours: string | undefined;
  #side: sides.Side | undefined;
  /** Who they are in DTLS, once that is settled. */
  #setup: jingle.Setup = "active";
  #pending: Pending | undefined;
  #asked: Asked | undefined;
  readonly #due: Due[] = [];
  /** `ice-pwd` by `ice-ufrag`: candidates are sent with those they were found for. */
  readonly #passwords = new Map<string, string>();
  /** Candidates for contents that are not agreed on yet. */
  #held: Extract<CallSignal, { kind: "candidate" }>[] = [];
  theirs: CallDevices = { muted: false, filming: false };

  constructor(host: CallSessionHost) {
    this.#host = host;
    this.#role = host.own ? "initiator" : "responder";
  }

  /** They want pictures, and nobody has said yes or no. */
  get isAsked(): boolean {
    return this.#asked !== undefined;
  }

  // ---------------------------------------------------------------------------------------------- what our page says

  /** Throws `ClientError`. */
  say(signal: CallSignal): void {
    if (signal.kind === "candidate") this.#trickle(signal);
    else if (signal.kind === "rollback") this.#takeBack();
    else if (!this.#ours) this.#begin(signal);
    else if (signal.kind === "offer") this.#offer(signal);
    else this.#answer(signal);
  }

  #trickle(signal: Extract<CallSignal, { kind: "candidate" }>): void {
    if (!signal.line) return;
    const { ufrag = jingle.credentialsOf(this.#ours ?? "").ufrag } = signal;
    const payload = jingle.trickle(this.#host.id, { ...signal, ufrag }, this.#passwords.get(ufrag));
    this.#host.ask(payload, () => undefined);
  }

  #begin(signal: Offer): void {
    const { id, own } = this.#host;
    if ((signal.kind === "offer") !== own) throw new ClientError("conflict");
    this.#host.seal(jingle.fingerprintsOf(signal.sdp));
    this.#keep(signal.sdp);
    if (!own) this.#setup = jingle.counterpart(signal.sdp);
    const action = own ? "session-initiate" : "session-accept";
    const payload = jingle.describe(signal.sdp, { action, sid: id, role: this.#role, us: this.#host.us() });
    this.#host.ask(payload, () => this.#host.failed());
  }

  #keep(sdp: string): void {
    this.#ours = sdp;
    const { ufrag, pwd } = jingle.credentialsOf(sdp);
    this.#passwords.set(ufrag, pwd);
  }

  #offer({ sdp }: Offer): void {
    const { id } = this.#host;
    if (this.#pending || !this.#side) throw new ClientError("conflict");
    if (!this.#host.isOnline()) throw new ClientError("offline");
    const known = sides.namesOf(this.#side);
    const adds = jingle
      .contentsOf(sdp)
      .flatMap(({ name, idle }) => (idle || known.includes(name) ? [] : [name]));
    const pending = { sdp, adds };
    this.#pending = pending;
    const { ufrag, pwd } = jingle.credentialsOf(sdp);
    this.#passwords.set(ufrag, pwd);
    const saying = { action: "content-add", sid: id, role: this.#role, us: this.#host.us() } as const;
    const payload = adds.length
      ? jingle.describe(sdp, { ...saying, creator: this.#role, only: adds })
      : jingle.restart(id, sdp, known);
    this.#host.ask(payload, (error) => {
      // A tie: their offer is about to come, and takes the place of ours.
      const isTie = error instanceof StanzaError && error.app === "tie-break";
      if (this.#pending === pending && !isTie) this.#drop("failed");
    });
  }

  #drop(why?: "declined" | "failed"): void {
    this.#pending = undefined;
    this.#host.hand([{ kind: "rollback", ...(why && { why }) }]);
  }

  /** Our page does not wait any longer. */
  #takeBack(): void {
    const { adds = [] } = this.#pending ?? {};
    this.#pending = undefined;
    if (adds.length)
      this.#host.ask(jingle.strike("content-remove", this.#host.id, adds, this.#role), () => undefined);
  }

  #answer({ sdp }: Offer): void {
    const due = this.#due.shift();
    if (!due) throw new ClientError("conflict");
    this.#keep(sdp);
    if (due.accepts.length === 0) return;
    const { id } = this.#host;
    const payload = jingle.describe(sdp, {
      action: "content-accept",
      sid: id,
      role: this.#role,
      us: this.#host.us(),
      creator: jingle.other(this.#role),
      only: due.accepts,
    });
    this.#host.ask(payload, () => undefined);
  }

  /** Whether they see us is ours to say: off and on again needs no new agreement. */
  tell({ muted, filming }: CallDevices): void {
    if (!this.#side) return;
    const named = { audio: muted, video: !filming };
    for (const media of ["audio", "video"] as const) {
      const name = sides.nameFor(this.#side, media);
      if (name)
        this.#host.ask(jingle.info(this.#host.id, named[media] ? "mute" : "unmute", name), () => undefined);
    }
  }

  // ---------------------------------------------------------------------------------------------- what they say

  /** The beginning of a call that we take. Throws `StanzaError`. */
  offered(payload: Element): void {
    this.#describe("offer", sides.sideOf(payload, "initiator"));
  }

  /** Throws `StanzaError` for what is refused. */
  hear(action: string, payload: Element): void {
    if (action === "session-accept") return this.#accepted(payload);
    if (action === "transport-info") return this.#transport(payload);
    if (action === "session-info") return this.#info(payload);
    if (!this.#side || !this.#ours) throw outOfOrder();
    if (action === "content-add") this.#add(this.#side, payload);
    else if (action === "content-accept") this.#added(this.#side, payload);
    else if (action === "content-reject") this.#rejected(payload);
    else if (action === "content-remove") this.#remove(this.#side, payload);
    else if (action === "content-modify") this.#modify(this.#side, payload);
    else throw new StanzaError("cancel", "feature-not-implemented");
  }

  #accepted(payload: Element): void {
    if (!this.#host.own || this.#side || !this.#ours) throw outOfOrder();
    const side = sides.inOrderOf(sides.sideOf(payload, "responder"), this.#ours);
    const [setup] = /^a=setup:(active|passive)/m.exec(sides.sdpOf(side))?.slice(1) ?? [];
    this.#setup = setup === "passive" ? "passive" : "active";
    this.#describe("answer", side);
  }

  /** Their side is that now; our page hears it whole. */
  #describe(kind: "offer" | "answer", side: sides.Side, first = this.#side === undefined): void {
    // RFC 8842 §5.2: an offer leaves open who begins, an answer has to say again who began.
    const setup = kind === "offer" ? (first ? undefined : "actpass") : this.#setup;
    const sdp = sides.sdpOf(side, setup);
    this.#side = side;
    this.theirs = { ...this.theirs, filming: sides.isSending(side, sides.nameFor(side, "video")) };
    this.#host.shown(jingle.fingerprintsOf(sdp).join());
    const names = sides.namesOf(side);
    const due = this.#held.filter(({ mid }) => names.includes(mid));
    this.#held = this.#held.filter(({ mid }) => !names.includes(mid));
    this.#host.hand([{ kind, sdp }, ...due]);
  }

  #transport(payload: Element): void {
    const candidates = jingle.readCandidates(payload);
    if (this.#side) {
      const renewed = sides.restarted(this.#side, payload);
      if (renewed && sides.isWish(payload)) return this.#renew(renewed);
      if (renewed && this.#pending?.adds.length === 0) {
        const { sdp } = this.#pending;
        this.#pending = undefined;
        this.#keep(sdp);
        this.#describe("answer", sides.inOrderOf(renewed, sdp));
      } else if (renewed) return; // candidates for a beginning that we gave up
    }
    const names = this.#side && sides.namesOf(this.#side);
    const signals = candidates.map(toSignal);
    const early = signals.filter(({ mid }) => names && !names.includes(mid));
    this.#held = [...this.#held, ...early].slice(-50);
    const known = signals.filter((one) => !early.includes(one));
    if (known.length) this.#host.hand(known);
  }

  /** They begin ICE anew. */
  #renew(side: sides.Side): void {
    if (this.#pending) {
      if (this.#host.own) throw tie();
      this.#drop();
    }
    this.#due.push({ accepts: [] });
    this.#describe("offer", side);
  }

  #info(payload: Element): void {
    for (const said of payload.elements()) {
      if (said.ns !== jingle.JINGLE.info)
        throw new StanzaError(
          "modify",
          "feature-not-implemented",
          undefined,
          "unsupported-info",
          jingle.JINGLE.errors,
        );
      if (said.name === "mute" || said.name === "unmute")
        this.#muted(said.name === "mute", said.attr("name"));
    }
    this.#host.changed();
  }

  /** XEP-0167 §10.3: without a name, everything. */
  #muted(off: boolean, name: string | undefined): void {
    const side = this.#side;
    if (!side) return;
    const isAbout = (media: "audio" | "video"): boolean =>
      name === undefined || name === sides.nameFor(side, media);
    if (isAbout("audio")) this.theirs = { ...this.theirs, muted: off };
    const video = sides.nameFor(side, "video");
    if (isAbout("video")) this.theirs = { ...this.theirs, filming: !off && sides.isSending(side, video) };
  }

  #add(side: sides.Side, payload: Element): void {
    const names = sides.named(payload);
    if (this.#pending?.adds.length && this.#host.own) throw tie();
    sides.sdpOf(sides.added(side, payload), "actpass");
    const isPicture = payload.all("content").every((one) => sides.mediaOf(one) === "video");
    if (!isPicture || names.length > 1 || this.#asked || sides.nameFor(side, "video"))
      return this.#host.ask(
        jingle.strike("content-reject", this.#host.id, names, jingle.other(this.#role)),
        () => undefined,
      );
    this.#asked = { payload, names };
    if (!this.#pending?.adds.length) return this.#host.changed();
    // We want the same: no need to ask anybody.
    this.#drop();
    this.consent(true);
  }

  /** The person has said whether there shall be pictures, as they asked. */
  consent(yes: boolean): void {
    const asked = this.#asked;
    this.#asked = undefined;
    if (!asked || !this.#side) return;
    const { names } = asked;
    if (!yes) {
      this.#held = this.#held.filter(({ mid }) => !names.includes(mid));
      this.#host.ask(
        jingle.strike("content-reject", this.#host.id, names, jingle.other(this.#role)),
        () => undefined,
      );
      return this.#host.changed();
    }
    this.#due.push({ accepts: names });
    this.#describe("offer", sides.added(this.#side, asked.payload));
    this.#host.pictured();
  }

  #added(side: sides.Side, payload: Element): void {
    const pending = this.#pending;
    const names = sides.named(payload);
    // What we took back meanwhile is no error of theirs.
    if (!pending?.adds.length) return;
    if (!names.every((name) => pending.adds.includes(name))) throw outOfOrder();
    const next = sides.inOrderOf(sides.added(side, payload), pending.sdp);
    sides.sdpOf(next, this.#setup);
    this.#pending = undefined;
    this.#keep(pending.sdp);
    this.#describe("answer", next);
    this.#host.pictured();
  }

  #rejected(payload: Element): void {
    const names = sides.named(payload);
    if (this.#pending?.adds.some((name) => names.includes(name))) this.#drop("declined");
  }

  #remove(side: sides.Side, payload: Element): void {
    const names = sides.named(payload);
    if (this.#asked?.names.some((name) => names.includes(name))) {
      this.#asked = undefined;
      return this.#host.changed();
    }
    const known = sides.namesOf(side);
    if (!names.every((name) => known.includes(name))) throw new StanzaError("cancel", "item-not-found");
    this.#change(sides.struck(side, names));
  }

  #modify(side: sides.Side, payload: Element): void {
    const names = sides.named(payload);
    // Of what we add: it is for both anyway.
    if (names.every((name) => this.#pending?.adds.includes(name))) return;
    const known = sides.namesOf(side);
    if (!names.every((name) => known.includes(name))) throw new StanzaError("cancel", "item-not-found");
    this.#change(sides.modified(side, payload));
  }

  /** They changed who sends; no answer is awaited, but our page has to make one. */
  #change(side: sides.Side): void {
    if (this.#pending) {
      this.#side = side;
      this.theirs = { ...this.theirs, filming: sides.isSending(side, sides.nameFor(side, "video")) };
      return this.#host.changed();
    }
    this.#due.push({ accepts: [] });
    this.#describe("offer", side);
  }
}

function toSignal({ mid, line, ufrag }: jingle.Candidate): Extract<CallSignal, { kind: "candidate" }> {
  return { kind: "candidate", mid, line, ...(ufrag && { ufrag }) };
}

function tie(): StanzaError {
  return new StanzaError("cancel", "conflict", undefined, "tie-break", jingle.JINGLE.errors);
}

function outOfOrder(): StanzaError {
  return new StanzaError("wait", "unexpected-request", undefined, "out-of-order", jingle.JINGLE.errors);
}
