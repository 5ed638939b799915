/** What the protocol needs from its surroundings, so that it runs in a Worker, in Node and in a test alike. */

/** The part of a WebSocket we use. `onclose` is called exactly once, whatever went wrong. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((text: string) => void) | null;
  onclose: ((reason: string) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface Timer {
  cancel(): void;
}

export interface Platform {
  openSocket(url: string, subprotocol: string): Socket;
  /** Milliseconds since 1970, UTC. */
  now(): number;
  after(milliseconds: number, run: () => void): Timer;
  /** Resolves after what has arrived meanwhile was handed out, and not before so much time. */
  pause(milliseconds?: number): Promise<void>;
  randomBytes(count: number): Uint8Array<ArrayBuffer>;
  hmac(hash: HashName, key: Uint8Array, data: Uint8Array): Promise<Uint8Array>;
  hash(hash: HashName, data: Uint8Array): Promise<Uint8Array>;
  pbkdf2(hash: HashName, password: Uint8Array, salt: Uint8Array, iterations: number): Promise<Uint8Array>;
}

export type HashName = "SHA-1" | "SHA-256" | "SHA-512";

/** The globals a browser, a Worker and Node ≥ 22 share. */
interface Globals {
  WebSocket: new (
    url: string,
    protocol: string,
  ) => {
    onopen: (() => void) | null;
    onmessage: ((event: { data: unknown }) => void) | null;
    onclose: ((event: { code: number; reason: string }) => void) | null;
    send(text: string): void;
    close(): void;
  };
  setTimeout(run: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
  crypto: {
    getRandomValues(bytes: Uint8Array): void;
    subtle: {
      importKey(
        format: "raw",
        key: Uint8Array,
        how: unknown,
        extractable: false,
        uses: string[],
      ): Promise<unknown>;
      sign(how: "HMAC", key: unknown, data: Uint8Array): Promise<ArrayBuffer>;
      digest(hash: HashName, data: Uint8Array): Promise<ArrayBuffer>;
      deriveBits(how: unknown, key: unknown, bits: number): Promise<ArrayBuffer>;
    };
  };
}

const BITS: Readonly<Record<HashName, number>> = { "SHA-1": 160, "SHA-256": 256, "SHA-512": 512 };

/** The platform of a browser, a Worker or Node. */
export function standardPlatform(): Platform {
  const host = globalThis as unknown as Globals;
  const { subtle } = host.crypto;
  return {
    openSocket: (url, subprotocol) => wrapSocket(new host.WebSocket(url, subprotocol)),
    now: () => Date.now(),
    after(milliseconds, run) {
      const timer = host.setTimeout(run, milliseconds);
      return { cancel: () => host.clearTimeout(timer) };
    },
    pause: (milliseconds = 2) => new Promise((resolve) => host.setTimeout(resolve, milliseconds)),
    randomBytes(count) {
      const bytes = new Uint8Array(count);
      host.crypto.getRandomValues(bytes);
      return bytes;
    },
    async hmac(hash, key, data) {
      // WebCrypto refuses an empty HMAC key in some browsers; SCRAM and FAST never have one.
      const imported = await subtle.importKey("raw", key, { name: "HMAC", hash }, false, ["sign"]);
      return new Uint8Array(await subtle.sign("HMAC", imported, data));
    },
    hash: async (hash, data) => new Uint8Array(await subtle.digest(hash, data)),
    async pbkdf2(hash, password, salt, iterations) {
      const key = await subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
      return new Uint8Array(
        await subtle.deriveBits({ name: "PBKDF2", hash, salt, iterations }, key, BITS[hash]),
      );
    },
  };
}

function wrapSocket(raw: InstanceType<Globals["WebSocket"]>): Socket {
  const socket: Socket = {
    onopen: null,
    onmessage: null,
    onclose: null,
    send: (text) => raw.send(text),
    close: () => raw.close(),
  };
  raw.onopen = () => socket.onopen?.();
  // RFC 7395 §3.2: data frames carry text; a binary frame is none of ours and reads as an empty, malformed one.
  raw.onmessage = ({ data }) => socket.onmessage?.(typeof data === "string" ? data : "");
  raw.onclose = ({ code, reason }) => socket.onclose?.(reason || `closed (${code})`);
  return socket;
}
