/** A template while it is written: texts with {{1}}, {{2}} … as the platform wants them, in each of its languages. */

import type { Category, Json, TemplateRow, Uploaded } from "./model.ts";

export const BUTTONS = ["QUICK_REPLY", "URL", "PHONE_NUMBER", "COPY_CODE", "FLOW"] as const;
export type ButtonType = (typeof BUTTONS)[number];
/** How many of a type a template may have; ten in all. */
export const MOST: Readonly<Record<ButtonType, number>> = {
  QUICK_REPLY: 10,
  URL: 2,
  PHONE_NUMBER: 1,
  COPY_CODE: 1,
  FLOW: 1,
};

export interface DraftButton {
  readonly type: ButtonType;
  readonly text: string;
  /** The page, the phone number, the offer's code, the flow's id. */
  readonly value: string;
  /** What stands for {{1}} at the end of a page's address. */
  readonly sample: string;
}

export const HEADERS = ["NONE", "TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION"] as const;
export type HeaderFormat = (typeof HEADERS)[number];
export type FileFormat = "IMAGE" | "VIDEO" | "DOCUMENT";

export interface DraftHeader {
  readonly format: HeaderFormat;
  readonly text: string;
  /** Of the one variable a heading may have. */
  readonly sample: string;
  readonly file?: Pick<Uploaded, "handle" | "link">;
}

export interface DraftCard {
  readonly file?: Pick<Uploaded, "handle" | "link">;
  readonly body: string;
  readonly buttons: readonly DraftButton[];
}

export interface DraftCode {
  readonly way: "COPY_CODE" | "ONE_TAP" | "ZERO_TAP";
  readonly warning: boolean;
  /** Minutes; 0 says nothing about it. */
  readonly expires: number;
  readonly app: string;
  readonly signature: string;
}

export interface DraftOffer {
  readonly text: string;
  readonly expires: boolean;
}

/** The template in one language. */
export interface Version {
  /** Of the template that it changes. */
  readonly id?: string;
  readonly language: string;
  readonly header: DraftHeader;
  readonly body: string;
  readonly footer: string;
  readonly buttons: readonly DraftButton[];
  /** By number of the variable, from 0. */
  readonly samples: readonly string[];
  /** Names of the variables, where the template was made with names. */
  readonly names?: readonly string[];
  readonly cards: readonly DraftCard[];
  readonly offer?: DraftOffer;
  readonly code: DraftCode;
}

export interface TemplateDraft {
  readonly name: string;
  readonly category: Category;
  readonly versions: readonly Version[];
}

export const emptyVersion = (language: string): Version => ({
  language,
  header: { format: "NONE", text: "", sample: "" },
  body: "",
  footer: "",
  buttons: [],
  samples: [],
  cards: [],
  code: { way: "COPY_CODE", warning: true, expires: 10, app: "", signature: "" },
});

export const emptyCard = (): DraftCard => ({ body: "", buttons: [button("QUICK_REPLY")] });

export const button = (type: ButtonType): DraftButton => ({
  type,
  text: "",
  value: type === "URL" ? "https://" : "",
  sample: "",
});

/** Text pieces and variables (from 0) in order. */
export function pieces(text: string): (string | number)[] {
  return text
    .split(/(\{\{\d+\}\})/u)
    .filter((piece) => piece !== "")
    .map((piece) => {
      const found = /^\{\{(\d+)\}\}$/u.exec(piece);
      return found ? Number(found[1]) - 1 : piece;
    });
}

/** How many variables a text has. */
export function countOf(text: string): number {
  return new Set(pieces(text).filter((piece) => typeof piece === "number")).size;
}

/** Variables numbered 1, 2, … in order of first use; the samples (and names) go along. */
export function renumber(
  body: string,
  samples: readonly string[],
  names?: readonly string[],
): { body: string; samples: string[]; names?: string[] } {
  const order: number[] = [];
  const text = pieces(body)
    .map((piece) => {
      if (typeof piece === "string") return piece;
      if (!order.includes(piece)) order.push(piece);
      return `{{${order.indexOf(piece) + 1}}}`;
    })
    .join("");
  return {
    body: text,
    samples: order.map((old) => samples[old] ?? ""),
    ...(names && { names: order.map((old, index) => names[old] ?? `value_${index + 1}`) }),
  };
}

export function fill(text: string, samples: readonly string[]): string {
  return pieces(text)
    .map((piece) => (typeof piece === "string" ? piece : samples[piece] || `{{${piece + 1}}}`))
    .join("");
}

