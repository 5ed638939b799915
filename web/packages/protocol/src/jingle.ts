/**
 * Jingle sessions with RTP (XEP-0166, XEP-0167) as WebRTC's session descriptions (RFC 8829), and back.
 *
 * What a browser writes into SDP becomes `<content/>` elements: payload types with feedback (XEP-0293), header extensions
 * (XEP-0294), sources (XEP-0339), ICE (XEP-0176), DTLS fingerprints (XEP-0320) and bundling (XEP-0338). What a peer says is
 * checked word by word before it becomes a line of SDP, for SDP has no quoting.
 */
import * as SDP from "sdp";
import { StanzaError } from "./errors.ts";
import { NS } from "./ns.ts";
import { type Element, el } from "./xml.ts";

export const JINGLE = {
  session: "urn:xmpp:jingle:1",
  rtp: "urn:xmpp:jingle:apps:rtp:1",
  feedback: "urn:xmpp:jingle:apps:rtp:rtcp-fb:0",
  extensions: "urn:xmpp:jingle:apps:rtp:rtp-hdrext:0",
  sources: "urn:xmpp:jingle:apps:rtp:ssma:0",
  grouping: "urn:xmpp:jingle:apps:grouping:0",
  dtls: "urn:xmpp:jingle:apps:dtls:0",
  ice: "urn:xmpp:jingle:transports:ice-udp:1",
  info: "urn:xmpp:jingle:apps:rtp:info:1",
  errors: "urn:xmpp:jingle:errors:1",
} as const;

/** What a client that takes calls says it can do (XEP-0167 §11, XEP-0479 "A/V calling"). */
export const CALL_FEATURES: readonly string[] = [
  NS.jmi,
  JINGLE.session,
  JINGLE.rtp,
  `${JINGLE.rtp.slice(0, -1)}audio`,
  `${JINGLE.rtp.slice(0, -1)}video`,
  JINGLE.feedback,
  JINGLE.extensions,
  JINGLE.sources,
  JINGLE.grouping,
  JINGLE.dtls,
  JINGLE.ice,
];

/** Conditions of XEP-0166 §7.4 that we say; others are understood as what they are nearest to. */
export type EndReason =
  | "success"
  | "busy"
  | "decline"
  | "cancel"
  | "timeout"
  | "expired"
  | "gone"
  | "connectivity-error"
  | "security-error"
  | "media-error"
  | "failed-application";

/** Who begins the DTLS handshake (RFC 5763 §5). */
export type Setup = "actpass" | "active" | "passive";

/** Who writes a description: decides what `senders` means in its SDP. */
export type Role = "initiator" | "responder";

/** One ICE candidate as `RTCIceCandidateInit` has it. */
export interface Candidate {
  readonly mid: string;
  /** `candidate:…`; empty at the end of candidates. */
  readonly line: string;
  readonly ufrag?: string | undefined;
}

/** SHA-256 and stronger; weaker hashes prove nothing. */
const HASHES: ReadonlySet<string> = new Set(["sha-256", "sha-384", "sha-512"]);
const MOST = { contents: 8, payloads: 64, parameters: 64, extensions: 32, sources: 64, candidates: 64 };

// --- Out: SDP to Jingle --------------------------------------------------------------------------------------

/** What of a description is said, and by whom. */
export interface Saying {
  readonly action: "session-initiate" | "session-accept" | "content-add" | "content-accept";
  readonly sid: string;
  /** Who we are. */
  readonly role: Role;
  readonly us: string;
  /** Who brought the contents in; the initiator those of the beginning. */
  readonly creator?: Role;
  /** Only these contents; all, if left out. */
  readonly only?: readonly string[];
}

/** `<jingle/>` that says what a local description says. */
export function describe(sdp: string, { action, sid, role, us, creator, only }: Saying): Element {
  const session = SDP.getDescription(sdp);
  const bundles = SDP.matchPrefix(session, "a=group:").map((line) => line.slice(8).split(" "));
  const groups = bundles.map(([semantics, ...mids]) =>
    el(
      "group",
      JINGLE.grouping,
      { semantics },
      ...mids.map((name) => el("content", JINGLE.grouping, { name })),
    ),
  );
  const contents = SDP.getMediaSections(sdp)
    .filter((media) => !only || only.includes(SDP.getMid(media)))
    .map((media) => content(media, session, role, creator));
  const named = action.startsWith("session-") ? { [role]: us } : {};
  return el("jingle", JINGLE.session, { action, sid, ...named }, ...groups, ...contents);
}

