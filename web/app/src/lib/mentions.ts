/** Naming people in a group: what is being typed after an "@", and who is named in a whole text. */

import type { ChatId, Mention } from "@plauder/client/api";

export interface Nameable {
  readonly id: ChatId;
  readonly name: string;
}

/** The name that is being typed before the caret, without its "@"; undefined where none is. */
export function typedName(text: string, caret: number): string | undefined {
  return /(?:^|[\s(])@([\p{L}\p{N}.'’-]{0,20}(?: [\p{L}\p{N}.'’-]{0,20})?)$/u.exec(text.slice(0, caret))?.[1];
}

const folded = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();

/** Those whose name, or a word of it, begins so. */
export function suggested<T extends Nameable>(people: readonly T[], typed: string): T[] {
  const begin = folded(typed);
  return people.filter(({ name }) => {
    const whole = folded(name);
    return whole.startsWith(begin) || whole.split(" ").some((word) => word.startsWith(begin));
  });
}

/** Whoever is named in full after an "@"; the longer of two names that begin alike. */
export function mentionsIn(text: string, people: readonly Nameable[]): Mention[] {
  const longest = [...people].sort((a, b) => b.name.length - a.name.length);
  const found: Mention[] = [];
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    if (at > 0 && /[\p{L}\p{N}]/u.test(text[at - 1] ?? "")) continue;
    const person = longest.find(
      ({ name }) => text.startsWith(name, at + 1) && !/[\p{L}\p{N}]/u.test(text[at + 1 + name.length] ?? ""),
    );
    if (person) found.push({ id: person.id, begin: at, end: at + 1 + person.name.length });
  }
  return found;
}
