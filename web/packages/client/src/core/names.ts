/** Names that others gave themselves, their groups and their files, made fit to be shown among words of ours. */

const LONGEST_NAME = 100;
const LONGEST_FILE_NAME = 150;
/**
 * Controls, and what is not seen but turns the direction of what follows ("fdp.exe" read as "exe.pdf"). Joiners stay, which
 * scripts and emoji need, and so do the tags in flags.
 */
const UNSEEN = /(?!\u200c|\u200d|[\u{e0020}-\u{e007f}])[\p{Cc}\p{Cf}]/gu;

/** One line without surprises; empty if nothing is left of it. */
export function tidyName(name: string): string {
  return cut(seen(name), LONGEST_NAME);
}

/** A bare file name: no folders, and its ending where the eye looks for it. */
export function tidyFileName(name: string): string {
  const bare = seen(seen(name).split(/[/\\]/).at(-1) ?? "");
  const ending = /\.[^.\s]{1,10}$/u.exec(bare)?.[0] ?? "";
  const stem = bare.slice(0, bare.length - ending.length);
  return cut(stem, LONGEST_FILE_NAME - ending.length) + ending || "file";
}

function seen(text: string): string {
  return text.replace(/\s+/gu, " ").replace(UNSEEN, "").trim();
}

function cut(text: string, most: number): string {
  const letters = Array.from(text);
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : text;
}
