/** Groups we are in: who is who, who may what, entering and being thrown out. */
import { removeBookmark, setBookmark } from "@plauder/protocol/bookmarks";
import { fromBase64, toBase64, toHex } from "@plauder/protocol/bytes";
import { discoInfo, discoItems } from "@plauder/protocol/disco";
import { bare, resourceOf } from "@plauder/protocol/jid";
import * as muc from "@plauder/protocol/muc";
import { NS } from "@plauder/protocol/ns";
import type { Session } from "@plauder/protocol/session";
import { type Element, el } from "@plauder/protocol/xml";
import type { SystemEvent } from "../api.ts";
import type { Store } from "../store/store.ts";
import { newId } from "./ids.ts";
import type { Messages } from "./messages.ts";
import type { People } from "./people.ts";

export interface MemberRow {
  readonly room: string;
  readonly jid: string;
  readonly affiliation: muc.Affiliation;
  readonly nick: string | null;
}

const LISTED: ReadonlySet<string> = new Set(["owner", "admin", "member"]);
const SELF = 110;
const BANNED = 301;
const KICKED = 307;
const NO_MEMBER = 321;

export class Rooms {
  readonly #store: Store;
  readonly #session: Session;
  readonly #messages: Messages;
  readonly #people: People;
  /** Room → nick → real address of those present. */
  readonly #present = new Map<string, Map<string, string>>();
  readonly #entering = new Map<string, { done(): void; failed(why: Error): void }>();
  #service: Promise<string | undefined> | undefined;

  constructor(store: Store, session: Session, messages: Messages, people: People) {
    this.#store = store;
    this.#session = session;
    this.#messages = messages;
    this.#people = people;
  }

  members(room: string): MemberRow[] {
    return this.#store.sql.all<MemberRow>("SELECT * FROM member WHERE room = ?", room);
  }

