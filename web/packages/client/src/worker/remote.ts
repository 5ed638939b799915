/** The client as a page has it: everything is asked of a worker, and live values are kept fresh from there. */
import {
  type AvatarRef,
  type Backup,
  type BackupView,
  type Business,
  type CallRecord,
  type Calls,
  type CallView,
  type Chats,
  type ChatView,
  ClientError,
  type ConnectionView,
  type Contacts,
  type ContactView,
  type Conversation,
  type ConversationView,
  type Devices,
  type DeviceView,
  type Draft,
  type Groups,
  type GroupView,
  type LinkOffer,
  type Live,
  type Me,
  type Media,
  type MessageDetails,
  type MessageView,
  type NotificationSettings,
  type Notifications,
  type PlauderClient,
  type Privacy,
  type Profile,
  type SafetyView,
  type SearchResults,
  type Session,
  type SessionView,
} from "../api.ts";
import { newId, newMessageId } from "../core/ids.ts";
import { Cell } from "../live.ts";
import type { Path, Sender, ToHost, ToPage } from "./messages.ts";
import { apply, type Patch } from "./patch.ts";

interface Call {
  readonly message: Extract<ToHost, { do: "call" }>;
  resolve(value: unknown): void;
  reject(error: ClientError): void;
}

interface Watch {
  readonly message: Extract<ToHost, { do: "watch" }>;
  readonly cell: Cell<unknown>;
  value: unknown;
}

type Notice = { chat: string; chatName: string; text: string; message: string; avatar: AvatarRef };

/** Asked of a server that would do it twice: money and messages of a business, groups, reports. */
const ONCE: ReadonlySet<string> = new Set(["groups create", "contacts report", "business upload"]);

function isRepeatable({ path, args }: Call["message"]): boolean {
  if (path[0] === "business" && path[1] === "call") return args[0] === "GET";
  return !ONCE.has(path.join(" "));
}

export class RemoteClient implements PlauderClient {
  readonly #sender: Sender<ToHost>;
  readonly #close: () => void;
  readonly #calls = new Map<string, Call>();
  readonly #watches = new Map<string, Watch>();
  readonly #lives = new Map<string, Live<unknown>>();
  readonly #conversations = new Map<string, Conversation>();
  readonly #notices = new Set<(event: Notice) => void>();
  #active = true;

  readonly session: Session;
  readonly chats: Chats;
  readonly contacts: Contacts;
  readonly groups: Groups;
  readonly profile: Profile;
  readonly devices: Devices;
  readonly backup: Backup;
  readonly media: Media;
  readonly notifications: Notifications;
  readonly business: Business;
  readonly calls: Calls;

  constructor(sender: Sender<ToHost>, close: () => void) {
    this.#sender = sender;
    this.#close = close;
    this.session = this.#session();
    this.chats = this.#chats();
    this.contacts = this.#contacts();
    this.groups = this.#groups();
    this.profile = this.#profile();
    this.devices = this.#devices();
    this.backup = this.#backup();
    this.media = this.#media();
    this.notifications = this.#notifications();
    this.business = {
      call: (...args) => this.#call(["business", "call"], args),
      download: this.#command("business", "download"),
      upload: (...args) => this.#call(["business", "upload"], args),
    };
    this.calls = this.#makeCalls();
  }

  // ---------------------------------------------------------------------------------------------- the channel

  /** Give every message of the worker to this. */
  hear(message: ToPage): void {
    if (message.is === "host") this.#again();
    else if (message.is === "notice") for (const listener of this.#notices) listener(message.value as Notice);
    else if (message.is === "values") for (const [id, patch] of message.values) this.#value(id, patch);
    else this.#settle(message);
  }

  #value(id: string, patch: Patch): void {
    const watch = this.#watches.get(id);
    if (!watch) return;
    watch.value = apply(watch.value, patch);
    watch.cell.set(watch.value);
  }

