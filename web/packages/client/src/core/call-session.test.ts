import { StanzaError } from "@plauder/protocol/errors";
import { type Element, parse } from "@plauder/protocol/xml";
import { beforeEach, describe, expect, it } from "vitest";
import type { CallSignal } from "../api.ts";
import { CallSession } from "./call-session.ts";

const print = (byte: string): string => Array.from({ length: 32 }, () => byte).join(":");
const PASSWORD = "P2uYro0UCOQ4zxjKXaWCBui1";
const JINGLE = "urn:xmpp:jingle:1";
const RTP = "urn:xmpp:jingle:apps:rtp:1";
const ICE = "urn:xmpp:jingle:transports:ice-udp:1";

interface Shape {
  readonly ufrag?: string;
  readonly byte?: string;
  readonly setup?: string;
  readonly video?: boolean;
}

/** A description as a browser writes it. */
function sdp({ ufrag = "aaaa", byte = "AA", setup = "actpass", video = false }: Shape): string {
  const transport = [
    "c=IN IP4 0.0.0.0",
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${PASSWORD}${ufrag}`,
    `a=fingerprint:sha-256 ${print(byte)}`,
    `a=setup:${setup}`,
    "a=sendrecv",
    "a=rtcp-mux",
  ];
  const media = (mid: number, kind: string, codec: string): string[] => [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${96 + mid}`,
    ...transport,
    `a=mid:${mid}`,
    `a=rtpmap:${96 + mid} ${codec}`,
  ];
  return [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    `a=group:BUNDLE 0${video ? " 1" : ""}`,
    ...media(0, "audio", "opus/48000/2"),
    ...(video ? media(1, "video", "VP8/90000") : []),
    "",
  ].join("\r\n");
}

const candidate = (ufrag: string, mid = "0"): CallSignal => ({
  kind: "candidate",
  mid,
  line: "candidate:1 1 udp 2122260223 192.0.2.1 61665 typ host generation 0",
  ufrag,
});

/** One end; what it asks goes to the other as it would by wire, and may be held back or heard by a test. */
class End {
  readonly session: CallSession;
  readonly heard: CallSignal[] = [];
  readonly asked: Element[] = [];
  readonly refusals: StanzaError[] = [];
  other: End | undefined;
  online = true;
  pictured = false;
  shown: string | undefined;
  /** Requests wait here while it is set. */
  held: (() => void)[] | undefined;

  constructor(own: boolean) {
    this.session = new CallSession({
      id: "c1",
      own,
      us: () => "us@example.org/x",
      isOnline: () => this.online,
      ask: (payload, refused) => {
        const sent = parse(payload.toString());
        this.asked.push(sent);
        const carry = (): void => {
          const error = this.other?.answer(sent);
          if (error) refused(error);
        };
        if (this.held) this.held.push(carry);
        else carry();
      },
      hand: (signals) => void this.heard.push(...signals),
      changed: () => undefined,
      pictured: () => {
        this.pictured = true;
      },
      shown: (prints) => {
        this.shown = prints;
      },
      seal: () => undefined,
      failed: () => undefined,
    });
  }

  answer(payload: Element): StanzaError | undefined {
    const action = payload.attr("action") ?? "";
    try {
      if (action === "session-initiate") this.session.offered(payload);
      else this.session.hear(action, payload);
      return undefined;
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      this.refusals.push(error);
      return error;
    }
  }

  say(kind: "offer" | "answer", shape: Shape): void {
    this.session.say({ kind, sdp: sdp(shape) });
  }

  /** The latest description it heard. */
  get description(): string {
    const last = this.heard.findLast((one) => one.kind === "offer" || one.kind === "answer");
    return last && "sdp" in last ? `${last.kind} ${last.sdp}` : "";
  }

  get kinds(): string[] {
    return this.heard.map(({ kind }) => kind);
  }

  get actions(): (string | undefined)[] {
    return this.asked.map((one) => one.attr("action"));
  }

  letGo(): void {
    const waiting = this.held ?? [];
    this.held = undefined;
    for (const carry of waiting) carry();
  }
}

let ana: End;
let bruno: End;
const A = { byte: "AA", ufrag: "aaaa" };
const B = { byte: "BB", ufrag: "bbbb", setup: "active" };

