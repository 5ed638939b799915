/** Interactive messages of the Cloud API: buttons, lists, links, forms, products, bills, requests. Nothing is trusted. */

import type {
  AddressRequest,
  Bill,
  BusinessContact,
  BusinessHeader,
  FormOffer,
  Interactive,
  InteractiveAction,
  InteractiveCard,
  Product,
  Shop,
} from "../api.ts";
import { filled, isObject, type Json, object, objects, text, texts } from "./json.ts";

const MOST_BUTTONS = 10;
const MOST_ROWS = 100;
const MOST_PRODUCTS = 100;
const HEADERS: ReadonlySet<string> = new Set(["text", "image", "video", "document", "location"]);

export function readInteractive(of: Json): Interactive {
  const footer = text(object(of.footer).text);
  const products = new Map(
    objects(of.products, MOST_PRODUCTS).map((one) => [text(one.retailer_id), readProduct(one)]),
  );
  return {
    ...readCard(of, text(of.type), products),
    type: text(of.type),
    ...(footer && { footer: { text: footer } }),
  };
}

function readCard(of: Json, kind: string, products: ReadonlyMap<string, Product>): InteractiveCard {
  const header = readHeader(object(of.header));
  const body = text(object(of.body).text);
  const action = readAction(kind, object(of.action), products);
  return { ...(header && { header }), ...(body && { body: { text: body } }), action };
}

export function readHeader(of: Json): BusinessHeader | undefined {
  const type = text(of.type).toLowerCase();
  if (!HEADERS.has(type)) return undefined;
  const media = isObject(of[type]) ? of[type] : of;
  const place = readPlace(media);
  return filled({
    type: type as BusinessHeader["type"],
    text:
      text(of.text) ||
      (type === "location" ? [text(media.name), text(media.address)].filter(Boolean).join(", ") : ""),
    link: text(media.link),
    filename: text(media.filename),
    place: type === "location" ? place : undefined,
  });
}

export function readPlace(of: Json): { latitude: number; longitude: number } | undefined {
  const [latitude, longitude] = [of.latitude, of.longitude];
  if (typeof latitude !== "number" || typeof longitude !== "number") return undefined;
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? { latitude, longitude } : undefined;
}

function readAction(kind: string, of: Json, products: ReadonlyMap<string, Product>): InteractiveAction {
  const parameters = object(of.parameters);
  const buttons = objects(of.buttons, MOST_BUTTONS).map(({ reply }) => ({
    type: "reply" as const,
    reply: { id: text(object(reply).id), title: text(object(reply).title) },
  }));
  const sections = objects(of.sections, MOST_ROWS).map((section) => ({
    ...(text(section.title) && { title: text(section.title) }),
    rows: objects(section.rows, MOST_ROWS).map((row) =>
      filled({ id: text(row.id), title: text(row.title), description: text(row.description) }),
    ),
  }));
  const cards = objects(of.cards, MOST_BUTTONS).map((card) => readCard(card, text(card.type), products));
  return filled({
    buttons: buttons.length ? buttons : undefined,
    button: text(of.button),
    sections: sections.some(({ rows }) => rows.length) ? sections : undefined,
    name: text(of.name),
    parameters: filled({ display_text: text(parameters.display_text), url: text(parameters.url) }),
    form: kind === "flow" ? readForm(parameters, text(parameters.flow_cta)) : undefined,
    shop: SHOPS.has(kind) ? readShop(kind, of, products) : undefined,
    cards: cards.length ? cards : undefined,
    bill: kind === "order_details" || kind === "order_status" ? readBill(parameters) : undefined,
    address: kind === "address_message" ? readAddress(parameters) : undefined,
  });
}

// ------------------------------------------------------------------------------------------------ forms

/** The offer of a flow, by a message or by a template's button. */
export function readForm(of: Json, label: string): FormOffer | undefined {
  const [id, name] = [text(of.flow_id), text(of.flow_name)];
  if (!id && !name) return undefined;
  const payload = object(of.flow_action_payload);
  const data = payload.data ?? of.flow_action_data;
  return filled({
    id,
    name,
    token: text(of.flow_token) || "unused",
    label,
    exchanges: text(of.flow_action).toLowerCase() === "data_exchange",
    screen: text(payload.screen) || text(of.navigate_screen),
    data: isObject(data) ? data : undefined,
  });
}

