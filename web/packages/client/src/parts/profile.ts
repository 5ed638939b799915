/** What others see of us, who may see it, and this account's devices and notifications. */
import { NS } from "@plauder/protocol/ns";
import { publishAvatar, publishCard, publishNick, VCARD_NODE } from "@plauder/protocol/profile";
import { configure, publish } from "@plauder/protocol/pubsub";
import type {
  Audience,
  AvatarRef,
  BlobLike,
  DeviceView,
  Live,
  Me,
  NotificationSettings,
  Notifications,
  Privacy,
  Profile,
  PushHop,
} from "../api.ts";
import type { ServerDevice } from "../core/http.ts";
import { numberOf } from "../core/people.ts";
import type { StoredContent } from "../core/rows.ts";
import { isWish, writeWishes } from "../core/wishes.ts";
import { Cell } from "../live.ts";
import type { Home, Household } from "./household.ts";

const ACCESS: Readonly<Record<Audience, "open" | "presence" | "whitelist">> = {
  everyone: "open",
  contacts: "presence",
  nobody: "whitelist",
};

export class ProfilePart implements Profile {
  readonly #household: Household;
  #learned = false;

  constructor(household: Household) {
    this.#household = household;
  }

  get me(): Live<Me | undefined> {
    void this.#learn();
    const topics = ["people", "setting:has-pin"];
    return this.#household.live("me", topics, (home) => this.#me(home));
  }

  #me({ account }: Home): Me {
    const row = account.people.row(account.jid);
    account.people.ownName = row?.nick ?? row?.card_name ?? "";
    const name = account.people.name(account.jid);
    const number = numberOf(account.jid);
    return {
      id: account.jid,
      name: account.people.ownName,
      about: row?.about ?? "",
      ...(number && { number }),
      avatar: account.people.avatar(account.jid, name, row?.avatar_hash ?? null),
      hasPin: account.store.setting<boolean>("has-pin") ?? false,
    };
  }

  get privacy(): Live<Privacy | undefined> {
    void this.#learn();
    return this.#household.live("privacy", ["setting:privacy"], ({ account }) => account.privacy);
  }

  /** What only the server knows for sure: whether we can be found, and whether there is a PIN. */
  async #learn(): Promise<void> {
    const { around, home, store } = this.#household;
    if (this.#learned || !home?.account.session.isOnline) return;
    this.#learned = true;
    const { account } = home;
    try {
      const found = await around.api.call<{ has_pin: boolean; discoverable: boolean }>("GET", "/account");
      store.write(() => {
        store.setSetting("has-pin", found.has_pin);
        store.setSetting("privacy", { ...account.privacy, findByNumber: found.discoverable });
      });
    } catch {
      this.#learned = false;
    }
  }

  async update(change: { name?: string; about?: string; avatar?: BlobLike | null }): Promise<void> {
    const { account } = this.#household.connected;
    const { people, session, jid, privacy } = account;
    const row = people.row(jid);
    if (change.name !== undefined) await publishNick(session, change.name);
    if (change.name !== undefined || change.about !== undefined) {
      const name = change.name ?? row?.nick ?? undefined;
      const about = change.about ?? row?.about ?? undefined;
      await publishCard(session, { name, about }, ACCESS[privacy.about]);
      people.change(jid, { nick: name ?? null, about: about ?? null, card_name: name ?? null });
      people.ownName = name ?? "";
    }
    if (change.avatar !== undefined) await this.#setAvatar(change.avatar);
    account.store.touch("chats");
  }

  async #setAvatar(avatar: BlobLike | null): Promise<void> {
    const { account } = this.#household.connected;
    const access = ACCESS[account.privacy.avatar];
    if (avatar === null) {
      await publishAvatar(account.session, undefined, access);
      return account.people.change(account.jid, { avatar_hash: null });
    }
    const bytes = new Uint8Array(await avatar.arrayBuffer());
    const hash = await publishAvatar(account.session, { bytes, type: avatar.type }, access);
    if (!hash) return;
    account.people.saveAvatar(hash, avatar.type, bytes);
    account.people.change(account.jid, { avatar_hash: hash });
  }

  async setPrivacy(change: Partial<Privacy>): Promise<void> {
    const { account } = this.#household.here;
    const { session } = account;
    if (change.findByNumber !== undefined)
      await this.#household.around.api.call("PUT", "/account/discovery", {
        discoverable: change.findByNumber,
      });
    if (isWish(change)) {
      const wished = writeWishes({ ...account.privacy, ...change });
      await publish(session, NS.privacy, "current", wished, { access: "whitelist" });
    }
    if (change.avatar) {
      const options = { access: ACCESS[change.avatar] };
      await configure(session, NS.avatarMetadata, options).catch(ignoreMissing);
      await configure(session, NS.avatarData, options).catch(ignoreMissing);
    }
    if (change.about)
      await configure(session, VCARD_NODE, { access: ACCESS[change.about] }).catch(ignoreMissing);
    account.store.write(() => account.store.setSetting("privacy", { ...account.privacy, ...change }));
  }

  async setPin(pin: string | null): Promise<void> {
    const { api } = this.#household.around;
    if (pin === null) await api.call("DELETE", "/account/pin");
    else await api.call("PUT", "/account/pin", { pin });
    this.#household.store.setSetting("has-pin", pin !== null);
  }

  async qr(): Promise<string> {
    return `xmpp:${this.#household.here.account.jid}`;
  }
}