function content(media: string, session: string, role: Role, creator: Role = "initiator"): Element {
  const senders = { sendrecv: "both", inactive: "none", sendonly: role, recvonly: other(role) }[
    SDP.getDirection(media, session)
  ];
  const attrs = { creator, name: SDP.getMid(media), senders };
  return el("content", JINGLE.session, attrs, description(media), transport(media, session));
}

function description(media: string): Element {
  const { codecs, headerExtensions } = SDP.parseRtpParameters(media);
  return el(
    "description",
    JINGLE.rtp,
    { media: SDP.getKind(media) },
    ...codecs.map(payloadType),
    ...headerExtensions.map(({ id, uri, direction }) =>
      el("rtp-hdrext", JINGLE.extensions, { id, uri, senders: extensionSenders(direction) }),
    ),
    SDP.matchPrefix(media, "a=extmap-allow-mixed").length > 0 && el("extmap-allow-mixed", JINGLE.extensions),
    ...sources(media),
    SDP.matchPrefix(media, "a=rtcp-mux").length > 0 && el("rtcp-mux", JINGLE.rtp),
  );
}

function extensionSenders(direction: string | undefined): string | undefined {
  return direction === undefined || direction === "sendrecv" ? undefined : direction;
}

function payloadType(codec: SDP.SDPCodec): Element {
  const { payloadType: id, name, clockRate: clockrate, channels } = codec;
  return el(
    "payload-type",
    JINGLE.rtp,
    { id, name, clockrate, channels: channels > 1 ? channels : undefined },
    ...Object.entries(codec.parameters ?? {}).map(([key, value]: [string, string | undefined]) =>
      // RFC 4733's `0-16` and the like have no name; XEP-0167 wants one, and clients agree on the empty one.
      value === undefined
        ? el("parameter", JINGLE.rtp, { name: "", value: key })
        : el("parameter", JINGLE.rtp, { name: key, value }),
    ),
    ...(codec.rtcpFeedback ?? []).map(({ type, parameter }) =>
      el("rtcp-fb", JINGLE.feedback, { type, subtype: parameter || undefined }),
    ),
  );
}

function sources(media: string): Element[] {
  const lines = SDP.matchPrefix(media, "a=ssrc:").map((line) => SDP.parseSsrcMedia(line));
  const groups = SDP.matchPrefix(media, "a=ssrc-group:").map((line) => SDP.parseSsrcGroup(line));
  return [
    ...[...new Set(lines.map(({ ssrc }) => ssrc))].map((ssrc) =>
      el(
        "source",
        JINGLE.sources,
        { ssrc },
        ...lines
          .filter((line) => line.ssrc === ssrc && line.attribute)
          .map(({ attribute: name, value }) => el("parameter", JINGLE.sources, { name, value })),
      ),
    ),
    ...groups.map(({ semantics, ssrcs }) =>
      el(
        "ssrc-group",
        JINGLE.sources,
        { semantics },
        ...ssrcs.map((ssrc) => el("source", JINGLE.sources, { ssrc })),
      ),
    ),
  ];
}

function transport(media: string, session: string): Element {
  const ice = SDP.getIceParameters(media, session);
  const { fingerprints } = SDP.getDtlsParameters(media, session);
  const setup = [...SDP.matchPrefix(media, "a=setup:"), ...SDP.matchPrefix(session, "a=setup:")][0]?.slice(8);
  return el(
    "transport",
    JINGLE.ice,
    { ufrag: ice?.usernameFragment, pwd: ice?.password },
    ...fingerprints.map(({ algorithm: hash, value }) =>
      el("fingerprint", JINGLE.dtls, { hash, setup }, value),
    ),
    ...SDP.matchPrefix(media, "a=candidate:").map((line) => candidate(line.slice(2))),
  );
}

function candidate(line: string): Element {
  const one = SDP.parseCandidate(line);
  const generation = /\bgeneration (\d+)/.exec(line)?.[1] ?? 0;
  return el("candidate", JINGLE.ice, {
    component: { rtp: 1, rtcp: 2 }[one.component as string] ?? one.component,
    foundation: one.foundation,
    generation,
    id: one.foundation + one.port,
    ip: one.address,
    port: one.port,
    priority: one.priority,
    protocol: one.protocol,
    type: one.type,
    "rel-addr": one.relatedAddress,
    "rel-port": one.relatedPort,
    tcptype: one.tcpType,
  });
}

