/** Calls over a MessagePort, both ways: a request has a number, its answer the same. Values have to be cloneable. */

type Message =
  | { readonly kind: "call"; readonly id: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly kind: "result"; readonly id: number; readonly value: unknown }
  | { readonly kind: "error"; readonly id: number; readonly name: string; readonly message: string };

/** What of a MessagePort, a Worker or a worker's global scope is used. */
export interface Port {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

export type Handlers = Readonly<Record<string, (...args: never[]) => unknown>>;

export class Peer {
  readonly #port: Port;
  readonly #handlers: Handlers;
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  #next = 1;

  constructor(port: Port, handlers: Handlers) {
    this.#port = port;
    this.#handlers = handlers;
    port.onmessage = ({ data }) => void this.#receive(data as Message);
  }

  call(method: string, ...args: readonly unknown[]): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage({ kind: "call", id, method, args } satisfies Message);
    });
  }

  async #receive(message: Message): Promise<void> {
    if (message.kind === "call") return this.#serve(message.id, message.method, message.args);
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === "result") waiting?.resolve(message.value);
    else waiting?.reject(Object.assign(new Error(message.message), { name: message.name }));
  }

  async #serve(id: number, method: string, args: readonly unknown[]): Promise<void> {
    try {
      const handler = Object.hasOwn(this.#handlers, method) ? this.#handlers[method] : undefined;
      if (!handler) throw new RangeError(`no method ${method}`);
      const value = await (handler as (...given: readonly unknown[]) => unknown)(...args);
      this.#port.postMessage({ kind: "result", id, value } satisfies Message);
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      this.#port.postMessage({ kind: "error", id, name, message } satisfies Message);
    }
  }
}
