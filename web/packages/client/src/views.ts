/** What the app shows, computed from the store: rows in, view models out. */
import type {
  ChatPreview,
  ChatView,
  Content,
  DeviceDelivery,
  Draft,
  GroupRole,
  GroupView,
  MediaView,
  MessageDetails,
  MessageView,
  Quote,
  ReactionView,
  SearchResults,
  Tick,
} from "./api.ts";
import type { Account } from "./core/account.ts";
import { tidyName } from "./core/names.ts";
import { isPartOf } from "./core/numbers.ts";
import { numberOf } from "./core/people.ts";
import {
  type ChatRow,
  type MediaRow,
  type MessageRow,
  type StoredContent,
  type StoredQuote,
  textOf,
} from "./core/rows.ts";
import { fold, marksOf } from "./core/words.ts";

const EDIT_WINDOW = 15 * 60_000;
const DELETE_WINDOW = 48 * 3600_000;

/** Messages as they were shown last, by id: what has not changed is not made again, and keeps its identity. */
export type Shown = Map<string, { readonly row: MessageRow; readonly view: MessageView }>;

/** Who wrote, as views name them. */
type Sender = MessageView["sender"];

export class Views {
  readonly #account: Account;

  constructor(account: Account) {
    this.#account = account;
  }

  // ---------------------------------------------------------------------------------------------- chats

  chatList(): ChatView[] {
    return this.#account.messages.chats().map((row) => this.chat(row));
  }

  chatById(id: string): ChatView | undefined {
    const row = this.#account.messages.chat(id);
    if (row) return this.chat(row);
    // A chat nobody has written in yet: it can be shown and written to.
    const { kind } = this.#account.people.view(id);
    return this.chat({ ...EMPTY_CHAT, id, kind });
  }

