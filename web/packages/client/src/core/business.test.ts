import { describe, expect, it } from "vitest";
import { readBusiness } from "./business.ts";

describe("what a business said", () => {
  it("reads a template as the platform renders it", () => {
    const rendered = {
      type: "template",
      template: {
        name: "boarding_pass",
        language: "en",
        category: "UTILITY",
        header: { type: "image", image: { link: "https://example.org/pass.png" } },
        body: "Hello Ana",
        footer: "Kolibri Air",
        buttons: [
          { type: "QUICK_REPLY", index: 0, text: "Other seat", payload: "SEAT" },
          { type: "OTP", index: 1, text: "Copy code", otp_type: "COPY_CODE", code: "417309" },
          { type: "SOMETHING_NEW", index: 2, text: "?" },
        ],
        limited_time_offer: { text: "Until noon", has_expiration: true, expiration_time_ms: 1795000000000 },
        cards: [{ header: { type: "text", text: "One" }, body: "first" }],
      },
    };
    expect(readBusiness("template", JSON.stringify(rendered))).toEqual({
      type: "template",
      template: {
        name: "boarding_pass",
        language: "en",
        header: { type: "image", link: "https://example.org/pass.png" },
        body: "Hello Ana",
        footer: "Kolibri Air",
        buttons: [
          { type: "quick_reply", text: "Other seat", payload: "SEAT" },
          { type: "otp", text: "Copy code", code: "417309" },
        ],
        offer: { text: "Until noon", expires_at: 1795000000000 },
        cards: [{ header: { type: "text", text: "One" }, body: "first", buttons: [] }],
      },
    });
  });

  it("takes hostile templates for empty ones", () => {
    for (const template of [
      {},
      { buttons: "x" },
      { buttons: [null, 5, []], header: [], cards: [[]], body: {} },
    ])
      expect(readBusiness("template", JSON.stringify({ template }))).toMatchObject({
        type: "template",
        template: { body: "", buttons: [] },
      });
  });

  it("leaves other kinds as they are", () => {
    const interactive = { type: "interactive", interactive: { type: "button", body: { text: "?" } } };
    expect(readBusiness("interactive", JSON.stringify(interactive))).toEqual(interactive);
  });

  it.each(["[]", "null", "5", '"x"', "{"])("refuses %s", (json) => {
    expect(() => readBusiness("template", json)).toThrow();
  });
});
