import { toSdp } from "@plauder/protocol/jingle";
import { NS } from "@plauder/protocol/ns";
import { until } from "@plauder/protocol/testing/fake-platform";
import { type Element, el } from "@plauder/protocol/xml";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CallSignal, CallView } from "../api.ts";
import { Village, type Villager } from "../testing/village.ts";
import { RINGS } from "./calls.ts";

const JINGLE = "urn:xmpp:jingle:1";
const print = (byte: string): string => Array.from({ length: 32 }, () => byte).join(":");
const sdp = (setup: string, fingerprint: string): string =>
  [
    "v=0",
    "o=- 4611 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "c=IN IP4 0.0.0.0",
    "a=rtcp:9 IN IP4 0.0.0.0",
    "a=ice-ufrag:EsAw",
    "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
    `a=fingerprint:sha-256 ${fingerprint}`,
    `a=setup:${setup}`,
    "a=mid:0",
    "a=sendrecv",
    "a=rtcp-mux",
    "a=rtpmap:111 opus/48000/2",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "",
  ].join("\r\n");
const OFFER: CallSignal = { kind: "offer", sdp: sdp("actpass", print("AA")) };
const ANSWER: CallSignal = { kind: "answer", sdp: sdp("active", print("BB")) };
const CANDIDATE = "candidate:1 1 udp 2122260223 192.0.2.1 61665 typ host generation 0";

let village: Village;
let ana: Villager;
let bruno: Villager;

beforeEach(async () => {
  village = new Village();
  ana = await village.move("ana");
  bruno = await village.move("bruno");
  // They know each other: strangers cannot ring.
  const brunos = bruno.client.conversation(ana.jid);
  brunos.subscribe(() => undefined);
  await ana.client.conversation(bruno.jid).send("Oi");
  await until(() => brunos.get()?.messages.length === 1);
  await brunos.send("Oi");
  for (const { client } of [ana, bruno]) {
    client.calls.current.subscribe(() => undefined);
    client.calls.log.subscribe(() => undefined);
    client.calls.missed.subscribe(() => undefined);
  }
});

afterEach(() => {
  vi.useRealTimers();
  for (const { client } of [ana, bruno]) client.stop();
});

const call = ({ client }: Villager): CallView | undefined => client.calls.current.get();
const phase = (who: Villager): string | undefined => call(who)?.phase;
const log = ({ client }: Villager): string[] => (client.calls.log.get() ?? []).map(({ outcome }) => outcome);
const signals = (who: Villager): string[] => (call(who)?.signals ?? []).map(({ kind }) => kind);

/** Ana calls, Bruno answers, both agree on the media. */
async function talk(): Promise<string> {
  const id = await ana.client.calls.start(bruno.jid, false, "ana-page");
  await until(() => phase(bruno) === "ringing" && phase(ana) === "ringing", "it rings");
  await bruno.client.calls.answer(id, "bruno-page");
  await until(() => phase(ana) === "connecting", "both agree");
  await ana.client.calls.signal(id, OFFER);
  await until(() => signals(bruno).length === 1, "the offer");
  await bruno.client.calls.signal(id, ANSWER);
  await until(() => signals(ana).length === 1, "the answer");
  return id;
}

