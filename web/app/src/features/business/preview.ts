/** A draft as the message that people would get, with the sample values in it. Pure. */

import type { BusinessHeader, RenderedTemplate, TemplateButton } from "@plauder/client/api";
import type { Category } from "./model.ts";
import { type DraftButton, type DraftHeader, fill, sorted, type Version } from "./template.ts";

/** The wording of codes is the platform's own; it is not translated here because people get it like this. */
const CODE = "*123456* is your verification code.";
const WARNING = " For your security, do not share this code.";
const HOUR = 3_600_000;

const KINDS: Readonly<Record<DraftButton["type"], TemplateButton["type"]>> = {
  QUICK_REPLY: "quick_reply",
  URL: "url",
  PHONE_NUMBER: "phone_number",
  COPY_CODE: "copy_code",
  FLOW: "flow",
};

interface Around {
  /** Milliseconds since the epoch: a limited offer ends a day later. */
  readonly now: number;
  /** What stands where there is no text yet. */
  readonly empty: string;
}

export function preview(category: Category, version: Version, { now, empty }: Around): RenderedTemplate {
  const named = { name: "", language: version.language };
  if (category === "AUTHENTICATION") return { ...named, ...code(version) };
  const { offer, cards } = version;
  const heading = header(version.header);
  return {
    ...named,
    ...(heading && { header: heading }),
    body: fill(version.body, version.samples) || empty,
    ...(version.footer && { footer: version.footer }),
    buttons: buttons(version.buttons),
    ...(offer && {
      offer: { text: offer.text || "…", ...(offer.expires && { expires_at: now + 24 * HOUR }) },
    }),
    ...(cards.length > 0 && {
      cards: cards.map((card) => ({
        header: header({ format: "IMAGE", text: "", sample: "", ...(card.file && { file: card.file }) }),
        body: card.body || "…",
        buttons: buttons(card.buttons),
      })) as NonNullable<RenderedTemplate["cards"]>,
    }),
  };
}

function code({ code: { way, warning, expires } }: Version) {
  const button = {
    type: "otp",
    text: way === "COPY_CODE" ? "Copy code" : "Autofill",
    code: "123456",
  } as const;
  return {
    body: CODE + (warning ? WARNING : ""),
    ...(expires && { footer: `This code expires in ${expires} minutes.` }),
    buttons: way === "ZERO_TAP" ? [] : [button],
  };
}

function header({ format, text, sample, file }: DraftHeader): BusinessHeader | undefined {
  if (format === "NONE") return undefined;
  if (format === "TEXT") return text ? { type: "text", text: fill(text, [sample]) } : undefined;
  return {
    type: format.toLowerCase() as Lowercase<typeof format>,
    ...(file?.link && { link: file.link }),
  };
}

function buttons(of: readonly DraftButton[]): TemplateButton[] {
  return sorted(of).map(({ type, text, value, sample }) => ({
    type: KINDS[type],
    text: type === "COPY_CODE" ? "Copy offer code" : text || "…",
    ...(type === "URL" && { url: value.replace("{{1}}", encodeURIComponent(sample)) }),
    ...(type === "PHONE_NUMBER" && { phone_number: value || "+" }),
    ...(type === "COPY_CODE" && { code: value || "…" }),
    ...(type === "FLOW" && { form: { id: value || "0", token: "", label: text || "…", exchanges: false } }),
  }));
}
