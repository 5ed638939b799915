import { describe, expect, it } from "vitest";
import { formatFor, longDay, shortWhen } from "./format.ts";

const at = (day: number, hour = 12, minute = 0) => new Date(2026, 10, day, hour, minute).getTime();
const NOW = at(27, 13, 44);
const de = formatFor("de");
const plain = (text: string) => text.replaceAll(/\s/gu, " ");

describe("in German", () => {
  it("says when, the shorter the nearer", () => {
    expect(shortWhen(de, at(27, 9, 5), NOW)).toBe("09:05");
    expect(shortWhen(de, at(26, 23, 59), NOW)).toBe("Gestern");
    expect(shortWhen(de, at(23), NOW)).toBe("Mo");
    expect(shortWhen(de, at(3), NOW)).toBe("3. Nov.");
  });

  it("names days", () => {
    expect(longDay(de, at(27, 0, 1), NOW)).toBe("Heute");
    expect(longDay(de, at(26), NOW)).toBe("Gestern");
  });

  it("writes sizes, clocks and spans", () => {
    expect(plain(de.bytes(999))).toBe("999 Byte");
    expect(plain(de.bytes(312_000))).toBe("312 kB");
    expect(plain(de.bytes(87_400_000))).toBe("87,4 MB");
    expect(de.clock(0)).toBe("0:00");
    expect(de.clock(125.9)).toBe("2:05");
    expect(plain(de.span(604_800))).toBe("1 Woche");
    expect(plain(de.span(7_776_000))).toBe("90 Tage");
    expect(plain(de.span(3600))).toBe("1 Stunde");
  });
});
