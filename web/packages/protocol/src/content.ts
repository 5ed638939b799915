/**
 * What a message says, as elements: text, reply, reaction, edit, deletion, receipt, marker, typing, files.
 *
 * The same elements stand in a plain message and in the encrypted envelope (XEP-0420), so builders give elements and
 * `readContent` takes a list of them.
 */
import { fromHex, toHex } from "./bytes.ts";
import { NS } from "./ns.ts";
import { type Element, el } from "./xml.ts";

const SFS = "urn:xmpp:sfs:0";
const ESFS = "urn:xmpp:esfs:0";
const METADATA = "urn:xmpp:file:metadata:0";
const URL_DATA = "http://jabber.org/protocol/url-data";
const AES_256_GCM = "urn:xmpp:ciphers:aes-256-gcm-nopadding:0";
const MEDIA_EXTRA = "urn:plauder:media:0";
const FORWARDED_MARK = "urn:plauder:forwarded:0";
export const GEOLOC = "http://jabber.org/protocol/geoloc";

export type ChatState = "active" | "composing" | "paused" | "inactive" | "gone";
const CHAT_STATES: readonly string[] = ["active", "composing", "paused", "inactive", "gone"];

export interface ReplyTo {
  /** The message answered: its id, or in a room the id the room gave it. */
  readonly id: string;
  readonly to: string | undefined;
}

/** A file that lies encrypted on a server (XEP-0447, 0448). Sizes in bytes. */
export interface FileShare {
  readonly url: string;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly description?: string | undefined;
  /** Tiny preview as a `data:` URL. */
  readonly preview?: string | undefined;
  /** Set for voice notes. */
  readonly voice?: { readonly seconds: number; readonly wave: readonly number[] } | undefined;
}

/** Somebody who is named in a text (XEP-0372): [begin, end) in code points of the body. */
export interface Mention {
  readonly jid: string;
  readonly begin: number;
  readonly end: number;
}

export interface MessageContent {
  readonly body: string | undefined;
  readonly mentions: readonly Mention[];
  readonly reply: ReplyTo | undefined;
  readonly reactions: { readonly id: string; readonly emojis: readonly string[] } | undefined;
  /** Id of the message this one replaces. */
  readonly replaces: string | undefined;
  /** Id of the message its sender takes back. */
  readonly retracts: string | undefined;
  /** Id of a message a room's moderator took back. */
  readonly moderates: string | undefined;
  /** Ids the other side has. */
  readonly received: readonly string[];
  readonly displayed: string | undefined;
  readonly wantsReceipt: boolean;
  readonly markable: boolean;
  readonly chatState: ChatState | undefined;
  readonly file: FileShare | undefined;
  readonly business: { readonly type: string; readonly json: string } | undefined;
  readonly location:
    | { readonly latitude: number; readonly longitude: number; readonly name: string | undefined }
    | undefined;
  /** Seconds until it disappears after being read; 0 turns the chat's timer off. */
  readonly timer: number | undefined;
  readonly forwarded: boolean;
  readonly oob: string | undefined;
}

// ------------------------------------------------------------------------------------------------ building

export const body = (text: string): Element => el("body", NS.client, {}, text);
export const receiptRequest = (): Element => el("request", NS.receipts);
export const received = (id: string): Element => el("received", NS.receipts, { id });
export const markable = (): Element => el("markable", NS.markers);
export const displayed = (id: string): Element => el("displayed", NS.markers, { id });
export const chatState = (state: ChatState): Element => el(state, NS.chatStates);
export const originId = (id: string): Element => el("origin-id", NS.sid, { id });
export const replyTo = ({ id, to }: ReplyTo): Element => el("reply", NS.reply, { id, to });
export const replaces = (id: string): Element => el("replace", NS.correct, { id });
export const retraction = (id: string): Element => el("retract", NS.retract, { id });
export const timer = (seconds: number): Element => el("ephemeral", NS.ephemeral, { timer: seconds });
export const forwardedMark = (): Element => el("forwarded", FORWARDED_MARK);

export const mention = ({ jid, begin, end }: Mention): Element =>
  el("reference", NS.reference, { type: "mention", begin, end, uri: `xmpp:${jid}` });

export type Hint = "store" | "no-store" | "no-copy" | "no-permanent-store";
export const hint = (name: Hint): Element => el(name, NS.hints);

