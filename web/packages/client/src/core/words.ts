/** What somebody searches for, taken apart: what the index of words finds, and what has to be looked for in the text. */

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu;
/** Writing without spaces between words: the index takes a whole sentence for one word. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
/** Emoji, without the selector that asks for colour: some keyboards add it, some do not. */
const EMOJI = /(?:\p{Extended_Pictographic}|\p{RI}|\p{Emoji_Modifier}|\u200d)+/gu;
const SELECTOR = /\ufe0f/g;

export interface Wanted {
  /** Beginnings of words. */
  readonly beginnings: readonly string[];
  /** Parts of the text as they stand. */
  readonly parts: readonly string[];
}

export function wantedOf(query: string): Wanted {
  const words = query.match(WORD) ?? [];
  return {
    beginnings: words.filter((word) => !UNSPACED.test(word)),
    parts: [
      ...words.filter((word) => UNSPACED.test(word)),
      ...(query.replace(SELECTOR, "").match(EMOJI) ?? []),
    ],
  };
}

/** Case and accents do not count. Vowel signs, as Indian scripts have them, are no accents and do. */
export function fold(text: string): string {
  return text
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase();
}

/** Where the words looked for stand in a text: [start, end) in UTF-16 units, in order. */
export function marksOf(text: string, query: string): (readonly [number, number])[] {
  const { beginnings, parts } = wantedOf(query);
  const wanted = beginnings.map(fold);
  const marks: (readonly [number, number])[] = [];
  for (const match of text.matchAll(WORD)) {
    const word = fold(match[0]);
    const hit = wanted.find((one) => word.startsWith(one));
    if (hit === undefined) continue;
    let end = 0;
    while (end < match[0].length && fold(match[0].slice(0, end)).length < hit.length) end += 1;
    marks.push([match.index, match.index + end]);
  }
  for (const part of parts) {
    for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length))
      marks.push([at, at + part.length]);
  }
  return marks.sort(([a], [b]) => a - b);
}
