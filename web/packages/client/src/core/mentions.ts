/** Mentions in two measures: the app counts UTF-16 units, the wire code points (XEP-0372). */
import * as wire from "@plauder/protocol/content";
import type { Mention } from "../api.ts";

export function toWire(text: string, mentions: readonly Mention[]): ReturnType<typeof wire.mention>[] {
  const points = (units: number): number => Array.from(text.slice(0, units)).length;
  return mentions.map(({ id, begin, end }) =>
    wire.mention({ jid: id, begin: points(begin), end: points(end) }),
  );
}

/** In order, and none that overlaps another: what is drawn is cut along them. */
export function fromWire(text: string, mentions: readonly wire.Mention[]): readonly Mention[] {
  const points = Array.from(text);
  const units = (count: number): number => points.slice(0, count).join("").length;
  let last = 0;
  return [...mentions]
    .sort((a, b) => a.begin - b.begin)
    .flatMap(({ jid, begin, end }) => {
      const [from, to] = [units(begin), units(end)];
      if (from < last || to <= from) return [];
      last = to;
      return [{ id: jid, begin: from, end: to }];
    });
}
