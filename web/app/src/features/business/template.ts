/** A template while it is written: texts with {{1}}, {{2}} … as the platform wants them. */

import type { Category, Json } from "./model.ts";

export interface DraftButton {
  readonly type: "QUICK_REPLY" | "URL";
  readonly text: string;
  readonly url: string;
}

export interface TemplateDraft {
  readonly name: string;
  readonly language: string;
  readonly category: Category;
  readonly header: string;
  readonly body: string;
  readonly footer: string;
  readonly buttons: readonly DraftButton[];
  /** By number of the variable, from 0. */
  readonly samples: readonly string[];
}

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

/** Variables numbered 1, 2, … in order of first use; the samples go along. */
export function renumber(body: string, samples: readonly string[]): { body: string; samples: string[] } {
  const order: number[] = [];
  const text = pieces(body)
    .map((piece) => {
      if (typeof piece === "string") return piece;
      if (!order.includes(piece)) order.push(piece);
      return `{{${order.indexOf(piece) + 1}}}`;
    })
    .join("");
  return { body: text, samples: order.map((old) => samples[old] ?? "") };
}

export function fill(text: string, samples: readonly string[]): string {
  return pieces(text)
    .map((piece) => (typeof piece === "string" ? piece : samples[piece] || `{{${piece + 1}}}`))
    .join("");
}

/** What `POST …/templates` takes. */
export function toBody(draft: TemplateDraft): Json {
  const variables = countOf(draft.body);
  const components: Json[] = [];
  if (draft.category === "AUTHENTICATION") {
    components.push({ type: "BODY", add_security_recommendation: true });
    components.push({ type: "FOOTER", code_expiration_minutes: 10 });
    components.push({ type: "BUTTONS", buttons: [{ type: "OTP", otp_type: "COPY_CODE" }] });
  } else {
    if (draft.header.trim()) components.push({ type: "HEADER", format: "TEXT", text: draft.header.trim() });
    const example = variables && { example: { body_text: [draft.samples.slice(0, variables)] } };
    components.push({ type: "BODY", text: draft.body.trim(), ...example });
    if (draft.footer.trim()) components.push({ type: "FOOTER", text: draft.footer.trim() });
    if (draft.buttons.length) {
      // Quick replies must stand together.
      const sorted = [...draft.buttons].sort((a, b) => a.type.localeCompare(b.type));
      components.push({
        type: "BUTTONS",
        buttons: sorted.map(({ type, text, url }) => ({ type, text, ...(type === "URL" && { url }) })),
      });
    }
  }
  const { name, language, category } = draft;
  return { name, language, category, components };
}

/** Any text as a name: lower case, digits and underscores. */
export function toName(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[\s-]+/gu, "_")
    .replace(/[^a-z0-9_]/gu, "")
    .slice(0, 512);
}