/** `<jingle action="transport-info"/>` with one more candidate (XEP-0176 §5.6). */
export function trickle(sid: string, { mid, line, ufrag }: Candidate, pwd: string | undefined): Element {
  return el(
    "jingle",
    JINGLE.session,
    { action: "transport-info", sid },
    el(
      "content",
      JINGLE.session,
      { creator: "initiator", name: mid },
      el("transport", JINGLE.ice, { ufrag, pwd }, candidate(line)),
    ),
  );
}

/**
 * `<jingle action="transport-info"/>` with new credentials and no candidates: the wish to begin ICE anew. XEP-0176 §5.8
 * leaves open how the answer looks; clients agree that it is the first candidate with new credentials from there.
 */
export function restart(sid: string, sdp: string, only: readonly string[]): Element {
  const session = SDP.getDescription(sdp);
  const meant = SDP.getMediaSections(sdp).filter((media) => only.includes(SDP.getMid(media)));
  const contents = meant.map((media) => {
    const { usernameFragment: ufrag, password: pwd } = SDP.getIceParameters(media, session) ?? {};
    const attrs = { creator: "initiator", name: SDP.getMid(media) };
    return el("content", JINGLE.session, attrs, el("transport", JINGLE.ice, { ufrag, pwd }));
  });
  return el("jingle", JINGLE.session, { action: "transport-info", sid }, ...contents);
}

/** Says no to contents, or takes them back: only their names. */
export function strike(
  action: "content-reject" | "content-remove",
  sid: string,
  names: readonly string[],
  creator: Role,
): Element {
  const contents = names.map((name) => el("content", JINGLE.session, { creator, name }));
  return el("jingle", JINGLE.session, { action, sid }, ...contents);
}

/** XEP-0167 §10.3: a microphone or camera of ours is off (`mute`) or on again. */
export function info(sid: string, act: "mute" | "unmute", name: string): Element {
  const said = el(act, JINGLE.info, { creator: "initiator", name });
  return el("jingle", JINGLE.session, { action: "session-info", sid }, said);
}

export function terminate(sid: string, reason: EndReason): Element {
  return el(
    "jingle",
    JINGLE.session,
    { action: "session-terminate", sid },
    el("reason", JINGLE.session, {}, el(reason, JINGLE.session)),
  );
}

// --- In: Jingle to SDP ---------------------------------------------------------------------------------------

/** The reason somebody gives for an end, if it is one we know. */
export function readReason(parent: Element): EndReason | undefined {
  const condition = parent.get("reason", JINGLE.session)?.elements()[0]?.name;
  return condition as EndReason | undefined;
}

/** What a peer's side of a session says; `role` is theirs. */
export interface Said {
  readonly role: Role;
  readonly contents: readonly Element[];
  readonly groups: readonly Element[];
}

/** As SDP. `setup` overrides what they said of DTLS. Throws `StanzaError` for what makes no sense. */
export function toSdp({ contents: all, groups, role }: Said, setup?: Setup): string {
  const contents = few(all, MOST.contents);
  if (contents.length === 0) throw refused("nothing is offered");
  const bundles = groups
    .slice(0, 4)
    .map((group) => [
      word(group, "semantics"),
      ...few(group.all("content"), MOST.contents).map((one) => word(one, "name")),
    ]);
  return [
    "v=0",
    "o=- 1 1 IN IP4 0.0.0.0",
    "s=-",
    "t=0 0",
    ...bundles.map((bundle) => `a=group:${bundle.join(" ")}`),
    ...contents.flatMap((one) =>
      one.get("description", JINGLE.rtp) ? mediaLines(one, role, setup) : refusal(one),
    ),
    "",
  ].join("\r\n");
}

/** A content that is not wanted keeps its place (RFC 3264 §6): `media` says of which kind it was. */
function refusal(content: Element): string[] {
  const media = checked(content, "media", /^(audio|video)$/);
  return [
    `m=${media} 0 UDP/TLS/RTP/SAVPF 0`,
    "c=IN IP4 0.0.0.0",
    `a=mid:${word(content, "name")}`,
    "a=inactive",
  ];
}

