/**
 * Follows a number that flickers: `show` hears at once when it falls, and after `moment` milliseconds the least it has
 * been in them. Returns how to stop.
 */
export function steadily(
  subscribe: (listener: () => void) => () => void,
  count: () => number,
  show: (count: number) => void,
  moment: number,
): () => void {
  let shown = count();
  let least = shown;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = (value: number) => {
    if (value !== shown) show(value);
    shown = value;
  };
  const settle = () => {
    tell(least);
    least = count();
    timer = least > shown ? setTimeout(settle, moment) : undefined;
  };
  const follow = () => {
    const now = count();
    if (now < shown) tell(now);
    if (timer !== undefined) least = Math.min(least, now);
    else if (now > shown) {
      least = now;
      timer = setTimeout(settle, moment);
    }
  };
  const stop = subscribe(follow);
  show(shown);
  return () => {
    stop();
    clearTimeout(timer);
  };
}