  isPresent(room: string, jid: string): boolean {
    return [...(this.#present.get(room)?.values() ?? [])].includes(jid);
  }

  occupant(room: string, nick: string): string | undefined {
    return (
      this.#present.get(room)?.get(nick) ??
      this.#store.sql.value<string>("SELECT jid FROM member WHERE room = ? AND nick = ?", room, nick)
    );
  }

  /** A new stream: enter all groups we belong to. */
  enterAll(): void {
    this.#present.clear();
    const rooms = this.#store.sql.all<{ id: string; room_nick: string }>(
      "SELECT id, room_nick FROM chat WHERE kind = 'group' AND closed IS NULL AND room_nick IS NOT NULL",
    );
    for (const { id, room_nick } of rooms) muc.join(this.#session, id, room_nick);
  }

  /** Enter and wait until the room says so. `token`: of the link that led here. */
  async enter(room: string, token?: string): Promise<void> {
    const nick = this.#messages.chat(room)?.room_nick ?? this.#nick();
    this.#store.write(() => {
      this.#messages.ensureChat(room, "group", Date.now());
      this.#messages.changeChat(room, { room_nick: nick, closed: null, hidden: 0 });
    });
    const entered = new Promise<void>((done, failed) => this.#entering.set(room, { done, failed }));
    const limit = this.#session.platform.after(30_000, () =>
      this.#entering.get(room)?.failed(new Error("the room does not answer")),
    );
    muc.join(this.#session, room, nick, token);
    await entered.finally(() => {
      limit.cancel();
      this.#entering.delete(room);
    });
  }

  /** Nicks are only labels here; ours has to differ from everybody else's. */
  #nick(): string {
    return bare(this.#session.jid).split("@")[0] as string;
  }

  async create(name: string, members: readonly string[]): Promise<string> {
    const service = await this.#findService();
    if (!service) throw new Error("the server has no groups");
    const room = `${newId()}@${service}`;
    await this.enter(room);
    await muc.configureRoom(this.#session, room, { name, membersMayInvite: false, moderated: false });
    await this.add(room, members);
    this.#store.write(() => {
      this.#messages.changeChat(room, { name });
      this.note(room, { kind: "group-created", by: this.#people.own }, this.#session.account);
    });
    await this.refresh(room);
    await this.#bookmark(room, name);
    return room;
  }

  async #bookmark(room: string, name: string): Promise<void> {
    const nick = this.#messages.chat(room)?.room_nick ?? undefined;
    await setBookmark(this.#session, { room, name, nick, autojoin: true }).catch(() => undefined);
  }

  async add(room: string, members: readonly string[]): Promise<void> {
    if (members.length === 0) return;
    const changes = members.map((jid) => ({ jid, affiliation: "member" as const }));
    await muc.setAffiliation(this.#session, room, changes);
    for (const jid of members) muc.invite(this.#session, room, jid);
    await this.refresh(room);
  }

  async leave(room: string): Promise<void> {
    const { room_nick: nick } = this.#messages.chat(room) ?? {};
    if (nick) muc.leave(this.#session, room, nick);
    // A member leaves for good by giving up the membership (XEP-0045 has no other word for it in members-only rooms).
    await muc
      .setAffiliation(this.#session, room, [{ jid: this.#session.account, affiliation: "none" }])
      .catch(() => undefined);
    await removeBookmark(this.#session, room).catch(() => undefined);
    this.#store.write(() => this.#messages.changeChat(room, { closed: "left" }));
  }

  /** Read name, settings and members again. */
  async refresh(room: string): Promise<void> {
    const [info, members] = await Promise.all([
      discoInfo(this.#session, room),
      muc.roomMembers(this.#session, room),
    ]);
    const form = info.forms.get("http://jabber.org/protocol/muc#roominfo");
    void this.#fetchAvatar(room).catch(() => undefined);
    const name = info.identities[0]?.name || form?.get("muc#roomconfig_roomname")?.[0];
    const about = form?.get("muc#roominfo_description")?.[0] ?? "";
    const settings = { moderated: info.features.has("muc_moderated") };
    this.#store.write(() => {
      this.#store.sql.run("DELETE FROM member WHERE room = ?", room);
      for (const member of members) this.#setMember(room, member);
      this.#messages.changeChat(room, {
        about,
        room_settings: JSON.stringify(settings),
        ...(name && { name }),
      });
      this.#store.touch(`members:${room}`);
    });
  }

  #setMember(room: string, { jid, affiliation, nick }: muc.RoomMember): void {
    if (!LISTED.has(affiliation)) {
      this.#store.sql.run("DELETE FROM member WHERE room = ? AND jid = ?", room, jid);
      return;
    }
    this.#store.sql.run(
      `INSERT INTO member VALUES (?, ?, ?, ?) ON CONFLICT (room, jid) DO UPDATE SET affiliation = excluded.affiliation,
       nick = coalesce(excluded.nick, member.nick)`,
      room,
      jid,
      affiliation,
      nick ?? null,
    );
  }

  // ---------------------------------------------------------------------------------------------- what comes in

  /** Returns whether the presence was a room's. */
  presence(stanza: Element): boolean {
    const from = stanza.attr("from") ?? "";
    const room = bare(from);
    if (stanza.attr("type") === "error" && this.#entering.has(room)) {
      this.#entering.get(room)?.failed(new Error("the room refused us"));
      return true;
    }
    const occupant = muc.readOccupant(stanza);
    if (!occupant) return false;
    const chat = this.#messages.chat(room);
    if (chat?.kind !== "group") return true;
    const present = this.#present.get(room) ?? new Map<string, string>();
    this.#present.set(room, present);
    if (occupant.present && occupant.jid) present.set(occupant.nick, occupant.jid);
    else present.delete(occupant.nick);
    this.#store.write(() => {
      this.#memberSeen(occupant);
      if (occupant.codes.includes(SELF)) this.#self(occupant);
      this.#store.touch(`members:${room}`);
    });
    return true;
  }

  #memberSeen({ room, jid, nick, affiliation }: muc.Occupant): void {
    if (!jid) return;
    const before = this.#store.sql.value<string>(
      "SELECT affiliation FROM member WHERE room = ? AND jid = ?",
      room,
      jid,
    );
    this.#setMember(room, { jid, affiliation, nick });
    if (before === affiliation || jid === this.#session.account) return;
    if (before && !LISTED.has(affiliation))
      this.note(room, { kind: "left", who: this.#people.name(jid) }, jid);
  }

  #self(occupant: muc.Occupant): void {
    const { room, codes, present, destroyed } = occupant;
    if (present) {
      this.#entering.get(room)?.done();
      if (!this.#entering.has(room)) void this.refresh(room).catch(() => undefined);
      return;
    }
    if (destroyed) this.#messages.changeChat(room, { closed: "deleted" });
    else if (codes.some((code) => code === BANNED || code === NO_MEMBER || code === KICKED)) {
      this.#messages.changeChat(room, { closed: "left" });
      this.note(room, { kind: "removed", who: this.#people.name(this.#session.account) }, room);
    }
  }

  /** Messages of the room itself: subject, affiliations of absent members. */
  message(stanza: Element): void {
    const from = stanza.attr("from") ?? "";
    const room = bare(from);
    if (this.#messages.chat(room)?.kind !== "group") return;
    const changes = resourceOf(from) === "" ? muc.readAffiliationChanges(stanza) : [];
    const configured = stanza
      .get("x", NS.mucUser)
      ?.all("status")
      .some(({ attrs }) => attrs.code === "104");
    if (changes.length)
      this.#store.write(() => {
        for (const change of changes) {
          const known = this.#store.sql.value(
            "SELECT 1 FROM member WHERE room = ? AND jid = ?",
            room,
            change.jid,
          );
          this.#setMember(room, change);
          const who = this.#people.name(change.jid);
          if (!known && LISTED.has(change.affiliation)) this.note(room, { kind: "added", who }, change.jid);
          else if (known && !LISTED.has(change.affiliation))
            this.note(room, { kind: "removed", who }, change.jid);
        }
        this.#store.touch(`members:${room}`);
      });
    if (configured) void this.refresh(room).catch(() => undefined);
  }

  /** Follow a link: who has its token becomes a member. Rejects when the link is no longer good. */
  async join(room: string, token: string): Promise<void> {
    const before = this.#messages.chat(room);
    try {
      await this.enter(room, token);
    } catch (error) {
      this.#store.write(() =>
        before
          ? this.#messages.changeChat(room, { closed: before.closed, hidden: before.hidden })
          : this.#messages.removeChat(room),
      );
      throw error;
    }
    await this.refresh(room);
    await this.#bookmark(room, this.#messages.chat(room)?.name ?? room);
  }

  /** Somebody made us a member: go in. */
  invited(room: string): void {
    if (this.#messages.chat(room) && !this.#messages.chat(room)?.closed) return;
    void this.enter(room)
      .then(() => this.refresh(room))
      .then(() => this.#bookmark(room, this.#messages.chat(room)?.name ?? room))
      .catch(() => this.#store.write(() => this.#messages.removeChat(room)));
  }

  /** The picture of a room is in its vCard (XEP-0486). */
  async setAvatar(room: string, type: string, bytes: Uint8Array): Promise<void> {
    const photo = el(
      "PHOTO",
      NS.vcardTemp,
      {},
      el("TYPE", NS.vcardTemp, {}, type),
      el("BINVAL", NS.vcardTemp, {}, toBase64(bytes)),
    );
    await this.#session.request("set", el("vCard", NS.vcardTemp, {}, photo), { to: room });
  }

  async #fetchAvatar(room: string): Promise<void> {
    const answer = await this.#session.request("get", el("vCard", NS.vcardTemp), { to: room });
    const photo = answer.get("vCard", NS.vcardTemp)?.get("PHOTO");
    const type = photo?.textOf("TYPE") ?? "image/png";
    const text = photo?.textOf("BINVAL")?.replace(/\s/g, "");
    if (!text || !/^image\/(png|jpeg|webp|gif)$/.test(type)) return;
    const bytes = fromBase64(text);
    const hash = toHex(await this.#session.platform.hash("SHA-1", bytes));
    this.#people.saveAvatar(hash, type, bytes);
    this.#store.write(() => this.#messages.changeChat(room, { avatar_hash: hash }));
  }

  /** A line of the group's own story. */
  note(room: string, event: SystemEvent, sender: string): void {
    this.#messages.add({
      chat: room,
      sender,
      own: false,
      at: Date.now(),
      stanzaId: newId(),
      content: { kind: "system", event },
    });
  }

  async #findService(): Promise<string | undefined> {
    this.#service ??= (async () => {
      for (const { jid } of await discoItems(this.#session, this.#session.domain)) {
        const info = await discoInfo(this.#session, jid).catch(() => undefined);
        if (info?.features.has(NS.muc) && info.identities.some(({ category }) => category === "conference"))
          return jid;
      }
      return undefined;
    })();
    return await this.#service;
  }
}