export function reactions(id: string, emojis: readonly string[]): Element {
  return el(
    "reactions",
    NS.reactions,
    { id },
    ...emojis.map((emoji) => el("reaction", NS.reactions, {}, emoji)),
  );
}

/** XEP-0380: which encryption a client that cannot read it should look for. */
export function encryptionHint(namespace: string): Element {
  return el("encryption", NS.eme, { namespace, name: "OMEMO" });
}

/** A fallback body for clients without OMEMO. */
export const ENCRYPTED_FALLBACK = "This message is encrypted with OMEMO, which your app does not support.";

export function business(type: string, json: string): Element {
  return el("business", NS.business, { type }, json);
}

export function location(latitude: number, longitude: number, name?: string): Element {
  return el(
    "geoloc",
    GEOLOC,
    {},
    el("lat", GEOLOC, {}, String(latitude)),
    el("lon", GEOLOC, {}, String(longitude)),
    name ? el("description", GEOLOC, {}, name) : undefined,
  );
}

/** XEP-0447 with an encrypted source (XEP-0448), for those who can read the envelope. */
export function fileShare(file: FileShare): Element {
  const text = (name: string, value: string | number | undefined): Element | undefined =>
    value === undefined ? undefined : el(name, METADATA, {}, String(value));
  const metadata = el(
    "file",
    METADATA,
    {},
    text("media-type", file.type),
    text("name", file.name),
    text("size", file.size),
    text("width", file.width),
    text("height", file.height),
    text("desc", file.description),
    text("length", file.voice && Math.round(file.voice.seconds * 1000)),
    file.preview ? el("thumbnail", "urn:xmpp:thumbs:1", { uri: file.preview }) : undefined,
  );
  const base64 = (name: string, bytes: Uint8Array): Element => el(name, ESFS, {}, toHex(bytes));
  const encrypted = el(
    "encrypted",
    ESFS,
    { cipher: AES_256_GCM },
    base64("key", file.key),
    base64("iv", file.iv),
    el("sources", SFS, {}, el("url-data", URL_DATA, { target: file.url })),
  );
  const voice = file.voice && el("voice", MEDIA_EXTRA, { wave: toHex(Uint8Array.from(file.voice.wave)) });
  return el(
    "file-sharing",
    SFS,
    { disposition: "inline" },
    metadata,
    el("sources", SFS, {}, encrypted),
    voice,
  );
}

/** XEP-0454: the link others understand; the whole body. */
export function aesgcmUrl({ url, iv, key }: Pick<FileShare, "url" | "iv" | "key">): string {
  return `${url.replace(/^https?:/, "aesgcm:")}#${toHex(iv)}${toHex(key)}`;
}

