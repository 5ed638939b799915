export interface Spaced<T> {
  (value: T): void;
  /** Do at once what still waits. */
  readonly flush: () => void;
}

/** `act`, done at once, and after that not more often than every so many milliseconds, with the last value. */
export function spaced<T>(act: (value: T) => void, every: number): Spaced<T> {
  let resting: ReturnType<typeof setTimeout> | undefined;
  let waiting: { readonly value: T } | undefined;
  const rested = () => {
    resting = undefined;
    if (waiting) run(waiting.value);
  };
  const run = (value: T) => {
    waiting = undefined;
    resting = setTimeout(rested, every);
    act(value);
  };
  const spaced = (value: T) => {
    if (resting === undefined) run(value);
    else waiting = { value };
  };
  const flush = () => {
    clearTimeout(resting);
    rested();
  };
  return Object.assign(spaced, { flush });
}
