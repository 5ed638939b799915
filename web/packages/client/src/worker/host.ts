/** Serves one client to any number of pages. */
import type { Live, PlauderClient } from "../api.ts";
import { toClientError } from "../parts/household.ts";
import type { Path, Sender, ToHost, ToPage } from "./messages.ts";
import { diff, type Patch } from "./patch.ts";

/** The names a page may reach; nothing else of an object can be called from outside. */
const PARTS: ReadonlySet<string> = new Set([
  "session",
  "chats",
  "contacts",
  "groups",
  "profile",
  "devices",
  "backup",
  "media",
  "notifications",
  "business",
  "calls",
]);

export class Host {
  readonly #client: PlauderClient & { setActive(active: boolean): void };
  readonly #guests = new Map<string, Guest>();
  #stopNotices: (() => void) | undefined;

  constructor(client: PlauderClient & { setActive(active: boolean): void }) {
    this.#client = client;
    this.#stopNotices = client.notifications.onMessage((event) => this.#notice(event));
  }

  /** A page has come. Give what it says to the returned function. */
  welcome(name: string, sender: Sender<ToPage>): (message: ToHost) => void {
    this.#guests.get(name)?.leave();
    const guest = new Guest(this.#client, sender);
    this.#guests.set(name, guest);
    return (message) => {
      if (message.do === "leave") {
        guest.leave();
        this.#guests.delete(name);
      } else guest.hear(message);
      if (message.do === "active" || message.do === "leave") this.#activity();
    };
  }

  close(): void {
    this.#stopNotices?.();
    for (const guest of this.#guests.values()) guest.leave();
    this.#guests.clear();
  }

  #activity(): void {
    this.#client.setActive([...this.#guests.values()].some((guest) => guest.isActive));
  }

  /** One page tells the person, not all: one that is looked at, else the first. */
  #notice(event: unknown): void {
    const guests = [...this.#guests.values()];
    const chosen = guests.find((guest) => guest.isActive) ?? guests[0];
    chosen?.post({ is: "notice", value: event });
  }
}

/** A page draws again what it is told: so often is enough for what comes by itself. What it asked for does not wait. */
const SPACING = 80; // ms

class Guest {
  isActive = true;
  readonly #client: PlauderClient;
  readonly #sender: Sender<ToPage>;
  readonly #watches = new Map<string, () => void>();
  /** What changed and is not told yet, with how to tell it. */
  readonly #changed = new Map<string, () => Patch>();
  #telling: ReturnType<typeof setTimeout> | undefined;
  #told = Number.NEGATIVE_INFINITY;

  constructor(client: PlauderClient, sender: Sender<ToPage>) {
    this.#client = client;
    this.#sender = sender;
  }

  post(message: ToPage): void {
    this.#sender.post(message);
  }

  hear(message: ToHost): void {
    if (message.do === "call") void this.#call(message.id, message.path, message.args);
    else if (message.do === "watch") this.#watch(message.id, message.path, message.args);
    else if (message.do === "unwatch") this.#unwatch(message.id);
    else if (message.do === "active") this.isActive = message.active;
  }

  leave(): void {
    for (const stop of this.#watches.values()) stop();
    this.#watches.clear();
    this.#changed.clear();
    clearTimeout(this.#telling);
    this.#telling = undefined;
  }

  async #call(id: string, path: Path, args: readonly unknown[]): Promise<void> {
    try {
      const [target, name] = this.#reach(path);
      const method = name === undefined ? undefined : target[name];
      if (typeof method !== "function") throw new TypeError(`no such command: ${path.join(".")}`);
      const value: unknown = await method.apply(target, args);
      // What the command changed is there when it is done.
      this.#tell();
      this.post({ is: "result", id, value });
    } catch (error) {
      const { code, message, details } = toClientError(error);
      this.post({ is: "error", id, code, message, details });
    }
  }

  #watch(id: string, path: Path, args: readonly unknown[]): void {
    this.#unwatch(id);
    let live: Live<unknown>;
    try {
      const [target, name] = this.#reach(path);
      const found = name === undefined ? target : target[name];
      live = (typeof found === "function" ? found.apply(target, args) : found) as Live<unknown>;
    } catch {
      // Nobody is signed in (any more): the page hears so by the session's state.
      return;
    }
    let before: unknown;
    const change = (): Patch => {
      const after = live.get();
      const patch = diff(before, after);
      before = after;
      return patch;
    };
    const stop = live.subscribe(() => {
      this.#changed.set(id, change);
      this.#telling ??= setTimeout(() => this.#tell(), Math.max(0, this.#told + SPACING - performance.now()));
    });
    this.#watches.set(id, stop);
    this.#changed.set(id, change);
    this.#tell();
  }

  /** Many changes of one turn of the loop make one message, and so do those that follow close upon one another. */
  #tell(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    const changes = [...this.#changed].map(([id, change]) => [id, change()] as const);
    this.#changed.clear();
    const values = changes.filter(([, patch]) => patch !== 0);
    if (values.length === 0) return;
    this.#told = performance.now();
    this.post({ is: "values", values });
  }

  #unwatch(id: string): void {
    this.#watches.get(id)?.();
    this.#watches.delete(id);
    this.#changed.delete(id);
  }

  /** The object a path leads to, and the name in it. */
  #reach(path: Path): [Record<string, unknown>, string | undefined] {
    const [part = "", ...rest] = path;
    if (part === "conversation") {
      const conversation = this.#client.conversation(rest[0] ?? "") as unknown as Record<string, unknown>;
      return [conversation, this.#public(conversation, rest[1])];
    }
    if (!PARTS.has(part)) return [this.#client as unknown as Record<string, unknown>, this.#top(part)];
    const target = this.#client[part as keyof PlauderClient] as unknown as Record<string, unknown>;
    return [target, this.#public(target, rest[0])];
  }

  #top(name: string): string {
    if (name !== "search" && name !== "starred") throw new TypeError(`no such part: ${name}`);
    return name;
  }

  #public(target: object, name: string | undefined): string | undefined {
    if (name !== undefined && (name === "constructor" || !(name in target) || name in Object.prototype))
      throw new TypeError(`no such name: ${name}`);
    return name;
  }
}
