/** Stream management counters (XEP-0198). Pure: owns no socket and no clock. */
import { ProtocolViolation } from "./errors.ts";

/** XEP-0198 §4: "h" is an unsigned 32-bit number that wraps. */
export const WRAP = 2 ** 32;

export interface Sent {
  readonly xml: string;
  /** Whom to tell when the server has it: the outbox's name for it. */
  readonly track: string | undefined;
}

/** Stanzas sent and not yet acknowledged, oldest first. */
export class Unacked {
  #acked = 0;
  #waiting: Sent[] = [];

  get count(): number {
    return this.#waiting.length;
  }

  /** The number the next stanza sent will carry. */
  get next(): number {
    return (this.#acked + this.#waiting.length + 1) % WRAP;
  }

  sent(stanza: Sent): number {
    this.#waiting.push(stanza);
    return (this.#acked + this.#waiting.length) % WRAP;
  }

  /** Forget everything up to `h`; return what that confirmed. */
  acknowledged(h: number): Sent[] {
    const count = (h - this.#acked + WRAP) % WRAP;
    if (count > this.#waiting.length) throw new ProtocolViolation(`acknowledged ${h}, which was never sent`);
    this.#acked = h;
    return this.#waiting.splice(0, count);
  }

  /** All that is not confirmed, in order, to be sent again on a resumed stream. */
  pending(): readonly Sent[] {
    return this.#waiting;
  }

  /** Begin counting for a new stream, or from `acked` for one resumed after a restart. Returns what was in doubt. */
  restart(acked = 0): Sent[] {
    const lost = this.#waiting;
    this.#acked = acked;
    this.#waiting = [];
    return lost;
  }
}
