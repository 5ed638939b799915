/** A platform whose clock stands still until told, and whose sockets lead to a server inside the test. */
import { type Platform, type Socket, standardPlatform, type Timer } from "../platform.ts";

interface Due {
  readonly at: number;
  readonly run: () => void;
}

/** The server's end of a socket. */
export interface FakeEnd {
  receive(text: string): void;
  closed(): void;
}

export class FakePlatform implements Platform {
  readonly #standard = standardPlatform();
  readonly #due = new Set<Due>();
  #now = Date.UTC(2026, 0, 1);
  /** Called for each socket; gives the server's end, or undefined to refuse. */
  accept: (client: { send(text: string): void; close(): void }) => FakeEnd | undefined = () => undefined;
  patient = false;
  randomBytes: Platform["randomBytes"];
  hmac: Platform["hmac"];
  hash: Platform["hash"];
  pbkdf2: Platform["pbkdf2"];

  constructor() {
    this.randomBytes = this.#standard.randomBytes;
    this.hmac = this.#standard.hmac;
    this.hash = this.#standard.hash;
    this.pbkdf2 = this.#standard.pbkdf2;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, run: () => void): Timer {
    const due = { at: this.#now + milliseconds, run };
    this.#due.add(due);
    return { cancel: () => this.#due.delete(due) };
  }

  /** A pause is over at once, unless `patient`: then as the clock says. */
  async pause(milliseconds = 0): Promise<void> {
    if (this.patient && milliseconds > 0)
      await new Promise<void>((resolve) => void this.after(milliseconds, resolve));
    await until(() => true);
    await Promise.resolve();
  }

  /** Let time pass; what falls due runs in order. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = [...this.#due].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#due.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    this.#now = end;
  }

  openSocket(): Socket {
    const socket: Socket = {
      onopen: null,
      onmessage: null,
      onclose: null,
      send: () => undefined,
      close: () => undefined,
    };
    let open = true;
    const close = (reason: string): void => {
      if (!open) return;
      open = false;
      socket.onclose?.(reason);
    };
    const server = this.accept({
      // Delivered in a later turn, as a network does.
      send: (text) => void Promise.resolve().then(() => open && socket.onmessage?.(text)),
      close: () => void Promise.resolve().then(() => close("closed by the server")),
    });
    socket.send = (text) => void Promise.resolve().then(() => server?.receive(text));
    socket.close = () => {
      if (!open) return;
      open = false;
      server?.closed();
    };
    void Promise.resolve().then(() => (server ? socket.onopen?.() : close("refused")));
    return socket;
  }
}

/** Wait, turn by turn of the event loop, until something holds. The limit only ends a test that would hang. */
export async function until(holds: () => boolean, what = "the condition"): Promise<void> {
  const { setImmediate } = globalThis as unknown as { setImmediate(run: () => void): void };
  const limit = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > limit) throw new Error(`${what} never came true`);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
