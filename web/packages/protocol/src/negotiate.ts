/**
 * From an open socket to a usable stream: SASL2 with Bind 2, FAST and inline resumption where offered (XEP-0388,
 * 0386, 0484, 0198), else SASL and resource binding as in RFC 6120, with the same outcome.
 */
import { fromBase64, toBase64 } from "./bytes.ts";
import { AuthenticationFailed, ProtocolViolation } from "./errors.ts";
import { domainOf, localOf, resourceOf } from "./jid.ts";
import { NS } from "./ns.ts";
import type { Platform } from "./platform.ts";
import { chooseScram, FAST_MECHANISM, fastInitial, fastVerify, Scram } from "./scram.ts";
import type { Wire } from "./wire.ts";
import { type Element, el } from "./xml.ts";

const STEP_TIMEOUT = 20_000;

export interface Credential {
  /** Bare, or full to ask for this resource. */
  readonly jid: string;
  readonly password: string;
  /** From an earlier login (XEP-0484). */
  readonly token?: FastToken | undefined;
  /** A UUID, stable for this installation (XEP-0388 §2.5). */
  readonly userAgentId: string;
  readonly software: string;
  readonly device: string;
}

export interface FastToken {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expires: number;
  /** How often it was tried: XEP-0484 §3.4 lets the server refuse a login that it saw, or could have seen, before. */
  readonly count: number;
}

export interface Resume {
  readonly id: string;
  /** Stanzas of the server that we have dealt with. */
  readonly handled: number;
}

export interface Negotiated {
  /** Our full JID. When resumed it's that of the stream before, so it is undefined here. */
  readonly jid: string | undefined;
  /** Undefined: the server offers no stream management. */
  readonly management: { readonly id: string; readonly resumable: boolean; readonly max: number } | undefined;
  /** Set when the earlier stream goes on: stanzas of ours the server has. */
  readonly resumed: { readonly handled: number } | undefined;
  /** Set when the earlier stream is gone but the server still told how far it came (XEP-0198 §5). */
  readonly lostAt: number | undefined;
  readonly carbons: boolean;
  readonly token: FastToken | undefined;
  /** The token was refused; forget it. */
  readonly tokenRefused: boolean;
  readonly features: Element;
}

export async function negotiate(
  wire: Wire,
  platform: Platform,
  credential: Credential,
  resume: Resume | undefined,
): Promise<Negotiated> {
  const features = await openStream(wire, credential);
  const sasl2 = features.get("authentication", NS.sasl2);
  if (sasl2 && mechanismsOf(sasl2).some((name) => chooseScram([name]))) {
    return await authenticate2(wire, platform, credential, resume, sasl2);
  }
  return await authenticate1(wire, platform, credential, resume, features);
}

async function openStream(wire: Wire, credential: Credential): Promise<Element> {
  wire.send(el("open", NS.framing, { to: domainOf(credential.jid), version: "1.0", "xml:lang": "en" }));
  const opened = await wire.receive(STEP_TIMEOUT);
  if (!opened.is("open", NS.framing)) throw new ProtocolViolation(`<${opened.name}/> instead of <open/>`);
  return await expectFeatures(wire);
}

async function expectFeatures(wire: Wire): Promise<Element> {
  const features = await wire.receive(STEP_TIMEOUT);
  if (!features.is("features", NS.stream))
    throw new ProtocolViolation(`<${features.name}/> instead of features`);
  return features;
}

function mechanismsOf(offer: Element | undefined): string[] {
  return offer ? offer.all("mechanism").map((mechanism) => mechanism.text().trim()) : [];
}

function scramFor(platform: Platform, credential: Credential, offered: string[]): Scram {
  const mechanism = chooseScram(offered);
  if (!mechanism) throw new AuthenticationFailed("invalid-mechanism", `offered: ${offered.join(" ")}`);
  return new Scram(platform, mechanism, localOf(credential.jid), credential.password, offered);
}

// ------------------------------------------------------------------------------------------------ SASL2