/** Quick replies must stand together. */
export function sorted(buttons: readonly DraftButton[]): DraftButton[] {
  return [...buttons].sort((a, b) => Number(b.type === "QUICK_REPLY") - Number(a.type === "QUICK_REPLY"));
}

const isDynamic = (one: DraftButton) => one.type === "URL" && one.value.endsWith("{{1}}");

function toButton(one: DraftButton): Json {
  const { type, text, value, sample } = one;
  const plain = { type, text: text.trim() };
  switch (type) {
    case "URL":
      return { ...plain, url: value.trim(), ...(isDynamic(one) && { example: [sample.trim()] }) };
    case "PHONE_NUMBER":
      return { ...plain, phone_number: value.trim() };
    case "COPY_CODE":
      return { type, example: value.trim() };
    case "FLOW":
      return { ...plain, flow_id: value.trim() };
    default:
      return plain;
  }
}

function toHeader({ format, text, sample, file }: DraftHeader): Json[] {
  const plain = { type: "HEADER", format };
  if (format === "NONE") return [];
  if (format === "LOCATION") return [plain];
  if (format !== "TEXT") return [{ ...plain, example: { header_handle: [file?.handle ?? ""] } }];
  const example = countOf(text) > 0 && { example: { header_text: [sample.trim()] } };
  return [{ ...plain, text: text.trim(), ...example }];
}

function toBodyPart({ body, samples, names }: Version): Json {
  const count = countOf(body);
  const text = body.trim();
  if (!names)
    return { type: "BODY", text, ...(count && { example: { body_text: [samples.slice(0, count)] } }) };
  const named = text.replace(/\{\{(\d+)\}\}/gu, (_, place) => `{{${names[Number(place) - 1]}}}`);
  const pairs = names.slice(0, count).map((name, i) => ({ param_name: name, example: samples[i] ?? "" }));
  return { type: "BODY", text: named, ...(count && { example: { body_text_named_params: pairs } }) };
}

function toCard({ file, body, buttons }: DraftCard): Json {
  return {
    components: [
      { type: "HEADER", format: "IMAGE", example: { header_handle: [file?.handle ?? ""] } },
      { type: "BODY", text: body.trim() },
      ...(buttons.length ? [{ type: "BUTTONS", buttons: sorted(buttons).map(toButton) }] : []),
    ],
  };
}

function codeParts({ way, warning, expires, app, signature }: DraftCode): Json[] {
  const apps = way !== "COPY_CODE" && {
    supported_apps: [{ package_name: app.trim(), signature_hash: signature.trim() }],
    ...(way === "ZERO_TAP" && { zero_tap_terms_accepted: true }),
  };
  return [
    { type: "BODY", add_security_recommendation: warning },
    ...(expires ? [{ type: "FOOTER", code_expiration_minutes: expires }] : []),
    { type: "BUTTONS", buttons: [{ type: "OTP", otp_type: way, ...apps }] },
  ];
}

/** What `POST …/templates` takes, for one language. */
export function toBody({ name, category }: Pick<TemplateDraft, "name" | "category">, version: Version): Json {
  const { language, offer, footer, buttons, cards, names } = version;
  const rest: Json[] = [
    ...toHeader(version.header),
    ...(offer
      ? [
          {
            type: "LIMITED_TIME_OFFER",
            limited_time_offer: { text: offer.text.trim(), has_expiration: offer.expires },
          },
        ]
      : []),
    toBodyPart(version),
    ...(footer.trim() ? [{ type: "FOOTER", text: footer.trim() }] : []),
    ...(buttons.length ? [{ type: "BUTTONS", buttons: sorted(buttons).map(toButton) }] : []),
    ...(cards.length ? [{ type: "CAROUSEL", cards: cards.map(toCard) }] : []),
  ];
  const components = category === "AUTHENTICATION" ? codeParts(version.code) : rest;
  return { name, language, category, components, ...(names && { parameter_format: "NAMED" }) };
}

const isButtonReady = (one: DraftButton) =>
  (one.type === "COPY_CODE" || one.text.trim() !== "") &&
  (one.type === "QUICK_REPLY" || one.value.trim() !== "") &&
  (!isDynamic(one) || one.sample.trim() !== "");

