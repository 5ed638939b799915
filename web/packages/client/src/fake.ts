/**
 * The demo world in memory: a complete `PlauderClient` without server or keys, for tests of the app and for
 * looking at it. People answer, ticks advance, uploads take a moment.
 */

import {
  type BackupView,
  type Business,
  type ChatView,
  ClientError,
  type ContactView,
  type Conversation,
  type DeviceView,
  type GroupView,
  type LinkOffer,
  type Live,
  type MessageView,
  type NotificationSettings,
  type PlauderClient,
  type SafetyView,
  type SessionView,
} from "./api.ts";
import { fakeCalls } from "./fake/calls.ts";
import { fakeConversation } from "./fake/conversation.ts";
import { FakeMedia } from "./fake/media.ts";
import { avatar, DOMAIN, jid, ME } from "./fake/people.ts";
import { type Later, textOf, World } from "./fake/world.ts";
import { Cell, derive } from "./live.ts";

export interface FakeOptions {
  /** Start signed out, to walk through registration. Code 123456; numbers ending in 99 need PIN 2468. */
  signedOut?: boolean;
  now?: () => number;
  later?: Later;
  /** So many extra messages in the chat with Bruno, for measuring. */
  bulk?: number;
}

const setTimer = (globalThis as unknown as { setTimeout(act: () => void, ms: number): void }).setTimeout;
const DAY = 86_400_000;

export function createFakeClient(options: FakeOptions = {}): PlauderClient & { world: World } {
  const now = options.now ?? Date.now;
  const world = new World(now, options.later ?? ((ms, act) => setTimer(act, ms)));
  world.populate();
  if (options.bulk) addBulk(world, options.bulk);
  const media = new FakeMedia();
  const session = new Cell<SessionView>(options.signedOut ? { kind: "signed-out" } : { kind: "ready" });
  const conversations = new Map<string, Conversation>();

  const room = (id: string) => {
    const found = world.roomOf(id);
    if (!found) throw new ClientError("not-found");
    return found;
  };
  const patch = async (id: string, change: { [K in keyof ChatView]?: ChatView[K] | undefined }) =>
    world.touch(room(id), change);

  return {
    world,
    session: sessionOf(world, session),
    chats: {
      list: world.list,
      one: (id) =>
        derive(world.list, (list) => list.find((chat) => chat.id === id) ?? world.roomOf(id)?.view.get()),
      pin: (id, on) => patch(id, { pinned: on }),
      archive: (id, on) => patch(id, { archived: on, ...(on ? { pinned: false } : {}) }),
      mute: (id, until) => patch(id, { mutedUntil: until }),
      markUnread: (id, on) => patch(id, { markedUnread: on, ...(on ? {} : { unread: 0 }) }),
      clear: async (id) => {
        room(id).messages.set([]);
        world.refresh(room(id));
      },
      remove: async (id) => {
        world.rooms.delete(id);
        conversations.delete(id);
        world.sort();
      },
      acceptRequest: (id) => patch(id, { isRequest: false }),
    },
    contacts: contactsOf(world, conversations),
    groups: groupsOf(world),
    profile: profileOf(world),
    devices: devicesOf(now, session),
    backup: backupOf(world),
    media: {
      open: (message) => media.open(message),
      stop: async (message) => {
        await openConversation(message.chat).cancel(message.id);
      },
      usage: async () => ({
        messages: 4_200_000,
        media: 87_400_000,
        quota: 2_000_000_000,
        persisted: true,
        byChat: world.list
          .get()
          .slice(0, 5)
          .map((chat, i) => ({ chat: chat.id, name: chat.name, bytes: 40_000_000 / (i + 1) })),
      }),
      free: async () => {},
    },
    notifications: notificationsOf(world),
    business: businessOf(),
    calls: fakeCalls(world),
    conversation: openConversation,
    starred: derive(world.list, () =>
      [...world.rooms.values()]
        .flatMap((one) => one.messages.get().filter((message) => message.starred))
        .sort((a, b) => b.at - a.at),
    ),
    search: async (text) => search(world, text),
    close: async () => {},
  };

  function openConversation(id: string): Conversation {
    let open = conversations.get(id);
    if (!open) {
      open = fakeConversation(world, room(id), media);
      conversations.set(id, open);
    }
    return open;
  }
}

