/**
 * The other end's side of a Jingle session while it changes: contents come, are struck, change who sends, and ICE begins
 * anew. What it has come to be is written as one session description, whose media lines never change their places.
 */
import * as jingle from "./jingle.ts";
import { JINGLE, type Role, type Said, type Setup } from "./jingle.ts";
import { type Element, el } from "./xml.ts";

export interface Side extends Said {
  /** Contents that were struck: their media lines stay, and their names may be used again. */
  readonly struck: readonly string[];
}

/** What a `session-initiate` or `session-accept` says. */
export function sideOf(payload: Element, role: Role): Side {
  return {
    role,
    contents: payload.all("content"),
    groups: payload.all("group", JINGLE.grouping),
    struck: [],
  };
}

/** In the order of our own media lines; what the other end left out was refused. */
export function inOrderOf(side: Side, sdp: string): Side {
  const contents = jingle
    .contentsOf(sdp)
    .map(
      ({ name, media }) =>
        side.contents.find((one) => one.attr("name") === name) ??
        el("content", JINGLE.session, { name, media }),
    );
  const refused = contents.filter((one) => one.elements().length === 0).map(nameOf);
  return { ...side, contents, struck: [...new Set([...side.struck, ...refused])] };
}

export function sdpOf(side: Side, setup?: Setup): string {
  return jingle.toSdp(side, setup);
}

/** Names of what there is. */
export function namesOf({ contents, struck }: Side): string[] {
  return contents.map(nameOf).filter((name) => !struck.includes(name));
}

/** The name of the content with that kind of media, if there is one. */
export function nameFor(side: Side, media: "audio" | "video"): string | undefined {
  return namesOf(side).find((name) => mediaOf(find(side, name)) === media);
}

export function mediaOf(content: Element | undefined): string | undefined {
  return content?.get("description", JINGLE.rtp)?.attr("media");
}

/** Whether they send what that content is for. */
export function isSending(side: Side, name: string | undefined): boolean {
  const senders = name === undefined ? "none" : (find(side, name)?.attr("senders") ?? "both");
  return senders === "both" || senders === side.role;
}

/** What a `content-add` or `content-accept` adds. Throws `StanzaError` for names there are. */
export function added(side: Side, payload: Element): Side {
  const fresh = jingle.few(payload.all("content"), 8);
  const names = fresh.map(nameOf);
  if (new Set([...names, ...namesOf(side)]).size !== names.length + namesOf(side).length)
    throw jingle.refused("a content of that name is there");
  const groups = payload.all("group", JINGLE.grouping);
  const bare = fresh.filter(isBare).map(nameOf);
  const full = fresh.map((one) => (isBare(one) ? bundled(one, side) : one));
  const contents = [
    ...side.contents.map((one) => full.find((other) => nameOf(other) === nameOf(one)) ?? one),
    ...full.filter((one) => !find(side, nameOf(one))),
  ];
  return {
    ...side,
    contents,
    struck: side.struck.filter((name) => !names.includes(name)),
    groups: groups.length ? groups : side.groups.map((group) => joined(group, bare)),
  };
}

/** Without a transport of its own: it is that of the bundle. */
function isBare(content: Element): boolean {
  return content.get("transport", JINGLE.ice)?.attr("ufrag") === undefined;
}

function bundled(content: Element, { contents }: Side): Element {
  const transport = contents.map((one) => one.get("transport", JINGLE.ice)).find((one) => one !== undefined);
  const others = content.elements().filter((child) => !child.is("transport", JINGLE.ice));
  return el(content.name, content.ns, content.attrs, ...others, transport);
}

function joined(group: Element, names: readonly string[]): Element {
  const known = group.all("content").map(nameOf);
  const fresh = names.filter((name) => !known.includes(name));
  return group.with({}, ...fresh.map((name) => el("content", JINGLE.grouping, { name })));
}

/** Contents are gone; their lines stay, silent. */
export function struck(side: Side, names: readonly string[]): Side {
  const contents = side.contents.map((one) =>
    names.includes(nameOf(one)) ? one.with({ senders: "none" }) : one,
  );
  return { ...side, contents, struck: [...side.struck, ...names] };
}

/** What a `content-modify` changes of who sends. Throws `StanzaError` for senders there cannot be. */
export function modified(side: Side, payload: Element): Side {
  const changes = new Map(payload.all("content").map((one) => [nameOf(one), one.attr("senders") ?? "both"]));
  for (const senders of changes.values())
    if (!/^(both|none|initiator|responder)$/.test(senders)) throw jingle.refused("senders");
  const contents = side.contents.map((one) => {
    const senders = changes.get(nameOf(one));
    return senders === undefined ? one : one.with({ senders });
  });
  return { ...side, contents };
}

/** With the new credentials of a `transport-info`, if it has any. Throws `StanzaError`. */
export function restarted(side: Side, payload: Element): Side | undefined {
  const fresh = new Map<string, Element>();
  for (const content of jingle.few(payload.all("content"), 8)) {
    const transport = content.get("transport", JINGLE.ice);
    const known = find(side, nameOf(content))?.get("transport", JINGLE.ice);
    if (!transport?.attr("ufrag") || !transport.attr("pwd") || !known) continue;
    jingle.word(transport, "ufrag");
    jingle.word(transport, "pwd");
    if (transport.attr("ufrag") !== known.attr("ufrag")) fresh.set(nameOf(content), transport);
  }
  const [first] = fresh.values();
  if (!first) return undefined;
  // Contents that are bundled have one transport between them.
  const shared = side.groups.length > 0 ? first : undefined;
  const contents = side.contents.map((one) => {
    const transport = fresh.get(nameOf(one)) ?? shared;
    return transport ? renewed(one, transport) : one;
  });
  return { ...side, contents };
}

/** The transport keeps the fingerprints it was agreed on with; candidates found before are of no use any more. */
function renewed(content: Element, { attrs: { ufrag, pwd } }: Element): Element {
  const children = content.elements().map((child) => {
    if (!child.is("transport", JINGLE.ice)) return child;
    const prints = child.all("fingerprint", JINGLE.dtls);
    return el("transport", JINGLE.ice, { ...child.attrs, ufrag, pwd }, ...prints);
  });
  return el(content.name, content.ns, content.attrs, ...children);
}

/** Whether a `transport-info` brings no candidate at all: then new credentials are a wish, not an answer. */
export function isWish(payload: Element): boolean {
  const transports = payload.all("content").map((content) => content.get("transport", JINGLE.ice));
  return transports.every((one) => one === undefined || one.all("candidate").length === 0);
}

/** Names in a `<jingle/>`. Throws `StanzaError` if there are none, or too many. */
export function named(payload: Element): string[] {
  const names = jingle.few(payload.all("content"), 8).map(nameOf);
  if (names.length === 0) throw jingle.refused("no content");
  return names;
}

function find({ contents }: Said, name: string): Element | undefined {
  return contents.find((one) => one.attr("name") === name);
}

function nameOf(content: Element): string {
  return jingle.word(content, "name");
}
