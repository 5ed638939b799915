/** Groups: made, changed, joined by link, left. */

import { toHex } from "@plauder/protocol/bytes";
import {
  type Affiliation,
  configureRoom,
  linkToken,
  setAffiliation,
  setSubject,
} from "@plauder/protocol/muc";
import {
  type BlobLike,
  ClientError,
  type GroupRole,
  type Groups,
  type GroupView,
  type Live,
} from "../api.ts";
import type { Home, Household } from "./household.ts";
import { formatGroupInvite } from "./invites.ts";

interface Change {
  name?: string;
  about?: string;
  avatar?: BlobLike;
  whoMayWrite?: "all" | "admins";
  whoMayEdit?: "all" | "admins";
}

export class GroupsPart implements Groups {
  readonly #household: Household;

  constructor(household: Household) {
    this.#household = household;
  }

  one(id: string): Live<GroupView | undefined> {
    const topics = [`chat:${id}`, `members:${id}`, "people"];
    return this.#household.live(`group:${id}`, topics, ({ views }) => views.group(id));
  }

  async create({
    name,
    members,
    avatar,
  }: {
    name: string;
    members: readonly string[];
    avatar?: BlobLike;
  }): Promise<string> {
    const { account } = this.#household.connected;
    const room = await account.rooms.create(name, members);
    if (avatar) await this.update(room, { avatar });
    return room;
  }

  async update(id: string, change: Change): Promise<void> {
    const { account } = this.#household.connected;
    const before = account.messages.chat(id);
    if (change.avatar) await this.#setAvatar(id, change.avatar);
    const { name, about, whoMayWrite, whoMayEdit } = change;
    if (name === undefined && about === undefined && !whoMayWrite && !whoMayEdit) return;
    await configureRoom(account.session, id, {
      ...(name !== undefined && { name }),
      ...(about !== undefined && { about }),
      ...(whoMayWrite && { moderated: whoMayWrite === "admins" }),
      ...(whoMayEdit && { membersMayChangeSubject: whoMayEdit === "all" }),
    });
    if (name !== undefined && name !== before?.name) {
      setSubject(account.session, id, name);
      const by = account.people.name(account.jid);
      account.store.write(() => account.rooms.note(id, { kind: "group-renamed", by, to: name }, account.jid));
    }
    await account.rooms.refresh(id);
  }

  /** The room's vCard carries its picture (XEP-0486). */
  async #setAvatar(id: string, avatar: BlobLike): Promise<void> {
    const { account } = this.#household.connected;
    const bytes = new Uint8Array(await avatar.arrayBuffer());
    await account.rooms.setAvatar(id, avatar.type, bytes);
    const hash = toHex(await account.session.platform.hash("SHA-1", bytes));
    account.store.write(() => {
      account.people.saveAvatar(hash, avatar.type, bytes);
      account.messages.changeChat(id, { avatar_hash: hash });
      account.rooms.note(id, { kind: "group-picture", by: account.people.name(account.jid) }, account.jid);
    });
  }

  async add(id: string, members: readonly string[]): Promise<void> {
    await this.#household.connected.account.rooms.add(id, members);
  }

  async removeMember(id: string, member: string): Promise<void> {
    await this.#affiliate(id, member, "none");
  }

  async setRole(id: string, member: string, role: GroupRole): Promise<void> {
    await this.#affiliate(id, member, role);
    const { account } = this.#household.here;
    account.store.write(() =>
      account.rooms.note(id, { kind: "role", who: account.people.name(member), role }, account.jid),
    );
  }

  async #affiliate(id: string, jid: string, affiliation: Affiliation): Promise<void> {
    const { account } = this.#household.connected;
    await setAffiliation(account.session, id, [{ jid, affiliation }]);
    await account.rooms.refresh(id);
  }

  async inviteLink(id: string): Promise<string> {
    return await this.#link(id, false);
  }

  async resetInviteLink(id: string): Promise<string> {
    return await this.#link(id, true);
  }

  /** The room keeps one link, which every admin sees and any can end. */
  async #link(id: string, reset: boolean): Promise<string> {
    const home = this.#household.connected;
    const { myRole, name } = this.#group(home, id);
    if (myRole !== "owner" && myRole !== "admin") throw new ClientError("not-allowed");
    const secret = await linkToken(home.account.session, id, reset);
    const link = `${this.#household.around.api.origin}/i/${formatGroupInvite({ room: id, secret, name })}`;
    home.account.store.write(() => {
      home.account.store.setSetting(`invite:${id}`, link);
      home.account.store.touch(`members:${id}`);
    });
    return link;
  }

  #group({ views }: Home, id: string): GroupView {
    const group = views.group(id);
    if (!group) throw new ClientError("not-found");
    return group;
  }

  async leave(id: string): Promise<void> {
    await this.#household.connected.account.rooms.leave(id);
  }
}
