/** The one implementation of `Live`: a value with listeners. */

import type { Live } from "./api.ts";

export class Cell<T> implements Live<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();
  readonly #activate: (() => () => void) | undefined;
  #deactivate: (() => void) | undefined;

  /** `activate` runs with the first subscriber; what it returns runs after the last has left. */
  constructor(value: T, activate?: () => () => void) {
    this.#value = value;
    this.#activate = activate;
  }

  readonly get = (): T => this.#value;

  readonly subscribe = (listener: () => void): (() => void) => {
    const first = this.#listeners.size === 0;
    this.#listeners.add(listener);
    if (first) this.#deactivate = this.#activate?.();
    return () => {
      if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
      this.#deactivate?.();
      this.#deactivate = undefined;
    };
  };

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value));
  }
}

/** A value computed from another; recomputed only when that one changed. */
export function derive<A, B>(source: Live<A>, compute: (value: A) => B): Live<B> {
  let from: { value: A; result: B } | undefined;
  return {
    get: () => {
      const value = source.get();
      if (!from || !Object.is(from.value, value)) from = { value, result: compute(value) };
      return from.result;
    },
    subscribe: source.subscribe,
  };
}

/** Work shorter than this may run at every change; what takes longer leaves at least as much time to others. */
const CHEAP = 8; // ms
const REST = 3;

/**
 * `work`, done at once and at every call, unless it has become expensive: then changes that come close together are
 * answered together. `stop` drops what still waits.
 */
export function paced(work: () => void): { run(): void; stop(): void } {
  let free = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const act = (): void => {
    timer = undefined;
    const start = performance.now();
    work();
    const took = performance.now() - start;
    free = took > CHEAP ? start + took * (1 + REST) : 0;
  };
  return {
    run() {
      if (timer !== undefined) return;
      const wait = free - performance.now();
      if (wait > 0) timer = setTimeout(act, wait);
      else act();
    },
    stop: () => clearTimeout(timer),
  };
}
