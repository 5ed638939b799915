/** Building, reading and writing elements as plain data. Readers are strict and bounded: what they refuse is `malformed`. */

import { XmlElement as ParsedElement, parseXml, XmlCdata, XmlText } from "@rgrove/parse-xml";
import type { XmlElement } from "./api.ts";
import { fromBase64 } from "./bytes.ts";
import { malformed } from "./errors.ts";

type Attributes = Readonly<Record<string, string | number | undefined>>;

export function element(
  name: string,
  ns: string,
  attrs: Attributes = {},
  ...children: (XmlElement | string)[]
): XmlElement {
  const given: Record<string, string> = {};
  for (const [key, value] of Object.entries(attrs)) if (value !== undefined) given[key] = String(value);
  return { name, ns, attrs: given, children };
}

/** Child elements of this name in the parent's own namespace (others are extensions, to be ignored: RFC 6120 §8.4). */
export function childrenOf(parent: XmlElement, name: string, limit: number): XmlElement[] {
  const found = parent.children.filter(
    (child): child is XmlElement =>
      typeof child !== "string" && child.name === name && child.ns === parent.ns,
  );
  if (found.length > limit) throw malformed(`more than ${limit} <${name}/>`);
  return found;
}

export function optionalChild(parent: XmlElement, name: string): XmlElement | undefined {
  return childrenOf(parent, name, 1)[0];
}

export function childOf(parent: XmlElement, name: string): XmlElement {
  const found = optionalChild(parent, name);
  if (!found) throw malformed(`<${name}/> is missing`);
  return found;
}

export function textOf(parent: XmlElement): string {
  return parent.children.filter((child) => typeof child === "string").join("");
}

/** The text as base64, between one and `limit` bytes. */
export function bytesOf(parent: XmlElement, limit: number): Uint8Array {
  const bytes = fromBase64(textOf(parent), limit);
  if (!bytes?.length) throw malformed(`<${parent.name}/> holds no base64 of at most ${limit} bytes`);
  return bytes;
}

const DECIMAL = /^[0-9]{1,10}$/;

/** A decimal attribute between 0 and 2^32-1: ids should be 1 … 2^31-1, but libsignal's descendants use more. */
export function numberOf(parent: XmlElement, name: string): number {
  const text = parent.attrs[name] ?? "";
  const value = Number(text);
  if (!DECIMAL.test(text) || value > 0xffffffff) throw malformed(`${parent.name}@${name} is no id`);
  return value;
}

/** XML Schema's boolean: `true` or `1`. Anything else is false, as it is when absent. */
export function flagOf(parent: XmlElement, name: string): boolean {
  return parent.attrs[name] === "true" || parent.attrs[name] === "1";
}

// ------------------------------------------------------------------------------------------------------ text form

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  // XML 1.0 §3.3.3 would turn these into spaces inside an attribute, and §2.11 would drop a bare \r.
  "\r": "&#13;",
};

/** What XML 1.0 §2.2 has no spelling for: most control characters, lone surrogates, two non-characters. */
const NOT_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

function escapeText(text: string): string {
  return text.replace(NOT_XML, "\uFFFD").replace(/[&<>"'\r]/g, (char) => ESCAPES[char] as string);
}

const NAME = /^[A-Za-z_][\w.-]*$/;

/** Serialises; the namespace is written where it differs from the parent's. Throws RangeError for a name that is none. */
export function toXml(node: XmlElement, parentNs = ""): string {
  if (!NAME.test(node.name)) throw new RangeError(`not an element name: ${node.name}`);
  let open = `<${node.name}`;
  if (node.ns !== parentNs) open += ` xmlns="${escapeText(node.ns)}"`;
  for (const [key, value] of Object.entries(node.attrs)) {
    if (key !== "xml:lang" && !NAME.test(key)) throw new RangeError(`not an attribute name: ${key}`);
    open += ` ${key}="${escapeText(value).replace(/[\t\n]/g, (char) => `&#${char.charCodeAt(0)};`)}"`;
  }
  if (node.children.length === 0) return `${open}/>`;
  const inner = node.children.map((child) =>
    typeof child === "string" ? escapeText(child) : toXml(child, node.ns),
  );
  return `${open}>${inner.join("")}</${node.name}>`;
}

const MAX_DEPTH = 32;

/** Parses one element. No document type, no prefixes but `xml:`; prefixed names are extensions and are dropped. */
export function fromXml(text: string): XmlElement {
  if (text.includes("<!DOCTYPE")) throw malformed("a document type is not allowed");
  if (tooDeep(text)) throw malformed("nested too deep");
  let root: ParsedElement | null;
  try {
    root = parseXml(text).root;
  } catch {
    throw malformed("not well-formed XML");
  }
  if (!root) throw malformed("no element");
  if (root.name.includes(":")) throw malformed("the root has a prefix");
  return plain(root, "");
}

/** The parser recurses; this bounds how deep, cheaply and from above (comments and text only add to the count). */
function tooDeep(text: string): boolean {
  let depth = 0;
  for (const [tag] of text.matchAll(/<\/|<[^!?/][^>]*/g)) {
    if (tag === "</") depth--;
    else if (!tag.endsWith("/") && ++depth > MAX_DEPTH) return true;
  }
  return false;
}

function plain(node: ParsedElement, inherited: string): XmlElement {
  const ns = node.attributes.xmlns ?? inherited;
  const attrs: Record<string, string> = {};
  for (const [key, value] of Object.entries(node.attributes)) {
    if (key !== "xmlns" && (key === "xml:lang" || !key.includes(":"))) attrs[key] = value;
  }
  const children: (XmlElement | string)[] = [];
  for (const child of node.children) {
    if (child instanceof ParsedElement) {
      if (!child.name.includes(":")) children.push(plain(child, ns));
    } else if (child instanceof XmlText || child instanceof XmlCdata) {
      const last = children.at(-1);
      if (typeof last === "string") children[children.length - 1] = last + child.text;
      else children.push(child.text);
    }
  }
  return { name: node.name, ns, attrs, children };
}
