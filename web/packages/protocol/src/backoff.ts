/** How long to wait before trying again: doubling, capped, with full jitter so that a crowd does not return at once. */
export function backoff(attempt: number, random: number, first = 1000, longest = 60_000): number {
  const ceiling = Math.min(longest, first * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
