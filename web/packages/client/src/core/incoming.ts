/**
 * From stanzas to the store: a batch is decrypted together and written in one transaction, with the ratchets and the
 * count that the server may then forget. Nothing in here waits for the network.
 */
import type { Decrypted, FailureReason, Notice, Incoming as Sealed, Task } from "@plauder/crypto/api";
import { fromHex, toHex } from "@plauder/protocol/bytes";
import {
  type FileShare,
  type MessageContent,
  parseAesgcm,
  readContent,
  received,
} from "@plauder/protocol/content";
import { looksLikeCarbon, readArchived, readCarbon } from "@plauder/protocol/forwarding";
import { bare, resourceOf } from "@plauder/protocol/jid";
import { type CallMessage, readCallMessage } from "@plauder/protocol/jmi";
import { readAffiliationChanges, readInvitation, stanzaId } from "@plauder/protocol/muc";
import { NS } from "@plauder/protocol/ns";
import { type PubsubEvent, readEvent } from "@plauder/protocol/pubsub";
import type { Batch } from "@plauder/protocol/session";
import { delayOf, errorOf } from "@plauder/protocol/stanza";
import { type Element, fromData } from "@plauder/protocol/xml";
import type { LockReason } from "../api.ts";
import { StoreError } from "../store/sql.ts";
import type { Store } from "../store/store.ts";
import { readBusiness, summaryOf } from "./business.ts";
import type { Encryption } from "./encryption.ts";
import { newId } from "./ids.ts";
import { fromWire } from "./mentions.ts";
import type { Messages } from "./messages.ts";
import { tidyFileName } from "./names.ts";
import type { Outgoing } from "./outgoing.ts";
import type { People } from "./people.ts";
import type { Doubt, MessageRow, Sealing, StoredContent, StoredMedia, StoredShare } from "./rows.ts";

/** A message as it concerns a chat, with what the server says about it. */
interface Arrival {
  readonly stanza: Element;
  readonly chat: string;
  readonly group: boolean;
  /** Who wrote it: bare JID, or the room's address of somebody whose JID we cannot know. */
  readonly sender: string;
  readonly own: boolean;
  readonly device: string;
  readonly at: number;
  /** The server held it back: we were away. */
  readonly late: boolean;
  readonly sealed: readonly Element[];
  readonly roomId: string | undefined;
  /** How it came, known once it is read. */
  readonly level: Sealing;
  readonly doubt: Doubt | undefined;
}

export interface IncomingHost {
  readonly account: string;
  now(): number;
  presence(stanza: Element): void;
  personalEvent(from: string, event: PubsubEvent): void;
  invitation(room: string, by: string | undefined): void;
  roomMessage(stanza: Element): void;
  typing(chat: string, who: string, state: string): void;
  /** Real address of somebody in a room. */
  occupant(room: string, nick: string): string | undefined;
  notices(notices: readonly Notice[]): void;
  /** What our own apps say to each other beside messages. */
  aside(arrival: { sender: string; own: boolean }, elements: readonly Element[]): void;
  /** Somebody rings, answers, or ends a call. */
  call(arrival: { chat: string; own: boolean; device: string; at: number }, signal: CallMessage): void;
  /** A message that deserves attention. */
  /** Whoever tells nobody what they read does not see what others read either. */
  readsReceipts(): boolean;
  arrived(messageId: string, late: boolean): void;
  /** So many more messages of our absence are here. */
  caughtUp(count: number): void;
}

export class Incoming {
  readonly #store: Store;
  readonly #host: IncomingHost;
  readonly #messages: Messages;
  readonly #people: People;
  readonly #outgoing: Outgoing;
  readonly #encryption: () => Encryption | undefined;

  constructor(
    store: Store,
    host: IncomingHost,
    messages: Messages,
    people: People,
    outgoing: Outgoing,
    encryption: () => Encryption | undefined,
  ) {
    this.#store = store;
    this.#host = host;
    this.#messages = messages;
    this.#people = people;
    this.#outgoing = outgoing;
    this.#encryption = encryption;
  }

