import { describe, expect, it } from "vitest";
import * as content from "./content.ts";
import { NS } from "./ns.ts";
import { el, parse } from "./xml.ts";

/** What arrives when these elements are sent. */
const read = (...elements: ReturnType<typeof el>[]) =>
  content.readContent(parse(String(el("message", NS.client, {}, ...elements))).elements());

const FILE: content.FileShare = {
  url: "https://up.example.org/a/b.bin",
  key: new Uint8Array(32).fill(7),
  iv: new Uint8Array(12).fill(9),
  name: "praia & mar.jpg",
  type: "image/jpeg",
  size: 1234,
  width: 640,
  height: 480,
  description: "A beach",
  preview: "data:image/jpeg;base64,AAAA",
  voice: undefined,
};

describe("what is built reads the same", () => {
  it("text, reply, edit, deletion, timer", () => {
    const got = read(
      content.body("Oi"),
      content.replyTo({ id: "m1", to: "ana@example.org" }),
      content.replaces("m0"),
      content.timer(60),
      content.forwardedMark(),
      content.markable(),
      content.receiptRequest(),
    );
    expect(got).toMatchObject({
      body: "Oi",
      reply: { id: "m1", to: "ana@example.org" },
      replaces: "m0",
      timer: 60,
      forwarded: true,
      markable: true,
      wantsReceipt: true,
    });
    expect(read(content.retraction("m2")).retracts).toBe("m2");
  });

  it("reactions, each once and none too long", () => {
    const long = "x".repeat(65);
    expect(read(content.reactions("m1", ["👍", "👍", "", long, "❤️"])).reactions).toEqual({
      id: "m1",
      emojis: ["👍", "❤️"],
    });
    expect(read(content.reactions("m1", [])).reactions).toEqual({ id: "m1", emojis: [] });
  });

  it("receipts, markers, typing", () => {
    const got = read(
      content.received("a"),
      content.received("b"),
      content.displayed("c"),
      content.chatState("composing"),
    );
    expect(got).toMatchObject({
      received: ["a", "b"],
      displayed: "c",
      chatState: "composing",
      body: undefined,
    });
  });

  it("an encrypted file", () => {
    expect(read(content.fileShare(FILE)).file).toEqual(FILE);
  });

  it("a voice note with its waveform", () => {
    const voice = { seconds: 3.25, wave: [0, 128, 255] };
    expect(read(content.fileShare({ ...FILE, voice })).file?.voice).toEqual(voice);
  });

  it("a business message and a place", () => {
    const json = '{"type":"button","body":{"text":"<&>"}}';
    expect(read(content.business("interactive", json)).business).toEqual({ type: "interactive", json });
    expect(read(content.location(-22.9, -43.2, "Rio")).location).toEqual({
      latitude: -22.9,
      longitude: -43.2,
      name: "Rio",
    });
  });
});

describe("what is hostile is passed over", () => {
  it("places off the globe", () => {
    expect(read(content.location(91, 0)).location).toBeUndefined();
  });

  it("previews that would call a server, keys that are none", () => {
    expect(
      read(content.fileShare({ ...FILE, preview: "https://evil.example/pixel" })).file?.preview,
    ).toBeUndefined();
    const broken = String(content.fileShare(FILE)).replace(/<key>../, "<key>zz");
    expect(read(parse(broken)).file).toBeUndefined();
  });

  it("timers that are no numbers", () => {
    expect(read(el("ephemeral", NS.ephemeral, { timer: "-5" })).timer).toBeUndefined();
    expect(read(el("ephemeral", NS.ephemeral)).timer).toBeUndefined();
  });

  it("a fallback that reaches beyond the text", () => {
    const fallback = (start: number, end: number) =>
      el("fallback", NS.fallback, { for: NS.reply }, el("body", NS.fallback, { start, end }));
    expect(read(content.body("> 😀\nSim"), fallback(0, 4)).body).toBe("Sim");
    expect(read(content.body("short"), fallback(0, 400)).body).toBe("short");
    expect(read(content.body("short"), fallback(-1, 2)).body).toBe("short");
  });

  it("a moderator's deletion is not the sender's", () => {
    const moderated = el("retract", NS.retract, { id: "m" }, el("moderated", NS.moderate));
    expect(read(moderated)).toMatchObject({ moderates: "m", retracts: undefined });
  });
});

describe("aesgcm links (XEP-0454)", () => {
  it("go there and back", () => {
    const link = content.aesgcmUrl(FILE);
    expect(link).toMatch(/^aesgcm:\/\/up\.example\.org\/a\/b\.bin#[0-9a-f]{88}$/);
    expect(content.parseAesgcm(link)).toEqual({ url: FILE.url, iv: FILE.iv, key: FILE.key });
  });

  it("accept the old 16-byte IV and a thumbnail on the next line", () => {
    const link = `aesgcm://h/x#${"ab".repeat(16)}${"cd".repeat(32)}\ndata:image/jpeg;base64,AA`;
    expect(content.parseAesgcm(link)?.iv).toHaveLength(16);
  });

  it.each([
    "aesgcm://h/x",
    "aesgcm://h/x#abcd",
    `https://h/x#${"ab".repeat(44)}`,
    `aesgcm://h/x#${"ab".repeat(45)}`,
  ])("refuse %s", (text) => expect(content.parseAesgcm(text)).toBeUndefined());
});
