/**
 * XML as XMPP uses it: elements with a namespace, attributes and children; no DTD, comment or instruction.
 *
 * RFC 7395 §3.3: each WebSocket frame is one complete element, so a frame is parsed whole. What the parser hands
 * out is inert data: hostile depth, size or markup ends in `MalformedXml`, never in a broken tree.
 */
import { parseXml, XmlCdata, XmlElement, XmlText } from "@rgrove/parse-xml";
import { MalformedXml } from "./errors.ts";

export type Child = Element | string;
export type Attributes = Readonly<Record<string, string | number | undefined>>;

export const MAX_FRAME = 4 * 1024 * 1024;
const MAX_DEPTH = 64;
const XML_NS = "http://www.w3.org/XML/1998/namespace";

export class Element {
  readonly name: string;
  readonly ns: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly children: readonly Child[];

  constructor(name: string, ns: string, attrs: Readonly<Record<string, string>>, children: readonly Child[]) {
    this.name = name;
    this.ns = ns;
    this.attrs = attrs;
    this.children = children;
  }

  attr(name: string): string | undefined {
    return this.attrs[name];
  }

  is(name: string, ns: string): boolean {
    return this.name === name && this.ns === ns;
  }

  /** The first child element of that name, in that namespace (this element's own when none is given). */
  get(name: string, ns: string = this.ns): Element | undefined {
    for (const child of this.children) if (typeof child !== "string" && child.is(name, ns)) return child;
    return undefined;
  }

  all(name: string, ns: string = this.ns): Element[] {
    return this.elements().filter((child) => child.is(name, ns));
  }

  elements(): Element[] {
    return this.children.filter((child): child is Element => typeof child !== "string");
  }

  /** All text directly inside, as it stands. */
  text(): string {
    let text = "";
    for (const child of this.children) if (typeof child === "string") text += child;
    return text;
  }

  textOf(name: string, ns: string = this.ns): string | undefined {
    return this.get(name, ns)?.text();
  }

  /** A copy with other attributes and more children; elements themselves never change. */
  with(attrs: Attributes, ...children: Child[]): Element {
    return new Element(this.name, this.ns, definedOnly({ ...this.attrs, ...attrs }), [
      ...this.children,
      ...children,
    ]);
  }

  toString(): string {
    return serialize(this);
  }
}

/** An element as plain data, such as comes out of a structured clone. */
export interface ElementData {
  readonly name: string;
  readonly ns: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly children: readonly (ElementData | string)[];
}

export function fromData({ name, ns, attrs, children }: ElementData): Element {
  const elements = children.map((child) => (typeof child === "string" ? child : fromData(child)));
  return new Element(name, ns, attrs, elements);
}

/** Build an element; attributes that are `undefined` and children that are falsy are left out. */
export function el(
  name: string,
  ns: string,
  attrs: Attributes = {},
  ...children: (Child | undefined | false | null)[]
): Element {
  const kept = children.filter((child): child is Child => !!child);
  return new Element(name, ns, definedOnly(attrs), kept);
}

function definedOnly(attrs: Attributes): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(attrs)) if (value !== undefined) kept[name] = String(value);
  return kept;
}

/** Parse one frame. Throws `MalformedXml` for whatever RFC 6120 §11 forbids or bounds forbid. */
export function parse(text: string): Element {
  if (text.length > MAX_FRAME) throw new MalformedXml("frame too large");
  // RFC 6120 §11.1: comments, processing instructions and DTDs are prohibited.
  if (/<[!?](?!\[CDATA\[)/.test(text)) throw new MalformedXml("restricted xml");
  let root: XmlElement | null;
  try {
    root = parseXml(text).root;
  } catch (cause) {
    throw new MalformedXml(cause instanceof RangeError ? "nested too deep" : "not well-formed", { cause });
  }
  if (root === null) throw new MalformedXml("no element");
  return convert(root, new Map([["xml", XML_NS]]), 0);
}

function convert(node: XmlElement, outer: ReadonlyMap<string, string>, depth: number): Element {
  if (depth > MAX_DEPTH) throw new MalformedXml("nested too deep");
  let scope = outer;
  const attrs: Record<string, string> = {};
  for (const [name, value] of Object.entries(node.attributes)) {
    if (name === "xmlns" || name.startsWith("xmlns:")) {
      if (scope === outer) scope = new Map(outer);
      (scope as Map<string, string>).set(name === "xmlns" ? "" : name.slice(6), value);
    } else if (name !== "__proto__") attrs[name] = value;
  }
  const [prefix, local] = split(node.name);
  const ns = scope.get(prefix);
  if (ns === undefined && prefix !== "") throw new MalformedXml(`undeclared prefix ${prefix}`);
  const children: Child[] = [];
  for (const child of node.children) {
    if (child instanceof XmlElement) children.push(convert(child, scope, depth + 1));
    else if (child instanceof XmlText || child instanceof XmlCdata) children.push(child.text);
  }
  return new Element(local, ns ?? "", attrs, children);
}

function split(name: string): [string, string] {
  const colon = name.indexOf(":");
  return colon < 0 ? ["", name] : [name.slice(0, colon), name.slice(colon + 1)];
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};
// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly the characters XML 1.0 cannot carry
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

function escapeText(text: string): string {
  return text.replace(FORBIDDEN, "").replace(/[&<>\r]/g, (char) => ENTITIES[char] as string);
}

function escapeAttribute(text: string): string {
  return text.replace(FORBIDDEN, "").replace(/[&<>"'\t\n\r]/g, (char) => ENTITIES[char] as string);
}

/** XML text of an element; namespaces are written as default-namespace declarations where they change. */
export function serialize(element: Element, outerNs = ""): string {
  let text = `<${element.name}`;
  if (element.ns !== outerNs) text += ` xmlns="${escapeAttribute(element.ns)}"`;
  for (const [name, value] of Object.entries(element.attrs)) {
    // Prefixed attributes other than xml:lang mean nothing without their declaration; XMPP payloads have none.
    if (!name.includes(":") || name.startsWith("xml:")) text += ` ${name}="${escapeAttribute(value)}"`;
  }
  if (element.children.length === 0) return `${text}/>`;
  text += ">";
  for (const child of element.children) {
    text += typeof child === "string" ? escapeText(child) : serialize(child, element.ns);
  }
  return `${text}</${element.name}>`;
}