  /** Resolves when the batch is on disk. */
  readonly consume = async ({ stanzas, stream }: Batch): Promise<void> => {
    const arrivals: Arrival[] = [];
    for (const stanza of stanzas) {
      if (stanza.name === "presence") this.#host.presence(stanza);
      else if (stanza.name === "message") this.#sort(stanza, arrivals);
    }
    const after: (() => void)[] = [];
    const saveStream = (): void => this.#store.setSetting("stream", stream);
    const sealed = arrivals.filter((arrival) => arrival.sealed.length > 0);
    const encryption = this.#encryption();
    const apply = (results: readonly Decrypted[]): void => {
      after.length = 0;
      const byArrival = new Map(sealed.map((arrival, at) => [arrival, results[at]]));
      this.#applyAll(arrivals, byArrival, after);
      saveStream();
    };
    if (sealed.length && encryption) {
      const results = await encryption.engine.decryptMany(sealed.map(toSealed), (batch, outcome) =>
        encryption.records.commit(batch, () => apply(outcome)),
      );
      const tasks: Task[] = results.flatMap((result) => result.tasks);
      after.push(() => encryption.perform(tasks));
    } else this.#store.write(() => apply([]));
    for (const act of after) act();
    const late = arrivals.filter((arrival) => arrival.late).length;
    this.#host.caughtUp(late);
    if (late > 0) this.#outgoing.kickSoon();
    else this.#outgoing.kick();
  };

  /** What kind of message it is; those of chats go to `arrivals`. */
  #sort(stanza: Element, arrivals: Arrival[]): void {
    const from = stanza.attr("from") ?? this.#host.account;
    const event = readEvent(stanza);
    if (event) return this.#host.personalEvent(bare(from), event);
    const archived = from === this.#host.account ? readArchived(stanza) : undefined;
    if (archived) return this.#chat(archived.message, archived.at, arrivals);
    if (looksLikeCarbon(stanza)) {
      const carbon = readCarbon(stanza, this.#host.account);
      if (carbon) this.#chat(carbon.message, carbon.at ?? delayOf(stanza), arrivals);
      return;
    }
    const invitation = readInvitation(stanza);
    if (invitation) return this.#host.invitation(invitation.room, invitation.by);
    this.#chat(stanza, delayOf(stanza), arrivals);
  }

  #chat(stanza: Element, stamp: number | undefined, arrivals: Arrival[]): void {
    const type = stanza.attr("type") ?? "normal";
    if (type === "headline") return;
    const me = this.#host.account;
    const from = stanza.attr("from") ?? me;
    if (type === "error") return this.#bounced(stanza);
    const now = this.#host.now();
    // A clock ahead of ours must not keep a message at the end of the chat for ever.
    const at = Math.min(stamp ?? now, now);
    const sealed = [...stanza.all("encrypted", NS.omemo), ...stanza.all("encrypted", NS.axolotl)];
    const device = resourceOf(from);
    const how = { level: 0, doubt: undefined } as const;
    const common = { stanza, at, late: stamp !== undefined, sealed, device, ...how };
    if (type === "groupchat") {
      this.#host.roomMessage(stanza);
      const room = bare(from);
      const nick = resourceOf(from);
      // What the message itself says of its sender's address could be the sender's own invention.
      const sender = nick === "" ? room : (this.#host.occupant(room, nick) ?? from);
      arrivals.push({
        ...common,
        chat: room,
        group: true,
        sender,
        own: sender === me,
        device: "",
        roomId: stanzaId(stanza, room),
      });
      return;
    }
    if (readAffiliationChanges(stanza).length) this.#host.roomMessage(stanza);
    const own = bare(from) === me;
    const chat = own ? bare(stanza.attr("to") ?? me) : bare(from);
    arrivals.push({ ...common, chat, group: false, sender: bare(from), own, roomId: undefined });
  }