beforeEach(() => {
  ana = new End(true);
  bruno = new End(false);
  ana.other = bruno;
  bruno.other = ana;
  ana.say("offer", A);
  bruno.say("answer", B);
  for (const end of [ana, bruno]) {
    end.heard.length = 0;
    end.asked.length = 0;
  }
});

const contents = (payload: Element | undefined): (string | undefined)[] =>
  payload?.all("content").map((one) => `${one.attr("creator")} ${one.attr("name")} ${one.attr("senders")}`) ??
  [];

describe("pictures", () => {
  it("come when the other side agrees", () => {
    ana.say("offer", { ...A, video: true });
    expect(contents(ana.asked[0])).toEqual(["initiator 1 both"]);
    expect(ana.actions).toEqual(["content-add"]);
    expect([bruno.session.isAsked, bruno.heard]).toEqual([true, []]);

    bruno.session.consent(true);
    expect(bruno.session.isAsked).toBe(false);
    expect(bruno.description).toMatch(/^offer .*a=group:BUNDLE 0 1.*a=setup:actpass.*m=video 9/s);
    expect(bruno.session.theirs.filming).toBe(true);
    bruno.say("answer", { ...B, video: true });
    expect(contents(bruno.asked[0])).toEqual(["initiator 1 both"]);
    expect(bruno.actions).toEqual(["content-accept"]);
    // Who was "active" in the handshake stays so.
    expect(ana.description).toMatch(/^answer .*m=audio.*a=setup:active.*m=video 9.*a=setup:active/s);
    expect([ana.pictured, bruno.pictured]).toEqual([true, true]);
  });

  it("are asked for by who was called, too", () => {
    bruno.say("offer", { ...B, setup: "actpass", video: true });
    expect(contents(bruno.asked[0])).toEqual(["responder 1 both"]);
    ana.session.consent(true);
    ana.say("answer", { ...A, setup: "passive", video: true });
    expect(contents(ana.asked[0])).toEqual(["responder 1 both"]);
    expect(bruno.description).toMatch(/^answer .*m=video 9.*a=setup:passive/s);
  });

  it("do not come when the other side would rather not", () => {
    ana.say("offer", { ...A, video: true });
    bruno.session.consent(false);
    expect(bruno.actions).toEqual(["content-reject"]);
    expect(ana.heard).toEqual([{ kind: "rollback", why: "declined" }]);
    // It can be asked again.
    ana.say("offer", { ...A, video: true });
    expect(bruno.session.isAsked).toBe(true);
  });

  it("are not asked for any longer once that is taken back", () => {
    ana.say("offer", { ...A, video: true });
    ana.session.say({ kind: "rollback" });
    expect(ana.actions).toEqual(["content-add", "content-remove"]);
    expect(bruno.session.isAsked).toBe(false);
    bruno.session.consent(true);
    expect(bruno.heard).toEqual([]);
  });

  it("come at once when both ask at the same moment", () => {
    ana.held = [];
    bruno.held = [];
    ana.say("offer", { ...A, video: true });
    bruno.say("offer", { ...B, setup: "actpass", video: true });
    bruno.letGo();
    expect(ana.refusals.map(({ condition, app }) => [condition, app])).toEqual([["conflict", "tie-break"]]);
    ana.letGo();
    expect(bruno.kinds).toEqual(["rollback", "offer"]);
    bruno.say("answer", { ...B, video: true });
    expect(ana.kinds).toEqual(["answer"]);
    expect([ana.pictured, bruno.pictured]).toEqual([true, true]);
  });

  it("are refused by an app that cannot", () => {
    ana.other = undefined;
    ana.held = [];
    ana.say("offer", { ...A, video: true });
    ana.other = new End(false);
    ana.letGo();
    expect(ana.heard).toEqual([{ kind: "rollback", why: "failed" }]);
  });

  it("of an app that bundles without saying so again have the transport of the voice", () => {
    const add = `<jingle xmlns="${JINGLE}" action="content-add" sid="c1"><content creator="initiator" name="1">
      <description xmlns="${RTP}" media="video"><payload-type id="97" name="VP8" clockrate="90000"/><rtcp-mux/></description>
      <transport xmlns="${ICE}"/></content></jingle>`;
    expect(bruno.answer(parse(add))).toBeUndefined();
    bruno.session.consent(true);
    expect(bruno.description).toMatch(/a=group:BUNDLE 0 1.*m=video.*a=ice-ufrag:aaaa/s);
  });

  it("wait with their candidates until they are agreed on", () => {
    ana.say("offer", { ...A, video: true });
    ana.session.say(candidate("aaaa", "1"));
    expect(bruno.heard).toEqual([]);
    bruno.session.consent(true);
    expect(bruno.kinds).toEqual(["offer", "candidate"]);
  });

  it("go off and on without a new agreement", () => {
    ana.say("offer", { ...A, video: true });
    bruno.session.consent(true);
    bruno.say("answer", { ...B, video: true });
    bruno.session.tell({ muted: true, filming: false });
    expect(ana.session.theirs).toEqual({ muted: true, filming: false });
    bruno.session.tell({ muted: false, filming: true });
    expect(ana.session.theirs).toEqual({ muted: false, filming: true });
    // As other apps say it.
    const modify = (senders: string): string =>
      `<jingle xmlns="${JINGLE}" action="content-modify" sid="c1"><content creator="initiator" name="1" senders="${senders}"/></jingle>`;
    expect(ana.answer(parse(modify("initiator")))).toBeUndefined();
    expect(ana.session.theirs.filming).toBe(false);
    expect(ana.description).toMatch(/^offer .*m=video.*a=recvonly/s);
    ana.say("answer", { ...A, setup: "passive", video: true });
    expect(ana.answer(parse(modify("everybody")))?.condition).toBe("bad-request");
  });

  it("end when they are struck, and may come again", () => {
    ana.say("offer", { ...A, video: true });
    bruno.session.consent(true);
    bruno.say("answer", { ...B, video: true });
    const remove = `<jingle xmlns="${JINGLE}" action="content-remove" sid="c1"><content creator="initiator" name="1"/></jingle>`;
    expect(ana.answer(parse(remove))).toBeUndefined();
    expect(ana.description).toMatch(/m=video.*a=inactive/s);
    expect(ana.session.theirs.filming).toBe(false);
    expect(ana.answer(parse(remove))?.condition).toBe("item-not-found");
    ana.say("answer", { ...A, setup: "passive", video: true });
    ana.asked.length = 0;
    ana.say("offer", { ...A, video: true });
    expect(ana.actions).toEqual(["content-add"]);
  });

  it.each([
    [
      "a second voice",
      `<content name="7"><description xmlns="${RTP}" media="audio"/><transport xmlns="${ICE}"/></content>`,
    ],
    [
      "two pictures at once",
      ["7", "8"]
        .map(
          (name) =>
            `<content name="${name}"><description xmlns="${RTP}" media="video"/><transport xmlns="${ICE}"/></content>`,
        )
        .join(""),
    ],
  ])("are not %s", (_, inner) => {
    const add = `<jingle xmlns="${JINGLE}" action="content-add" sid="c1">${inner}</jingle>`;
    expect(bruno.answer(parse(add))).toBeUndefined();
    expect(bruno.actions).toEqual(["content-reject"]);
    expect(bruno.session.isAsked).toBe(false);
  });

  it.each([
    [
      "of a name there is",
      `<content name="0"><description xmlns="${RTP}" media="video"/><transport xmlns="${ICE}"/></content>`,
    ],
    ["of no kind", `<content name="7"/>`],
    ["of nothing", ""],
    ["with a line break", `<content name="7&#10;a=x"><description xmlns="${RTP}" media="video"/></content>`],
  ])("%s are refused", (_, inner) => {
    const add = `<jingle xmlns="${JINGLE}" action="content-add" sid="c1">${inner}</jingle>`;
    expect(bruno.answer(parse(add))?.condition).toBe("bad-request");
    expect(bruno.session.isAsked).toBe(false);
  });
});

