/** Who types or records now. Forgotten by itself: the line that would end it may never come. */
import type { Store } from "../store/store.ts";

const LASTS = 15_000;

export class Typing {
  readonly #store: Store;
  readonly #chats = new Map<string, Map<string, { state: string; timer: ReturnType<typeof setTimeout> }>>();

  constructor(store: Store) {
    this.#store = store;
  }

  set(chat: string, who: string, state: string): void {
    const people = this.#chats.get(chat) ?? new Map();
    const before = people.get(who);
    if (before) clearTimeout(before.timer);
    if (state === "composing" || state === "recording") {
      const timer = setTimeout(() => this.set(chat, who, "paused"), LASTS);
      people.set(who, { state, timer });
      this.#chats.set(chat, people);
    } else if (!people.delete(who)) return;
    if (before?.state !== state) this.#store.touch("chats", `chat:${chat}`);
  }

  now(chat: string): { who: readonly string[]; recording: boolean } {
    const people = this.#chats.get(chat);
    if (!people?.size) return { who: [], recording: false };
    return {
      who: [...people.keys()],
      recording: [...people.values()].some(({ state }) => state === "recording"),
    };
  }

  stop(): void {
    for (const people of this.#chats.values()) for (const { timer } of people.values()) clearTimeout(timer);
    this.#chats.clear();
  }
}