  chat(row: ChatRow): ChatView {
    const { messages, people, typing, store } = this.#account;
    const name = this.chatName(row);
    const last = row.last_seq
      ? store.sql.get<MessageRow>("SELECT * FROM message WHERE seq = ?", row.last_seq)
      : undefined;
    const { who, recording } = typing.now(row.id);
    const draft = row.draft ? (JSON.parse(row.draft) as Draft).text : "";
    const person = row.kind === "group" ? undefined : people.row(row.id);
    return {
      id: row.id,
      kind: row.kind,
      name,
      avatar: people.avatar(
        row.id,
        name,
        row.kind === "group" ? row.avatar_hash : (person?.avatar_hash ?? null),
      ),
      ...(last && { preview: this.#preview(last, row) }),
      ...(draft && { draft }),
      ...((row.last_at ?? row.created_at) && { at: (row.last_at ?? row.created_at) as number }),
      unread: row.unread,
      markedUnread: row.marked_unread === 1,
      mentioned: row.mentioned === 1,
      pinned: row.pinned === 1,
      archived: row.archived === 1,
      ...(row.muted_until !== null && { mutedUntil: row.muted_until }),
      typing: who.map((jid) => people.name(jid)),
      recording,
      online: row.kind !== "group" && people.isOnline(row.id),
      isRequest: row.is_request === 1 && messages.chat(row.id) !== undefined,
    };
  }

  chatName(row: ChatRow): string {
    if (row.id === this.#account.jid)
      return this.#account.people.ownName || this.#account.people.name(row.id);
    return row.kind === "group"
      ? tidyName(row.name ?? "") || (row.id.split("@")[0] ?? row.id)
      : this.#account.people.name(row.id);
  }

  #preview(row: MessageRow, chat: ChatRow): ChatPreview {
    const content = JSON.parse(row.content) as StoredContent;
    return {
      kind: content.kind,
      text: textOf(content),
      own: row.own === 1,
      ...(chat.kind === "group" && row.own === 0 && { sender: this.#account.people.name(row.sender) }),
      ...(row.own === 1 && row.tick && { tick: row.tick }),
      ...(content.kind === "system" && { system: content.event }),
      ...(content.kind === "voice" && { duration: content.seconds }),
    };
  }

  // ---------------------------------------------------------------------------------------------- messages

  messages(rows: readonly MessageRow[]): MessageView[] {
    return this.again(rows, new Map());
  }

  /** As `messages`; `shown` is what the last call left in it. */
  again(rows: readonly MessageRow[], shown: Shown): MessageView[] {
    const reactions = this.#reactions(rows);
    const senders = new Map<string, Sender>();
    const now = Date.now();
    const before = new Map(shown);
    shown.clear();
    return rows.map((row) => {
      let sender = senders.get(row.sender);
      if (!sender) {
        sender = this.#sender(row.sender);
        senders.set(row.sender, sender);
      }
      const found = reactions.get(row.stanza_id) ?? NO_REACTIONS;
      const known = before.get(row.id);
      const view =
        known && isSameRow(known.row, row) && this.#stillTrue(known.view, row, sender, found, now)
          ? known.view
          : this.#message(row, sender, found, now);
      shown.set(row.id, { row, view });
      return view;
    });
  }

  message(row: MessageRow): MessageView {
    return this.messages([row])[0] as MessageView;
  }

  #sender(jid: string): Sender {
    const { people } = this.#account;
    const name = people.name(jid);
    return { id: jid, name, avatar: people.avatar(jid, name, people.row(jid)?.avatar_hash ?? null) };
  }

  /** What a view shows besides its row. Files in transfer and quotes look at other rows: they are made anew. */
  #stillTrue(
    view: MessageView,
    row: MessageRow,
    sender: Sender,
    reactions: readonly ReactionView[],
    now: number,
  ): boolean {
    if (row.quote !== null || "media" in view.content) return false;
    if (reactions.length > 0 || view.reactions.length > 0) return false;
    const { name, avatar } = view.sender;
    if (name !== sender.name || avatar.hash !== sender.avatar.hash || avatar.url !== sender.avatar.url)
      return false;
    const may = this.#permissions(row, now);
    return view.canEdit === may.canEdit && view.canDeleteForAll === may.canDeleteForAll;
  }

  #permissions(row: MessageRow, now: number): Pick<MessageView, "canEdit" | "canDeleteForAll"> {
    const own = row.own === 1;
    const age = now - row.at;
    const left = row.tick !== null && row.tick !== "waiting" && row.tick !== "failed";
    return {
      canEdit: own && left && row.kind === "text" && age < EDIT_WINDOW,
      canDeleteForAll:
        row.kind !== "deleted" && age < DELETE_WINDOW && (own ? left : !left && this.#moderates(row)),
    };
  }

  #message(row: MessageRow, sender: Sender, reactions: readonly ReactionView[], now: number): MessageView {
    const own = row.own === 1;
    return {
      id: row.id,
      chat: row.chat,
      own,
      sender,
      at: row.at,
      content: this.#content(row),
      ...(own && row.tick && { tick: row.tick }),
      ...(row.tick === "failed" &&
        row.failure && { failure: JSON.parse(row.failure) as MessageView["failure"] & {} }),
      ...(row.quote && { quote: this.#quote(row.chat, JSON.parse(row.quote) as StoredQuote) }),
      reactions,
      edited: row.edited === 1,
      forwarded: row.forwarded === 1,
      starred: row.starred === 1,
      ...(row.expires_at !== null && { expiresAt: row.expires_at }),
      ...(row.doubt && { doubt: row.doubt }),
      ...this.#permissions(row, now),
    };
  }

  #moderates(row: MessageRow): boolean {
    return row.own === 0 && row.room_id !== null && ["owner", "admin"].includes(this.#role(row.chat));
  }

  #role(room: string): string {
    return (
      this.#account.store.sql.value<string>(
        "SELECT affiliation FROM member WHERE room = ? AND jid = ?",
        room,
        this.#account.jid,
      ) ?? "none"
    );
  }

  #content(row: MessageRow): Content {
    const content = JSON.parse(row.content) as StoredContent;
    return "media" in content
      ? ({ ...content, media: this.#media(row, content.media) } as Content)
      : (content as Content);
  }

  #media(message: MessageRow, media: { id: string }): MediaView {
    const row = this.#account.store.sql.get<MediaRow>("SELECT * FROM media WHERE message = ?", message.id);
    const near = row?.state === "remote" && this.#isNear(message, row);
    const known = dropUndefined({ ...media, near: near || undefined }) as unknown as Omit<
      MediaView,
      "transfer"
    >;
    if (!row) return { ...known, transfer: { state: "failed", code: "not-found" } };
    if (row.state === "failed")
      return { ...known, transfer: { state: "failed", code: (row.failure ?? "internal") as "internal" } };
    if (row.state === "remote" || row.state === "here") return { ...known, transfer: { state: row.state } };
    return { ...known, transfer: { state: row.state, done: row.done } };
  }

  #isNear({ chat }: MessageRow, { share }: MediaRow): boolean {
    const url = share === null ? undefined : (JSON.parse(share) as { url?: unknown }).url;
    if (typeof url !== "string" || !URL.canParse(url)) return false;
    return new URL(url).host === this.#account.host && this.#account.messages.chat(chat)?.is_request === 0;
  }