describe("a call", () => {
  it("rings, is answered, is proven, and stands in both logs", async () => {
    const id = await talk();
    expect(call(bruno)).toMatchObject({ chat: ana.jid, own: false, video: false, page: "bruno-page" });
    expect(signals(bruno)).toEqual(["offer"]);
    const [offer] = call(bruno)?.signals ?? [];
    expect(offer?.kind === "offer" && offer.sdp).toContain(`a=fingerprint:sha-256 ${print("AA")}`);
    await ana.client.calls.signal(id, { kind: "candidate", mid: "0", line: CANDIDATE, ufrag: "EsAw" });
    await until(() => signals(bruno).length === 2);
    expect(call(bruno)?.signals[1]).toEqual({ kind: "candidate", mid: "0", line: CANDIDATE, ufrag: "EsAw" });
    for (const { client } of [ana, bruno]) await client.calls.connected(id);
    await until(() => call(ana)?.proof === "proven" && call(bruno)?.proof === "proven", "proven");
    expect(phase(ana)).toBe("talking");
    await bruno.client.calls.hangUp(id);
    await until(() => call(ana)?.end === "they-hung-up");
    expect(call(bruno)?.end).toBe("hung-up");
    await until(() => `${log(ana)} ${log(bruno)}` === "talked talked", "both logs have it");
    await until(() => call(ana) === undefined, "the screen goes");
  });

  it("that somebody stands between is ended, and said so", async () => {
    const id = await ana.client.calls.start(bruno.jid, false, "ana-page");
    await until(() => phase(bruno) === "ringing");
    await bruno.client.calls.answer(id, "bruno-page");
    await until(() => phase(ana) === "connecting");
    // The server puts another fingerprint into what it passes on; inside OMEMO it cannot.
    village.tamper = (iq) => replaced(iq, print("AA"), print("CC"));
    await ana.client.calls.signal(id, OFFER);
    await until(() => call(bruno)?.end === "insecure", "Bruno's side ends it");
    await until(() => call(ana)?.end === "insecure", "Ana hears why");
  });

  it("is taken back, and was missed", async () => {
    const id = await ana.client.calls.start(bruno.jid, true, "p");
    await until(() => phase(bruno) === "ringing");
    expect(call(bruno)?.video).toBe(true);
    await ana.client.calls.hangUp(id);
    await until(() => call(bruno)?.end === "missed");
    await until(() => `${log(ana)} ${log(bruno)}` === "unanswered missed", "both logs have it");
    await until(() => bruno.client.calls.missed.get() === 1);
    await bruno.client.calls.logSeen();
    await until(() => bruno.client.calls.missed.get() === 0);
  });

  it("is declined", async () => {
    await ana.client.calls.start(bruno.jid, false, "p");
    await until(() => phase(bruno) === "ringing");
    await bruno.client.calls.hangUp(call(bruno)?.id as string);
    await until(() => call(ana)?.end === "declined");
    await until(() => `${log(ana)} ${log(bruno)}` === "unanswered declined", "both logs have it");
  });

  it("stops ringing where it is taken on another device", async () => {
    const tablet = await village.move("bruno");
    tablet.client.calls.current.subscribe(() => undefined);
    await tablet.client.conversation(ana.jid).send("from the tablet");
    const id = await ana.client.calls.start(bruno.jid, false, "p");
    await until(() => phase(bruno) === "ringing" && phase(tablet) === "ringing", "both ring");
    await tablet.client.calls.answer(id, "t");
    await until(() => call(bruno)?.end === "elsewhere");
    expect(log(bruno)).toEqual([]);
    tablet.client.stop();
  });

  it("goes on by the lower id when both call at once", async () => {
    village.disconnect(bruno);
    const own = await ana.client.calls.start(bruno.jid, false, "a");
    await village.reconnect(bruno);
    const other = own.replace(/^./, own[0] === "0" ? "1" : "0");
    bruno.server.push(proposal(ana, bruno, own, Date.now()));
    await until(() => phase(bruno) === "ringing");
    ana.server.push(proposal(bruno, ana, other, Date.now()));
    if (other < own) {
      await until(() => call(ana)?.id === other && phase(ana) === "connecting", "theirs goes on");
      expect(said("retract", own)?.get("tie-break")).toBeDefined();
      expect(said("proceed", other)).toBeDefined();
    } else {
      await until(() => said("reject", other) !== undefined, "ours goes on");
      expect(call(ana)?.id).toBe(own);
    }
  });

  it("tells a third that we are busy, and is noted as missed", async () => {
    await talk();
    const clara = await village.move("clara");
    clara.client.calls.current.subscribe(() => undefined);
    await ana.client.conversation(clara.jid).send("Oi Clara");
    await clara.client.calls.start(ana.jid, false, "c");
    await until(() => call(clara)?.end === "busy");
    await until(() => String(log(ana)) === "missed");
    expect(call(ana)?.chat).toBe(bruno.jid);
    clara.client.stop();
  });

  it("of a stranger or of somebody blocked does not ring", async () => {
    const mallory = await village.move("mallory");
    await mallory.client.calls.start(bruno.jid, false, "m");
    await until(() => said("propose") !== undefined);
    await bruno.client.conversation(ana.jid).send("something after it");
    expect(call(bruno)).toBeUndefined();
    mallory.client.stop();
  });

  it("that rang while nobody was here was missed, even after a restart", async () => {
    bruno.server.push(proposal(ana, bruno, "old", Date.now() - 2 * RINGS));
    await until(() => bruno.store.setting<object>("calls") !== undefined, "it is on disk");
    expect(call(bruno)).toBeUndefined();
    await until(() => log(bruno)[0] === "missed", "noted after a while", 8000);
  }, 10_000);
});

