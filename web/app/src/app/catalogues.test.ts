// @vitest-environment node

/** Every language is complete: each sentence is there, with the same placeholders and all its plural forms. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LOCALES } from "../lib/preferences.ts";

const ENTRY = /^msgid (".*")\nmsgstr (".*")$/gmu;

function catalogue(locale: string): Map<string, string> {
  const text = readFileSync(new URL(`../../locales/${locale}.po`, import.meta.url), "utf8");
  const pairs = [...text.matchAll(ENTRY)].map(([, id, translation]) => [
    JSON.parse(id ?? '""') as string,
    JSON.parse(translation ?? '""') as string,
  ]);
  return new Map(pairs.filter(([id]) => id !== "") as [string, string][]);
}

const placeholders = (text: string): string[] =>
  [...new Set([...text.matchAll(/<\/?\d+>|\{\w+(?=[},])/gu)].map(([found]) => found))].sort();

const english = catalogue("en");

describe.each(LOCALES)("the catalogue %s", (locale) => {
  const here = catalogue(locale);

  it("holds exactly the sentences of the source", () => {
    expect([...here.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it("leaves nothing untranslated", () => {
    expect([...here].filter(([, translation]) => translation === "").map(([id]) => id)).toEqual([]);
  });

  it("keeps every placeholder", () => {
    const different = [...here].filter(([id, text]) => placeholders(id).join() !== placeholders(text).join());
    expect(different).toEqual([]);
  });

  it("has every plural form the language needs", () => {
    const { pluralCategories } = new Intl.PluralRules(locale).resolvedOptions();
    const plurals = [...here].filter(([id]) => id.includes(", plural,"));
    expect(plurals.length).toBeGreaterThan(5);
    for (const [id, text] of plurals)
      for (const category of pluralCategories)
        expect(text, `${id} lacks “${category}”`).toContain(` ${category} {`);
  });
});
