/** What a business said, in the words of the Cloud API, made into what the app shows. Nothing in it is trusted. */

import type { FileShare } from "@plauder/protocol/content";
import type {
  BusinessHeader,
  BusinessPayload,
  RenderedTemplate,
  TemplateButton,
  TemplateCard,
} from "../api.ts";
import {
  readContacts,
  readForm,
  readHeader,
  readInteractive,
  readPlace,
  readProduct,
} from "./interactive.ts";
import { filled, isObject, type Json, object, objects, text } from "./json.ts";

/** Buttons that do the same for a person are one kind here. */
const BUTTONS: Readonly<Record<string, TemplateButton["type"]>> = {
  quick_reply: "quick_reply",
  url: "url",
  phone_number: "phone_number",
  copy_code: "copy_code",
  otp: "otp",
  flow: "flow",
  catalog: "shop",
  mpm: "shop",
  spm: "shop",
};

const FILES: ReadonlySet<string> = new Set(["image", "video", "audio", "document", "sticker"]);

/** A file as the platform keeps it for its receivers: at a signed address, opened by nothing but that address. */
export interface OpenFile {
  readonly kind: "image" | "video" | "audio" | "document" | "sticker";
  readonly share: FileShare;
  readonly caption: string;
}

export interface Place {
  readonly latitude: number;
  readonly longitude: number;
  readonly name?: string;
  readonly address?: string;
}

export type Said =
  | { readonly payload: BusinessPayload }
  | { readonly file: OpenFile }
  | { readonly place: Place };

/** What a `<business/>` element holds. Throws TypeError or SyntaxError for what is no object. */
export function readBusiness(type: string, json: string): Said {
  const payload: unknown = JSON.parse(json);
  if (!isObject(payload)) throw new TypeError("not an object");
  const kind = text(payload.type) || type;
  const inner = isObject(payload[kind]) ? payload[kind] : payload;
  if (kind === "template") return { payload: { type: "template", template: readTemplate(inner) } };
  if (kind === "interactive")
    return { payload: { type: "interactive", interactive: readInteractive(inner) } };
  if (kind === "contacts") return { payload: { type: "contacts", contacts: readContacts(payload.contacts) } };
  const file = FILES.has(kind) ? readFile(kind as OpenFile["kind"], inner) : undefined;
  if (file) return { file };
  const place = kind === "location" ? readPlace(inner) : undefined;
  if (place) return { place: filled({ ...place, name: text(inner.name), address: text(inner.address) }) };
  return { payload: { type: kind } };
}

/** What a list of chats, a quote or a search shows of it; the text for other clients also lists every button. */
export function summaryOf(payload: BusinessPayload, fallback: string): string {
  if (payload.type === "contacts" && "contacts" in payload)
    return (payload.contacts as readonly { name: string }[]).map(({ name }) => name).join(", ");
  const of = "template" in payload ? payload.template : "interactive" in payload ? payload.interactive : {};
  const { header, body } = of as { header?: BusinessHeader; body?: string | { text: string } };
  const said = [header?.type === "text" && header.text, typeof body === "object" ? body.text : body];
  return said.filter(Boolean).join("\n") || fallback;
}

const NO_KEY = new Uint8Array();

function readFile(kind: OpenFile["kind"], of: Json): OpenFile | undefined {
  const url = text(of.link);
  if (!/^https?:\/\//iu.test(url)) return undefined;
  const size = Number(of.file_size);
  const type = text(of.mime_type) || "application/octet-stream";
  const caption = text(of.caption);
  const share = {
    url,
    key: NO_KEY,
    iv: NO_KEY,
    name: text(of.filename) || nameOf(kind, type),
    type,
    size: Number.isFinite(size) && size > 0 ? size : 0,
    ...(kind === "audio" && { voice: { seconds: 0, wave: [] } }),
  };
  return { kind, share, caption };
}

function nameOf(kind: string, type: string): string {
  const ending = (type.split(/[;+]/u)[0] ?? "").split("/")[1] ?? "";
  return /^[a-z0-9]{2,5}$/u.test(ending) ? `${kind}.${ending}` : kind;
}

// ------------------------------------------------------------------------------------------------ templates

function readTemplate(of: Json): RenderedTemplate {
  const offer = isObject(of.limited_time_offer) ? of.limited_time_offer : undefined;
  const expires = Number(offer?.expiration_time_ms);
  const asks = of.request_contact_info ? "contact" : of.call_permission_request ? "call" : undefined;
  return {
    ...readCard(of),
    name: text(of.name),
    language: text(of.language),
    ...(text(of.footer) && { footer: text(of.footer) }),
    ...(Array.isArray(of.cards) && { cards: of.cards.filter(isObject).map(readCard) }),
    ...(offer && {
      offer: {
        text: text(offer.text),
        ...(Number.isFinite(expires) && expires > 0 && { expires_at: expires }),
      },
    }),
    ...(asks && { asks }),
  };
}

function readCard(of: Json): TemplateCard {
  const header = readHeader(object(of.header));
  const buttons = Array.isArray(of.buttons) ? of.buttons.filter(isObject) : [];
  return { ...(header && { header }), body: text(of.body), buttons: buttons.flatMap(readButton) };
}

function readButton(of: Json): TemplateButton[] {
  const type = BUTTONS[text(of.type).toLowerCase()];
  if (!type) return [];
  const label = text(of.text);
  const products = type === "shop" ? objects(of.products, 100).map(readProduct) : [];
  return [
    {
      type,
      text: label,
      ...filled({
        payload: text(of.payload),
        url: text(of.url),
        phone_number: text(of.phone_number),
        code: text(of.code),
        form: type === "flow" ? readForm(of, label) : undefined,
        shop: products.length ? { catalogId: text(of.catalog_id), shelves: [{ products }] } : undefined,
      }),
    },
  ];
}