  #settle(message: Extract<ToPage, { is: "result" | "error" }>): void {
    const call = this.#calls.get(message.id);
    this.#calls.delete(message.id);
    if (message.is === "result") call?.resolve(message.value);
    else call?.reject(new ClientError(message.code, message.message, message.details));
  }

  /** Another worker serves us now: what was asked and not answered is asked again, with the same names. */
  #again(): void {
    this.#sender.post({ do: "active", active: this.#active });
    for (const watch of this.#watches.values()) {
      watch.value = undefined;
      this.#sender.post(watch.message);
    }
    for (const [id, { message, reject }] of this.#calls) {
      if (isRepeatable(message)) {
        this.#sender.post(message);
        continue;
      }
      this.#calls.delete(id);
      reject(
        new ClientError("timeout", "whether this was done is not known: another tab took over meanwhile"),
      );
    }
  }

  setActive(active: boolean): void {
    this.#active = active;
    this.#sender.post({ do: "active", active });
  }

  #call<T>(path: Path, args: readonly unknown[]): Promise<T> {
    const message = { do: "call", id: newId(), path, args } as const;
    return new Promise<T>((resolve, reject) => {
      this.#calls.set(message.id, { message, resolve: resolve as (value: unknown) => void, reject });
      try {
        this.#sender.post(message);
      } catch (error) {
        this.#calls.delete(message.id);
        reject(new ClientError("internal", String(error)));
      }
    });
  }

  /** A command by its name. */
  #command<Method extends (...args: never[]) => Promise<unknown>>(...path: string[]): Method {
    return ((...args: unknown[]) => this.#call(path, args)) as unknown as Method;
  }

  #live<T>(path: Path, initial: T, args: readonly unknown[] = []): Live<T> {
    const id = JSON.stringify([path, args]);
    const known = this.#lives.get(id);
    if (known) return known as Live<T>;
    const message = { do: "watch", id, path, args } as const;
    const cell: Cell<T> = new Cell<T>(initial, () => {
      this.#watches.set(id, { message, cell: cell as unknown as Cell<unknown>, value: undefined });
      this.#sender.post(message);
      return () => {
        this.#watches.delete(id);
        this.#sender.post({ do: "unwatch", id });
      };
    });
    this.#lives.set(id, cell);
    return cell;
  }

  // ---------------------------------------------------------------------------------------------- the parts

  #session(): Session {
    return {
      state: this.#live<SessionView>(["session", "state"], { kind: "loading" }),
      connection: this.#live<ConnectionView>(["session", "connection"], { state: "connecting", queued: 0 }),
      network: this.#command("session", "network"),
      requestCode: this.#command("session", "requestCode"),
      verify: this.#command("session", "verify"),
      invite: this.#command("session", "invite"),
      acceptInvite: this.#command("session", "acceptInvite"),
      logOut: this.#command("session", "logOut"),
      deleteAccount: this.#command("session", "deleteAccount"),
      reconnect: () => void this.#call(["session", "reconnect"], []),
    };
  }

  #chats(): Chats {
    const list = this.#live<readonly ChatView[] | undefined>(["chats", "list"], undefined);
    return {
      list,
      // What the list knows of it shows at once.
      one: (id) =>
        this.#live<ChatView | undefined>(
          ["chats", "one"],
          list.get()?.find((one) => one.id === id),
          [id],
        ),
      pin: this.#command("chats", "pin"),
      archive: this.#command("chats", "archive"),
      mute: this.#command("chats", "mute"),
      markUnread: this.#command("chats", "markUnread"),
      clear: this.#command("chats", "clear"),
      remove: this.#command("chats", "remove"),
      acceptRequest: this.#command("chats", "acceptRequest"),
    };
  }

  #contacts(): Contacts {
    return {
      list: this.#live<readonly ContactView[] | undefined>(["contacts", "list"], undefined),
      blocked: this.#live<readonly ContactView[] | undefined>(["contacts", "blocked"], undefined),
      one: (id) => this.#live<ContactView | undefined>(["contacts", "one"], undefined, [id]),
      safety: (id) => this.#live<SafetyView | undefined>(["contacts", "safety"], undefined, [id]),
      businessProfile: this.#command("contacts", "businessProfile"),
      discover: this.#command("contacts", "discover"),
      add: this.#command("contacts", "add"),
      rename: this.#command("contacts", "rename"),
      remove: this.#command("contacts", "remove"),
      block: this.#command("contacts", "block"),
      unblock: this.#command("contacts", "unblock"),
      report: this.#command("contacts", "report"),
      inviteLink: this.#command("contacts", "inviteLink"),
      compareSafety: this.#command("contacts", "compareSafety"),
      markVerified: this.#command("contacts", "markVerified"),
      trustDevice: this.#command("contacts", "trustDevice"),
      groupsInCommon: this.#command("contacts", "groupsInCommon"),
    };
  }

  #groups(): Groups {
    return {
      one: (id) => this.#live<GroupView | undefined>(["groups", "one"], undefined, [id]),
      create: this.#command("groups", "create"),
      update: this.#command("groups", "update"),
      add: this.#command("groups", "add"),
      removeMember: this.#command("groups", "removeMember"),
      setRole: this.#command("groups", "setRole"),
      inviteLink: this.#command("groups", "inviteLink"),
      resetInviteLink: this.#command("groups", "resetInviteLink"),
      leave: this.#command("groups", "leave"),
    };
  }

  #makeCalls(): Calls {
    return {
      current: this.#live<CallView | undefined>(["calls", "current"], undefined),
      log: this.#live<readonly CallRecord[] | undefined>(["calls", "log"], undefined),
      missed: this.#live<number | undefined>(["calls", "missed"], undefined),
      logSeen: this.#command("calls", "logSeen"),
      relays: this.#command("calls", "relays"),
      start: this.#command("calls", "start"),
      answer: this.#command("calls", "answer"),
      hangUp: this.#command("calls", "hangUp"),
      signal: this.#command("calls", "signal"),
      consent: this.#command("calls", "consent"),
      tell: this.#command("calls", "tell"),
      connected: this.#command("calls", "connected"),
      failed: this.#command("calls", "failed"),
    };
  }

  #profile(): Profile {
    return {
      me: this.#live<Me | undefined>(["profile", "me"], undefined),
      privacy: this.#live<Privacy | undefined>(["profile", "privacy"], undefined),
      update: this.#command("profile", "update"),
      setPrivacy: this.#command("profile", "setPrivacy"),
      setPin: this.#command("profile", "setPin"),
      qr: this.#command("profile", "qr"),
    };
  }

  #devices(): Devices {
    return {
      list: this.#live<readonly DeviceView[] | undefined>(["devices", "list"], undefined),
      offer: (name) => this.#live<LinkOffer | undefined>(["devices", "offer"], undefined, [name]),
      rename: this.#command("devices", "rename"),
      remove: this.#command("devices", "remove"),
      inspect: this.#command("devices", "inspect"),
      approve: this.#command("devices", "approve"),
    };
  }

  #backup(): Backup {
    return {
      state: this.#live<BackupView | undefined>(["backup", "state"], undefined),
      enable: this.#command("backup", "enable"),
      now: this.#command("backup", "now"),
      disable: this.#command("backup", "disable"),
      restore: this.#command("backup", "restore"),
    };
  }

  #media(): Media {
    return {
      open: this.#command("media", "open"),
      stop: this.#command("media", "stop"),
      usage: this.#command("media", "usage"),
      free: this.#command("media", "free"),
    };
  }

  #notifications(): Notifications {
    return {
      settings: this.#live<NotificationSettings | undefined>(["notifications", "settings"], undefined),
      set: this.#command("notifications", "set"),
      vapidKey: this.#command("notifications", "vapidKey"),
      register: this.#command("notifications", "register"),
      test: this.#command("notifications", "test"),
      onMessage: (listener) => {
        this.#notices.add(listener);
        return () => this.#notices.delete(listener);
      },
    };
  }

  conversation(id: string): Conversation {
    let conversation = this.#conversations.get(id);
    if (!conversation) {
      conversation = this.#conversation(id);
      this.#conversations.set(id, conversation);
    }
    return conversation;
  }

  #conversation(id: string): Conversation {
    const path = (name: string): [string, string, string] => ["conversation", id, name];
    const view = this.#live<ConversationView | undefined>(["conversation", id], undefined);
    const draft = this.#live<Draft>(path("draft"), { text: "" });
    return {
      get: view.get,
      subscribe: view.subscribe,
      older: this.#command(...path("older")),
      newer: this.#command(...path("newer")),
      reveal: this.#command(...path("reveal")),
      latest: this.#command(...path("latest")),
      seen: (message) => void this.#call(path("seen"), [message]),
      // Named here, so that asking again after another tab took over sends no second message.
      send: (text, options = {}) => this.#call(path("send"), [text, { ...options, id: newMessageId() }]),
      attach: (draft, options = {}) =>
        this.#call(path("attach"), [draft, { ...options, id: newMessageId() }]),
      edit: this.#command(...path("edit")),
      react: this.#command(...path("react")),
      remove: this.#command(...path("remove")),
      star: this.#command(...path("star")),
      forward: (messages, to) =>
        this.#call(path("forward"), [messages, to, to.map(() => messages.map(() => newMessageId()))]),
      retry: this.#command(...path("retry")),
      cancel: this.#command(...path("cancel")),
      heard: (message) => void this.#call(path("heard"), [message]),
      answer: (message, reply, options = {}) =>
        this.#call(path("answer"), [message, reply, { ...options, id: newMessageId() }]),
      form: this.#command(...path("form")),
      typing: (state) => void this.#call(path("typing"), [state]),
      setTimer: this.#command(...path("setTimer")),
      draft,
      saveDraft: (value) => void this.#call(path("saveDraft"), [value]),
      details: (message) => this.#live<MessageDetails | undefined>(path("details"), undefined, [message]),
      media: this.#command(...path("media")),
      search: this.#command(...path("search")),
      all: this.#command(...path("all")),
    };
  }

  get starred(): Live<readonly MessageView[] | undefined> {
    return this.#live<readonly MessageView[] | undefined>(["starred"], undefined);
  }

  search(text: string): Promise<SearchResults> {
    return this.#call(["search"], [text]);
  }

  async close(): Promise<void> {
    this.#sender.post({ do: "leave" });
    this.#close();
  }
}
