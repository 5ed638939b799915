/** Data forms (XEP-0004), as far as a program fills them in by itself. */
import { NS } from "./ns.ts";
import { type Element, el } from "./xml.ts";

export type FormValues = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A form of type `submit` with its FORM_TYPE. */
export function submit(formType: string, values: FormValues): Element {
  const fields = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [field(name, typeof value === "string" ? [value] : value)],
  );
  return el("x", NS.data, { type: "submit" }, field("FORM_TYPE", [formType], "hidden"), ...fields);
}

function field(name: string, values: readonly string[], type?: string): Element {
  return el("field", NS.data, { var: name, type }, ...values.map((value) => el("value", NS.data, {}, value)));
}

/** The fields of a form: each name with its values. */
export function readForm(form: Element | undefined): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const entry of form?.all("field", NS.data) ?? []) {
    const name = entry.attr("var");
    if (name !== undefined)
      fields.set(
        name,
        entry.all("value").map((value) => value.text()),
      );
  }
  return fields;
}
