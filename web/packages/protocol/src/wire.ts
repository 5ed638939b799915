/** Frames over a socket: RFC 7395 `<open/>`, `<close/>` and one element a frame. Knows nothing of what they mean. */
import { ConnectionLost, ProtocolError, ProtocolViolation, RequestTimeout, StreamError } from "./errors.ts";
import { NS } from "./ns.ts";
import type { Platform, Socket } from "./platform.ts";
import { type Element, el, parse } from "./xml.ts";

/** `onFrame` gets every frame once set; before, `receive` hands them out one by one. */
export class Wire {
  onFrame: ((frame: Element) => void) | null = null;
  onClosed: ((why: ProtocolError) => void) | null = null;
  readonly #platform: Platform;
  readonly #socket: Socket;
  readonly #arrived: Element[] = [];
  #waiting: { give(frame: Element): void; fail(why: ProtocolError): void } | null = null;
  #closed: ProtocolError | null = null;

  private constructor(platform: Platform, socket: Socket) {
    this.#platform = platform;
    this.#socket = socket;
    socket.onmessage = (text) => this.#message(text);
    socket.onclose = (reason) => this.fail(new ConnectionLost(reason));
  }

  static open(platform: Platform, url: string, timeout: number): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = platform.openSocket(url, "xmpp");
      const timer = platform.after(timeout, () => {
        socket.onopen = socket.onclose = null;
        socket.close();
        reject(new RequestTimeout("the server did not answer"));
      });
      socket.onclose = (reason) => {
        timer.cancel();
        reject(new ConnectionLost(reason));
      };
      socket.onopen = () => {
        timer.cancel();
        resolve(new Wire(platform, socket));
      };
    });
  }

  get closed(): ProtocolError | null {
    return this.#closed;
  }

  send(frame: Element | string): void {
    if (this.#closed) throw this.#closed;
    this.#socket.send(typeof frame === "string" ? frame : frame.toString());
  }

  /** The next frame, while no `onFrame` is set. */
  receive(timeout: number): Promise<Element> {
    const arrived = this.#arrived.shift();
    if (arrived) return Promise.resolve(arrived);
    if (this.#closed) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      const timer = this.#platform.after(timeout, () =>
        this.fail(new RequestTimeout("the server did not answer")),
      );
      const done = (): void => {
        timer.cancel();
        this.#waiting = null;
      };
      this.#waiting = {
        give: (frame) => {
          done();
          resolve(frame);
        },
        fail: (why) => {
          done();
          reject(why);
        },
      };
    });
  }

  /** From here on frames go to `onFrame`, beginning with those that came meanwhile. */
  stream(onFrame: (frame: Element) => void): void {
    this.onFrame = onFrame;
    for (const frame of this.#arrived.splice(0)) onFrame(frame);
  }

  /** RFC 7395 §3.6: say goodbye, then close. */
  close(): void {
    if (this.#closed) return;
    try {
      this.send(el("close", NS.framing));
    } catch {
      // The socket is gone already, which is what we want.
    }
    this.fail(new ConnectionLost("closed by us"));
  }

  fail(why: ProtocolError): void {
    if (this.#closed) return;
    this.#closed = why;
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#waiting?.fail(why);
    this.onClosed?.(why);
  }

  #message(text: string): void {
    if (this.#closed) return;
    try {
      const frame = parse(text);
      if (frame.is("close", NS.framing)) throw new ConnectionLost("closed by the server");
      if (frame.is("error", NS.stream)) throw streamError(frame);
      if (this.onFrame) this.onFrame(frame);
      else if (this.#waiting) this.#waiting.give(frame);
      else if (this.#arrived.length < 1000) this.#arrived.push(frame);
      else throw new ProtocolViolation("frames before the stream is ready");
    } catch (error) {
      this.fail(
        error instanceof ProtocolError ? error : new ProtocolViolation(String(error), { cause: error }),
      );
    }
  }
}

function streamError(frame: Element): StreamError {
  const condition = frame.elements().find((child) => child.ns === NS.streamErrors && child.name !== "text");
  return new StreamError(condition?.name ?? "undefined-condition", frame.textOf("text", NS.streamErrors));
}
