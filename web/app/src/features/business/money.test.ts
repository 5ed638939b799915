import { describe, expect, it } from "vitest";
import { currencyOf, moneyFor, parseAmount } from "./money.ts";

const plain = (text: string) => text.replace(/\s/gu, " ");

describe("money", () => {
  it("shows invoices with two decimals and unit prices with four or more", () => {
    const real = moneyFor("pt-BR", "BRL");
    expect(plain(real.amount(246_000_000))).toBe("R$ 246,00");
    expect(plain(real.each(6_800))).toBe("R$ 0,0068");
    expect(plain(moneyFor("de", "EUR").amount(38_904_170_000))).toBe("38.904,17 €");
    expect(moneyFor("en", "EUR").each(1_240)).toBe("€0.00124");
    expect(moneyFor("en-IN", "INR").amount(245_000_000_000)).toBe("₹2,45,000.00");
  });

  it.each([
    ["1200", 1_200_000_000],
    ["1.200,50", 1_200_500_000],
    ["1,200.5", 1_200_500_000],
    ["1.200", 1_200_000_000],
    ["0,07", 70_000],
    [" 45 000 ", 45_000_000_000],
    ["", undefined],
    ["-3", undefined],
    ["12 euro", undefined],
    ["99999999999999999999", undefined],
  ])("reads %j", (text, micros) => expect(parseAmount(text)).toBe(micros));

  it("guesses a currency", () => {
    expect(["BR", "DE", "IN", "US", "JP", "GB"].map(currencyOf)).toEqual([
      "BRL",
      "EUR",
      "INR",
      "USD",
      "USD",
      "GBP",
    ]);
  });
});
