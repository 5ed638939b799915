/** What a business said, in the words of the Cloud API, made into what the app shows. Nothing in it is trusted. */

import type {
  BusinessHeader,
  BusinessPayload,
  RenderedTemplate,
  TemplateButton,
  TemplateCard,
} from "../api.ts";

type Json = Readonly<Record<string, unknown>>;

const BUTTONS: ReadonlySet<string> = new Set([
  "quick_reply",
  "url",
  "phone_number",
  "copy_code",
  "otp",
  "flow",
]);
const HEADERS: ReadonlySet<string> = new Set(["text", "image", "video", "document", "location"]);

/** The payload of a `<business/>` element. Throws TypeError for what is no object. */
export function readBusiness(type: string, json: string): BusinessPayload {
  const payload: unknown = JSON.parse(json);
  if (!isObject(payload)) throw new TypeError("not an object");
  const kind = text(payload.type) || type;
  if (kind !== "template") return { ...payload, type: kind } as BusinessPayload;
  const template = isObject(payload.template) ? payload.template : payload;
  return { type: "template", template: readTemplate(template) };
}

function readTemplate(of: Json): RenderedTemplate {
  const offer = isObject(of.limited_time_offer) ? of.limited_time_offer : undefined;
  const expires = Number(offer?.expiration_time_ms);
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
  };
}

function readCard(of: Json): TemplateCard {
  const header = isObject(of.header) ? readHeader(of.header) : undefined;
  const buttons = Array.isArray(of.buttons) ? of.buttons.filter(isObject) : [];
  return { ...(header && { header }), body: text(of.body), buttons: buttons.flatMap(readButton) };
}

function readHeader(of: Json): BusinessHeader | undefined {
  const type = text(of.type).toLowerCase();
  if (!HEADERS.has(type)) return undefined;
  const media = isObject(of[type]) ? of[type] : of;
  const link = text(media.link);
  const filename = text(media.filename);
  return {
    type: type as BusinessHeader["type"],
    ...(text(of.text) && { text: text(of.text) }),
    ...(link && { link }),
    ...(filename && { filename }),
  };
}

function readButton(of: Json): TemplateButton[] {
  const type = text(of.type).toLowerCase();
  if (!BUTTONS.has(type)) return [];
  const button: TemplateButton = { type: type as TemplateButton["type"], text: text(of.text) };
  const more = (["payload", "url", "phone_number", "code"] as const).filter((name) => text(of[name]));
  return [{ ...button, ...Object.fromEntries(more.map((name) => [name, text(of[name])])) }];
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