  /** Somebody's server refused a message of ours. */
  #bounced(stanza: Element): void {
    const id = stanza.attr("id");
    const from = stanza.attr("from");
    if (!id || !from) return;
    const row = this.#messages.find(bare(from), id, this.#host.account);
    if (!row || row.tick === "delivered" || row.tick === "read") return;
    const { condition } = errorOf(stanza);
    const code =
      condition === "item-not-found" || condition === "service-unavailable" ? "not-found" : "not-allowed";
    this.#store.write(() => this.#messages.failed(row.id, code, true));
  }

  // ---------------------------------------------------------------------------------------------- inside the transaction

  /** All in one part: the search index writes what it has gathered at the beginning of each. */
  #applyAll(
    arrivals: readonly Arrival[],
    results: ReadonlyMap<Arrival, Decrypted | undefined>,
    after: (() => void)[],
  ): void {
    try {
      this.#store.part(() => {
        for (const arrival of arrivals) this.#apply(arrival, results.get(arrival), after);
      });
    } catch (error) {
      if (error instanceof StoreError && error.full) throw error;
      after.length = 0;
      for (const arrival of arrivals) this.#applySafely(arrival, results.get(arrival), after);
    }
  }

  /** One message that we cannot make sense of must not hold up all others, for ever. A full disk does. */
  #applySafely(arrival: Arrival, result: Decrypted | undefined, after: (() => void)[]): void {
    const before = after.length;
    try {
      this.#store.part(() => this.#apply(arrival, result, after));
    } catch (error) {
      if (error instanceof StoreError && error.full) throw error;
      after.length = before;
      console.error("a message was left out", error);
    }
  }

  #apply(arrival: Arrival, result: Decrypted | undefined, after: (() => void)[]): void {
    const call = arrival.group ? undefined : readCallMessage(arrival.stanza);
    if (call) return this.#host.call(arrival, call);
    const outside = arrival.stanza.elements();
    if (!result) {
      if (arrival.sealed.length === 0)
        this.#act(this.#inTheClear(arrival), readContent(outside), undefined, after);
      return;
    }
    if (result.notices.length) this.#host.notices(result.notices);
    if (result.kind === "empty") return;
    if (result.kind === "failed") return this.#unreadable(arrival, result.reason, result.remedy, after);
    const inside = result.content.map(fromData);
    // 0.3 hides the body alone, so what the message does stands outside; omemo:2 hides all, so outside nothing counts
    // but the question whether it arrived.
    const counted =
      result.protocol === NS.axolotl
        ? [...inside, ...outside.filter(({ name, ns }) => !(name === "body" && ns === NS.client))]
        : [...inside, ...outside.filter(({ ns }) => ns === NS.receipts || ns === NS.markers)];
    const device = arrival.device || String(result.sender.deviceId);
    const level = result.protocol === NS.axolotl ? 1 : 2;
    const doubt = result.trust === "undecided" ? "unconfirmed" : undefined;
    if ((this.#people.row(arrival.sender)?.sealed ?? 0) < level)
      this.#people.change(arrival.sender, { sealed: level, plain: 0 });
    this.#act({ ...arrival, device, level, doubt }, readContent(counted), inside, after);
  }

  /** Whoever can put a message before us could leave out its encryption: where there used to be some, that is said. */
  #inTheClear(arrival: Arrival): Arrival {
    const used = !arrival.own && (this.#people.row(arrival.sender)?.sealed ?? 0) > 0;
    return used ? { ...arrival, doubt: "clear" } : arrival;
  }

  /** A change has to be vouched for as its message was: a server must not edit or take back what it could not write. */
  #mayChange(row: MessageRow, { level, chat }: Arrival): boolean {
    const own = row.own === 1 && this.#people.row(chat)?.plain !== 1 ? 1 : 0;
    return level >= (row.sealed ?? own);
  }

  #act(
    arrival: Arrival,
    content: MessageContent,
    inside: readonly Element[] | undefined,
    after: (() => void)[],
  ): void {
    const { chat, sender, own, device, at } = arrival;
    if (inside) after.push(() => this.#host.aside({ sender, own }, inside));
    if (!own) {
      for (const id of content.received) this.#messages.delivered(id, sender, device, at);
      if (content.displayed && this.#host.readsReceipts())
        this.#messages.read(content.displayed, sender, device, at);
    } else if (content.displayed) this.#readElsewhere(chat, content.displayed, at);
    if (content.chatState && !own && !arrival.late) {
      const state = content.chatState;
      after.push(() => this.#host.typing(chat, sender, state));
    }
    // The room speaks for itself alone: what it took back. Nobody in it can say that for it.
    if (arrival.group && sender === chat) {
      if (content.moderates) this.#messages.retract(chat, undefined, content.moderates, "admin");
    } else if (content.reactions) {
      // Clients of 0.3 leave reactions in the clear; who encrypts all does not.
      if (arrival.level > 0 || this.#people.row(sender)?.sealed !== 2)
        this.#messages.react(chat, content.reactions.id, sender, content.reactions.emojis, at);
    } else if (content.retracts) this.#retract(arrival, content.retracts);
    else if (content.moderates) return;
    else if (content.replaces && this.#edit(arrival, content)) return;
    else this.#add(arrival, content, inside === undefined, after);
  }

  /** Another device of ours saw the chat up to there. */
  #readElsewhere(chat: string, target: string, at: number): void {
    const row = this.#messages.find(chat, target);
    if (row) this.#messages.seen(chat, row, at);
  }

  #retract(arrival: Arrival, target: string): void {
    const { chat, sender } = arrival;
    const row = this.#messages.find(chat, target, sender);
    if (!row || this.#mayChange(row, arrival)) this.#messages.retract(chat, sender, target, "sender");
  }

  /** Only its author may change a message. */
  #edit(arrival: Arrival, content: MessageContent): boolean {
    const row = this.#messages.find(arrival.chat, content.replaces as string, arrival.sender);
    if (row?.kind !== "text" || content.body === undefined || !this.#mayChange(row, arrival)) return false;
    this.#messages.setContent(row.id, textContent(content.body, content), { edited: true });
    return true;
  }

  #add(arrival: Arrival, content: MessageContent, inTheClear: boolean, after: (() => void)[]): void {
    const stored = toStored(content);
    if (content.timer !== undefined && !stored) return this.#timer(arrival, content.timer);
    if (!stored) return;
    const { chat, sender, own } = arrival;
    this.#ensureChat(arrival);
    const mediaId = "media" in stored ? stored.media.id : undefined;
    const id = this.#messages.add({
      chat,
      sender,
      own,
      at: arrival.at,
      stanzaId: stanzaIdOf(arrival.stanza),
      roomId: arrival.roomId,
      content: stored,
      quote: content.reply && {
        target: content.reply.id,
        sender: content.reply.to && bare(content.reply.to),
      },
      forwarded: content.forwarded,
      timer: content.timer ?? 0,
      device: arrival.device,
      sealed: arrival.level,
      doubt: arrival.doubt,
      wantsReceipt: content.wantsReceipt || content.markable,
      ...(own && { tick: "sent" as const }),
    });
    if (id === undefined) return this.#receipt(arrival, content);
    if (arrival.group && !own && content.mentions.some(({ jid }) => jid === this.#host.account))
      this.#messages.changeChat(chat, { mentioned: 1 });
    const share = mediaId ? shareOf(content) : undefined;
    if (mediaId && share) this.#media(mediaId, id, chat, share);
    if (!own && !arrival.group && inTheClear) this.#wroteInTheClear(chat);
    if (!own) {
      after.push(() => this.#host.typing(chat, sender, "active"));
      after.push(() => this.#host.arrived(id, arrival.late));
    }
    this.#receipt(arrival, content);
  }

  /** Who never encrypted may be answered in the clear. Nobody else: leaving out a device list must not open a chat. */
  #wroteInTheClear(jid: string): void {
    const person = this.#people.row(jid);
    if (!person?.sealed && person?.plain !== 1) this.#people.change(jid, { plain: 1 });
  }

  #ensureChat(arrival: Arrival): void {
    const known = this.#messages.chat(arrival.chat);
    if (known) {
      // A message brings an archived chat back, unless it is muted.
      const back = known.hidden || (known.archived && !(known.muted_until && known.muted_until > arrival.at));
      if (back && !arrival.own) this.#messages.changeChat(arrival.chat, { archived: 0, hidden: 0 });
      return;
    }
    const person = this.#people.row(arrival.chat);
    this.#messages.ensureChat(arrival.chat, arrival.group ? "group" : (person?.kind ?? "person"), arrival.at);
    const stranger =
      !arrival.own && !arrival.group && person?.is_contact !== 1 && person?.kind !== "business";
    if (stranger) this.#messages.changeChat(arrival.chat, { is_request: 1 });
  }

  #media(id: string, message: string, chat: string, share: FileShare): void {
    const stored: StoredShare = { ...share, key: toHex(share.key), iv: toHex(share.iv) };
    this.#store.sql.run(
      "INSERT INTO media (id, message, chat, share, state) VALUES (?, ?, ?, ?, 'remote')",
      id,
      message,
      chat,
      JSON.stringify(stored),
    );
  }

  /** Tell them that it is here, if they asked and we do not mind. */
  #receipt(arrival: Arrival, content: MessageContent): void {
    const id = arrival.stanza.attr("id");
    if (arrival.own || !content.wantsReceipt || !id) return;
    const chat = this.#messages.chat(arrival.chat);
    if (chat?.is_request || this.#people.row(arrival.sender)?.blocked) return;
    if (arrival.group && !arrival.sender.includes("@")) return;
    this.#outgoing.add({
      chat: arrival.sender,
      kind: "receipt",
      content: [received(id)],
      stanzaId: newId(),
    });
  }

  #timer(arrival: Arrival, seconds: number): void {
    if (arrival.doubt === "clear") return;
    this.#ensureChat(arrival);
    if (this.#messages.chat(arrival.chat)?.timer === seconds) return;
    this.#messages.changeChat(arrival.chat, { timer: seconds });
    this.#messages.add({
      chat: arrival.chat,
      sender: arrival.sender,
      own: arrival.own,
      at: arrival.at,
      stanzaId: stanzaIdOf(arrival.stanza),
      content: { kind: "system", event: { kind: "timer", by: this.#people.name(arrival.sender), seconds } },
    });
  }

  #unreadable(
    arrival: Arrival,
    reason: FailureReason,
    remedy: Decrypted extends infer R ? (R extends { remedy: infer M } ? M : never) : never,
    after: (() => void)[],
  ): void {
    // Copies, key exchanges and messages without anything to show leave no trace.
    if (remedy === "nobody" || reason === "replay" || reason === "own-message") return;
    const shows = arrival.stanza.get("body", NS.client) || arrival.stanza.get("request", NS.receipts);
    if (!shows) return;
    this.#ensureChat(arrival);
    const id = this.#messages.add({
      chat: arrival.chat,
      sender: arrival.sender,
      own: arrival.own,
      at: arrival.at,
      stanzaId: stanzaIdOf(arrival.stanza),
      roomId: arrival.roomId,
      content: { kind: "locked", reason: lockReason(reason) },
      device: arrival.device,
    });
    if (id !== undefined && !arrival.own) after.push(() => this.#host.arrived(id, arrival.late));
  }
}