/** A node that was never published has nobody to hide it from; it is made with the right access when it is. */
function ignoreMissing(error: unknown): void {
  if ((error as { condition?: string }).condition !== "item-not-found") throw error;
}

export class DeviceList {
  readonly #household: Household;
  readonly list: Live<readonly DeviceView[] | undefined>;
  readonly #cell: Cell<readonly DeviceView[] | undefined>;
  #latest: Promise<void> = Promise.resolve();

  constructor(household: Household) {
    this.#household = household;
    this.#cell = new Cell<readonly DeviceView[] | undefined>(undefined, () => {
      void this.refresh();
      const jid = household.home?.account.jid;
      // A device that joins or goes shows in the keys of the account first.
      const topics = ["account", "connection", "devices", ...(jid ? [`safety:${jid}`] : [])];
      return household.store.watch(topics, () => void this.refresh());
    });
    this.list = this.#cell;
  }

  /** One at a time: an answer that was on its way for long must not undo a newer one. */
  refresh(): Promise<void> {
    this.#latest = this.#latest.then(() => this.#refresh());
    return this.#latest;
  }

  async #refresh(): Promise<void> {
    if (!this.#household.home?.account.session.isOnline) return;
    const devices = await this.#household.around.api
      .call<ServerDevice[]>("GET", "/devices")
      .catch(() => undefined);
    if (devices) this.#cell.set(devices.map(toView).sort((a, b) => Number(b.current) - Number(a.current)));
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#household.around.api.call("PATCH", `/devices/${encodeURIComponent(id)}`, { name });
    await this.refresh();
  }

  async remove(id: string): Promise<void> {
    await this.#household.around.api.call("DELETE", `/devices/${encodeURIComponent(id)}`);
    await this.refresh();
  }
}

function toView({ id, name, created, seen, is_online, is_this }: ServerDevice): DeviceView {
  return {
    id,
    name,
    kind: kindOf(name),
    current: is_this,
    linkedAt: Date.parse(created),
    lastActive: Date.parse(seen),
    online: is_online || is_this,
  };
}

function kindOf(name: string): DeviceView["kind"] {
  if (/chrom|firefox|safari|edge|browser/i.test(name)) return "browser";
  if (/phone|android|ios|pixel/i.test(name)) return "phone";
  return /mac|windows|linux|laptop|computer/i.test(name) ? "computer" : "other";
}

const NOTIFY: NotificationSettings = { enabled: true, showText: true, sound: true, groups: true };

export class NotificationsPart implements Notifications {
  readonly #household: Household;

  constructor(household: Household) {
    this.#household = household;
  }

  get settings(): Live<NotificationSettings | undefined> {
    return this.#household.live("notifications", ["setting:notifications"], () => this.#settings());
  }

  #settings(): NotificationSettings {
    return { ...NOTIFY, ...this.#household.store.setting<Partial<NotificationSettings>>("notifications") };
  }

  async set(change: Partial<NotificationSettings>): Promise<void> {
    const { store } = this.#household;
    store.write(() => store.setSetting("notifications", { ...this.#settings(), ...change }));
  }

  async vapidKey(): Promise<string | undefined> {
    const found = await this.#household.around.api
      .call<{ key?: string; public_key?: string }>("GET", "/push/vapid")
      .catch(() => undefined);
    return found?.key ?? found?.public_key;
  }

  async register(
    subscription: { endpoint: string; keys: { p256dh: string; auth: string } } | null,
  ): Promise<void> {
    const { api } = this.#household.around;
    if (subscription === null) await api.call("DELETE", "/push/subscription");
    else await api.call("PUT", "/push/subscription", { ...subscription });
  }

  async test(): Promise<readonly PushHop[]> {
    return await this.#household.around.api.call<PushHop[]>("POST", "/push/test");
  }

  onMessage(
    listener: (event: {
      chat: string;
      chatName: string;
      text: string;
      message: string;
      avatar: AvatarRef;
    }) => void,
  ): () => void {
    const hear = (id: string): void => {
      const event = this.#event(id);
      if (event) listener(event);
    };
    this.#household.arrivals.add(hear);
    return () => this.#household.arrivals.delete(hear);
  }

  #event(id: string): Parameters<Parameters<Notifications["onMessage"]>[0]>[0] | undefined {
    const { home } = this.#household;
    const row = home?.account.messages.byId(id);
    const chat = row && home?.views.chatById(row.chat);
    const settings = this.#settings();
    if (!home || !row || !chat || !settings.enabled || (chat.kind === "group" && !settings.groups))
      return undefined;
    const muted = chat.mutedUntil !== undefined && chat.mutedUntil > Date.now();
    const content = JSON.parse(row.content) as StoredContent;
    if (muted || content.kind === "system" || content.kind === "deleted") return undefined;
    const sender = chat.kind === "group" ? `${home.account.people.name(row.sender)}: ` : "";
    const text = settings.showText && !chat.isRequest ? sender + row.text : "";
    return { chat: chat.id, chatName: chat.name, text, message: id, avatar: chat.avatar };
  }
}
