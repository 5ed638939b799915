/** Stanza content encryption (XEP-0420, `urn:xmpp:sce:1`) with OMEMO's profile (XEP-0384 §5.5.1). */

import type { XmlElement } from "./api.ts";
import { fromUtf8, randomBytes, utf8 } from "./bytes.ts";
import { childOf, element, fromXml, optionalChild, toXml } from "./elements.ts";
import { Unreadable } from "./errors.ts";

export const SCE = "urn:xmpp:sce:1";

/** Messages are padded to a multiple of nothing less than this, then 0 to 200 characters on top (XEP-0420 §4). */
const FLOOR = 256;
const SPREAD = 200;

/** XEP-0420 §9: these belong to the server and are neither written into nor read from an envelope. */
const OUTSIDE_ONLY = new Set(["urn:xmpp:hints", "http://jabber.org/protocol/address", "urn:xmpp:eme:0"]);

export interface Envelope {
  readonly content: readonly XmlElement[];
  /** Epoch milliseconds. */
  readonly time: number | undefined;
  /** Bare JIDs. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}

export function sealEnvelope(
  content: readonly XmlElement[],
  from: string,
  to: string | undefined,
  now: number,
): Uint8Array {
  const parts = [
    element("content", SCE, {}, ...content.filter(isInside)),
    element("from", SCE, { jid: from }),
    element("time", SCE, { stamp: new Date(now).toISOString() }),
  ];
  // The namespace is spelt out once more: Converse.js 14 looks for the attribute, and refuses group messages without it.
  if (to !== undefined) parts.push(element("to", SCE, { xmlns: SCE, jid: to }));
  const bare = utf8(toXml(element("envelope", SCE, {}, ...parts))).length;
  const padding = Math.max(0, FLOOR - bare) + below(SPREAD + 1);
  return utf8(toXml(element("envelope", SCE, {}, ...parts, element("rpad", SCE, {}, characters(padding)))));
}

/** Who the stanza around the envelope says is talking. Bare JIDs. */
export interface Talk {
  readonly own: string;
  readonly from: string;
  readonly room: string | undefined;
  /** Of copies of own messages: whom the server says they went to. */
  readonly to?: string | undefined;
}

/** Throws `Unreadable`: `bad-payload` if it is no envelope, `forged-envelope` if it belongs to another conversation. */
export function openEnvelope(plaintext: Uint8Array, { own, from, room, to }: Talk): Envelope {
  const envelope = parse(plaintext);
  // "Receiving clients MUST check if the value matches the from attribute of the enclosing stanza." XEP-0384 lets senders leave
  // it out; but then a server could hand somebody's first message on as another person's, whose device nobody knows yet.
  if (envelope.from === undefined || bare(envelope.from) !== from) throw forged("sender");
  // A group message must say so inside, and a private one must not: the server could turn one into the other.
  if (room !== undefined && envelope.to !== room) throw forged("room");
  // Own messages come back from other devices and are to somebody else: to whom the copy says, or the server could show
  // in one chat what was said in another.
  const receiver = from === own ? to : own;
  if (
    room === undefined &&
    envelope.to !== undefined &&
    receiver !== undefined &&
    bare(envelope.to) !== receiver
  )
    throw forged("receiver");
  return envelope;
}

function parse(plaintext: Uint8Array): Envelope {
  try {
    const root = fromXml(fromUtf8(plaintext));
    if (root.name !== "envelope" || root.ns !== SCE) throw new Error("another element");
    const content = childOf(root, "content").children.filter(
      (child): child is XmlElement => typeof child !== "string",
    );
    const stamp = optionalChild(root, "time")?.attrs.stamp;
    const time = stamp === undefined ? undefined : Date.parse(stamp);
    return {
      content: content.filter((child) => child.ns !== SCE && isInside(child)),
      time: time !== undefined && Number.isNaN(time) ? undefined : time,
      from: optionalChild(root, "from")?.attrs.jid,
      to: optionalChild(root, "to")?.attrs.jid,
    };
  } catch {
    throw new Unreadable("bad-payload", "the content is no envelope of XEP-0420");
  }
}

function forged(what: string): Unreadable {
  return new Unreadable("forged-envelope", `the envelope names another ${what} or none`);
}

function isInside(child: XmlElement): boolean {
  return !OUTSIDE_ONLY.has(child.ns) && !(child.ns === "urn:xmpp:sid:0" && child.name === "stanza-id");
}

function bare(jid: string): string {
  return jid.split("/", 1)[0] as string;
}

/** A uniform integer in 0 … limit-1, for limit ≤ 256. */
function below(limit: number): number {
  const bound = 256 - (256 % limit);
  for (;;) {
    const byte = randomBytes(1)[0] as number;
    if (byte < bound) return byte % limit;
  }
}

function characters(count: number): string {
  return Array.from(randomBytes(count), (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