function toSealed(arrival: Arrival): Sealed {
  return {
    from: arrival.sender,
    elements: arrival.sealed,
    sentAt: arrival.at,
    ...(arrival.group ? { room: arrival.chat } : arrival.own && { to: arrival.chat }),
  };
}

function stanzaIdOf(stanza: Element): string {
  return stanza.get("origin-id", NS.sid)?.attr("id") ?? stanza.attr("id") ?? newId();
}

function lockReason(reason: FailureReason): LockReason {
  if (reason === "not-for-this-device") return "not-for-device";
  if (reason === "unknown-prekey") return "before-device";
  if (reason === "no-session" || reason === "bad-mac" || reason === "too-far-ahead") return "healing";
  return "keys-lost";
}

/** What a message shows, or undefined when it shows nothing. */
function toStored(content: MessageContent): StoredContent | undefined {
  const { body, business, location } = content;
  const file = content.file ?? aesgcmShare(body);
  if (file) return fromShare(file, content.file ? (body ?? "") : "");
  if (business) return fromBusiness(business, content);
  if (location) return { kind: "location", ...location, name: location.name ?? "" };
  if (body === undefined || body === "") return undefined;
  return textContent(body, content);
}

function textContent(text: string, content: MessageContent): StoredContent {
  const mentions = fromWire(text, content.mentions);
  return { kind: "text", text, ...(mentions.length > 0 && { mentions }) };
}

