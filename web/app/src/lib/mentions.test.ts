import { describe, expect, it } from "vitest";
import { mentionsIn, suggested, typedName } from "./mentions.ts";

const PEOPLE = ["Ana", "Ana Paula", "Lívia Prado", "+49 151 2345"].map((name) => ({ id: `${name}@x`, name }));

describe("mentions", () => {
  it.each([
    ["@", 1, ""],
    ["Oi @Lí", 6, "Lí"],
    ["Oi @Ana Pa", 10, "Ana Pa"],
    ["(@li", 4, "li"],
    ["ana@example", 11, undefined],
    ["@Ana Paula sim", 14, undefined],
    ["@Ana", 0, undefined],
  ])("in %j at %i %j is being typed", (text, caret, typed) => {
    expect(typedName(text, caret)).toBe(typed);
  });

  it("suggests by any word, whatever the accents", () => {
    const names = (typed: string) => suggested(PEOPLE, typed).map(({ name }) => name);
    expect(names("an")).toEqual(["Ana", "Ana Paula"]);
    expect(names("pr")).toEqual(["Lívia Prado"]);
    expect(names("livia")).toEqual(["Lívia Prado"]);
    expect(names("zé")).toEqual([]);
  });

  it("finds who is named in full", () => {
    expect(mentionsIn("@Ana Paula e @Ana, mail a@Ana @Anais", PEOPLE)).toEqual([
      { id: "Ana Paula@x", begin: 0, end: 10 },
      { id: "Ana@x", begin: 13, end: 17 },
    ]);
  });
});
