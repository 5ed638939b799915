import { describe, expect, it } from "vitest";
import { countOf, fill, pieces, renumber, type TemplateDraft, toBody, toName } from "./template.ts";

const draft: TemplateDraft = {
  name: "delivery_today",
  language: "en_US",
  category: "UTILITY",
  header: "",
  body: "Hello {{1}}, your parcel {{2}} comes today.",
  footer: " ",
  buttons: [
    { type: "URL", text: "Follow", url: "https://example.org" },
    { type: "QUICK_REPLY", text: "Thanks", url: "" },
  ],
  samples: ["Jonas", "ZV 48", "left over"],
};

describe("a template", () => {
  it("knows its variables", () => {
    expect(pieces("a {{1}} b {{2}}")).toEqual(["a ", 0, " b ", 1]);
    expect(countOf("{{1}} {{1}} {{2}} {{x}}")).toBe(2);
    expect(fill("a {{1}} {{2}}", ["x", ""])).toBe("a x {{2}}");
  });

  it("numbers variables anew when one goes, and keeps each one's sample", () => {
    expect(renumber("b {{2}} a {{1}}", ["one", "two"])).toEqual({
      body: "b {{1}} a {{2}}",
      samples: ["two", "one"],
    });
    expect(renumber("only {{3}}", ["a", "b", "c"])).toEqual({ body: "only {{1}}", samples: ["c"] });
  });

  it("becomes what the platform takes", () => {
    expect(toBody(draft).components).toEqual([
      { type: "BODY", text: draft.body, example: { body_text: [["Jonas", "ZV 48"]] } },
      {
        type: "BUTTONS",
        buttons: [
          { type: "QUICK_REPLY", text: "Thanks" },
          { type: "URL", text: "Follow", url: "https://example.org" },
        ],
      },
    ]);
  });

  it("of codes has a fixed wording", () => {
    const kinds = (toBody({ ...draft, category: "AUTHENTICATION" }).components as { type: string }[]).map(
      (c) => c.type,
    );
    expect(kinds).toEqual(["BODY", "FOOTER", "BUTTONS"]);
  });

  it("makes names of texts", () => {
    expect(toName("Entrega à Tarde-2!")).toBe("entrega_a_tarde_2");
  });
});