function fromShare(file: FileShare, caption: string): StoredContent {
  const media: StoredMedia = {
    id: newId(),
    name: tidyFileName(file.name),
    type: file.type,
    size: file.size,
    width: file.width,
    height: file.height,
    preview: file.preview,
    alt: file.description,
    hosted: file.key.length === 0 || undefined,
  };
  if (file.voice) return { kind: "voice", media, ...file.voice, heard: false };
  const family = file.type.split("/")[0];
  // SVG can carry script; it is a document, not a picture.
  const kind =
    file.type === "image/svg+xml" ? "file" : family === "image" || family === "video" ? family : "file";
  return { kind, media, caption: caption === file.url ? "" : caption };
}

const TYPES: Readonly<Record<string, string>> = {
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  webp: "image/webp",
  gif: "image/gif",
  mp4: "video/mp4",
  webm: "video/webm",
  ogg: "audio/ogg",
  opus: "audio/ogg",
  m4a: "audio/mp4",
  mp3: "audio/mpeg",
  pdf: "application/pdf",
};

function aesgcmShare(body: string | undefined): FileShare | undefined {
  const link = body === undefined ? undefined : parseAesgcm(body);
  if (!link) return undefined;
  const name = decodeName(link.url.split("?")[0]?.split("/").at(-1) ?? "file");
  const type = TYPES[name.split(".").at(-1)?.toLowerCase() ?? ""] ?? "application/octet-stream";
  return { ...link, name, type, size: 0 };
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text) || "file";
  } catch {
    return text || "file";
  }
}

