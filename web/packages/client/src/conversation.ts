/** One open chat: a stretch of its messages that follows the store, and what a person does in it. */
import * as wire from "@plauder/protocol/content";
import { ConnectionLost, NotConnected, StanzaError } from "@plauder/protocol/errors";
import { moderate } from "@plauder/protocol/muc";
import { NS } from "@plauder/protocol/ns";
import { el } from "@plauder/protocol/xml";
import {
  type AttachmentDraft,
  type BusinessReply,
  ClientError,
  type Conversation,
  type ConversationView,
  type Draft,
  type ErrorCode,
  type FormOffer,
  type FormRequest,
  type Live,
  type Mention,
  type MessageDetails,
  type MessageView,
} from "./api.ts";
import type { Account } from "./core/account.ts";
import { newId, newMessageId } from "./core/ids.ts";
import { object } from "./core/json.ts";
import type { MediaTransfers } from "./core/media.ts";
import { toWire } from "./core/mentions.ts";
import type { MessageRow, StoredContent, StoredQuote } from "./core/rows.ts";
import { Cell, paced } from "./live.ts";
import type { Shown, Views } from "./views.ts";

/** What a chat opens with, and what is added when a person reads on. */
const PAGE = 60;
const MORE = 150;
const MAX_STRETCH = 600;

interface Point {
  readonly at: number;
  readonly seq: number;
}

export class ChatConversation implements Conversation {
  readonly #id: string;
  readonly #account: Account;
  readonly #views: Views;
  readonly #media: MediaTransfers;
  readonly #cell: Cell<ConversationView | undefined>;
  readonly draft: Live<Draft>;
  readonly #draft: Cell<Draft>;
  readonly #details = new Map<string, Live<MessageDetails | undefined>>();
  /** Oldest message shown; undefined: the chat is empty so far. */
  #from: Point | undefined;
  /** Newest message shown; undefined: the stretch follows the end. */
  #to: Point | undefined;
  #firstUnread: string | undefined;
  #shown: Shown = new Map();
  #typing = "paused";

  constructor(id: string, account: Account, views: Views, media: MediaTransfers) {
    this.#id = id;
    this.#account = account;
    this.#views = views;
    this.#media = media;
    this.#cell = new Cell<ConversationView | undefined>(undefined, () => this.#open());
    this.#draft = new Cell<Draft>(this.#storedDraft());
    this.draft = this.#draft;
  }

  readonly get = (): ConversationView | undefined => this.#cell.get();
  readonly subscribe = (listener: () => void): (() => void) => this.#cell.subscribe(listener);

  // ---------------------------------------------------------------------------------------------- the stretch