describe("what others say", () => {
  it("is refused where it does not belong to the call", async () => {
    await talk();
    const answers = (): Element[] =>
      bruno.server.received.filter(({ name, attrs }) => name === "iq" && attrs.type === "error");
    const ask = (from: string, action: string, sid: string): void =>
      bruno.server.push(
        el(
          "iq",
          NS.client,
          { from, to: bruno.server.jid, id: action, type: "set" },
          el("jingle", JINGLE, { action, sid }),
        ),
      );
    const sid = call(bruno)?.id as string;
    ask("mallory@example.org/x", "session-terminate", sid);
    ask(ana.server.jid, "session-terminate", "another");
    ask(ana.server.jid, "security-info", sid);
    ask(ana.server.jid, "session-initiate", sid);
    await until(() => answers().length === 4, "four refusals");
    expect(answers().map(({ attrs }) => attrs.id)).toEqual([
      "session-terminate",
      "session-terminate",
      "security-info",
      "session-initiate",
    ]);
    expect(phase(bruno)).toBe("connecting");
  });

  it.each([
    ["a line break", "a\r\na=evil", "sha-256"],
    ["a weak hash", "abcd", "sha-1"],
  ])("cannot smuggle %s into SDP", (_, ufrag, hash) => {
    const jingle = el(
      "jingle",
      JINGLE,
      {},
      el(
        "content",
        JINGLE,
        { name: "0" },
        el("description", "urn:xmpp:jingle:apps:rtp:1", { media: "audio" }),
        el(
          "transport",
          "urn:xmpp:jingle:transports:ice-udp:1",
          { ufrag, pwd: "p" },
          el("fingerprint", "urn:xmpp:jingle:apps:dtls:0", { hash, setup: "active" }, print("AA")),
        ),
      ),
    );
    const said = { role: "initiator", contents: jingle.all("content"), groups: [] } as const;
    expect(() => toSdp(said)).toThrow("bad-request");
  });
});

function proposal(from: Villager, to: Villager, id: string, at: number): Element {
  return el(
    "message",
    NS.client,
    { from: from.server.jid, to: to.jid, type: "chat", id: `m${id}` },
    el("propose", NS.jmi, { id }, el("description", "urn:xmpp:jingle:apps:rtp:1", { media: "audio" })),
    el("delay", NS.delay, { stamp: new Date(at).toISOString() }),
  );
}

/** The latest call message of that kind that passed the server. */
function said(act: string, id?: string): Element | undefined {
  return village.passed
    .flatMap((stanza) => stanza.all(act, NS.jmi))
    .filter((one) => id === undefined || one.attr("id") === id)
    .at(-1);
}

function replaced(element: Element, from: string, to: string): Element {
  const children = element.children.map((child) =>
    typeof child === "string" ? child.replace(from, to) : replaced(child, from, to),
  );
  return el(element.name, element.ns, element.attrs, ...children);
}