/** Nobody in the demo world has founded a business yet. */
function businessOf(): Business {
  const call = async (method: string, path: string): Promise<unknown> => {
    if (method === "GET" && path === "") return [];
    throw new ClientError("not-found");
  };
  const nothing = async (): Promise<never> => {
    throw new ClientError("not-found");
  };
  return { call: call as Business["call"], download: nothing, upload: nothing };
}

function addBulk(world: World, count: number): void {
  const room = world.roomOf(jid("bruno"));
  const sample = room?.messages.get()[0];
  if (!room || !sample) return;
  const old: MessageView[] = Array.from({ length: count }, (_, i) => ({
    ...sample,
    id: `bulk${i}`,
    at: sample.at - (count - i) * 60_000,
    content: { kind: "text", text: `Message number ${i}. ${"Some more words to wrap. ".repeat(i % 7)}` },
  }));
  room.messages.update((list) => [...old, ...list]);
}

function search(world: World, text: string) {
  const needle = text.trim().toLowerCase();
  const has = (value: string) => value.toLowerCase().includes(needle);
  if (!needle) return { chats: [], contacts: [], messages: [] };
  const messages = [...world.rooms.values()].flatMap((room) =>
    room.messages.get().flatMap((message) => {
      const body = textOf(message.content);
      const at = body.toLowerCase().indexOf(needle);
      if (at < 0) return [];
      return [
        { message, chatName: room.view.get().name, text: body, marks: [[at, at + needle.length] as const] },
      ];
    }),
  );
  return {
    chats: world.list.get().filter((chat) => has(chat.name)),
    contacts: world.contacts.get().filter((one) => has(one.name) && !world.rooms.has(one.id)),
    messages: messages.sort((a, b) => b.message.at - a.message.at).slice(0, 50),
  };
}

function sessionOf(world: World, state: Cell<SessionView>): PlauderClient["session"] {
  const requests = new Map<string, string>();
  return {
    state,
    connection: world.connection,
    network: async () => ({
      domain: DOMAIN,
      name: "Plauder",
      country: "BR",
      codeBy: ["sms", "call"],
      registration: "open",
      uploadLimit: 100_000_000,
    }),
    requestCode: async (number) => {
      if (!/^\+\d{8,15}$/u.test(number)) throw new ClientError("invalid-number");
      const id = world.id("code");
      requests.set(id, number);
      return { id, number, digits: 6, expiresAt: world.now() + 600_000, retryAt: world.now() + 38_000 };
    },
    verify: async (id, code, { pin }) => {
      const number = requests.get(id);
      if (!number) throw new ClientError("code-expired");
      if (code !== "123456") throw new ClientError("wrong-code", undefined, { triesLeft: 4 });
      if (number.endsWith("99") && !pin) return { kind: "pin-needed" };
      if (number.endsWith("99") && pin !== "2468")
        throw new ClientError("wrong-pin", undefined, { triesLeft: 2 });
      if (!number.endsWith("99")) world.me.update((me) => ({ ...me, name: "", number }));
      state.set({ kind: "ready" });
      return number.endsWith("99")
        ? {
            kind: "done",
            isNew: false,
            backup: { at: world.now() - DAY, bytes: 12_000_000, lock: "password" },
          }
        : { kind: "done", isNew: true };
    },
    invite: async (token) => {
      if (token === "gone") throw new ClientError("gone");
      const group = world.groups.values().next().value?.get();
      return token.startsWith("hikers") && group
        ? {
            token,
            kind: "group",
            name: group.name,
            avatar: group.avatar,
            members: group.members.length,
            chat: group.id,
          }
        : { token, kind: "person", name: "Bruno Keller", avatar: avatar("Bruno Keller"), chat: jid("bruno") };
    },
    acceptInvite: async (token) => {
      state.set({ kind: "ready" });
      return { chat: token.startsWith("hikers") ? `hikers@groups.${DOMAIN}` : jid("bruno") };
    },
    logOut: async () => state.set({ kind: "signed-out", because: "logged-out" }),
    deleteAccount: async (number) => {
      if (number !== world.me.get().number) throw new ClientError("invalid-number");
      state.set({ kind: "signed-out", because: "account-deleted" });
    },
    reconnect: () => world.setOnline(true),
  };
}