  #quote(chat: string, { target, sender }: StoredQuote): Quote {
    const row = this.#account.messages.find(chat, target);
    const who = row?.sender ?? sender ?? chat;
    const content = row && (JSON.parse(row.content) as StoredContent);
    return {
      ...(row && { id: row.id }),
      name: this.#account.people.name(who),
      own: who === this.#account.jid,
      kind: content?.kind ?? "unsupported",
      text: content ? textOf(content) : "",
    };
  }

  #reactions(rows: readonly MessageRow[]): Map<string, ReactionView[]> {
    const found = new Map<string, ReactionView[]>();
    const { sql } = this.#account.store;
    const targets = new Map<string, string[]>();
    for (const { chat, stanza_id } of rows) {
      const ofChat = targets.get(chat);
      if (ofChat) ofChat.push(stanza_id);
      else targets.set(chat, [stanza_id]);
    }
    for (const [chat, ids] of targets) {
      if (sql.value("SELECT 1 FROM reaction WHERE chat = ? LIMIT 1", chat) === undefined) continue;
      const all = sql.all<{ target: string; sender: string; emojis: string }>(
        `SELECT target, sender, emojis FROM reaction
         WHERE chat = ? AND target IN (SELECT value FROM json_each(?)) ORDER BY at`,
        chat,
        JSON.stringify(ids),
      );
      for (const { target, sender, emojis } of all) {
        const list = found.get(target) ?? [];
        for (const emoji of JSON.parse(emojis) as string[]) this.#count(list, emoji, sender);
        found.set(target, list);
      }
    }
    return found;
  }

  #count(list: ReactionView[], emoji: string, sender: string): void {
    const at = list.findIndex((reaction) => reaction.emoji === emoji);
    const before = list[at] ?? { emoji, count: 0, own: false, names: [] };
    const counted: ReactionView = {
      emoji,
      count: before.count + 1,
      own: before.own || sender === this.#account.jid,
      names: [...before.names, this.#account.people.name(sender)],
    };
    if (at < 0) list.push(counted);
    else list[at] = counted;
  }

  // ---------------------------------------------------------------------------------------------- where is my message?

  details(id: string): MessageDetails | undefined {
    const row = this.#account.messages.byId(id);
    if (!row) return undefined;
    const { people, rooms } = this.#account;
    const group = this.#account.messages.chat(row.chat)?.kind === "group";
    const jids = group ? rooms.members(row.chat).map(({ jid }) => jid) : [row.chat];
    const receivers = jids
      .filter((jid) => jid !== row.sender)
      .map((jid) => {
        const name = people.name(jid);
        const devices = this.#deliveries(id, jid);
        const deliveredAt = earliest(devices.map((device) => device.deliveredAt));
        const readAt = earliest(devices.map((device) => device.readAt));
        const tick: Tick = readAt ? "read" : deliveredAt ? "delivered" : (row.tick ?? "sent");
        return {
          id: jid,
          name,
          avatar: people.avatar(jid, name, people.row(jid)?.avatar_hash ?? null),
          tick:
            tick === "read" || tick === "delivered"
              ? tick
              : row.tick === "waiting" || row.tick === "failed"
                ? row.tick
                : ("sent" as const),
          ...(deliveredAt && { deliveredAt }),
          ...(readAt && { readAt }),
          devices: devices.map(({ readAt: _, ...device }) => device),
        };
      });
    const deliveredAt = receivers.length ? earliestOfAll(receivers.map((one) => one.deliveredAt)) : undefined;
    const readAt = receivers.length ? earliestOfAll(receivers.map((one) => one.readAt)) : undefined;
    return {
      message: this.message(row),
      ...(row.sent_at && { sentAt: row.sent_at }),
      ...(deliveredAt && { deliveredAt }),
      ...(readAt && { readAt }),
      sharesReceipts: this.#account.privacy.readReceipts,
      receivers,
    };
  }

  #deliveries(message: string, jid: string): (DeviceDelivery & { readonly readAt?: number })[] {
    return this.#account.store.sql
      .all<{ device: string; delivered_at: number | null; read_at: number | null }>(
        "SELECT * FROM receipt WHERE message = ? AND jid = ? ORDER BY delivered_at",
        message,
        jid,
      )
      .map(({ device, delivered_at, read_at }) => ({
        id: device,
        kind: "other" as const,
        ...(delivered_at && { deliveredAt: delivered_at }),
        ...(read_at && { readAt: read_at }),
      }));
  }

  // ---------------------------------------------------------------------------------------------- groups

  group(id: string): GroupView | undefined {
    const row = this.#account.messages.chat(id);
    if (row?.kind !== "group") return undefined;
    const { people, rooms, jid: me } = this.#account;
    const settings = JSON.parse(row.room_settings ?? "{}") as { moderated?: boolean };
    const name = this.chatName(row);
    const invite = this.#account.store.setting<string>(`invite:${id}`);
    const members = rooms
      .members(id)
      .filter(({ affiliation }) => affiliation !== "outcast" && affiliation !== "none")
      .map(({ jid, affiliation }) => {
        const memberName = people.name(jid);
        return {
          id: jid,
          name: memberName,
          avatar: people.avatar(jid, memberName, people.row(jid)?.avatar_hash ?? null),
          role: affiliation as GroupRole,
          isMe: jid === me,
          online: jid === me || rooms.isPresent(id, jid) || people.isOnline(jid),
        };
      })
      .sort((a, b) => RANK[a.role] - RANK[b.role] || a.name.localeCompare(b.name));
    return {
      id,
      name,
      about: row.about ?? "",
      avatar: people.avatar(id, name, row.avatar_hash),
      ...(row.created_at && { createdAt: row.created_at }),
      members,
      myRole: row.closed ? "none" : (members.find(({ isMe }) => isMe)?.role ?? "none"),
      ...(invite && { inviteLink: invite }),
      whoMayWrite: settings.moderated ? "admins" : "all",
      whoMayEdit: "admins",
    };
  }

  // ---------------------------------------------------------------------------------------------- search

  search(text: string): SearchResults {
    const { messages, people } = this.#account;
    const wanted = fold(text.trim());
    if (wanted === "") return { chats: [], contacts: [], messages: [] };
    const matches = (name: string): boolean =>
      fold(name)
        .split(/\s+/)
        .some((word) => word.startsWith(wanted)) || fold(name).includes(wanted);
    const chats = this.chatList().filter(({ id, name }) => matches(name) || isPartOf(text, numberOf(id)));
    const shown = new Set(chats.map(({ id }) => id));
    const contacts = people
      .contacts()
      .filter(({ id, name, number }) => !shown.has(id) && (matches(name) || isPartOf(text, number)));
    const found = messages.search(text).map((row) => {
      const chat = messages.chat(row.chat);
      return {
        message: this.message(row),
        chatName: chat ? this.chatName(chat) : people.name(row.chat),
        text: row.text,
        marks: marksOf(row.text, text),
      };
    });
    return { chats, contacts, messages: found };
  }
}

const NO_REACTIONS: readonly ReactionView[] = [];

function isSameRow(a: MessageRow, b: MessageRow): boolean {
  for (const column in b) if (a[column as keyof MessageRow] !== b[column as keyof MessageRow]) return false;
  return true;
}

const RANK: Readonly<Record<GroupRole, number>> = { owner: 0, admin: 1, member: 2 };

const EMPTY_CHAT: Omit<ChatRow, "id" | "kind"> = {
  name: null,
  about: null,
  avatar_hash: null,
  pinned: 0,
  archived: 0,
  muted_until: null,
  marked_unread: 0,
  draft: null,
  timer: 0,
  read_up_to: 0,
  unread: 0,
  mentioned: 0,
  is_request: 0,
  last_seq: null,
  last_at: null,
  closed: null,
  room_nick: null,
  room_settings: null,
  created_at: null,
  hidden: 0,
};

function dropUndefined(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length ? Math.min(...known) : undefined;
}

/** When the last of them came to it; undefined while one has not. */
function earliestOfAll(times: readonly (number | undefined)[]): number | undefined {
  return times.every((time) => time !== undefined) ? Math.max(...(times as number[])) : undefined;
}