async function authenticate2(
  wire: Wire,
  platform: Platform,
  credential: Credential,
  resume: Resume | undefined,
  offer: Element,
): Promise<Negotiated> {
  const inline = offer.get("inline");
  const canFast = mechanismsOf(inline?.get("fast", NS.fast)).includes(FAST_MECHANISM);
  const token =
    canFast && credential.token && credential.token.expires > platform.now() ? credential.token : undefined;
  const requests = inlineRequests(credential, resume, inline, canFast);
  let tokenRefused = false;
  if (token) {
    const data = await fastInitial(platform, localOf(credential.jid), token.token);
    wire.send(
      authenticateElement(FAST_MECHANISM, data, credential, [
        ...requests,
        el("fast", NS.fast, { count: String(token.count) }),
      ]),
    );
    const answer = await wire.receive(STEP_TIMEOUT);
    if (answer.is("success", NS.sasl2)) {
      await fastVerify(platform, token.token, fromBase64(answer.textOf("additional-data") ?? ""));
      return await finish2(wire, answer, token, false);
    }
    if (!answer.is("failure", NS.sasl2))
      throw new ProtocolViolation(`<${answer.name}/> instead of an outcome`);
    tokenRefused = true;
  }
  const scram = scramFor(platform, credential, mechanismsOf(offer));
  wire.send(authenticateElement(scram.mechanism, scram.first(), credential, requests));
  const success = await exchange(wire, scram, NS.sasl2);
  scram.verify(fromBase64(success.textOf("additional-data") ?? ""));
  return await finish2(wire, success, undefined, tokenRefused);
}

function authenticateElement(
  mechanism: string,
  data: Uint8Array,
  who: Credential,
  requests: Element[],
): Element {
  return el(
    "authenticate",
    NS.sasl2,
    { mechanism },
    el("initial-response", NS.sasl2, {}, toBase64(data)),
    el(
      "user-agent",
      NS.sasl2,
      { id: who.userAgentId },
      el("software", NS.sasl2, {}, who.software),
      el("device", NS.sasl2, {}, who.device),
    ),
    ...requests,
  );
}

function inlineRequests(
  credential: Credential,
  resume: Resume | undefined,
  inline: Element | undefined,
  canFast: boolean,
): Element[] {
  const requests: Element[] = [];
  const bind = inline?.get("bind", NS.bind2);
  if (bind) {
    const offered = new Set(
      bind
        .get("inline")
        ?.all("feature")
        .map((feature) => feature.attr("var")),
    );
    requests.push(
      el(
        "bind",
        NS.bind2,
        {},
        el("tag", NS.bind2, {}, credential.software),
        offered.has(NS.carbons) && el("enable", NS.carbons),
        offered.has(NS.sm) && el("enable", NS.sm, { resume: "true" }),
      ),
    );
  }
  if (resume && inline?.get("sm", NS.sm))
    requests.push(el("resume", NS.sm, { previd: resume.id, h: resume.handled }));
  if (canFast) requests.push(el("request-token", NS.fast, { mechanism: FAST_MECHANISM }));
  return requests;
}

async function finish2(
  wire: Wire,
  success: Element,
  used: FastToken | undefined,
  tokenRefused: boolean,
): Promise<Negotiated> {
  const fresh = success.get("token", NS.fast);
  const expires = Date.parse(fresh?.attr("expiry") ?? "");
  const value = fresh?.attr("token");
  const token = value && expires ? { token: value, expires, count: 0 } : used;
  const resumed = success.get("resumed", NS.sm);
  const failed = success.get("failed", NS.sm) ?? success.get("bound", NS.bind2)?.get("failed", NS.sm);
  const bound = success.get("bound", NS.bind2);
  const enabled = bound?.get("enabled", NS.sm);
  if (resumed) {
    // A resumed stream needs no features; servers that send them all the same are not listened to.
    const common = { token, tokenRefused, features: el("features", NS.stream) };
    return { ...common, jid: undefined, carbons: true, lostAt: undefined, ...resumedState(resumed) };
  }
  const features = await expectFeatures(wire);
  const common = { token, tokenRefused, features };
  if (!bound) {
    const bind = await bindResource(wire, "");
    const management = await enableManagement(wire, features);
    return {
      ...common,
      jid: bind,
      carbons: false,
      resumed: undefined,
      lostAt: handledIn(failed),
      management,
    };
  }
  const jid = success.textOf("authorization-identifier") ?? "";
  if (!resourceOf(jid)) throw new ProtocolViolation("bound without a resource");
  const management = enabled ? managementOf(enabled) : await enableManagement(wire, features);
  const carbons = bound.get("enabled", NS.carbons) !== undefined;
  return { ...common, jid, carbons, resumed: undefined, lostAt: handledIn(failed), management };
}

