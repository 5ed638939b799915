/**
 * One worker of all tabs holds the store, the keys and the connection; the others pass on what their pages say. Who
 * holds the lock is the one; when its tab goes, the browser gives the lock to the next, which takes over from the store.
 */
import type { Host } from "./host.ts";
import type { Sender, ToHost, ToPage } from "./messages.ts";

const LOCK = "plauder-client";

type Between =
  | { readonly to: "leader"; readonly from: string; readonly message: ToHost }
  | { readonly to: string; readonly message: ToPage }
  /** A leader is there (or: is there one?). */
  | { readonly to: "all"; readonly leader: string }
  | { readonly to: "leader"; readonly from: string; readonly message: "hello" };

export interface Channel {
  post(message: unknown): void;
  onmessage: ((message: unknown) => void) | null;
  close(): void;
}

export interface Locks {
  /** Runs once the lock is ours; holds it until the promise settles or the worker ends. */
  hold(name: string, work: () => Promise<void>): void;
}

export class Relay {
  readonly #name: string;
  readonly #page: Sender<ToPage>;
  readonly #channel: Channel;
  readonly #open: () => Promise<Host>;
  readonly #guests = new Map<string, (message: ToHost) => void>();
  #host: Host | undefined;
  #local: ((message: ToHost) => void) | undefined;
  #leader: string | undefined;
  #early: ToHost[] = [];

  /** `open` makes the host; called when we are the one, and only then. */
  constructor(name: string, page: Sender<ToPage>, channel: Channel, locks: Locks, open: () => Promise<Host>) {
    this.#name = name;
    this.#page = page;
    this.#channel = channel;
    this.#open = open;
    channel.onmessage = (message) => this.#between(message as Between);
    locks.hold(LOCK, () => this.#lead());
    this.#tell({ to: "leader", from: name, message: "hello" });
  }

  /** What our page says. */
  hear(message: ToHost): void {
    if (this.#local) this.#local(message);
    else if (this.#leader) this.#tell({ to: "leader", from: this.#name, message });
    else this.#early.push(message);
  }

  async #lead(): Promise<void> {
    const host = await this.#open();
    this.#host = host;
    this.#leader = undefined;
    this.#local = host.welcome(this.#name, this.#page);
    const early = this.#early.splice(0);
    if (early.length) for (const message of early) this.#local(message);
    // Our page may have asked the leader before us; pages of other tabs certainly have.
    else this.#page.post({ is: "host" });
    this.#tell({ to: "all", leader: this.#name });
    await new Promise<void>(() => undefined);
  }

  #tell(message: Between): void {
    this.#channel.post(message);
  }

  #between(message: Between): void {
    if (message.to === this.#name) this.#page.post((message as { message: ToPage }).message);
    else if (message.to === "all") this.#follow((message as { leader: string }).leader);
    else if (message.to === "leader" && this.#host) {
      const { from, message: said } = message as Extract<Between, { to: "leader" }>;
      if (said === "hello") this.#tell({ to: "all", leader: this.#name });
      else this.#guest(from)(said);
    }
  }

  #follow(leader: string): void {
    if (this.#local || leader === this.#leader) return;
    this.#leader = leader;
    const early = this.#early.splice(0);
    for (const message of early) this.#tell({ to: "leader", from: this.#name, message });
    if (early.length === 0) this.#page.post({ is: "host" });
  }

  #guest(from: string): (message: ToHost) => void {
    let hear = this.#guests.get(from);
    if (!hear) {
      const post = (message: ToPage): void => this.#tell({ to: from, message });
      hear = (this.#host as Host).welcome(from, { post });
      this.#guests.set(from, hear);
    }
    return hear;
  }
}
