/** One chat of the demo world, as the app opens it. */

import {
  type AttachmentDraft,
  type BusinessReply,
  ClientError,
  type Content,
  type Conversation,
  type ConversationView,
  type Draft,
  type Live,
  type MessageDetails,
  type MessageId,
  type MessageView,
  type ReactionView,
} from "../api.ts";
import { Cell } from "../live.ts";
import type { FakeMedia } from "./media.ts";
import { ME } from "./people.ts";
import { type Room, textOf, type World } from "./world.ts";

const PAGE = 80;
const STRETCH = 400;

function toggled(list: readonly ReactionView[], emoji: string, name: string): ReactionView[] {
  const others = list
    .map((one) =>
      one.own
        ? { ...one, own: false, count: one.count - 1, names: one.names.filter((n) => n !== name) }
        : one,
    )
    .filter((one) => one.count > 0);
  if (!emoji) return others;
  const same = others.find((one) => one.emoji === emoji);
  if (!same) return [...others, { emoji, count: 1, own: true, names: [name] }];
  return others.map((one) =>
    one === same ? { ...one, count: one.count + 1, own: true, names: [...one.names, name] } : one,
  );
}

export function fakeConversation(world: World, room: Room, media: FakeMedia): Conversation {
  let start = Math.max(0, room.messages.get().length - PAGE);
  /** Undefined: the end, wherever that is. */
  let end: number | undefined;
  const view = new Cell<ConversationView | undefined>(undefined, () => {
    const compute = () => view.set(snapshot());
    const stops = [
      room.messages.subscribe(compute),
      room.timer.subscribe(compute),
      world.contacts.subscribe(compute),
    ];
    const group = world.groups.get(room.id);
    if (group) stops.push(group.subscribe(compute));
    const unread = room.view.get().unread;
    room.firstUnread = unread > 0 ? room.messages.get().at(-unread)?.id : undefined;
    compute();
    return () => {
      for (const stop of stops) stop();
    };
  });

  function closed(): ConversationView["closed"] {
    if (world.groups.get(room.id)?.get().myRole === "none") return "left";
    if (world.contacts.get().some((one) => one.id === room.id && one.isBlocked)) return "blocked";
    return room.view.get().isRequest ? "request" : undefined;
  }

  function snapshot(): ConversationView {
    const why = closed();
    return {
      messages: room.messages.get().slice(start, end),
      hasOlder: start > 0,
      hasNewer: end !== undefined,
      timer: room.timer.get(),
      encryption: room.view.get().kind === "business" ? "hosted" : "end-to-end",
      ...(room.firstUnread ? { firstUnread: room.firstUnread } : {}),
      ...(why ? { closed: why } : {}),
    };
  }

  const find = (id: MessageId) => room.messages.get().find((one) => one.id === id);

  function post(content: Content, replyTo?: MessageId, forwarded = false): MessageId {
    if (closed()) throw new ClientError("not-allowed");
    const quoted = replyTo ? find(replyTo) : undefined;
    const me = world.me.get();
    const id = world.id("out");
    world.append(room, {
      id,
      chat: room.id,
      own: true,
      sender: { id: ME, name: me.name, avatar: me.avatar },
      at: world.now(),
      content,
      tick: "waiting",
      reactions: [],
      edited: false,
      forwarded,
      starred: false,
      canEdit: content.kind === "text",
      canDeleteForAll: true,
      ...(room.timer.get() ? { expiresAt: world.now() + room.timer.get() * 1000 } : {}),
      ...(quoted
        ? {
            quote: {
              id: quoted.id,
              name: quoted.sender.name,
              own: quoted.own,
              kind: quoted.content.kind,
              text: textOf(quoted.content),
            },
          }
        : {}),
    });
    return id;
  }

  function attach(draft: AttachmentDraft, replyTo?: MessageId): MessageId {
    const file = media.keep(draft);
    const caption = draft.caption ?? "";
    const content: Content =
      draft.kind === "voice"
        ? { kind: "voice", media: file, seconds: draft.seconds ?? 0, wave: draft.wave ?? [], heard: true }
        : draft.kind === "file"
          ? { kind: "file", media: file, caption }
          : { kind: draft.kind, media: file, caption };
    const id = post(content, replyTo);
    upload(id, 0);
    return id;
  }

  function upload(id: MessageId, done: number): void {
    const message = find(id);
    if (!message || !("media" in message.content)) return;
    const { size } = message.content.media;
    const transfer = done >= size ? ({ state: "here" } as const) : ({ state: "up", done } as const);
    setTransfer(id, transfer);
    if (transfer.state === "here") world.dispatch(room, id);
    else world.later(120, () => find(id)?.tick === "waiting" && upload(id, done + Math.ceil(size / 5)));
  }

  function setTransfer(id: MessageId, transfer: MediaTransfer): void {
    world.change(room, id, (message) =>
      "media" in message.content
        ? { ...message, content: { ...message.content, media: { ...message.content.media, transfer } } }
        : message,
    );
  }

  return {
    get: view.get,
    subscribe: view.subscribe,
    older: async () => {
      start = Math.max(0, start - PAGE * 2);
      if (room.messages.get().length > start + STRETCH) end = Math.min(end ?? Infinity, start + STRETCH);
      view.set(snapshot());
    },
    newer: async () => {
      if (end === undefined) return;
      end += PAGE * 2;
      if (end >= room.messages.get().length) end = undefined;
      start = Math.max(start, (end ?? room.messages.get().length) - STRETCH);
      view.set(snapshot());
    },
    reveal: async (id) => {
      const index = room.messages.get().findIndex((one) => one.id === id);
      if (index < 0) return false;
      if (index < start || (end !== undefined && index >= end)) {
        start = Math.max(0, index - PAGE * 2);
        end = index + PAGE * 2 < room.messages.get().length ? index + PAGE * 2 : undefined;
        view.set(snapshot());
      }
      return true;
    },
    latest: async () => {
      end = undefined;
      start = Math.max(0, room.messages.get().length - PAGE);
      view.set(snapshot());
    },
    seen: () => world.touch(room, { unread: 0, markedUnread: false, mentioned: false }),
    send: async (text, options) => {
      const { mentions } = options ?? {};
      const id = post({ kind: "text", text, ...(mentions && { mentions }) }, options?.replyTo);
      world.dispatch(room, id);
      return id;
    },
    attach: async (draft, options) => attach(draft, options?.replyTo),
    edit: async (id, text) =>
      world.change(room, id, (message) => ({ ...message, content: { kind: "text", text }, edited: true })),
    react: async (id, emoji) =>
      world.change(room, id, (message) => ({
        ...message,
        reactions: toggled(message.reactions, emoji, world.me.get().name),
      })),
    remove: async (ids, scope) => {
      if (scope === "me") room.messages.update((list) => list.filter((one) => !ids.includes(one.id)));
      else
        for (const id of ids)
          world.change(room, id, (message) => ({
            ...message,
            content: { kind: "deleted", by: "me" },
            reactions: [],
          }));
      world.refresh(room);
    },
    star: async (ids, on) => {
      for (const id of ids) world.change(room, id, (message) => ({ ...message, starred: on }));
    },
    forward: async (ids, to) => {
      for (const target of to) {
        const other = world.roomOf(target);
        if (!other) throw new ClientError("not-found");
        for (const id of ids) {
          const message = find(id);
          if (!message) continue;
          const copy = world.id("fwd");
          world.append(other, forwardCopy(world, message, other, copy));
          world.dispatch(other, copy);
        }
      }
    },
    retry: async (id) => {
      world.change(room, id, ({ failure: _, ...message }) => ({ ...message, tick: "waiting" }));
      world.dispatch(room, id);
    },
    cancel: async (id) => {
      room.messages.update((list) => list.filter((one) => one.id !== id));
      world.refresh(room);
    },
    heard: (id) =>
      world.change(room, id, (message) =>
        message.content.kind === "voice"
          ? { ...message, content: { ...message.content, heard: true } }
          : message,
      ),
    answer: async (id, reply, options) => {
      const title = options?.said || fallbackOf(reply);
      const pressed = options?.pressed;
      world.change(room, id, (message) =>
        message.content.kind === "business"
          ? { ...message, content: { ...message.content, answer: title, ...(pressed && { pressed }) } }
          : message,
      );
      const place = reply.type === "location" ? reply.location : undefined;
      world.dispatch(room, post(place ? { kind: "location", ...place } : { kind: "text", text: title }, id));
    },
    form: async () => {
      throw new ClientError("not-found");
    },
    typing: () => {},
    setTimer: async (seconds) => {
      room.timer.set(seconds);
      world.append(room, {
        ...systemLine(world, room),
        content: { kind: "system", event: { kind: "timer", by: world.me.get().name, seconds } },
      });
    },
    all: async () => room.messages.get(),
    draft: room.draft,
    saveDraft: (draft: Draft) => {
      room.draft.set(draft);
      world.touch(room, { draft: draft.editing ? undefined : draft.text.trim() || undefined });
    },
    details: (id) => details(world, room, id),
    media: async (kind) =>
      room.messages
        .get()
        .filter((one) =>
          kind === "visual"
            ? one.content.kind === "image" || one.content.kind === "video"
            : kind === "files"
              ? one.content.kind === "file"
              : one.content.kind === "text" && /https?:\/\//u.test(one.content.text),
        )
        .reverse(),
    search: async (text) =>
      room.messages
        .get()
        .filter((one) => textOf(one.content).toLowerCase().includes(text.toLowerCase()))
        .map((one) => one.id)
        .reverse(),
  };
}