// ------------------------------------------------------------------------------------------------ SASL, RFC 6120

async function authenticate1(
  wire: Wire,
  platform: Platform,
  credential: Credential,
  resume: Resume | undefined,
  offer: Element,
): Promise<Negotiated> {
  const scram = scramFor(platform, credential, mechanismsOf(offer.get("mechanisms", NS.sasl)));
  wire.send(el("auth", NS.sasl, { mechanism: scram.mechanism }, toBase64(scram.first())));
  const success = await exchange(wire, scram, NS.sasl);
  scram.verify(fromBase64(success.text().trim()));
  const features = await openStream(wire, credential);
  const common = { carbons: false, token: undefined, tokenRefused: false, features };
  let lostAt: number | undefined;
  if (resume && features.get("sm", NS.sm)) {
    wire.send(el("resume", NS.sm, { previd: resume.id, h: resume.handled }));
    const answer = await wire.receive(STEP_TIMEOUT);
    if (answer.is("resumed", NS.sm))
      return { ...common, jid: undefined, carbons: true, lostAt: undefined, ...resumedState(answer) };
    lostAt = handledIn(answer);
  }
  const jid = await bindResource(wire, resourceOf(credential.jid));
  const management = await enableManagement(wire, features);
  return { ...common, jid, resumed: undefined, lostAt, management };
}

/** The challenges and responses both SASL profiles share; ends with the success element. */
async function exchange(wire: Wire, scram: Scram, ns: string): Promise<Element> {
  for (let step = 0; step < 3; step++) {
    const answer = await wire.receive(STEP_TIMEOUT);
    if (answer.is("success", ns)) return answer;
    if (answer.is("failure", ns)) throw failure(answer);
    if (!answer.is("challenge", ns)) throw new ProtocolViolation(`<${answer.name}/> instead of a challenge`);
    wire.send(el("response", ns, {}, toBase64(await scram.respond(fromBase64(answer.text().trim())))));
  }
  throw new ProtocolViolation("too many challenges");
}

function failure(answer: Element): AuthenticationFailed {
  const condition = answer.elements().find((child) => child.ns === NS.sasl && child.name !== "text");
  const text = answer.textOf("text", answer.ns) ?? answer.textOf("text", NS.sasl);
  return new AuthenticationFailed(condition?.name ?? "not-authorized", text);
}

async function bindResource(wire: Wire, resource: string): Promise<string> {
  const payload = el("bind", NS.bind, {}, resource !== "" && el("resource", NS.bind, {}, resource));
  wire.send(el("iq", NS.client, { type: "set", id: "bind" }, payload));
  const answer = await wire.receive(STEP_TIMEOUT);
  const jid = answer.get("bind", NS.bind)?.textOf("jid");
  if (answer.attr("type") !== "result" || !jid) throw new ProtocolViolation("the server refused to bind");
  return jid;
}

// ------------------------------------------------------------------------------------------------ stream management

async function enableManagement(wire: Wire, features: Element): Promise<Negotiated["management"]> {
  if (!features.get("sm", NS.sm)) return undefined;
  wire.send(el("enable", NS.sm, { resume: "true" }));
  const answer = await wire.receive(STEP_TIMEOUT);
  return answer.is("enabled", NS.sm) ? managementOf(answer) : undefined;
}

function managementOf(enabled: Element): NonNullable<Negotiated["management"]> {
  const resume = enabled.attr("resume");
  const id = enabled.attr("id") ?? "";
  const resumable = (resume === "true" || resume === "1") && id !== "";
  return { id, resumable, max: Number(enabled.attr("max") ?? 0) || 0 };
}

function resumedState(resumed: Element): Pick<Negotiated, "resumed" | "management"> {
  const handled = handledIn(resumed);
  if (handled === undefined) throw new ProtocolViolation("resumed without a count");
  return { resumed: { handled }, management: { id: resumed.attr("previd") ?? "", resumable: true, max: 0 } };
}

function handledIn(element: Element | undefined): number | undefined {
  const text = element?.attr("h");
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
