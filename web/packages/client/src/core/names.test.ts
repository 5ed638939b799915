import { describe, expect, it } from "vitest";
import { tidyFileName, tidyName } from "./names.ts";

describe("names of people and groups", () => {
  it.each([
    ["Ana", "Ana"],
    ["  Ana \n\t Luz ", "Ana Luz"],
    ["محمد عبد الرحمن", "محمد عبد الرحمن"],
    ["می‌خواهم", "می‌خواهم"],
    ["Família 👨‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "Família 👨‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿"],
    ["Bruno\u202eexe\u2066 K\u0000\u007f", "Brunoexe K"],
    ["\u202e\u2067\u200f", ""],
    ["a".repeat(1000), `${"a".repeat(99)}…`],
    ["🚀".repeat(200), `${"🚀".repeat(99)}…`],
  ])("%j is shown as %j", (name, shown) => expect(tidyName(name)).toBe(shown));
});

describe("names of files", () => {
  it.each([
    ["plan.txt", "plan.txt"],
    ["invoice\u202efdp.exe", "invoicefdp.exe"],
    ["../../../etc/passwd", "passwd"],
    ["C:\\Users\\eva\\plan.docx", "plan.docx"],
    [`${"long-".repeat(100)}.tar.gz`, `${"long-".repeat(100).slice(0, 146)}….gz`],
    ["", "file"],
    ["..", ".."],
    ["\u202e", "file"],
    ["evil\r\n.html", "evil .html"],
  ])("%j is shown as %j", (name, shown) => expect(tidyFileName(name)).toBe(shown));
});