type MediaTransfer = import("../api.ts").MediaView["transfer"];

function systemLine(world: World, room: Room): Omit<MessageView, "content"> {
  const me = world.me.get();
  return {
    id: world.id("sys"),
    chat: room.id,
    own: false,
    sender: { id: ME, name: me.name, avatar: me.avatar },
    at: world.now(),
    reactions: [],
    edited: false,
    forwarded: false,
    starred: false,
    canEdit: false,
    canDeleteForAll: false,
  };
}

function forwardCopy(world: World, message: MessageView, room: Room, id: MessageId): MessageView {
  const me = world.me.get();
  const { quote: _quote, failure: _failure, ...rest } = message;
  return {
    ...rest,
    id,
    chat: room.id,
    own: true,
    sender: { id: ME, name: me.name, avatar: me.avatar },
    at: world.now(),
    tick: "waiting",
    reactions: [],
    forwarded: true,
    starred: false,
    edited: false,
  };
}

const ORDER = { waiting: 0, failed: 0, sent: 1, delivered: 2, read: 3 } as const;

function details(world: World, room: Room, id: MessageId): Live<MessageDetails | undefined> {
  let cached: { message: MessageView; details: MessageDetails } | undefined;
  return {
    subscribe: room.messages.subscribe,
    get: () => {
      const message = room.messages.get().find((one) => one.id === id);
      if (!message) return undefined;
      if (cached?.message === message) return cached.details;
      cached = { message, details: describe(world, room, message) };
      return cached.details;
    },
  };
}

