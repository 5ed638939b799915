import { describe, expect, it } from "vitest";
import { fold, marksOf, wantedOf } from "./words.ts";

describe("what is searched for", () => {
  it.each([
    ["Amanhã praia", ["Amanhã", "praia"], []],
    ["हिन्दी में", ["हिन्दी", "में"], []],
    ["北京 2026", ["2026"], ["北京"]],
    ["สวัสดี", [], ["สวัสดี"]],
    ["oi ❤️", ["oi"], ["❤"]],
    ["👩‍👩‍👧 🇧🇷 👍🏽", [], ["👩‍👩‍👧", "🇧🇷", "👍🏽"]],
    ['" * -', [], []],
    ["", [], []],
  ])("%j is taken apart", (query, beginnings, parts) => {
    expect(wantedOf(query)).toEqual({ beginnings, parts });
  });

  it("is folded without its accents, but with its vowel signs", () => {
    expect(fold("Ação Über")).toBe("acao uber");
    expect(fold("की")).not.toBe(fold("का"));
  });

  it.each([
    ["Amanhã na praia", "pra amanha", ["Amanhã", "pra"]],
    ["नमस्ते दोस्तों", "दोस्त", ["दोस्त"]],
    ["我喜欢北京，北京", "北京", ["北京", "北京"]],
    ["festa 🎉!", "🎉", ["🎉"]],
    ["कल", "काल", []],
  ])("in %j, %j is marked", (text, query, marked) => {
    expect(marksOf(text, query).map(([from, to]) => text.slice(from, to))).toEqual(marked);
  });
});