function isHeaderReady({ format, text, sample, file }: DraftHeader): boolean {
  if (format === "TEXT") return text.trim() !== "" && (countOf(text) === 0 || sample.trim() !== "");
  return format === "NONE" || format === "LOCATION" || file !== undefined;
}

/** Whether everything that is needed was written; whether it is right, the platform says. */
export function isReady(category: Category, version: Version): boolean {
  const { header, body, samples, buttons, cards, offer, code } = version;
  if (category === "AUTHENTICATION")
    return code.way === "COPY_CODE" || (code.app.trim() !== "" && code.signature.trim().length === 11);
  return (
    isHeaderReady(header) &&
    body.trim() !== "" &&
    Array.from({ length: countOf(body) }, (_, i) => samples[i]?.trim()).every(Boolean) &&
    offer?.text.trim() !== "" &&
    buttons.every(isButtonReady) &&
    cards.every((card) => card.file && card.body.trim() && card.buttons.every(isButtonReady))
  );
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const object = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function fromButton(value: unknown): DraftButton[] {
  const one = object(value);
  const type = BUTTONS.find((known) => known === one.type);
  if (!type) return [];
  const example = text(list(one.example)[0]) || text(one.example);
  const values = {
    QUICK_REPLY: "",
    URL: text(one.url),
    PHONE_NUMBER: text(one.phone_number),
    COPY_CODE: example,
    FLOW: text(one.flow_id),
  };
  return [{ type, text: text(one.text), value: values[type], sample: type === "URL" ? example : "" }];
}

function fileOf(part: Json, media: Readonly<Record<string, string>>): Pick<DraftHeader, "file"> {
  const handle = text(list(object(part.example).header_handle)[0]);
  return handle ? { file: { handle, link: media[handle] ?? "" } } : {};
}

/** A template that is there, to be changed. */
export function fromRow(row: TemplateRow): Version {
  const parts = Object.fromEntries(row.components.map((part) => [part.type, part])) as Record<string, Json>;
  const header = object(parts.HEADER);
  const body = object(parts.BODY);
  const example = object(body.example);
  const named = list(example.body_text_named_params).map(object);
  const names = row.parameter_format === "NAMED" ? named.map((one) => text(one.param_name)) : undefined;
  const written = text(body.text);
  const positional = names
    ? names.reduce((all, name, i) => all.replaceAll(`{{${name}}}`, `{{${i + 1}}}`), written)
    : written;
  const samples = names ? named.map((one) => text(one.example)) : list(list(example.body_text)[0]).map(text);
  const otp = object(list(object(parts.BUTTONS).buttons)[0]);
  const app = object(list(otp.supported_apps)[0]);
  const offer = object(object(parts.LIMITED_TIME_OFFER).limited_time_offer);
  return {
    ...emptyVersion(row.language),
    id: row.id,
    header: {
      format: HEADERS.find((one) => one === header.format) ?? "NONE",
      text: text(header.text),
      sample: text(list(object(header.example).header_text)[0]),
      ...fileOf(header, row.media),
    },
    body: row.category === "AUTHENTICATION" ? "" : positional,
    samples,
    ...(names && { names }),
    footer: row.category === "AUTHENTICATION" ? "" : text(object(parts.FOOTER).text),
    buttons: list(object(parts.BUTTONS).buttons).flatMap(fromButton),
    cards: list(object(parts.CAROUSEL).cards).map((card) => {
      const inner = list(object(card).components).map(object);
      const part = (type: string) => object(inner.find((one) => one.type === type));
      return {
        ...fileOf(part("HEADER"), row.media),
        body: text(part("BODY").text),
        buttons: list(part("BUTTONS").buttons).flatMap(fromButton),
      };
    }),
    ...(parts.LIMITED_TIME_OFFER && {
      offer: { text: text(offer.text), expires: offer.has_expiration === true },
    }),
    ...(row.category === "AUTHENTICATION" && {
      code: {
        way: (["ONE_TAP", "ZERO_TAP"] as const).find((one) => one === otp.otp_type) ?? "COPY_CODE",
        warning: body.add_security_recommendation === true,
        expires: Number(object(parts.FOOTER).code_expiration_minutes ?? 0),
        app: text(app.package_name),
        signature: text(app.signature_hash),
      },
    }),
  };
}

/** Any text as a name: lower case, digits and underscores. */
export function toName(source: string): string {
  return source
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[\s-]+/gu, "_")
    .replace(/[^a-z0-9_]/gu, "")
    .slice(0, 512);
}