function describe(world: World, room: Room, message: MessageView): MessageDetails {
  const level = ORDER[message.tick ?? "read"];
  const at = message.at + 2000;
  const receivers = world.groups
    .get(room.id)
    ?.get()
    .members.filter((one) => !one.isMe) ?? [
    { id: room.id, name: room.view.get().name, avatar: room.view.get().avatar },
  ];
  const times = (when: boolean, key: "sentAt" | "deliveredAt" | "readAt") => (when ? { [key]: at } : {});
  return {
    message,
    ...times(level >= 1, "sentAt"),
    ...times(level >= 2, "deliveredAt"),
    ...times(level >= 3, "readAt"),
    sharesReceipts: true,
    receivers: receivers.map((one) => ({
      id: one.id,
      name: one.name,
      avatar: one.avatar,
      tick: message.tick ?? "read",
      ...times(level >= 2, "deliveredAt"),
      ...times(level >= 3, "readAt"),
      devices: [
        { id: "phone", name: "Phone", kind: "phone" as const, ...times(level >= 2, "deliveredAt") },
        {
          id: "laptop",
          name: "Laptop",
          kind: "computer" as const,
          offlineSince: world.now() - 2.4 * 3_600_000,
          keptUntil: world.now() + 30 * 86_400_000,
        },
      ],
    })),
  };
}

function fallbackOf(reply: BusinessReply): string {
  if (reply.type === "button") return reply.button.text;
  if (reply.type === "button_reply") return reply.button_reply.title;
  return reply.type === "list_reply" ? reply.list_reply.title : reply.type;
}