function mediaLines(content: Element, role: Role, setup?: Setup): string[] {
  const description = content.get("description", JINGLE.rtp);
  const transport = content.get("transport", JINGLE.ice);
  const media = description?.attr("media");
  if (!description || !transport || (media !== "audio" && media !== "video"))
    throw refused("not a call over RTP and ICE");
  const payloads = few(description.all("payload-type"), MOST.payloads);
  const ids = payloads.map((one) => number(one, "id", 127));
  const directions: Readonly<Record<string, string>> = {
    both: "sendrecv",
    none: "inactive",
    [role]: "sendonly",
    [other(role)]: "recvonly",
  };
  const direction = directions[content.attr("senders") ?? "both"];
  if (!direction) throw refused("senders");
  return [
    `m=${media} 9 UDP/TLS/RTP/SAVPF ${ids.join(" ")}`,
    "c=IN IP4 0.0.0.0",
    "a=rtcp:9 IN IP4 0.0.0.0",
    ...transportLines(transport, setup),
    `a=mid:${word(content, "name")}`,
    `a=${direction}`,
    ...extensionLines(description),
    ...(description.get("rtcp-mux") ? ["a=rtcp-mux"] : []),
    ...payloads.flatMap(payloadLines),
    ...sourceLines(description),
    ...few(transport.all("candidate"), MOST.candidates).map((one) => `a=${candidateLine(one)}`),
  ];
}

function transportLines(transport: Element, override?: Setup): string[] {
  const fingerprints = transport.all("fingerprint", JINGLE.dtls);
  if (fingerprints.length === 0 || fingerprints.length > 4) throw refused("no fingerprint");
  const setup = override ?? fingerprints[0]?.attr("setup");
  if (setup !== "actpass" && setup !== "active" && setup !== "passive") throw refused("setup");
  return [
    `a=ice-ufrag:${word(transport, "ufrag")}`,
    `a=ice-pwd:${word(transport, "pwd")}`,
    "a=ice-options:trickle",
    ...fingerprints.map((one) => {
      const { hash, value } = readFingerprint(one);
      return `a=fingerprint:${hash} ${value}`;
    }),
    `a=setup:${setup}`,
  ];
}

function extensionLines(description: Element): string[] {
  const lines = few(description.all("rtp-hdrext", JINGLE.extensions), MOST.extensions).map((one) => {
    const direction = one.attr("senders");
    const suffix = direction && /^(sendonly|recvonly|inactive)$/.test(direction) ? `/${direction}` : "";
    return `a=extmap:${number(one, "id", 255)}${suffix} ${word(one, "uri")}`;
  });
  return description.get("extmap-allow-mixed", JINGLE.extensions)
    ? ["a=extmap-allow-mixed", ...lines]
    : lines;
}

function payloadLines(payload: Element): string[] {
  const id = number(payload, "id", 127);
  const channels = payload.attr("channels") === undefined ? 1 : number(payload, "channels", 32);
  const name = payload.attr("name") === undefined ? undefined : word(payload, "name");
  const rate = payload.attr("clockrate") === undefined ? 8000 : number(payload, "clockrate", 1_000_000);
  const parameters = few(payload.all("parameter"), MOST.parameters).map((one) =>
    one.attr("name") ? `${token(one, "name")}=${token(one, "value")}` : token(one, "value"),
  );
  const feedback = few(payload.all("rtcp-fb", JINGLE.feedback), MOST.parameters).map((one) =>
    [word(one, "type"), ...(one.attr("subtype") ? [line(one, "subtype")] : [])].join(" "),
  );
  return [
    ...(name ? [`a=rtpmap:${id} ${name}/${rate}${channels > 1 ? `/${channels}` : ""}`] : []),
    ...feedback.map((one) => `a=rtcp-fb:${id} ${one}`),
    ...(parameters.length ? [`a=fmtp:${id} ${parameters.join(";")}`] : []),
  ];
}

function sourceLines(description: Element): string[] {
  const groups = few(description.all("ssrc-group", JINGLE.sources), MOST.sources).map((group) => {
    const members = few(group.all("source"), MOST.sources).map((one) => number(one, "ssrc", 0xffffffff));
    return `a=ssrc-group:${word(group, "semantics")} ${members.join(" ")}`;
  });
  const lines = few(description.all("source", JINGLE.sources), MOST.sources).flatMap((source) => {
    const ssrc = number(source, "ssrc", 0xffffffff);
    return few(source.all("parameter"), 8).map((one) => {
      const value = one.attr("value") === undefined ? "" : `:${line(one, "value")}`;
      return `a=ssrc:${ssrc} ${word(one, "name")}${value}`;
    });
  });
  return [...groups, ...lines];
}

