import type { MessageView } from "@plauder/client/api";
import { describe, expect, it } from "vitest";
import { type Row, rowsOf } from "./rows.ts";

const NOON = new Date(2026, 10, 27, 12).getTime();

function message(id: string, minutes: number, more: Partial<MessageView> = {}): MessageView {
  return {
    id,
    chat: "bruno",
    own: false,
    sender: { id: "bruno", name: "Bruno", avatar: { initials: "B", color: 0 } },
    at: NOON + minutes * 60_000,
    content: { kind: "text", text: id },
    reactions: [],
    edited: false,
    forwarded: false,
    starred: false,
    canEdit: false,
    canDeleteForAll: false,
    ...more,
  };
}

const shape = (rows: Row[]) =>
  rows.map((row) => (row.kind === "message" ? `${row.key}:${row.place}` : row.kind));

describe("rowsOf", () => {
  it("begins with no row that will be there again with older messages", () => {
    const all = Array.from({ length: 20 }, (_, at) => message(String(at), at - 10));
    const [first] = rowsOf(all.slice(10), { hasOlder: true });
    expect(first).toMatchObject({ kind: "message", key: "10" });
    expect(shape(rowsOf(all, { hasOlder: false })).slice(0, 3)).toEqual(["banner", "day", "0:first"]);
  });

  it("joins what one person says within two minutes", () => {
    const rows = rowsOf([message("a", 0), message("b", 1), message("c", 2), message("d", 9)], {
      hasOlder: true,
    });
    expect(shape(rows)).toEqual(["a:first", "b:middle", "c:last", "d:single"]);
  });

  it("breaks a run at another sender, a system line, a reaction and a failure", () => {
    const own = { own: true, sender: { id: "me", name: "Ana", avatar: { initials: "A", color: 1 } } };
    const rows = rowsOf(
      [
        message("a", 0),
        message("b", 0, own),
        message("c", 0, { ...own, tick: "failed" }),
        message("d", 0, own),
        message("s", 0, { content: { kind: "system", event: { kind: "encrypted" } } }),
        message("e", 0, { reactions: [{ emoji: "❤️", count: 1, own: false, names: ["Ana"] }] }),
        message("f", 0),
      ],
      { hasOlder: true },
    );
    expect(shape(rows)).toEqual([
      "a:single",
      "b:first",
      "c:last",
      "d:single",
      "s:single",
      "e:single",
      "f:single",
    ]);
  });

  it("draws a line at midnight and at the first unread message", () => {
    const rows = rowsOf([message("a", -720), message("b", -719.5), message("c", 0), message("d", 0.5)], {
      hasOlder: false,
      firstUnread: "d",
    });
    expect(shape(rows)).toEqual(["banner", "day", "a:first", "b:last", "c:single", "unread", "d:single"]);
    expect(shape(rowsOf([message("a", -721), message("b", -719.5)], { hasOlder: true }))).toEqual([
      "a:single",
      "day",
      "b:single",
    ]);
  });

  describe("albums", () => {
    const media = {
      id: "x",
      name: "x.jpg",
      type: "image/jpeg",
      size: 1,
      transfer: { state: "here" },
    } as const;
    const photo = (id: string, minutes: number, caption = "", more: Partial<MessageView> = {}) =>
      message(id, minutes, { content: { kind: "image", media, caption }, ...more });
    const album = (list: MessageView[]) =>
      rowsOf(list, { hasOlder: true }).flatMap((row) =>
        row.kind === "message" ? [row.album?.map((one) => one.id).join("") ?? row.key] : [],
      );

    it("are four pictures or more in one go, the caption on the first", () => {
      const five = [photo("a", 0, "Sunday"), photo("b", 0), photo("c", 1), photo("d", 1), photo("e", 2)];
      expect(album([message("x", 0), ...five, message("y", 2)])).toEqual(["x", "abcde", "y"]);
      expect(album(five.slice(0, 3))).toEqual(["a", "b", "c"]);
    });

    it("end where a caption, a reaction, a failure, a pause or a day comes between", () => {
      const four = ["a", "b", "c", "d"].map((id) => photo(id, 0));
      const reactions = [{ emoji: "👍", count: 1, own: false, names: ["Ana"] }];
      for (const odd of [
        photo("e", 0, "Look"),
        photo("e", 0, "", { reactions }),
        photo("e", 0, "", { tick: "failed" }),
        photo("e", 9),
        photo("e", 24 * 60),
      ])
        expect(album([...four, odd])).toEqual(["abcd", "e"]);
    });
  });
});
