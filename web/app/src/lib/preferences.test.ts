import { describe, expect, it } from "vitest";
import { negotiate } from "./preferences.ts";

describe("negotiate", () => {
  it.each([
    [["pt-PT"], "pt-BR"],
    [["pt-BR"], "pt-BR"],
    [["fr", "de-CH", "en"], "de"],
    [["HI-in"], "hi"],
    [["fr", "zh"], "en"],
    [[], "en"],
  ])("%j speaks %s", (wanted, expected) => {
    expect(negotiate(wanted)).toBe(expected);
  });
});