function candidateLine(one: Element): string {
  const attrs = ["foundation", "component", "protocol", "priority", "ip", "port"] as const;
  const [foundation, component, protocol, priority, ip, port] = attrs.map((name) => word(one, name));
  const parts = [`candidate:${foundation}`, component, protocol?.toLowerCase(), priority, ip, port];
  parts.push("typ", word(one, "type"));
  if (one.attr("rel-addr") && one.attr("rel-port"))
    parts.push("raddr", word(one, "rel-addr"), "rport", word(one, "rel-port"));
  if (one.attr("tcptype")) parts.push("tcptype", word(one, "tcptype"));
  parts.push("generation", one.attr("generation") ? word(one, "generation") : "0");
  return parts.join(" ");
}

/** The candidates in a `transport-info`. Throws `StanzaError`. */
export function readCandidates(jingle: Element): Candidate[] {
  return few(jingle.all("content"), MOST.contents).flatMap((content) => {
    const transport = content.get("transport", JINGLE.ice);
    const ufrag = transport?.attr("ufrag") ? word(transport, "ufrag") : undefined;
    return few(transport?.all("candidate") ?? [], MOST.candidates).map((one) => ({
      mid: word(content, "name"),
      line: candidateLine(one),
      ufrag,
    }));
  });
}

// --- Fingerprints --------------------------------------------------------------------------------------------

export interface Fingerprint {
  readonly hash: string;
  readonly value: string;
}

/** Throws `StanzaError`. */
export function readFingerprint(element: Element): Fingerprint {
  const hash = (element.attr("hash") ?? "").toLowerCase();
  const value = element.text().trim().toUpperCase();
  if (!HASHES.has(hash) || !/^([0-9A-F]{2}:){31,63}[0-9A-F]{2}$/.test(value)) throw refused("fingerprint");
  return { hash, value };
}

/** All fingerprints of a description, of ours or theirs, each once, as `hash value`. */
export function fingerprintsOf(sdp: string): string[] {
  const lines = SDP.matchPrefix(sdp, "a=fingerprint:").map((line) => SDP.parseFingerprint(line));
  return [...new Set(lines.map(({ algorithm, value }) => `${algorithm} ${value}`))].sort();
}

/** `ice-ufrag` and `ice-pwd` of a description, which candidates are sent with. */
export function credentialsOf(sdp: string): { readonly ufrag: string; readonly pwd: string } {
  const first = (prefix: string): string => SDP.matchPrefix(sdp, prefix)[0]?.slice(prefix.length) ?? "";
  return { ufrag: first("a=ice-ufrag:"), pwd: first("a=ice-pwd:") };
}

/** A content of a description of ours. */
export interface OwnContent {
  readonly name: string;
  readonly media: string;
  /** Nobody sends: it is there, but not meant. */
  readonly idle: boolean;
}

/** In order. */
export function contentsOf(sdp: string): readonly OwnContent[] {
  const session = SDP.getDescription(sdp);
  return SDP.getMediaSections(sdp).map((media) => ({
    name: SDP.getMid(media),
    media: SDP.getKind(media),
    idle: SDP.getDirection(media, session) === "inactive",
  }));
}

/** What the other end has to be if we are what our answer says. */
export function counterpart(sdp: string): Setup {
  return SDP.matchPrefix(sdp, "a=setup:")[0]?.slice(8) === "passive" ? "active" : "passive";
}

// --- Words ---------------------------------------------------------------------------------------------------

export function other(role: Role): Role {
  return role === "initiator" ? "responder" : "initiator";
}

export function refused(why: string): StanzaError {
  return new StanzaError("modify", "bad-request", why);
}

export function few<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length > most) throw refused("too much");
  return list;
}

function checked(element: Element, name: string, pattern: RegExp): string {
  const value = element.attr(name);
  if (value === undefined || value.length > 1024 || !pattern.test(value)) throw refused(name);
  return value;
}

/** No spaces, nothing that is not printable. */
export const word = (element: Element, name: string): string => checked(element, name, /^[\x21-\x7e]+$/);
/** Part of a list that `;` divides. */
const token = (element: Element, name: string): string => checked(element, name, /^[\x20-\x3a\x3c-\x7e]+$/);
/** The rest of a line. */
const line = (element: Element, name: string): string => checked(element, name, /^[\x20-\x7e]*$/);

function number(element: Element, name: string, most: number): number {
  const value = Number(checked(element, name, /^\d{1,10}$/));
  if (value > most) throw refused(name);
  return value;
}
