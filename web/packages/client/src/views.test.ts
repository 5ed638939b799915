import { expect, it } from "vitest";
import { colorOf, initials, numberOf } from "./core/people.ts";
import { marksOf } from "./core/words.ts";
import { formatGroupInvite, parseGroupInvite } from "./parts/invites.ts";

it.each([
  ["Amanhã na praia", "amanha", [[0, 6]]],
  [
    "praia, PRAIA",
    "pra",
    [
      [0, 3],
      [7, 10],
    ],
  ],
  ["nothing here", "xyz", []],
  ["a b", "", []],
])("marks in %j what %j finds", (text, query, marks) => {
  expect(marksOf(text, query)).toEqual(marks);
});

it.each([
  ["Ana Lúcia Prado", "AP"],
  ["ana", "A"],
  ["😀 Bruno", "B"],
  ["+49151", "51"],
  ["+49 1511 23", "23"],
  ["+55 11 96555-1000", "00"],
  ["", "?"],
])("draws %j as %j", (name, letters) => {
  expect(initials(name)).toBe(letters);
  expect(colorOf(name)).toBeLessThan(12);
});

it("knows numbers from names", () => {
  expect(numberOf("4915112345678@example.org")).toBe("+4915112345678");
  expect(numberOf("ana@example.org")).toBeUndefined();
});

it("reads invitations to groups, and only whole ones", () => {
  const invite = { room: "r@groups.x", secret: "0".repeat(32), name: "Praia ~ & mar" };
  expect(parseGroupInvite(formatGroupInvite(invite))).toEqual(invite);
  for (const token of ["", "group.", "group.e30", "group.%", "group.WzEsMl0", "person"])
    expect(parseGroupInvite(token)).toBeUndefined();
});
