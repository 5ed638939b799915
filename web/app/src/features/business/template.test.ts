import { describe, expect, it } from "vitest";
import type { TemplateRow } from "./model.ts";
import {
  button,
  countOf,
  emptyVersion,
  fill,
  fromRow,
  isReady,
  pieces,
  renumber,
  toBody,
  toName,
  type Version,
} from "./template.ts";

const about = { name: "delivery_today", category: "UTILITY" } as const;
const version: Version = {
  ...emptyVersion("en_US"),
  body: "Hello {{1}}, your parcel {{2}} comes today.",
  footer: " ",
  buttons: [
    { ...button("URL"), text: "Follow", value: "https://example.org/{{1}}", sample: "ZV" },
    { ...button("QUICK_REPLY"), text: "Thanks" },
  ],
  samples: ["Jonas", "ZV 48", "left over"],
};

/** What the platform keeps of a version, as far as the editor reads it. */
const kept = (body: ReturnType<typeof toBody>): TemplateRow =>
  ({ parameter_format: "POSITIONAL", media: { h1: "/pic" }, id: "7", ...body }) as unknown as TemplateRow;

describe("a template", () => {
  it("knows its variables", () => {
    expect(pieces("a {{1}} b {{2}}")).toEqual(["a ", 0, " b ", 1]);
    expect(countOf("{{1}} {{1}} {{2}} {{x}}")).toBe(2);
    expect(fill("a {{1}} {{2}}", ["x", ""])).toBe("a x {{2}}");
  });

  it("numbers variables anew when one goes, and keeps each one's sample and name", () => {
    expect(renumber("b {{2}} a {{1}}", ["one", "two"])).toEqual({
      body: "b {{1}} a {{2}}",
      samples: ["two", "one"],
    });
    expect(renumber("only {{3}}", ["a", "b", "c"])).toEqual({ body: "only {{1}}", samples: ["c"] });
    expect(renumber("a {{2}} b {{3}}", ["x", "y"], ["first", "last"]).names).toEqual(["last", "value_2"]);
  });

  it("becomes what the platform takes", () => {
    expect(toBody(about, version).components).toEqual([
      { type: "BODY", text: version.body, example: { body_text: [["Jonas", "ZV 48"]] } },
      {
        type: "BUTTONS",
        buttons: [
          { type: "QUICK_REPLY", text: "Thanks" },
          { type: "URL", text: "Follow", url: "https://example.org/{{1}}", example: ["ZV"] },
        ],
      },
    ]);
  });

  it("of codes has a fixed wording, and an app for one tap", () => {
    const code = {
      ...version.code,
      way: "ONE_TAP",
      app: "org.example.bank",
      signature: "K8a/AINcGX7",
    } as const;
    const made = toBody({ ...about, category: "AUTHENTICATION" }, { ...version, code });
    const parts = made.components as { type: string }[];
    expect(parts.map((part) => part.type)).toEqual(["BODY", "FOOTER", "BUTTONS"]);
    expect(JSON.stringify(parts[2])).toContain('"package_name":"org.example.bank"');
    expect(isReady("AUTHENTICATION", { ...version, code: { ...code, signature: "short" } })).toBe(false);
  });

  it("comes back from the platform as it was written", () => {
    const full: Version = {
      ...version,
      id: "7",
      samples: ["Jonas", "ZV 48"],
      header: { format: "IMAGE", text: "", sample: "", file: { handle: "h1", link: "/pic" } },
      footer: "Reply STOP to end",
      offer: { text: "Until Sunday", expires: true },
      buttons: [{ ...button("COPY_CODE"), value: "SUN10" }],
      cards: ["a", "b"].map((body) => ({ file: { handle: "h1", link: "/pic" }, body, buttons: [] })),
    };
    const { text: _, ...copied } = fromRow(kept(toBody(about, full))).buttons[0] ?? button("FLOW");
    expect(copied).toEqual({ type: "COPY_CODE", value: "SUN10", sample: "" });
    expect({ ...fromRow(kept(toBody(about, full))), buttons: full.buttons }).toEqual(full);
    expect(isReady("MARKETING", full)).toBe(true);
  });

  it("keeps the names of variables", () => {
    const named: Version = { ...version, samples: ["Jonas", "ZV 48"], names: ["who", "parcel"] };
    const body = toBody(about, named);
    expect(JSON.stringify(body)).toContain("Hello {{who}}, your parcel {{parcel}}");
    expect(fromRow(kept(body))).toMatchObject({
      body: named.body,
      samples: named.samples,
      names: named.names,
    });
  });

  it("is not ready while something is missing", () => {
    expect(isReady("UTILITY", version)).toBe(true);
    expect(isReady("UTILITY", { ...version, samples: ["Jonas"] })).toBe(false);
    expect(isReady("UTILITY", { ...version, header: { ...version.header, format: "VIDEO" } })).toBe(false);
    expect(isReady("UTILITY", { ...version, buttons: [button("PHONE_NUMBER")] })).toBe(false);
    expect(isReady("UTILITY", { ...version, cards: [{ body: "", buttons: [] }] })).toBe(false);
  });

  it("makes names of texts", () => {
    expect(toName("Entrega à Tarde-2!")).toBe("entrega_a_tarde_2");
  });
});