  #open(): () => void {
    const { messages, store } = this.#account;
    const unread = messages.firstUnread(this.#id);
    this.#firstUnread = unread?.id;
    this.#to = undefined;
    const rows = messages.before(this.#id, undefined, PAGE);
    this.#from = rows[0];
    // What is unread is shown from its beginning; the rest of it comes as the person reads on.
    if (unread && this.#from && isBefore(unread, this.#from)) {
      this.#from = messages.before(this.#id, unread, PAGE / 2)[0] ?? unread;
      const first = messages.after(this.#id, unread, PAGE);
      this.#to = first.length < PAGE ? undefined : first.at(-1);
    }
    this.#refresh();
    // After who waits for the messages has them.
    queueMicrotask(() => {
      void this.#account.learnAbout(this.#id);
      void this.#account.learnLastSeen(this.#id);
    });
    const topics = [`messages:${this.#id}`, `chat:${this.#id}`, `person:${this.#id}`];
    const refresh = paced(() => this.#refresh());
    const leave = store.watch(topics, refresh.run);
    return () => {
      leave();
      refresh.stop();
      this.#shown = new Map();
    };
  }

  #rows(): MessageRow[] {
    const { messages } = this.#account;
    if (!this.#from) {
      const rows = messages.before(this.#id, undefined, PAGE);
      this.#from = rows[0];
      return rows;
    }
    return this.#to ? messages.between(this.#id, this.#from, this.#to) : messages.from(this.#id, this.#from);
  }

  #refresh(): void {
    const { messages, people } = this.#account;
    let rows = this.#rows();
    // What follows the end grows with every arrival; the far end is out of sight long before.
    if (!this.#to && rows.length > 2 * MAX_STRETCH) {
      rows = rows.slice(-MAX_STRETCH);
      this.#from = rows[0];
    }
    const [first, last] = [rows[0], rows.at(-1)];
    const row = messages.chat(this.#id);
    const person = row?.kind === "group" ? undefined : people.row(this.#id);
    const hosted = person?.hosted === 1;
    const closed = this.#closed(row, person?.blocked === 1);
    this.#cell.set({
      messages: this.#views.again(rows, this.#shown),
      hasOlder: first !== undefined && messages.before(this.#id, first, 1).length > 0,
      hasNewer: this.#to !== undefined && last !== undefined && messages.after(this.#id, last, 1).length > 0,
      ...(this.#firstUnread !== undefined && { firstUnread: this.#firstUnread }),
      timer: row?.timer ?? this.#account.privacy.defaultTimer,
      encryption: hosted ? "hosted" : person?.plain === 1 ? "none" : "end-to-end",
      ...(closed && { closed }),
    });
  }

  #closed(
    row: ReturnType<Account["messages"]["chat"]>,
    blocked: boolean,
  ): ConversationView["closed"] | undefined {
    if (blocked) return "blocked";
    if (row?.closed) return row.closed as "left";
    if (row?.is_request) return "request";
    const settings = JSON.parse(row?.room_settings ?? "{}") as { moderated?: boolean };
    const role = this.#views.group(this.#id)?.myRole;
    return settings.moderated && role === "member" ? "not-allowed" : undefined;
  }

  async older(): Promise<void> {
    if (!this.#from) return;
    const rows = this.#account.messages.before(this.#id, this.#from, MORE);
    this.#from = rows[0] ?? this.#from;
    const shown = this.#rows();
    // A stretch that grows without end would be slow: let go of the other end, out of sight.
    if (shown.length > MAX_STRETCH) this.#to = shown[MAX_STRETCH - 1];
    this.#refresh();
  }

  async newer(): Promise<void> {
    if (!this.#to) return;
    const rows = this.#account.messages.after(this.#id, this.#to, MORE);
    this.#to = rows.length < MORE ? undefined : rows.at(-1);
    const shown = this.#rows();
    if (shown.length > MAX_STRETCH) this.#from = shown[shown.length - MAX_STRETCH];
    this.#refresh();
  }

  async reveal(message: string): Promise<boolean> {
    const { messages } = this.#account;
    const row = messages.byId(message);
    if (row?.chat !== this.#id) return false;
    const inside = this.#from && !isBefore(row, this.#from) && (!this.#to || !isBefore(this.#to, row));
    // As much on both sides as a log wants to have: with more coming at once it could not settle on the message.
    if (!inside) {
      this.#from = messages.before(this.#id, row, MORE)[0] ?? row;
      const after = messages.after(this.#id, row, MORE);
      this.#to = after.length < MORE ? undefined : after.at(-1);
      this.#refresh();
    }
    return true;
  }

  async latest(): Promise<void> {
    this.#to = undefined;
    this.#from = this.#account.messages.before(this.#id, undefined, PAGE)[0];
    this.#refresh();
  }

  seen(message: string): void {
    this.#account.seen(this.#id, message);
  }

  // ---------------------------------------------------------------------------------------------- writing

  /** `id`: the message's own, for callers who may have to ask again. */
  async send(
    text: string,
    options: { replyTo?: string; id?: string; mentions?: readonly Mention[] } = {},
  ): Promise<string> {
    this.#mayWrite();
    const { quote, elements } = this.#reply(options.replyTo);
    const id = this.#account.post(
      this.#id,
      { content: textContent(text, options.mentions), quote, ...(options.id && { id: options.id }) },
      [wire.body(text), ...toWire(text, options.mentions ?? []), ...elements],
      text,
    );
    this.saveDraft({ text: "" });
    this.#typing = "paused";
    return id;
  }

  /** `id` as in `send`. */
  async attach(draft: AttachmentDraft, options: { replyTo?: string; id?: string } = {}): Promise<string> {
    if (options.id && this.#account.messages.byId(options.id)) return options.id;
    this.#mayWrite();
    const { quote, elements } = this.#reply(options.replyTo);
    return await this.#media.send(this.#id, draft, quote, elements, options.id);
  }

  #mayWrite(): void {
    const closed = this.#closed(
      this.#account.messages.chat(this.#id),
      this.#account.people.row(this.#id)?.blocked === 1,
    );
    if (closed && closed !== "request")
      throw new ClientError(closed === "blocked" ? "blocked" : "not-allowed");
  }

  #reply(replyTo: string | undefined): {
    quote: StoredQuote | undefined;
    elements: ReturnType<typeof wire.body>[];
  } {
    const row = replyTo === undefined ? undefined : this.#account.messages.byId(replyTo);
    if (!row) return { quote: undefined, elements: [] };
    const target = row.room_id ?? row.stanza_id;
    return {
      quote: { target, sender: row.sender },
      elements: [wire.replyTo({ id: target, to: row.sender })],
    };
  }

  async edit(message: string, text: string, mentions: readonly Mention[] = []): Promise<void> {
    const row = this.#own(message);
    if (row.kind !== "text") throw new ClientError("not-allowed");
    const { store, messages } = this.#account;
    store.write(() => {
      messages.setContent(row.id, textContent(text, mentions), { edited: true });
      const elements = [wire.body(text), ...toWire(text, mentions), wire.replaces(row.stanza_id)];
      this.#account.act(this.#id, elements, text);
    });
  }

  async react(message: string, emoji: string): Promise<void> {
    const row = this.#account.messages.byId(message);
    if (!row) throw new ClientError("not-found");
    const emojis = emoji === "" ? [] : [emoji];
    const target = row.room_id ?? row.stanza_id;
    this.#account.store.write(() => {
      this.#account.messages.react(this.#id, target, this.#account.jid, emojis, Date.now());
      this.#account.act(this.#id, [wire.reactions(target, emojis)]);
    });
  }

  async remove(messages: readonly string[], scope: "me" | "all"): Promise<void> {
    for (const id of messages) {
      const row = this.#account.messages.byId(id);
      if (!row) continue;
      await this.#media.forget(id);
      if (scope === "me") this.#account.store.write(() => this.#account.messages.delete(id));
      else await this.#removeForAll(row);
    }
  }

  async #removeForAll(row: MessageRow): Promise<void> {
    if (row.own === 0) {
      if (!row.room_id) throw new ClientError("not-allowed");
      await moderate(this.#account.session, row.chat, row.room_id);
      this.#account.store.write(() => this.#account.messages.erase(row, "admin"));
      return;
    }
    if (this.#account.outgoing.cancel(row.id)) return;
    this.#account.store.write(() => {
      this.#account.messages.erase(row, "me");
      this.#account.act(this.#id, [wire.retraction(row.room_id ?? row.stanza_id)]);
    });
  }

  async star(messages: readonly string[], on: boolean): Promise<void> {
    this.#account.store.write(() => {
      for (const id of messages) this.#account.messages.star(id, on);
    });
  }

  /** `ids` of the copies, for each chat those of all messages; as in `send`. */
  async forward(
    messages: readonly string[],
    to: readonly string[],
    ids: readonly (readonly string[])[] = [],
  ): Promise<void> {
    for (const [at, message] of messages.entries()) {
      const row = this.#account.messages.byId(message);
      if (!row) continue;
      for (const [index, chat] of to.entries()) {
        const id = ids[index]?.[at] ?? newMessageId();
        if (!this.#account.messages.byId(id)) await this.#forward(row, chat, id);
      }
    }
  }

  async #forward(row: MessageRow, chat: string, id: string): Promise<void> {
    const content = JSON.parse(row.content) as StoredContent;
    if ("media" in content) return await this.#media.forward(row, content, chat, id);
    if (content.kind === "location") {
      const { latitude, longitude, name } = content;
      const place = wire.location(latitude, longitude, name);
      this.#account.post(
        chat,
        { id, content, forwarded: true },
        [place, wire.forwardedMark()],
        `geo:${latitude},${longitude}`,
      );
      return;
    }
    if (content.kind !== "text" && content.kind !== "business") return;
    const text: StoredContent = { kind: "text", text: content.text };
    this.#account.post(
      chat,
      { id, content: text, forwarded: true },
      [wire.body(content.text), wire.forwardedMark()],
      content.text,
    );
  }

  async retry(message: string): Promise<void> {
    const row = this.#own(message);
    if (!(await this.#media.retry(row.id))) this.#account.outgoing.retry(row.id);
  }

  async cancel(message: string): Promise<void> {
    const row = this.#own(message);
    await this.#media.forget(row.id);
    if (this.#account.outgoing.cancel(row.id)) return;
    if (row.tick !== "waiting" && row.tick !== "failed") throw new ClientError("not-allowed");
    this.#account.store.write(() => this.#account.messages.delete(row.id));
  }

  heard(message: string): void {
    const row = this.#account.messages.byId(message);
    const content = row && (JSON.parse(row.content) as StoredContent);
    if (content?.kind !== "voice" || content.heard) return;
    this.#account.store.write(() => this.#account.messages.setContent(message, { ...content, heard: true }));
  }

  /** `id` as in `send`. */
  async answer(
    message: string,
    reply: BusinessReply,
    options: { said?: string; pressed?: string; id?: string } = {},
  ): Promise<void> {
    const row = this.#account.messages.byId(message);
    const content = row && (JSON.parse(row.content) as StoredContent);
    if (!row || content?.kind !== "business") throw new ClientError("not-found");
    const text = options.said || answerText(reply);
    const place = reply.type === "location" ? reply.location : undefined;
    this.#account.store.write(() => {
      const { pressed } = options;
      this.#account.messages.setContent(row.id, { ...content, answer: text, ...(pressed && { pressed }) });
      this.#account.post(
        this.#id,
        {
          content: place ? { kind: "location", ...place } : { kind: "text", text },
          quote: { target: row.stanza_id, sender: row.sender },
          ...(options.id && { id: options.id }),
        },
        [
          wire.body(place ? `geo:${place.latitude},${place.longitude}` : text),
          wire.business("reply", JSON.stringify(reply)),
          ...(place ? [wire.location(place.latitude, place.longitude)] : []),
          wire.replyTo({ id: row.stanza_id, to: row.sender }),
        ],
        text,
      );
    });
  }

  async form(
    message: string,
    offer: FormOffer,
    ask: FormRequest,
  ): Promise<Readonly<Record<string, unknown>>> {
    const row = this.#account.messages.byId(message);
    if (!row) throw new ClientError("not-found");
    const which = offer.id ? { flow_id: offer.id } : { flow_name: offer.name };
    const question = JSON.stringify({ ...ask, ...which, flow_token: offer.token });
    try {
      const answer = await this.#account.session.request("get", el("flow", NS.business, {}, question), {
        to: row.device ? `${row.sender}/${row.device}` : row.sender,
      });
      return object(JSON.parse(answer.get("flow", NS.business)?.text() ?? ""));
    } catch (error) {
      throw new ClientError(formProblem(error), String(error));
    }
  }

  typing(state: "composing" | "recording" | "paused"): void {
    if (this.#typing === state) return;
    this.#typing = state;
    this.#account.signal(this.#id, state === "paused" ? "paused" : "composing");
  }

  async setTimer(seconds: number): Promise<void> {
    const { store, messages, people, jid } = this.#account;
    if ((messages.chat(this.#id)?.timer ?? this.#account.privacy.defaultTimer) === seconds) return;
    store.write(() => {
      messages.ensureChat(this.#id, people.row(this.#id)?.kind ?? "person", Date.now());
      messages.changeChat(this.#id, { timer: seconds });
      messages.add({
        chat: this.#id,
        sender: jid,
        own: true,
        at: Date.now(),
        stanzaId: newId(),
        content: { kind: "system", event: { kind: "timer", by: people.name(jid), seconds } },
      });
      this.#account.act(this.#id, [wire.timer(seconds)]);
    });
  }

  // ---------------------------------------------------------------------------------------------- the draft and the rest

  #storedDraft(): Draft {
    const text = this.#account.messages.chat(this.#id)?.draft;
    return text ? (JSON.parse(text) as Draft) : { text: "" };
  }

  saveDraft(draft: Draft): void {
    this.#draft.set(draft);
    const empty = draft.text === "" && !draft.replyTo && !draft.editing;
    if (empty && !this.#account.messages.chat(this.#id)?.draft) return;
    this.#account.store.write(() => {
      const { messages, people } = this.#account;
      if (!empty && !messages.chat(this.#id))
        messages.ensureChat(this.#id, people.row(this.#id)?.kind ?? "person", Date.now());
      messages.changeChat(this.#id, { draft: empty ? null : JSON.stringify(draft) });
    });
  }

  details(message: string): Live<MessageDetails | undefined> {
    let live = this.#details.get(message);
    if (!live) {
      const refresh = (): void => cell.set(this.#views.details(message));
      const cell: Cell<MessageDetails | undefined> = new Cell<MessageDetails | undefined>(undefined, () => {
        refresh();
        return this.#account.store.watch([`message:${message}`, `messages:${this.#id}`], refresh);
      });
      live = cell;
      this.#details.set(message, live);
    }
    return live;
  }

  async media(kind: "visual" | "files" | "links"): Promise<readonly MessageView[]> {
    const { messages, store } = this.#account;
    if (kind === "visual") return this.#views.messages(messages.ofKinds(this.#id, ["image", "video"]));
    if (kind === "files") return this.#views.messages(messages.ofKinds(this.#id, ["file", "voice"]));
    const rows = store.sql.all<MessageRow>(
      "SELECT * FROM message WHERE chat = ? AND kind = 'text' AND text LIKE '%http%' ORDER BY at DESC, seq DESC LIMIT 500",
      this.#id,
    );
    return this.#views.messages(rows.filter(({ text }) => /\bhttps?:\/\/\S/.test(text)));
  }

  async all(): Promise<readonly MessageView[]> {
    const rows = this.#account.store.sql.all<MessageRow>(
      "SELECT * FROM message WHERE chat = ? ORDER BY at, seq",
      this.#id,
    );
    return this.#views.messages(rows);
  }

  async search(text: string): Promise<readonly string[]> {
    return this.#account.messages.search(text, this.#id).map(({ id }) => id);
  }

  #own(message: string): MessageRow {
    const row = this.#account.messages.byId(message);
    if (row?.own !== 1 || row.chat !== this.#id) throw new ClientError("not-found");
    return row;
  }
}

function isBefore(a: Point, b: Point): boolean {
  return a.at < b.at || (a.at === b.at && a.seq < b.seq);
}

function answerText(reply: BusinessReply): string {
  switch (reply.type) {
    case "button_reply":
      return reply.button_reply.title;
    case "list_reply":
      return reply.list_reply.title;
    case "button":
      return reply.button.text;
    case "nfm_reply":
      return reply.nfm_reply.body;
    case "order":
      return reply.order.text ?? "";
    case "location":
      return `${reply.location.latitude}, ${reply.location.longitude}`;
    case "contacts":
      return reply.contacts.map(({ name }) => name.formatted_name).join(", ");
    case "call_permission_reply":
      return reply.call_permission_reply.response;
  }
}

function formProblem(error: unknown): ErrorCode {
  if (error instanceof NotConnected || error instanceof ConnectionLost) return "offline";
  if (!(error instanceof StanzaError)) return "timeout";
  if (error.condition === "gone") return "gone";
  return error.type === "wait" ? "timeout" : "not-found";
}

function textContent(text: string, mentions: readonly Mention[] = []): StoredContent {
  return { kind: "text", text, ...(mentions.length > 0 && { mentions }) };
}
