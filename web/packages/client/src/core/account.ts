/** One signed-in account: its connection, keys, messages and people, and what happens between them. */
import type { Notice, OpenEngine } from "@plauder/crypto/api";
import { blockList, onBlockPush } from "@plauder/protocol/blocking";
import { fetchBookmarks, publishDisplayed, readBookmark, readDisplayed } from "@plauder/protocol/bookmarks";
import * as content from "@plauder/protocol/content";
import { discoInfo, OwnCapabilities } from "@plauder/protocol/disco";
import { StanzaError } from "@plauder/protocol/errors";
import { bare, resourceOf } from "@plauder/protocol/jid";
import { CALL_FEATURES } from "@plauder/protocol/jingle";
import type { FastToken } from "@plauder/protocol/negotiate";
import { NS } from "@plauder/protocol/ns";
import type { Platform } from "@plauder/protocol/platform";
import {
  fetchAvatar,
  fetchCard,
  readAvatarInfo,
  readCard,
  readNick,
  VCARD_NODE,
} from "@plauder/protocol/profile";
import { fetchItems, type PubsubEvent } from "@plauder/protocol/pubsub";
import {
  answerSubscription,
  fetchRoster,
  onRosterPush,
  type RosterItem,
  removeRosterItem,
  setRosterItem,
  subscribe,
} from "@plauder/protocol/roster";
import { type SavedStream, Session } from "@plauder/protocol/session";
import { presence } from "@plauder/protocol/stanza";
import { type Element, el } from "@plauder/protocol/xml";
import type { Privacy } from "../api.ts";
import type { Store } from "../store/store.ts";
import { CALL_NS, Calls } from "./calls.ts";
import { CatchUp } from "./catch-up.ts";
import { Encryption } from "./encryption.ts";
import { readHistory } from "./history.ts";
import { newId, newMessageId } from "./ids.ts";
import { Incoming } from "./incoming.ts";
import { LinkHistory } from "./link-history.ts";
import type { Transport } from "./media.ts";
import { Messages } from "./messages.ts";
import { loadNumbers } from "./numbers.ts";
import { Outgoing } from "./outgoing.ts";
import { People } from "./people.ts";
import { Rooms } from "./rooms.ts";
import { Typing } from "./typing.ts";
import { readWishes } from "./wishes.ts";

export interface Login {
  readonly jid: string;
  readonly password: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly websocket: string;
  readonly userAgentId: string;
}

export const DEFAULT_PRIVACY: Privacy = {
  lastSeen: "contacts",
  online: "contacts",
  avatar: "everyone",
  about: "everyone",
  addToGroups: "everyone",
  findByNumber: false,
  readReceipts: true,
  typing: true,
  defaultTimer: 0,
};

const CARD_AGE = 24 * 3600_000;
const EXPIRY_TICK = 30_000;
const FEATURES = [
  NS.receipts,
  NS.markers,
  NS.chatStates,
  NS.correct,
  NS.retract,
  NS.reactions,
  NS.reply,
  NS.sid,
  NS.directInvite,
  ...CALL_FEATURES,
  NS.ping,
  `${NS.omemoDevices}+notify`,
  `${NS.axolotlDevices}+notify`,
  `${NS.nick}+notify`,
  `${NS.avatarMetadata}+notify`,
  `${VCARD_NODE}+notify`,
  `${NS.bookmarks}+notify`,
  `${NS.mds}+notify`,
  `${NS.privacy}+notify`,
];

export interface AccountOptions {
  readonly store: Store;
  readonly login: Login;
  readonly platform: Platform;
  readonly openEngine: OpenEngine;
  readonly transport: Transport;
  /** A message that deserves attention came in. */
  readonly onArrived: (messageId: string) => void;
}

