import { expect, it } from "vitest";
import { isChosen } from "./chosen.ts";

const cards = [1, 2].map((card) => ({ title: "Book", place: `${card}.0` }));

it("marks one of two cards whose buttons have the same name", () => {
  const answer = { given: "Book", pressed: "2.0" };
  expect(cards.map((button) => isChosen(answer, button))).toEqual([false, true]);
});

it("goes by the name where the place is not known", () => {
  const answer = { given: "Book", pressed: undefined };
  expect(isChosen(answer, { title: "Book", place: "0.0" })).toBe(true);
  expect(isChosen(answer, { title: "Call", place: "0.1" })).toBe(false);
});

it("marks nothing before an answer", () => {
  expect(cards.some((button) => isChosen({ given: undefined, pressed: undefined }, button))).toBe(false);
});
