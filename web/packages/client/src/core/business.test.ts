import { describe, expect, it } from "vitest";
import { readBusiness, summaryOf } from "./business.ts";

const payload = (value: { type: string }) => {
  const said = readBusiness(value.type, JSON.stringify(value));
  return "payload" in said ? said.payload : undefined;
};

const interactive = (type: string, action: object, more: object = {}) =>
  payload({ type: "interactive", interactive: { type, body: { text: "?" }, action, ...more } } as never);

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
    expect(payload(rendered)).toEqual({
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
      expect(payload({ type: "template", template })).toMatchObject({
        type: "template",
        template: { body: "", buttons: [] },
      });
  });

  it("reads products by the shelf they are named on, in the business's order", () => {
    const products = [
      { retailer_id: "b", name: "Bowl", price: 4500, currency: "EUR", image_url: "https://h/b.png" },
      { retailer_id: "a", name: "Mug", price: 1, currency: "!!", availability: "out of stock" },
    ];
    const sections = [
      { title: "All", product_items: [{ product_retailer_id: "a" }, { product_retailer_id: "b" }] },
      { title: "None", product_items: [{ product_retailer_id: "gone" }, null, 5] },
    ];
    const bowl = {
      id: "b",
      name: "Bowl",
      price: 4500,
      currency: "EUR",
      available: true,
      picture: "https://h/b.png",
    };
    const mug = { id: "a", name: "Mug", price: 1, available: false };
    expect(interactive("product_list", { catalog_id: "7", sections }, { products })).toMatchObject({
      interactive: {
        action: {
          shop: {
            catalogId: "7",
            shelves: [
              { title: "All", products: [mug, bowl] },
              { title: "None", products: [] },
            ],
          },
        },
      },
    });
    const one = { catalog_id: "7", product_retailer_id: "b" };
    expect(interactive("product", one, { products })).toMatchObject({
      interactive: { action: { shop: { shelves: [{ products: [bowl] }] } } },
    });
    expect(interactive("product", one)).not.toHaveProperty("interactive.action.shop");
  });

  it("reads forms, bills, carousels and addresses", () => {
    const parameters = { flow_id: "9", flow_cta: "Book", flow_token: "t", flow_action: "navigate" };
    const payload = { screen: "FIRST", data: { a: 1 } };
    expect(
      interactive("flow", { parameters: { ...parameters, flow_action_payload: payload } }),
    ).toMatchObject({
      interactive: {
        action: {
          form: { id: "9", token: "t", label: "Book", exchanges: false, screen: "FIRST", data: { a: 1 } },
        },
      },
    });
    const money = (value: number) => ({ value, offset: 100 });
    const bill = {
      reference_id: "r1",
      currency: "BRL",
      total_amount: money(24600),
      payment_settings: [{ type: "pix_dynamic_code", pix_dynamic_code: { code: "0002" } }, { type: "x" }],
      order: { items: [{ name: "Mug", amount: money(6800), quantity: 2 }], tax: money(100), subtotal: "?" },
    };
    expect(interactive("order_details", { parameters: bill })).toMatchObject({
      interactive: {
        action: {
          bill: {
            reference: "r1",
            total: 24600,
            items: [{ name: "Mug", quantity: 2, amount: 6800 }],
            more: [{ kind: "tax", amount: 100 }],
            ways: [{ kind: "pix", value: "0002" }],
          },
        },
      },
    });
    const card = { type: "cta_url", action: { parameters: { display_text: "Go", url: "https://x/" } } };
    expect(interactive("carousel", { cards: [card, 3] })).toMatchObject({
      interactive: { action: { cards: [{ action: { parameters: { display_text: "Go" } } }] } },
    });
    expect(
      interactive("address_message", { parameters: { country: "IN", values: { name: "A", x: 1 } } }),
    ).toMatchObject({
      interactive: { action: { address: { country: "IN", values: { name: "A" }, saved: [] } } },
    });
  });

  it("takes hostile messages for empty ones", () => {
    const bad: unknown[] = [null, 5, "x", [], [[]], [null], { a: [] }];
    for (const type of [
      "button",
      "list",
      "flow",
      "product_list",
      "carousel",
      "order_details",
      "address_message",
      "",
    ])
      for (const action of bad)
        expect(interactive(type, action as object, { header: action, products: action })).toMatchObject({
          type: "interactive",
        });
    for (const contacts of bad)
      expect(payload({ type: "contacts", contacts } as never)).toMatchObject({ type: "contacts" });
  });

  it("reads contacts", () => {
    const contacts = [
      {
        name: { formatted_name: "Rui Melo" },
        org: { company: "Kolibri", title: "Pilot" },
        phones: [{ phone: "+351 21", type: "WORK" }, { wa_id: "35121" }, {}],
        emails: [{ email: "r@k.example" }, {}],
        addresses: [{ street: "Rua 1", city: "Lisboa" }, {}],
      },
    ];
    expect(payload({ type: "contacts", contacts } as never)).toEqual({
      type: "contacts",
      contacts: [
        {
          name: "Rui Melo",
          work: "Pilot, Kolibri",
          phones: [{ phone: "+351 21", kind: "WORK" }, { phone: "35121" }],
          emails: ["r@k.example"],
          urls: [],
          addresses: ["Rua 1, Lisboa"],
        },
      ],
    });
  });

  it("says in a line what a message is about, without its buttons", () => {
    const summary = (value: object) => summaryOf(payload(value as never) as never, "fallback");
    const header = { type: "text", text: "KB 417" };
    expect(summary({ type: "template", template: { header, body: "Hello", buttons: [{ text: "B" }] } })).toBe(
      "KB 417\nHello",
    );
    expect(summary({ type: "interactive", interactive: { type: "list", body: { text: "Where?" } } })).toBe(
      "Where?",
    );
    expect(summary({ type: "contacts", contacts: [{ name: { formatted_name: "Rui" } }] })).toBe("Rui");
    expect(summary({ type: "interactive", interactive: { type: "product" } })).toBe("fallback");
    expect(summary({ type: "news" })).toBe("fallback");
  });

  it("takes files and places for what they are", () => {
    const link = "https://example.org/media/business/1?signature=2";
    const document = {
      link,
      mime_type: "application/pdf",
      file_size: 12,
      filename: "pass.pdf",
      caption: "Yours",
    };
    expect(readBusiness("document", JSON.stringify({ type: "document", document }))).toMatchObject({
      file: { kind: "document", caption: "Yours", share: { url: link, name: "pass.pdf", size: 12 } },
    });
    const location = { latitude: 1, longitude: 2, name: "Here" };
    expect(readBusiness("location", JSON.stringify({ location }))).toEqual({ place: location });
    for (const hostile of [{ link: "javascript:alert(1)" }, { link: 5 }, {}])
      expect(readBusiness("image", JSON.stringify({ image: hostile }))).toEqual({
        payload: { type: "image" },
      });
  });

  it.each(["[]", "null", "5", '"x"', "{"])("refuses %s", (json) => {
    expect(() => readBusiness("template", json)).toThrow();
  });
});