// ------------------------------------------------------------------------------------------------ products, bills

const SHOPS: ReadonlySet<string> = new Set(["product", "product_list", "catalog_message"]);

export function readProduct(of: Json): Product {
  const price = of.price;
  return filled({
    id: text(of.retailer_id),
    name: text(of.name) || text(of.retailer_id),
    description: text(of.description),
    price: typeof price === "number" && Number.isFinite(price) ? price : undefined,
    currency: currency(of.currency),
    available: !text(of.availability).includes("out of stock"),
    picture: text(of.image_url),
  });
}

function currency(value: unknown): string | undefined {
  const code = text(value);
  return /^[A-Z]{3}$/u.test(code) ? code : undefined;
}

function readShop(kind: string, of: Json, products: ReadonlyMap<string, Product>): Shop | undefined {
  const shelf = (ids: readonly string[]): Product[] => ids.flatMap((id) => products.get(id) ?? []);
  const shelves =
    kind === "product_list"
      ? objects(of.sections, MOST_ROWS).map((section) => ({
          ...(text(section.title) && { title: text(section.title) }),
          products: shelf(
            objects(section.product_items, MOST_PRODUCTS).map((one) => text(one.product_retailer_id)),
          ),
        }))
      : [{ products: kind === "product" ? shelf([text(of.product_retailer_id)]) : [...products.values()] }];
  if (!shelves.some((one) => one.products.length)) return undefined;
  return { catalogId: text(of.catalog_id), shelves };
}

function amount(value: unknown): number | undefined {
  const { value: units, offset = 100 } = object(value);
  if (typeof units !== "number" || typeof offset !== "number" || offset <= 0) return undefined;
  return Number.isFinite(units) ? (units * 100) / offset : undefined;
}

const EXTRAS = ["subtotal", "tax", "shipping", "discount"] as const;

function readBill(of: Json): Bill {
  const order = object(of.order);
  return filled({
    reference: text(of.reference_id) || "–",
    status: text(order.status) || "pending",
    description: text(order.description),
    currency: currency(of.currency),
    items: objects(order.items, MOST_PRODUCTS).map((item) => ({
      name: text(item.name),
      quantity: typeof item.quantity === "number" ? item.quantity : 1,
      amount: amount(item.sale_amount) ?? amount(item.amount) ?? 0,
    })),
    more: EXTRAS.flatMap((kind) => {
      const found = amount(order[kind]);
      return found ? [{ kind, amount: found }] : [];
    }),
    total: amount(of.total_amount),
    ways: objects(of.payment_settings, MOST_BUTTONS).flatMap((setting): Bill["ways"][number][] => {
      const way = object(setting[text(setting.type)]);
      if (text(way.code)) return [{ kind: "pix", value: text(way.code) }];
      if (text(way.digitable_line)) return [{ kind: "boleto", value: text(way.digitable_line) }];
      return text(way.uri) ? [{ kind: "link", value: text(way.uri) }] : [];
    }),
  });
}

function readAddress(of: Json): AddressRequest {
  return {
    country: text(of.country),
    values: texts(of.values),
    saved: objects(of.saved_addresses, MOST_BUTTONS).map(({ id, value }) => ({
      id: text(id),
      value: texts(value),
    })),
    errors: texts(of.validation_errors),
  };
}

// ------------------------------------------------------------------------------------------------ contacts

export function readContacts(of: unknown): BusinessContact[] {
  return objects(of, 50).map((contact) => {
    const org = object(contact.org);
    const named = (list: unknown, key: string): string[] =>
      objects(list, 20)
        .map((one) => text(one[key]))
        .filter(Boolean);
    return filled({
      name: text(object(contact.name).formatted_name) || text(object(contact.name).first_name) || "?",
      work: [text(org.title), text(org.department), text(org.company)].filter(Boolean).join(", "),
      birthday: text(contact.birthday),
      phones: objects(contact.phones, 20)
        .map((one) => filled({ phone: text(one.phone) || text(one.wa_id), kind: text(one.type) }))
        .filter(({ phone }) => phone),
      emails: named(contact.emails, "email"),
      urls: named(contact.urls, "url"),
      addresses: objects(contact.addresses, 20)
        .map((one) =>
          [one.street, one.zip, one.city, one.state, one.country].map(text).filter(Boolean).join(", "),
        )
        .filter(Boolean),
    });
  });
}