function contactsOf(world: World, conversations: Map<string, Conversation>): PlauderClient["contacts"] {
  const change = async (id: string, patch: Partial<ContactView>) => {
    world.contacts.update((list) => list.map((one) => (one.id === id ? { ...one, ...patch } : one)));
    const view = world.rooms.get(id);
    if (view && patch.name) world.touch(view, { name: patch.name });
  };
  const verified = new Cell<ReadonlySet<string>>(new Set());
  const safety = (id: string): Live<SafetyView | undefined> =>
    derive(verified, (set) => ({
      digits: "30415 92653 58979 32384 62643 38327 95028 84197 16939 93751 05820 97494",
      qr: `plauder:safety:${id}:304159265358979323846264338327950288419716939937510582097494`,
      verified: set.has(id),
      devices: [
        { id: "phone", name: "Phone", trust: set.has(id) ? ("verified" as const) : ("trusted" as const) },
      ],
    }));
  return {
    list: world.contacts,
    blocked: derive(world.contacts, (list) => list.filter((one) => one.isBlocked)),
    one: (id) => derive(world.contacts, (list) => list.find((one) => one.id === id)),
    businessProfile: async (id) =>
      world.contacts.get().find((one) => one.id === id)?.kind === "business"
        ? {
            about: "We answer on workdays",
            websites: [`https://${id.split("@")[0]}.example`],
            hostedBy: DOMAIN,
          }
        : undefined,
    discover: async (addresses) =>
      addresses.map((number) => {
        const contact = world.contacts.get().find((one) => one.number === number || one.id === number);
        return contact ? { number, contact } : { number };
      }),
    add: (id, name) => change(id, { isContact: true, ...(name ? { name } : {}) }),
    rename: (id, name) => change(id, { name }),
    remove: (id) => change(id, { isContact: false }),
    block: (id) => change(id, { isBlocked: true }),
    unblock: (id) => change(id, { isBlocked: false }),
    report: async (id, _reason, _evidence, andBlock) => {
      if (andBlock) await change(id, { isBlocked: true });
      conversations.delete(id);
    },
    inviteLink: async () => `https://${DOMAIN}/i/ana-5Xk2`,
    safety,
    compareSafety: async (id, scanned) => {
      const same = scanned === safety(id).get()?.qr;
      if (same) verified.update((set) => new Set([...set, id]));
      return same;
    },
    markVerified: async (id, on) =>
      verified.update((set) => new Set(on ? [...set, id] : [...set].filter((one) => one !== id))),
    trustDevice: async () => {},
    groupsInCommon: async (id) =>
      [...world.groups.values()]
        .map((cell) => cell.get())
        .filter((group) => group.members.some((member) => member.id === id))
        .map((group) => group.id),
  };
}

function groupsOf(world: World): PlauderClient["groups"] {
  const cell = (id: string) => {
    const group = world.groups.get(id);
    if (!group) throw new ClientError("not-found");
    return group;
  };
  const members = (ids: readonly string[]) =>
    ids.flatMap((id) => {
      const one = world.contacts.get().find((person) => person.id === id);
      return one
        ? [{ id, name: one.name, avatar: one.avatar, role: "member" as const, isMe: false, online: false }]
        : [];
    });
  const nothing: Live<GroupView | undefined> = new Cell<GroupView | undefined>(undefined);
  return {
    one: (id) => world.groups.get(id) ?? nothing,
    create: async ({ name, members: ids }) => {
      const id = `${world.id("group")}@groups.${DOMAIN}`;
      const face = avatar(name);
      const me = world.me.get();
      world.groups.set(
        id,
        new Cell<GroupView>({
          id,
          name,
          about: "",
          avatar: face,
          createdAt: world.now(),
          myRole: "owner",
          whoMayWrite: "all",
          whoMayEdit: "all",
          members: [
            { id: ME, name: me.name, avatar: me.avatar, role: "owner", isMe: true, online: true },
            ...members(ids),
          ],
        }),
      );
      const room = world.room(id, "group", name, face);
      world.touch(room, { at: world.now() });
      return id;
    },
    update: async (id, { avatar: _picture, ...change }) => {
      cell(id).update((group) => ({ ...group, ...change }));
      const room = world.rooms.get(id);
      if (room && change.name) world.touch(room, { name: change.name });
    },
    add: async (id, ids) =>
      cell(id).update((group) => ({ ...group, members: [...group.members, ...members(ids)] })),
    removeMember: async (id, member) =>
      cell(id).update((group) => ({ ...group, members: group.members.filter((one) => one.id !== member) })),
    setRole: async (id, member, role) =>
      cell(id).update((group) => ({
        ...group,
        members: group.members.map((one) => (one.id === member ? { ...one, role } : one)),
      })),
    inviteLink: async (id) => {
      const inviteLink = cell(id).get().inviteLink ?? `https://${DOMAIN}/i/${world.id("g")}-4f7Q`;
      cell(id).update((group) => ({ ...group, inviteLink }));
      return inviteLink;
    },
    resetInviteLink: async (id) => {
      const inviteLink = `https://${DOMAIN}/i/${world.id("g")}-9k2M`;
      cell(id).update((group) => ({ ...group, inviteLink }));
      return inviteLink;
    },
    leave: async (id) =>
      cell(id).update((group) => ({
        ...group,
        myRole: "none",
        members: group.members.filter((one) => !one.isMe),
      })),
  };
}

