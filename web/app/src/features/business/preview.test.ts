import { describe, expect, it } from "vitest";
import { preview } from "./preview.ts";
import { button, emptyCard, emptyVersion, type Version } from "./template.ts";

const NOW = Date.UTC(2026, 10, 27);
const around = { now: NOW, empty: "Your text appears here." };
const version = (changes: Partial<Version>): Version => ({ ...emptyVersion("en_US"), ...changes });

describe("what a draft looks like to people", () => {
  it("stands in for what is not written yet", () => {
    const shown = preview("MARKETING", version({ cards: [emptyCard()], buttons: [button("URL")] }), around);
    expect(shown.body).toBe("Your text appears here.");
    expect(shown.header).toBeUndefined();
    expect(shown.buttons).toEqual([{ type: "url", text: "…", url: "https://" }]);
    expect(shown.cards?.[0]).toMatchObject({ header: { type: "image" }, body: "…" });
  });

  it("has the sample values, the picture, the quick replies first as they are sent, and the end of an offer", () => {
    const shown = preview(
      "MARKETING",
      version({
        header: { format: "IMAGE", text: "", sample: "", file: { handle: "4:x", link: "/media/business/1" } },
        body: "Hello {{1}}",
        samples: ["Ana"],
        offer: { text: "Today", expires: true },
        buttons: [
          { type: "URL", text: "Shop", value: "https://a.example/{{1}}", sample: "a b" },
          { type: "COPY_CODE", text: "", value: "SAVE20", sample: "" },
          { type: "QUICK_REPLY", text: "Later", value: "", sample: "" },
        ],
      }),
      around,
    );
    expect(shown.header).toEqual({ type: "image", link: "/media/business/1" });
    expect(shown.body).toBe("Hello Ana");
    expect(shown.offer).toEqual({ text: "Today", expires_at: NOW + 86_400_000 });
    expect(shown.buttons).toEqual([
      { type: "quick_reply", text: "Later" },
      { type: "url", text: "Shop", url: "https://a.example/a%20b" },
      { type: "copy_code", text: "Copy offer code", code: "SAVE20" },
    ]);
  });

  it("words a code as the platform does, whatever was written for other categories", () => {
    const code = { way: "COPY_CODE", warning: true, expires: 10, app: "", signature: "" } as const;
    const shown = preview("AUTHENTICATION", version({ body: "Not this", code }), around);
    expect(shown.body).toBe("*123456* is your verification code. For your security, do not share this code.");
    expect(shown.footer).toBe("This code expires in 10 minutes.");
    expect(shown.buttons).toEqual([{ type: "otp", text: "Copy code", code: "123456" }]);
    const silent = preview(
      "AUTHENTICATION",
      version({ code: { ...code, way: "ZERO_TAP", expires: 0 } }),
      around,
    );
    expect(silent.buttons).toEqual([]);
    expect(silent.footer).toBeUndefined();
  });
});
