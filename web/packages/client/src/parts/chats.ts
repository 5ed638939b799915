/** The list of chats. */
import type { Chats, ChatView, Live } from "../api.ts";
import type { ChatRow } from "../core/rows.ts";
import type { Household } from "./household.ts";

export class ChatsPart implements Chats {
  readonly #household: Household;

  constructor(household: Household) {
    this.#household = household;
  }

  get list(): Live<readonly ChatView[] | undefined> {
    return this.#household.live("chats", ["chats", "people"], ({ views }) => views.chatList());
  }

  one(id: string): Live<ChatView | undefined> {
    const topics = [`chat:${id}`, `person:${id}`];
    return this.#household.live(`chat:${id}`, topics, ({ views }) => views.chatById(id));
  }

  async pin(id: string, on: boolean): Promise<void> {
    this.#change(id, { pinned: on ? 1 : 0 });
  }

  async archive(id: string, on: boolean): Promise<void> {
    this.#change(id, { archived: on ? 1 : 0 });
  }

  async mute(id: string, until: number | undefined): Promise<void> {
    this.#change(id, { muted_until: until ?? null });
  }

  async markUnread(id: string, on: boolean): Promise<void> {
    this.#change(id, { marked_unread: on ? 1 : 0 });
    const { account } = this.#household.here;
    const last = on ? undefined : account.messages.before(id, undefined, 1)[0];
    if (last) account.seen(id, last.id);
  }

  async clear(id: string): Promise<void> {
    const { account, media } = this.#household.here;
    await media.forgetChat(id);
    account.store.write(() => account.messages.clear(id));
  }

  async remove(id: string): Promise<void> {
    const { account, media } = this.#household.here;
    const row = account.messages.chat(id);
    if (row?.kind === "group" && !row.closed) await account.rooms.leave(id);
    await media.forgetChat(id);
    account.store.write(() => account.messages.removeChat(id));
  }

  async acceptRequest(id: string): Promise<void> {
    const { account } = this.#household.here;
    this.#change(id, { is_request: 0 });
    if (account.session.isOnline || account.session.isConnecting) await account.addContact(id, undefined);
  }

  #change(id: string, change: Partial<ChatRow>): void {
    const { account } = this.#household.here;
    account.store.write(() => {
      account.messages.ensureChat(id, account.people.row(id)?.kind ?? "person", Date.now());
      account.messages.changeChat(id, change);
    });
  }
}
