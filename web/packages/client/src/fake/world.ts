/** The demo world's state: chats with their messages, people, groups, and what happens by itself. */

import type {
  ChatId,
  ChatPreview,
  ChatView,
  ConnectionView,
  ContactView,
  Content,
  Draft,
  GroupView,
  Me,
  MessageId,
  MessageView,
  Privacy,
} from "../api.ts";
import { Cell } from "../live.ts";
import { faces } from "./art.ts";
import { avatar, BUSINESSES, DOMAIN, jid, ME, PEOPLE } from "./people.ts";
import { COUSINS, HIKERS, SCRIPT, said } from "./script.ts";

/** Runs `act` after so many milliseconds; tests pass their own. */
export type Later = (ms: number, act: () => void) => void;

export interface Room {
  readonly id: ChatId;
  readonly view: Cell<ChatView>;
  readonly messages: Cell<readonly MessageView[]>;
  readonly draft: Cell<Draft>;
  readonly timer: Cell<number>;
  firstUnread: MessageId | undefined;
}

export const HIKERS_ID = `hikers@groups.${DOMAIN}`;
export const COUSINS_ID = `cousins@groups.${DOMAIN}`;

export function previewOf(message: MessageView | undefined, group: boolean): ChatPreview | undefined {
  if (!message) return undefined;
  const { content } = message;
  const base = {
    kind: content.kind,
    own: message.own,
    text: textOf(content),
    ...(group && !message.own ? { sender: message.sender.name.split(" ")[0] ?? "" } : {}),
    ...(message.tick ? { tick: message.tick } : {}),
  };
  if (content.kind === "system") return { ...base, system: content.event };
  if (content.kind === "voice") return { ...base, duration: content.seconds };
  return base;
}

export function textOf(content: Content): string {
  switch (content.kind) {
    case "text":
    case "business":
    case "unsupported":
      return content.text;
    case "image":
    case "video":
      return content.caption;
    case "file":
      return content.caption || content.media.name;
    case "location":
      return content.name ?? "";
    default:
      return "";
  }
}

export class World {
  readonly rooms = new Map<ChatId, Room>();
  readonly list = new Cell<readonly ChatView[]>([]);
  readonly contacts = new Cell<readonly ContactView[]>([...PEOPLE, ...BUSINESSES]);
  readonly groups = new Map<ChatId, Cell<GroupView>>();
  readonly connection = new Cell<ConnectionView>({ state: "online", queued: 0 });
  readonly me = new Cell<Me>({
    id: ME,
    name: "Ana Ribeiro",
    about: "Between two cities",
    number: "+5511912345678",
    avatar: avatar("Ana Ribeiro", faces.ana),
    hasPin: true,
  });
  readonly privacy = new Cell<Privacy>({
    lastSeen: "contacts",
    online: "contacts",
    avatar: "everyone",
    about: "contacts",
    addToGroups: "contacts",
    findByNumber: true,
    readReceipts: true,
    typing: true,
    defaultTimer: 0,
  });
  readonly onIncoming = new Set<(message: MessageView, room: Room) => void>();
  #counter = 0;

  constructor(
    readonly now: () => number,
    readonly later: Later,
  ) {}

  id(prefix = "x"): string {
    this.#counter += 1;
    return `${prefix}${this.#counter}`;
  }

  /** The facts of the design pictures. */
  populate(): void {
    const now = this.now();
    for (const contact of [...PEOPLE, ...BUSINESSES]) {
      const local = contact.id.split("@")[0] ?? "";
      const lines = SCRIPT[local];
      if (!lines) continue;
      const room = this.room(contact.id, contact.kind, contact.name, contact.avatar);
      room.messages.set(lines.map((line) => said(contact.id, now, line)));
      this.refresh(room);
    }
    this.#group(HIKERS_ID, "Sunday hikers", faces.hikers, ["bruno", "livia", "jonas", "thiago"], HIKERS);
    this.#group(COUSINS_ID, "Cousins & recipes", faces.cousins, ["mae", "sofia"], COUSINS);
    this.#set("bruno", { pinned: true, online: true, typing: ["Bruno Keller"] });
    this.#set("kolibri", { unread: 1 });
    const hikers = this.rooms.get(HIKERS_ID);
    if (hikers) this.touch(hikers, { unread: 4 });
    const cousins = this.rooms.get(COUSINS_ID);
    if (cousins) this.touch(cousins, { unread: 27, mutedUntil: Number.POSITIVE_INFINITY });
    this.rooms.get(jid("mae"))?.draft.set({ text: "chego no domingo de manhã, tá?" });
    const mae = this.rooms.get(jid("mae"));
    if (mae) this.touch(mae, { draft: mae.draft.get().text });
  }