function fromBusiness(
  { type, json }: { type: string; json: string },
  content: MessageContent,
): StoredContent {
  const { body: text = "", location } = content;
  if (type === "reply")
    return location ? { kind: "location", ...location, name: location.name ?? "" } : { kind: "text", text };
  try {
    const said = readBusiness(type, json);
    if ("place" in said) return { kind: "location", ...said.place };
    if ("payload" in said)
      return { kind: "business", text: summaryOf(said.payload, text), payload: said.payload };
    const { kind, share, caption } = said.file;
    const stored = fromShare(share, caption);
    return kind === "sticker" && stored.kind === "image" ? { ...stored, sticker: true } : stored;
  } catch {
    return { kind: "unsupported", text };
  }
}

/** The file of a message that carries one, wherever in it that is said. */
function shareOf(content: MessageContent): FileShare | undefined {
  const { business } = content;
  if (content.file || !business || business.type === "reply")
    return content.file ?? aesgcmShare(content.body);
  try {
    const said = readBusiness(business.type, business.json);
    return "file" in said ? said.file.share : undefined;
  } catch {
    return undefined;
  }
}

export function readShare(text: string): FileShare {
  const stored = JSON.parse(text) as StoredShare;
  return { ...stored, key: fromHex(stored.key), iv: fromHex(stored.iv) };
}