function profileOf(world: World): PlauderClient["profile"] {
  return {
    me: world.me,
    privacy: world.privacy,
    update: async ({ avatar: _picture, ...change }) => world.me.update((me) => ({ ...me, ...change })),
    setPrivacy: async (change) => world.privacy.update((privacy) => ({ ...privacy, ...change })),
    setPin: async (pin) => world.me.update((me) => ({ ...me, hasPin: pin !== null })),
    qr: async () => `https://${DOMAIN}/i/ana-5Xk2`,
  };
}

function devicesOf(now: () => number, session: Cell<SessionView>): PlauderClient["devices"] {
  const list = new Cell<readonly DeviceView[]>([
    {
      id: "d1",
      name: "Chrome on Linux",
      kind: "browser",
      current: true,
      online: true,
      linkedAt: now() - 9 * DAY,
    },
    {
      id: "d2",
      name: "Pixel 9",
      kind: "phone",
      current: false,
      online: false,
      linkedAt: now() - 200 * DAY,
      lastActive: now() - 3 * 3_600_000,
    },
  ]);
  return {
    list,
    rename: async (id, name) =>
      list.update((all) => all.map((one) => (one.id === id ? { ...one, name } : one))),
    remove: async (id) => list.update((all) => all.filter((one) => one.id !== id)),
    offer: () =>
      new Cell<LinkOffer | undefined>({
        qr: `https://${DOMAIN}/link#fake-offer-7Qm4x`,
        expiresAt: now() + 52_000,
        state: session.get().kind === "ready" ? "done" : "waiting",
      }),
    inspect: async (qr) => {
      if (!qr.includes("/link#")) throw new ClientError("not-found");
      return { deviceName: "Firefox on Windows" };
    },
    approve: async () =>
      list.update((all) => [
        ...all,
        {
          id: `d${all.length + 1}`,
          name: "Firefox on Windows",
          kind: "browser",
          current: false,
          online: true,
          linkedAt: now(),
        },
      ]),
  };
}

function backupOf(world: World): PlauderClient["backup"] {
  const state = new Cell<BackupView>({ state: "off" });
  return {
    state,
    enable: async (lock) => {
      state.set({ state: "on", lock: lock.kind, lastAt: world.now(), bytes: 8_400_000 });
      return lock.kind === "code"
        ? "3141592653589793238462643383279502884197169399375105820974944592"
        : undefined;
    },
    now: async () => state.update((view) => ({ ...view, lastAt: world.now() })),
    disable: async () => state.set({ state: "off" }),
    restore: async (secret) => {
      if ("password" in secret && secret.password !== "correct horse") throw new ClientError("wrong-secret");
      return { messages: 1240 };
    },
  };
}

function notificationsOf(world: World): PlauderClient["notifications"] {
  const settings = new Cell<NotificationSettings>({
    enabled: false,
    showText: true,
    sound: true,
    groups: true,
  });
  return {
    settings,
    set: async (change) => settings.update((view) => ({ ...view, ...change })),
    vapidKey: async () => undefined,
    register: async () => {},
    test: async () => [{ hop: "push service", ok: true, detail: "201" }],
    onMessage: (listener) => {
      const forward = (message: MessageView) =>
        listener({
          chat: message.chat,
          chatName: world.rooms.get(message.chat)?.view.get().name ?? "",
          text: textOf(message.content),
          message: message.id,
          avatar: message.sender.avatar,
        });
      world.onIncoming.add(forward);
      return () => world.onIncoming.delete(forward);
    },
  };
}
