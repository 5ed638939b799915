/** Finds what in a plain text is a link, a mention or emphasis. Text stays text: the result is data, never HTML. */

export type Piece =
  | { kind: "text"; text: string }
  | { kind: "link"; text: string; href: string }
  | { kind: "bold" | "italic" | "strike" | "code"; text: string };

// Scheme or www, then anything but space and quotes; the tail is trimmed below.
const LINK = /\b(?:https?:\/\/|www\.)[^\s<>"'`]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/giu;
const STYLE =
  /(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])|(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])|(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])|`([^`\n]+)`/gu;

/** A sentence's own punctuation does not belong to the link, nor does a bracket it did not open. */
function trimmed(url: string): string {
  let end = url.length;
  for (;;) {
    const last = url[end - 1] ?? "";
    if (/[.,;:!?…»”’]/u.test(last)) end -= 1;
    else if (last === ")" && count(url.slice(0, end), ")") > count(url.slice(0, end), "(")) end -= 1;
    else return url.slice(0, end);
  }
}

const count = (text: string, char: string): number => text.split(char).length - 1;

function hrefOf(text: string): string | undefined {
  if (text.includes("@") && !text.includes("/")) return `mailto:${text}`;
  try {
    const url = new URL(text.startsWith("www.") ? `https://${text}` : text);
    // Only what leads to a page: no javascript:, no data:. `user@host` forms deceive the eye.
    return (url.protocol === "https:" || url.protocol === "http:") && !url.username ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** XEP-0393 message styling, inline spans only. */
function styled(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(STYLE)) {
    const at = match.index;
    if (at > from) pieces.push({ kind: "text", text: text.slice(from, at) });
    const [all, bold, italic, strike, code] = match;
    if (bold !== undefined) pieces.push({ kind: "bold", text: bold });
    else if (italic !== undefined) pieces.push({ kind: "italic", text: italic });
    else if (strike !== undefined) pieces.push({ kind: "strike", text: strike });
    else pieces.push({ kind: "code", text: code ?? "" });
    from = at + all.length;
  }
  if (from < text.length) pieces.push({ kind: "text", text: text.slice(from) });
  return pieces;
}

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const shown = trimmed(match[0]);
    const href = hrefOf(shown);
    if (!href) continue;
    if (match.index > from) found.push(...styled(text.slice(from, match.index)));
    found.push({ kind: "link", text: shown, href });
    from = match.index + shown.length;
  }
  if (from < text.length) found.push(...styled(text.slice(from)));
  return found;
}

/** Lines that belong together: what is quoted with `>`, what stands between fences as it is, and the rest. */
export interface Block {
  readonly kind: "text" | "quote" | "code";
  readonly text: string;
}

/** XEP-0393 message styling, blocks. A fence that is never closed is no fence: who types one mark too many loses no word. */
export function blocks(text: string): Block[] {
  const lines = text.split("\n");
  const lastFence = lines.lastIndexOf("```");
  const found: { kind: Block["kind"]; lines: string[] }[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const end = at < lastFence && line.startsWith("```") ? lines.indexOf("```", at + 1) : -1;
    if (end > at) {
      found.push({ kind: "code", lines: lines.slice(at + 1, end) });
      at = end;
      continue;
    }
    const kind = line.startsWith(">") ? "quote" : "text";
    const last = found.at(-1);
    const words = kind === "quote" ? line.replace(/^> ?/u, "") : line;
    if (last?.kind === kind) last.lines.push(words);
    else found.push({ kind, lines: [words] });
  }
  return found.map(({ kind, lines }) => ({ kind, text: lines.join("\n") }));
}

/** The text without its style marks: for previews and names. */
export function plain(text: string): string {
  return blocks(text)
    .map((block) =>
      block.kind === "code"
        ? block.text
        : pieces(block.text)
            .map((piece) => piece.text)
            .join(""),
    )
    .join("\n");
}

const MARKS = { bold: "*", italic: "_", strike: "~" } as const;

/** What a writer has marked, between style marks, or without them if it has them; and where the marked part is then. */
export function marked(
  text: string,
  [from, to]: readonly [number, number],
  style: keyof typeof MARKS,
): { text: string; from: number; to: number } {
  const mark = MARKS[style];
  const inside = text.slice(from, to);
  if (text[from - 1] === mark && text[to] === mark)
    return { text: text.slice(0, from - 1) + inside + text.slice(to + 1), from: from - 1, to: to - 1 };
  return { text: text.slice(0, from) + mark + inside + mark + text.slice(to), from: from + 1, to: to + 1 };
}

const EMOJI_ONLY =
  /^(?:\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\uFE0F|\u200D\p{Extended_Pictographic}\uFE0F?)*|\p{Regional_Indicator}{2}|\s)+$/u;

/** Up to three emoji and nothing else are shown large. */
export function isJumbo(text: string): boolean {
  if (text.length > 40 || !EMOJI_ONLY.test(text)) return false;
  return [...new Intl.Segmenter().segment(text.replace(/\s/gu, ""))].length <= 3;
}