export class Account {
  readonly store: Store;
  readonly session: Session;
  readonly messages: Messages;
  readonly people: People;
  readonly outgoing: Outgoing;
  readonly rooms: Rooms;
  readonly typing: Typing;
  readonly calls: Calls;
  readonly jid: string;
  readonly history: LinkHistory;
  readonly #options: AccountOptions;
  readonly #incoming: Incoming;
  readonly #capabilities = new OwnCapabilities(
    "https://plauder.im",
    { category: "client", type: "web", name: "Plauder" },
    FEATURES,
  );
  #encryption: Encryption | undefined;
  /** Whose last activity is on the screen, or was. */
  readonly #lastAsked = new Set<string>();
  readonly #learning = new Set<string>();
  #expiry: ReturnType<typeof setTimeout> | undefined;
  #kept: Promise<void> = Promise.resolve();
  #isOver = false;
  readonly catchUp = new CatchUp(
    () => this.store.touch("connection"),
    () => this.#caughtUp(),
  );

  private constructor(options: AccountOptions, token: FastToken | undefined) {
    this.#options = options;
    const { store, login, platform } = options;
    this.store = store;
    this.jid = bare(login.jid);
    this.messages = new Messages(store);
    this.people = new People(store);
    this.people.own = this.jid;
    this.typing = new Typing(store);
    this.session = new Session({
      url: login.websocket,
      platform,
      credential: {
        jid: login.jid,
        password: login.password,
        token,
        userAgentId: login.userAgentId,
        software: "Plauder",
        device: login.deviceName,
      },
      saved: store.setting<SavedStream>("stream"),
      consume: (batch) => this.#incoming.consume(batch),
    });
    this.outgoing = new Outgoing(store, this.session, this.messages, this.people, () => this.encryption);
    this.rooms = new Rooms(store, this.session, this.messages, this.people);
    this.calls = new Calls({
      account: this.jid,
      session: this.session,
      store,
      messages: this.messages,
      people: this.people,
      now: () => Date.now(),
      seal: (chat, elements) => this.act(chat, elements),
    });
    this.#incoming = this.#makeIncoming();
    this.history = new LinkHistory(this, options.transport);
    this.#listen();
  }

  static async open(options: AccountOptions): Promise<Account> {
    const token = await options.store.secret<FastToken>("token");
    const account = new Account(options, token);
    await account.#capabilities.install(account.session);
    account.#encryption = await Encryption.open(
      options.openEngine,
      options.store,
      account.session,
      {
        enqueue: (id, stanza) => account.outgoing.enqueue(id, stanza),
        flush: () => account.outgoing.flush(),
        notices: (notices) => account.#notices(notices),
        isSubscribedTo: (jid) => ["to", "both"].includes(account.people.row(jid)?.subscription ?? "none"),
      },
      options.login.deviceName.slice(0, 50),
    );
    account.#expire();
    // Where the tables cannot be had now, numbers are shown as they are.
    void loadNumbers()
      .then((write) => account.people.writeNumbers(write))
      .catch(() => undefined);
    return account;
  }

  /** Throws before `open` is through. */
  get encryption(): Encryption {
    if (!this.#encryption) throw new Error("the keys are not open yet");
    return this.#encryption;
  }

  /** Where our server answers, port included. */
  get host(): string {
    return new URL(this.#options.login.websocket).host;
  }

  get privacy(): Privacy {
    return { ...DEFAULT_PRIVACY, ...this.store.setting<Partial<Privacy>>("privacy") };
  }

  start(): void {
    this.session.start();
  }

  stop(): void {
    this.#isOver = true;
    this.session.stop();
    this.typing.stop();
    this.calls.stop();
    this.history.stop();
    clearTimeout(this.#expiry);
    this.catchUp.stop();
  }

  // ---------------------------------------------------------------------------------------------- the stream

  #listen(): void {
    const { session, store } = this;
    session.on("state", ({ name }) => {
      store.touch("connection");
      if (name !== "online") this.people.forgetPresence();
    });
    session.on("token", (token) => this.#keepToken(token));
    session.on("bound", () => void this.#bound());
    session.on("resumed", () => {
      this.catchUp.begin();
      this.outgoing.kick();
    });
    session.on("acked", () => store.touch("connection"));
    onRosterPush(session, (item, version) => this.#rosterItem(item, version));
    onBlockPush(session, (change) => {
      if ("blocked" in change) for (const jid of change.blocked) this.people.change(jid, { blocked: 1 });
      else this.#unblocked(change.unblocked);
    });
  }

  /** One after the other, and none once all is over. */
  #keepToken(token: FastToken | undefined): void {
    const { store } = this.#options;
    this.#kept = this.#kept
      .then(() => store.setSecret("token", token ?? null, () => !this.#isOver))
      // The next login is by password then.
      .catch(() => undefined);
  }

  /** A new stream: say that we are here, and learn what changed while we were not. */
  async #bound(): Promise<void> {
    // The page asks again for what failed here on the next stream.
    await Promise.allSettled([this.#begin()]);
  }

  async #begin(): Promise<void> {
    this.encryption.engine.beginCatchUp();
    this.session.send(presence({}, this.#capabilities.element()));
    this.catchUp.begin();
    await this.encryption.start();
    this.outgoing.kick();
    this.rooms.enterAll();
    await this.#syncRoster();
    await this.#syncBlocked();
    await this.#syncBookmarks();
    this.outgoing.kick();
  }

  /** The keys used in what waited for us are kept until it is through. */
  #caughtUp(): void {
    void this.encryption.engine
      .endCatchUp((batch) => this.encryption.records.commit(batch, () => undefined))
      .then((tasks) => this.encryption.perform(tasks));
  }

  async #syncRoster(): Promise<void> {
    const roster = await fetchRoster(this.session, this.store.setting<string>("roster-version"));
    if (roster.items) {
      const there = new Set(roster.items.map(({ jid }) => jid));
      this.store.write(() => {
        for (const item of roster.items ?? []) this.#rosterItem(item, undefined);
        for (const { jid, is_contact } of this.people.all())
          if (is_contact && !there.has(jid)) this.people.change(jid, { is_contact: 0, roster_name: null });
      });
    }
    this.store.setSetting("roster-version", roster.version);
  }

  #rosterItem(item: RosterItem, version: string | undefined): void {
    const gone = item.subscription === "remove";
    this.people.change(bare(item.jid), {
      roster_name: gone ? null : (item.name ?? null),
      subscription: gone ? "none" : item.subscription,
      asking: item.asking ? 1 : 0,
      // Who merely sees our presence, because a request was granted, is not in the person's list.
      is_contact:
        !gone &&
        (item.name !== undefined || item.subscription === "both" || item.subscription === "to" || item.asking)
          ? 1
          : 0,
    });
    this.store.touch("chats");
    if (version !== undefined) this.store.setSetting("roster-version", version);
  }

  async #syncBlocked(): Promise<void> {
    const blocked = new Set(await blockList(this.session));
    for (const { jid } of this.people.blocked().map(({ id }) => ({ jid: id })))
      if (!blocked.has(jid)) this.people.change(jid, { blocked: 0 });
    for (const jid of blocked) this.people.change(jid, { blocked: 1 });
  }

  #unblocked(jids: readonly string[]): void {
    const all = jids.length ? jids : this.people.blocked().map(({ id }) => id);
    for (const jid of all) this.people.change(jid, { blocked: 0 });
  }

  async #syncBookmarks(): Promise<void> {
    for (const bookmark of await fetchBookmarks(this.session))
      if (bookmark.autojoin) this.rooms.invited(bookmark.room);
  }

  // ---------------------------------------------------------------------------------------------- what comes in

  #makeIncoming(): Incoming {
    return new Incoming(
      this.store,
      {
        account: this.jid,
        now: () => Date.now(),
        presence: (stanza) => this.#presence(stanza),
        personalEvent: (from, event) => void this.#personalEvent(from, event).catch(() => undefined),
        invitation: (room) => this.rooms.invited(room),
        roomMessage: (stanza) => this.rooms.message(stanza),
        typing: (chat, who, state) => this.typing.set(chat, who, state),
        occupant: (room, nick) => this.rooms.occupant(room, nick),
        notices: (notices) => this.#notices(notices),
        aside: (from, elements) => this.#aside(from, elements),
        readsReceipts: () => this.privacy.readReceipts,
        call: (arrival, signal) => this.calls.heard(arrival, signal),
        arrived: (id, late) => this.#arrived(id, late),
        caughtUp: (count) => this.catchUp.took(count),
      },
      this.messages,
      this.people,
      this.outgoing,
      () => this.#encryption,
    );
  }

  /** Only inside encryption, so that it is from who it says. */
  #aside({ sender, own }: { sender: string; own: boolean }, elements: readonly Element[]): void {
    const history = own ? readHistory(elements) : undefined;
    if (history) this.history.receive(history);
    const media = elements.find((element) => element.is("media", CALL_NS));
    if (media && !own) this.calls.unsealed(sender, media);
  }

  #arrived(id: string, late: boolean): void {
    const row = this.messages.byId(id);
    if (!row) return;
    void this.learnAbout(row.sender.includes("/") ? row.chat : row.sender);
    if (!late) this.#options.onArrived(id);
  }

  #presence(stanza: Element): void {
    if (this.rooms.presence(stanza)) return;
    const from = stanza.attr("from") ?? this.jid;
    const jid = bare(from);
    const type = stanza.attr("type");
    if (type === "subscribe") return this.#askedForPresence(jid, readNick(stanza.get("nick", NS.nick)));
    if (type !== undefined && type !== "unavailable") return;
    if (jid === this.jid) return this.store.touch("devices");
    const idle = Date.parse(stanza.get("idle", NS.idle)?.attr("since") ?? "");
    this.people.setPresence(jid, resourceOf(from), type === undefined);
    if (idle) this.people.change(jid, { last_seen: idle });
    else if (type !== undefined && this.#lastAsked.has(jid)) void this.learnLastSeen(jid);
    this.store.touch("chats", `chat:${jid}`);
  }

  /** Who is in our list, or whose request we accepted, may see us. */
  #askedForPresence(jid: string, nick: string | undefined): void {
    const person = this.people.row(jid);
    const chat = this.messages.chat(jid);
    if (nick) this.people.change(jid, { nick });
    if (person?.is_contact || (chat && !chat.is_request)) answerSubscription(this.session, jid, true);
    else this.people.change(jid, { asking: 0, subscription: person?.subscription ?? "none" });
  }

  async #personalEvent(from: string, event: PubsubEvent): Promise<void> {
    if (await this.encryption.notified(from, event.node, event.items)) {
      this.store.touch(`safety:${from}`);
      return;
    }
    const item = event.items.at(-1);
    if (event.node === NS.nick && item) this.people.change(from, { nick: readNick(item.payload) ?? null });
    else if (event.node === VCARD_NODE && item) this.#card(from, readCard(item.payload));
    else if (event.node === NS.avatarMetadata) await this.#avatar(from, item?.payload);
    else if (from !== this.jid) return;
    else if (event.node === NS.privacy) this.#wishes(item?.payload);
    else if (event.node === NS.mds)
      for (const one of event.items) this.#displayedElsewhere(readDisplayed(one));
    else if (event.node === NS.bookmarks)
      for (const one of event.items) {
        const bookmark = readBookmark(one);
        if (bookmark?.autojoin) this.rooms.invited(bookmark.room);
      }
    this.store.touch("chats");
  }

  /** What another device of ours, or another app, lets others see. */
  #wishes(payload: Element | undefined): void {
    const before = this.privacy;
    const now = { ...before, ...readWishes(payload) };
    if (JSON.stringify(now) !== JSON.stringify(before))
      this.store.write(() => this.store.setSetting("privacy", now));
  }

  #card(jid: string, card: { name: string | undefined; about: string | undefined }): void {
    this.people.change(jid, { card_name: card.name ?? null, about: card.about ?? null, card_at: Date.now() });
  }

  async #avatar(jid: string, metadata: Element | undefined): Promise<void> {
    const info = readAvatarInfo(metadata);
    if (!info) return this.people.change(jid, { avatar_hash: null });
    if (!this.people.hasAvatar(info.hash)) {
      if (info.bytes > 512 * 1024 || !/^image\/(png|jpeg|webp|gif)$/.test(info.type)) return;
      const bytes = await fetchAvatar(this.session, jid, info.hash);
      if (!bytes) return;
      this.people.saveAvatar(info.hash, info.type, bytes);
    }
    this.people.change(jid, { avatar_hash: info.hash });
  }

  #displayedElsewhere(displayed: ReturnType<typeof readDisplayed>): void {
    const row = displayed && this.messages.find(displayed.chat, displayed.id);
    if (row) this.store.write(() => this.messages.seen(row.chat, row, Date.now()));
  }

  /** Ask who somebody is, unless we heard lately. The app may end at any moment: then we ask again. */
  async learnAbout(jid: string): Promise<void> {
    const row = this.people.row(jid);
    const known = row?.card_at && row.card_at > Date.now() - CARD_AGE;
    if (this.#learning.has(jid) || known) return;
    this.#learning.add(jid);
    try {
      const [card, info] = await Promise.all([
        fetchCard(this.session, jid),
        discoInfo(this.session, jid).catch(unlessRefused(undefined)),
      ]);
      const business = info?.identities.some(
        ({ category, type }) => category === "account" && type === "business",
      );
      this.store.write(() => {
        this.people.change(jid, {
          ...(card.nick && { nick: card.nick }),
          card_name: card.name ?? null,
          about: card.about ?? null,
          ...(business && { kind: "business", hosted: 1 }),
        });
        if (business && this.messages.chat(jid))
          this.messages.changeChat(jid, { kind: "business", is_request: 0 });
        this.store.touch("chats", `chat:${jid}`, `messages:${jid}`);
      });
      // Nobody subscribes to a business, so its picture is not announced.
      if (business) {
        const [shown] = await fetchItems(this.session, jid, NS.avatarMetadata, { max: 1 }).catch(
          unlessRefused([]),
        );
        await this.#avatar(jid, shown?.payload);
        this.store.touch("chats", `chat:${jid}`, `messages:${jid}`);
      }
      this.people.change(jid, { card_at: Date.now() });
    } catch {
      // Asked again when somebody looks.
    } finally {
      this.#learning.delete(jid);
    }
  }

  /** When somebody was last here, if they let us know it; whether they are here, if they let everybody. */
  async learnLastSeen(jid: string): Promise<void> {
    const { people, session } = this;
    if (!session.isOnline || jid === this.jid || this.messages.chat(jid)?.kind === "group") return;
    this.#lastAsked.add(jid);
    if (people.isOnline(jid)) return;
    try {
      const answer = await session.request("get", el("query", NS.last), { to: jid });
      const seconds = Number(answer.get("query", NS.last)?.attr("seconds"));
      if (seconds === 0) session.send(presence({ to: jid, type: "probe" }));
      else if (seconds > 0) people.change(jid, { last_seen: Date.now() - seconds * 1000 });
    } catch (error) {
      if (error instanceof StanzaError) people.change(jid, { last_seen: null });
    }
    this.store.touch("chats", `chat:${jid}`);
  }

  #notices(notices: readonly Notice[]): void {
    for (const notice of notices) {
      const { jid } = notice.device;
      this.store.touch(`safety:${jid}`);
      if (notice.notice === "device-removed" || jid === this.jid || !this.messages.chat(jid)) continue;
      // The devices somebody has when we meet are no news.
      if (notice.notice === "new-device" && !this.people.row(jid)?.sealed) continue;
      const event = { kind: notice.notice, who: jid, name: this.people.name(jid) };
      this.messages.add({
        chat: jid,
        sender: jid,
        own: false,
        at: Date.now(),
        stanzaId: newId(),
        content: { kind: "system", event },
      });
    }
  }

  // ---------------------------------------------------------------------------------------------- what people do

  /** Write a message to a chat; `job` carries what others get. Returns the message's id. */
  post(
    chat: string,
    message: Omit<Parameters<Messages["add"]>[0], "chat" | "sender" | "own" | "at" | "stanzaId">,
    elements: readonly Element[],
    legacy: string | undefined,
    queue = true,
  ): string {
    const stanzaId = newMessageId();
    const id = message.id ?? newMessageId();
    // A command that came twice, because the tab that had it went, is one message.
    if (this.messages.byId(id)) return id;
    this.store.write(() => {
      const row = this.#chatFor(chat);
      const timers = row.timer ? [content.timer(row.timer)] : [];
      this.messages.add({
        ...message,
        id,
        chat,
        sender: this.jid,
        own: true,
        at: Date.now(),
        stanzaId,
        tick: "waiting",
        timer: row.timer,
      });
      if (queue)
        this.outgoing.add({
          chat,
          kind: "message",
          content: [...elements, ...timers],
          legacy,
          message: id,
          stanzaId,
        });
      this.store.touch("connection");
    });
    if (queue) this.outgoing.kick();
    return id;
  }

  /** Act on messages: edit, react, delete, set the timer. */
  act(chat: string, elements: readonly Element[], legacy?: string): void {
    this.outgoing.add({ chat, kind: "change", content: elements, legacy, stanzaId: newId() });
    this.outgoing.kick();
  }

  #chatFor(id: string): ReturnType<Messages["ensureChat"]> {
    const known = this.messages.chat(id);
    const kind = this.people.row(id)?.kind ?? "person";
    const row = known ?? this.messages.ensureChat(id, kind, Date.now(), this.privacy.defaultTimer);
    // Who answers has accepted.
    if (row.is_request || row.hidden || row.archived)
      this.messages.changeChat(id, { is_request: 0, hidden: 0, archived: row.is_request ? row.archived : 0 });
    return row;
  }

  /** The person saw a chat up to this message: receipts and markers go out, other devices hear of it. */
  seen(chat: string, messageId: string): void {
    const row = this.messages.byId(messageId);
    const before = this.messages.chat(chat);
    if (!row || !before || row.seq <= before.read_up_to) return;
    this.store.write(() => {
      const read = this.messages.seen(chat, row, Date.now());
      if (before.is_request || !this.privacy.readReceipts) return;
      const lastOf = new Map(
        read.filter(({ wants_receipt }) => wants_receipt).map((one) => [one.sender, one]),
      );
      for (const [sender, last] of lastOf) {
        if (this.people.row(sender)?.blocked) continue;
        this.outgoing.add({
          chat: sender,
          kind: "receipt",
          content: [content.displayed(last.stanza_id)],
          stanzaId: newId(),
        });
      }
    });
    this.outgoing.kick();
    this.#expire();
    if (this.session.isOnline) {
      const by = row.room_id ? chat : this.jid;
      const id = row.room_id ?? row.stanza_id;
      void publishDisplayed(this.session, { chat, id, by }).catch(() => undefined);
    }
  }

  /** Remove what has disappeared, and look again when the next will, or soon: clocks begin with acknowledgements. */
  #expire(): void {
    clearTimeout(this.#expiry);
    const next = this.store.write(() => this.messages.expire(Date.now())) ?? Number.POSITIVE_INFINITY;
    const wait = Math.min(Math.max(next - Date.now(), 1000), EXPIRY_TICK);
    this.#expiry = setTimeout(() => this.#expire(), wait);
  }

  async addContact(jid: string, name: string | undefined): Promise<void> {
    // Only a name that we gave them; their own may change.
    const given = name ?? this.people.row(jid)?.roster_name ?? undefined;
    await setRosterItem(this.session, jid, given);
    answerSubscription(this.session, jid, true);
    subscribe(this.session, jid, this.people.ownName || undefined);
    this.people.change(jid, { is_contact: 1, roster_name: given ?? null });
    this.store.write(() => {
      if (this.messages.chat(jid)?.is_request) this.messages.changeChat(jid, { is_request: 0 });
    });
    await this.learnAbout(jid);
  }

  async removeContact(jid: string): Promise<void> {
    await removeRosterItem(this.session, jid);
    this.people.change(jid, { is_contact: 0, roster_name: null });
  }

  /** Own name and picture, from what we published. */
  async learnAboutMyself(): Promise<void> {
    const card = await fetchCard(this.session, this.jid);
    this.people.change(this.jid, {
      nick: card.nick ?? null,
      card_name: card.name ?? null,
      about: card.about ?? null,
    });
    this.people.ownName = card.nick ?? card.name ?? "";
  }

  signal(chat: string, state: content.ChatState): void {
    if (!this.privacy.typing || this.messages.chat(chat)?.is_request) return;
    void this.outgoing.signal(chat, [content.chatState(state)]).catch(() => undefined);
  }

  active(isActive: boolean): void {
    this.session.setActive(isActive);
  }

  ping(): Promise<Element> {
    return this.session.request("get", el("ping", NS.ping));
  }
}

/** For an answer that need not be given; a connection that breaks is another thing. */
function unlessRefused<T>(otherwise: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof StanzaError) return otherwise;
    throw error;
  };
}