describe("another network", () => {
  it("is told by new credentials, and answered by the first candidate found with new ones", () => {
    ana.say("offer", { ...A, ufrag: "a222" });
    expect(ana.actions).toEqual(["transport-info"]);
    const [transport] = ana.asked[0]?.all("content").flatMap((one) => one.all("transport", ICE)) ?? [];
    expect(transport?.attrs).toEqual({ ufrag: "a222", pwd: `${PASSWORD}a222` });
    expect(transport?.children).toEqual([]);
    expect(bruno.description).toMatch(/^offer .*a=ice-ufrag:a222.*a=setup:actpass/s);

    bruno.say("answer", { ...B, ufrag: "b222" });
    expect(bruno.asked).toEqual([]);
    expect(ana.heard).toEqual([]);
    bruno.session.say(candidate("b222"));
    expect(ana.kinds).toEqual(["answer", "candidate"]);
    expect(ana.description).toMatch(/a=ice-ufrag:b222.*a=setup:active/s);
    // Candidates go with the credentials they were found for.
    ana.asked.length = 0;
    ana.session.say(candidate("a222"));
    ana.session.say(candidate("aaaa"));
    const sent = ana.asked.map((one) => one.all("content")[0]?.get("transport", ICE)?.attr("pwd"));
    expect(sent).toEqual([`${PASSWORD}a222`, `${PASSWORD}aaaa`]);
    // What was found before is of no use any more.
    expect(bruno.kinds).toEqual(["offer", "candidate"]);
  });

  it("of both at once goes by who called", () => {
    ana.held = [];
    bruno.held = [];
    ana.say("offer", { ...A, ufrag: "a222" });
    bruno.say("offer", { ...B, setup: "actpass", ufrag: "b333" });
    bruno.letGo();
    expect(ana.refusals[0]?.app).toBe("tie-break");
    ana.letGo();
    expect(bruno.kinds).toEqual(["rollback", "offer"]);
    bruno.say("answer", { ...B, ufrag: "b222" });
    bruno.session.say(candidate("b222"));
    expect(ana.kinds).toEqual(["answer", "candidate"]);
  });

  it("cannot be told without a line, and an answer to what was given up is no offer", () => {
    ana.online = false;
    expect(() => ana.say("offer", { ...A, ufrag: "a222" })).toThrow("offline");
    ana.online = true;
    ana.say("offer", { ...A, ufrag: "a222" });
    expect(() => ana.say("offer", { ...A, ufrag: "a333" })).toThrow("conflict");
    ana.session.say({ kind: "rollback" });
    bruno.say("answer", { ...B, ufrag: "b222" });
    bruno.session.say(candidate("b222"));
    expect(ana.heard).toEqual([]);
  });

  it("is no matter of pictures that were refused before", () => {
    const idle = sdp({ ...A, ufrag: "a222", video: true }).replace(
      /a=sendrecv(?!.*a=sendrecv)/s,
      "a=inactive",
    );
    ana.session.say({ kind: "offer", sdp: idle });
    expect(ana.actions).toEqual(["transport-info"]);
    expect(ana.asked[0]?.all("content").map((one) => one.attr("name"))).toEqual(["0"]);
    bruno.say("answer", { ...B, ufrag: "b222" });
    bruno.session.say(candidate("b222"));
    // Our own description has a second line; so must what answers it.
    expect(ana.description).toMatch(/^answer .*m=audio 9.*m=video 0 UDP/s);
  });

  it("leaves the fingerprints as they were proven", () => {
    const before = bruno.shown;
    ana.say("offer", { ...A, ufrag: "a222", byte: "EE" });
    expect(bruno.shown).toBe(before);
  });
});

it("an answer may leave pictures out", () => {
  const end = new End(true);
  end.say("offer", { ...A, video: true });
  const accept = end.asked[0]?.all("content")[0] as Element;
  const payload = parse(
    `<jingle xmlns="${JINGLE}" action="session-accept" sid="c1">${String(accept).replaceAll("actpass", "passive")}</jingle>`,
  );
  expect(end.answer(payload)).toBeUndefined();
  expect(end.description).toMatch(/m=audio 9.*m=video 0 UDP/s);
  expect(end.session.theirs.filming).toBe(false);
});

it("what a session-info may say is known, and the rest refused", () => {
  const info = (inner: string): Element =>
    parse(`<jingle xmlns="${JINGLE}" action="session-info" sid="c1">${inner}</jingle>`);
  expect(ana.answer(info(""))).toBeUndefined();
  expect(ana.answer(info('<mute xmlns="urn:xmpp:jingle:apps:rtp:info:1"/>'))).toBeUndefined();
  expect(ana.session.theirs.muted).toBe(true);
  expect(ana.answer(info('<dance xmlns="urn:example"/>'))?.app).toBe("unsupported-info");
});