  #set(local: string, change: Partial<ChatView>): void {
    const room = this.rooms.get(jid(local));
    if (room) this.touch(room, change);
  }

  #group(id: ChatId, name: string, face: string, members: string[], lines: typeof HIKERS): void {
    const room = this.room(id, "group", name, avatar(name, face));
    room.messages.set(lines.map((line) => said(id, this.now(), line)));
    const people = this.contacts.get();
    this.groups.set(
      id,
      new Cell<GroupView>({
        id,
        name,
        about: "",
        avatar: avatar(name, face),
        createdAt: this.now() - 90 * 86_400_000,
        myRole: "admin",
        inviteLink: `https://${DOMAIN}/i/hikers-7Qm4`,
        whoMayWrite: "all",
        whoMayEdit: "admins",
        members: [
          {
            id: ME,
            name: "Ana Ribeiro",
            avatar: this.me.get().avatar,
            role: "admin",
            isMe: true,
            online: true,
          },
          ...members.map((local, index) => {
            const one = people.find((person) => person.id === jid(local));
            return {
              id: jid(local),
              name: one?.name ?? local,
              avatar: one?.avatar ?? avatar(local),
              role: index === 0 ? ("owner" as const) : ("member" as const),
              isMe: false,
              online: index === 0,
            };
          }),
        ],
      }),
    );
    this.refresh(room);
  }

  room(id: ChatId, kind: ChatView["kind"], name: string, face = avatar(name)): Room {
    const known = this.rooms.get(id);
    if (known) return known;
    const room: Room = {
      id,
      view: new Cell<ChatView>({
        id,
        kind,
        name,
        avatar: face,
        unread: 0,
        markedUnread: false,
        mentioned: false,
        pinned: false,
        archived: false,
        typing: [],
        recording: false,
        online: false,
        isRequest: false,
      }),
      messages: new Cell<readonly MessageView[]>([]),
      draft: new Cell<Draft>({ text: "" }),
      timer: new Cell(0),
      firstUnread: undefined,
    };
    this.rooms.set(id, room);
    this.sort();
    return room;
  }

  /** Finds or makes the room of a person or business we know. */
  roomOf(id: ChatId): Room | undefined {
    const known = this.rooms.get(id);
    if (known) return known;
    const contact = this.contacts.get().find((one) => one.id === id);
    return contact && this.room(id, contact.kind, contact.name, contact.avatar);
  }

  touch(room: Room, change: { [K in keyof ChatView]?: ChatView[K] | undefined }): void {
    room.view.update((view) => {
      const next = { ...view, ...change } as Record<string, unknown>;
      for (const key of Object.keys(next)) if (next[key] === undefined) delete next[key];
      return next as unknown as ChatView;
    });
    this.sort();
  }

  refresh(room: Room): void {
    const last = room.messages.get().at(-1);
    this.touch(room, { preview: previewOf(last, room.view.get().kind === "group"), at: last?.at });
  }

  sort(): void {
    const views = [...this.rooms.values()].map((room) => room.view.get());
    this.list.set(views.sort((a, b) => Number(b.pinned) - Number(a.pinned) || (b.at ?? 0) - (a.at ?? 0)));
  }

  change(room: Room, id: MessageId, change: (message: MessageView) => MessageView): void {
    room.messages.update((list) => list.map((message) => (message.id === id ? change(message) : message)));
    this.refresh(room);
  }

  append(room: Room, message: MessageView): void {
    room.messages.update((list) => [...list, message]);
    this.refresh(room);
  }

  /** A message of mine on its way: waiting, sent, delivered, read, and for people an answer. */
  dispatch(room: Room, id: MessageId): void {
    if (this.connection.get().state !== "online") {
      this.connection.update((view) => ({ ...view, queued: view.queued + 1 }));
      return;
    }
    const step = (ms: number, tick: MessageView["tick"]) =>
      this.later(ms, () =>
        this.change(room, id, (message) =>
          message.content.kind === "deleted" ? message : ({ ...message, tick } as MessageView),
        ),
      );
    step(150, "sent");
    step(500, "delivered");
    step(1400, "read");
    if (room.view.get().kind === "person") this.#answer(room);
  }

  #answer(room: Room): void {
    this.later(1600, () => this.touch(room, { typing: [room.view.get().name] }));
    this.later(3200, () => {
      this.touch(room, { typing: [] });
      this.receive(room, room.id, { kind: "text", text: ANSWERS[this.#counter % ANSWERS.length] ?? "👍" });
    });
  }

  receive(room: Room, from: ChatId, content: Content): MessageView {
    const sender = this.contacts.get().find((one) => one.id === from);
    const message: MessageView = {
      id: this.id("in"),
      chat: room.id,
      own: false,
      sender: { id: from, name: sender?.name ?? from, avatar: sender?.avatar ?? avatar(from) },
      at: this.now(),
      content,
      reactions: [],
      edited: false,
      forwarded: false,
      starred: false,
      canEdit: false,
      canDeleteForAll: false,
    };
    if (!room.firstUnread) room.firstUnread = message.id;
    this.append(room, message);
    this.touch(room, { unread: room.view.get().unread + 1 });
    for (const listener of this.onIncoming) listener(message, room);
    return message;
  }

  setOnline(online: boolean): void {
    if (!online) {
      this.connection.set({ state: "offline", queued: 0 });
      return;
    }
    this.connection.set({ state: "online", queued: 0 });
    for (const room of this.rooms.values())
      for (const message of room.messages.get())
        if (message.own && message.tick === "waiting" && message.content.kind !== "file")
          this.dispatch(room, message.id);
  }
}

const ANSWERS = [
  "Sounds good!",
  "Two minutes!",
  "On the stairs 🙂",
  "I’ll ask the others.",
  "Yes, and bring a warm coat.",
];