export function parseAesgcm(text: string): { url: string; iv: Uint8Array; key: Uint8Array } | undefined {
  const match = /^aesgcm:\/\/([^\s#]+)#((?:[0-9a-f]{2}){44}|(?:[0-9a-f]{2}){48})(?:\s|$)/i.exec(text);
  if (!match) return undefined;
  const secret = fromHex(match[2] as string);
  return { url: `https://${match[1]}`, iv: secret.slice(0, -32), key: secret.slice(-32) };
}

// ------------------------------------------------------------------------------------------------ reading

/** What these elements (children of a message or of an envelope) say. Unknown ones are passed over. */
export function readContent(elements: readonly Element[]): MessageContent {
  const find = (name: string, ns: string): Element | undefined =>
    elements.find((element) => element.is(name, ns));
  const idOf = (name: string, ns: string): string | undefined => find(name, ns)?.attr("id") || undefined;
  const reply = find("reply", NS.reply);
  const reacted = find("reactions", NS.reactions);
  const state = elements.find(({ ns, name }) => ns === NS.chatStates && CHAT_STATES.includes(name));
  const payload = find("business", NS.business);
  const seconds = Number(find("ephemeral", NS.ephemeral)?.attr("timer"));
  const moderate = find("retract", NS.retract)?.get("moderated", NS.moderate);
  const text = find("body", NS.client)?.text();
  return {
    body: text === undefined ? undefined : withoutFallback(text, elements),
    mentions: readMentions(text ?? "", elements),
    reply: reply?.attr("id") ? { id: reply.attr("id") as string, to: reply.attr("to") } : undefined,
    reactions: reacted?.attr("id")
      ? {
          id: reacted.attr("id") as string,
          emojis: distinct(reacted.all("reaction").map((one) => one.text().trim())),
        }
      : undefined,
    replaces: idOf("replace", NS.correct),
    retracts: moderate ? undefined : idOf("retract", NS.retract),
    moderates: moderate ? idOf("retract", NS.retract) : undefined,
    received: elements
      .filter((one) => one.is("received", NS.receipts))
      .flatMap((one) => one.attr("id") ?? []),
    displayed: idOf("displayed", NS.markers),
    wantsReceipt: find("request", NS.receipts) !== undefined,
    markable: find("markable", NS.markers) !== undefined,
    chatState: state?.name as ChatState | undefined,
    file: readFile(find("file-sharing", SFS)),
    business: payload && { type: payload.attr("type") ?? "", json: payload.text() },
    location: readLocation(find("geoloc", GEOLOC)),
    timer: Number.isInteger(seconds) && seconds >= 0 ? seconds : undefined,
    forwarded: find("forwarded", FORWARDED_MARK) !== undefined,
    oob: find("x", NS.oob)?.textOf("url"),
  };
}

const MOST_MENTIONS = 100;

function readMentions(text: string, elements: readonly Element[]): Mention[] {
  const length = Array.from(text).length;
  return elements
    .filter((one) => one.is("reference", NS.reference) && one.attr("type") === "mention")
    .slice(0, MOST_MENTIONS)
    .flatMap(({ attrs }) => {
      const [begin, end] = [Number(attrs.begin), Number(attrs.end)];
      const jid = /^xmpp:([^?/]+)/.exec(attrs.uri ?? "")?.[1];
      const fits =
        Number.isInteger(begin) && Number.isInteger(end) && begin >= 0 && begin < end && end <= length;
      return jid && fits ? [{ jid, begin, end }] : [];
    });
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts.filter((text) => text !== "" && text.length <= 64))].slice(0, 20);
}

/** XEP-0428: cut out what is only there for clients that know no replies. Offsets count code points. */
function withoutFallback(text: string, elements: readonly Element[]): string {
  const fallback = elements.find((one) => one.is("fallback", NS.fallback) && one.attr("for") === NS.reply);
  const range = fallback?.get("body");
  if (!range) return text;
  const points = Array.from(text);
  const start = Number(range.attr("start") ?? 0);
  const end = Number(range.attr("end") ?? points.length);
  if (!(start >= 0 && end >= start && end <= points.length)) return text;
  return [...points.slice(0, start), ...points.slice(end)].join("");
}

function readLocation(element: Element | undefined): MessageContent["location"] {
  const latitude = Number(element?.textOf("lat") ?? Number.NaN);
  const longitude = Number(element?.textOf("lon") ?? Number.NaN);
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return undefined;
  return { latitude, longitude, name: element?.textOf("description") };
}

function readFile(share: Element | undefined): FileShare | undefined {
  const metadata = share?.get("file", METADATA);
  const encrypted = share?.get("sources", SFS)?.get("encrypted", ESFS);
  const url = encrypted?.get("sources", SFS)?.get("url-data", URL_DATA)?.attr("target");
  if (!share || !metadata || !encrypted || !url || encrypted.attr("cipher") !== AES_256_GCM) return undefined;
  const number = (name: string): number | undefined => {
    const value = Number(metadata.textOf(name) ?? Number.NaN);
    return Number.isFinite(value) && value >= 0 ? value : undefined;
  };
  const wave = share.get("voice", MEDIA_EXTRA)?.attr("wave");
  const thumbnail = metadata.get("thumbnail", "urn:xmpp:thumbs:1")?.attr("uri");
  try {
    return {
      url,
      key: fromHex(encrypted.textOf("key") ?? ""),
      iv: fromHex(encrypted.textOf("iv") ?? ""),
      name: metadata.textOf("name") ?? "file",
      type: metadata.textOf("media-type") ?? "application/octet-stream",
      size: number("size") ?? 0,
      width: number("width"),
      height: number("height"),
      description: metadata.textOf("desc"),
      // Only pictures that carry themselves: a preview must never make the app call somebody's server.
      preview: thumbnail?.startsWith("data:image/") ? thumbnail : undefined,
      voice:
        wave === undefined
          ? undefined
          : { seconds: (number("length") ?? 0) / 1000, wave: [...fromHex(wave)] },
    };
  } catch {
    return undefined;
  }
}
