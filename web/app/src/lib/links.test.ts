import { describe, expect, it } from "vitest";
import { blocks, isJumbo, marked, pieces, plain } from "./links.ts";

const links = (text: string) => pieces(text).flatMap((piece) => (piece.kind === "link" ? [piece.href] : []));
const back = (text: string) =>
  pieces(text)
    .map((piece) => piece.text)
    .join("");

describe("links", () => {
  it("finds a link and leaves the sentence's punctuation", () => {
    expect(links("See https://plauder.example/a(b), then www.example.org.")).toEqual([
      "https://plauder.example/a(b)",
      "https://www.example.org/",
    ]);
  });

  it("gives no link to what could run or deceive", () => {
    expect(links("javascript:alert(1) data:text/html,x https://bank.example@evil.example/")).toEqual([]);
  });

  it("never loses a character that is not a style mark", () => {
    for (const text of ["", "a", "5*3*2", "snake_case_name", "https://", "www.", "<b>x</b>", "😀 ok"])
      expect(back(text)).toBe(text);
  });

  it("stays quick on hostile text", () => {
    const long = `${"*a ".repeat(4000)}${"(".repeat(4000)}http://${")".repeat(4000)}`;
    expect(back(long).length).toBeGreaterThan(10_000);
  });
});

describe("styles", () => {
  it("reads the spans of XEP-0393", () => {
    expect(pieces("*bold* and _italic_ and ~gone~ and `code`").map((piece) => piece.kind)).toEqual([
      "bold",
      "text",
      "italic",
      "text",
      "strike",
      "text",
      "code",
    ]);
  });
});

describe("blocks", () => {
  it("are quotes, fenced lines and the rest", () => {
    expect(blocks("so\n> one\n>two\n```py\n*x* = 1\n\n```\nend")).toEqual([
      { kind: "text", text: "so" },
      { kind: "quote", text: "one\ntwo" },
      { kind: "code", text: "*x* = 1\n" },
      { kind: "text", text: "end" },
    ]);
  });

  it("need a fence that is closed, and lose nothing without", () => {
    expect(blocks("```\n> a\nb")).toEqual([
      { kind: "text", text: "```" },
      { kind: "quote", text: "a" },
      { kind: "text", text: "b" },
    ]);
    expect(plain("> *a*\n```\n*b*\n```")).toBe("a\n*b*");
    expect(blocks("```\n".repeat(20_000)).length).toBeGreaterThan(1000);
  });
});

describe("marked", () => {
  it("puts marks around what is chosen, and takes them away again", () => {
    const bold = marked("so good", [3, 7], "bold");
    expect(bold).toEqual({ text: "so *good*", from: 4, to: 8 });
    expect(marked(bold.text, [bold.from, bold.to], "bold")).toEqual({ text: "so good", from: 3, to: 7 });
    expect(marked("", [0, 0], "italic")).toEqual({ text: "__", from: 1, to: 1 });
  });
});

describe("plain", () => {
  it("drops the marks and keeps the words", () => {
    expect(plain("*417309* is your code, not _mine_")).toBe("417309 is your code, not mine");
  });
});

describe("isJumbo", () => {
  it("is for one to three emoji alone", () => {
    expect(["🙂", "👩‍👩‍👧", "🇧🇷 🇩🇪", "😀😀😀😀", "ok 🙂", "12"].map(isJumbo)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
