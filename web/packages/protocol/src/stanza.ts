/** The three stanzas, as elements, and what they have in common. */
import { StanzaError, type StanzaErrorType } from "./errors.ts";
import { NS } from "./ns.ts";
import { type Attributes, type Child, type Element, el } from "./xml.ts";

type Maybe<T> = T | undefined | false | null;

export function message(attrs: Attributes, ...children: Maybe<Child>[]): Element {
  return el("message", NS.client, attrs, ...children);
}

export function presence(attrs: Attributes = {}, ...children: Maybe<Child>[]): Element {
  return el("presence", NS.client, attrs, ...children);
}

export function iq(type: "get" | "set" | "result", attrs: Attributes, ...children: Maybe<Child>[]): Element {
  return el("iq", NS.client, { ...attrs, type }, ...children);
}

/** The error a stanza of type `error` carries (RFC 6120 §8.3). */
export function errorOf(stanza: Element): StanzaError {
  const error = stanza.get("error", stanza.ns);
  const inner = error?.elements() ?? [];
  const condition = inner.find((child) => child.ns === NS.stanzas && child.name !== "text");
  const app = inner.find((child) => child.ns !== NS.stanzas);
  const type = (error?.attr("type") ?? "cancel") as StanzaErrorType;
  return new StanzaError(
    type,
    condition?.name ?? "undefined-condition",
    error?.textOf("text", NS.stanzas),
    app?.name,
  );
}

/** An answer of type `error` to a request of somebody else. */
export function errorReply(
  request: Element,
  type: StanzaErrorType,
  condition: string,
  app?: Element,
): Element {
  const { from, id } = request.attrs;
  return el(
    request.name,
    NS.client,
    { to: from, id, type: "error" },
    el("error", NS.client, { type }, el(condition, NS.stanzas), app),
  );
}

/** The stamp of XEP-0203 in epoch milliseconds, put by `by` (our server or a room) where given. */
export function delayOf(stanza: Element, by?: string): number | undefined {
  for (const delay of stanza.all("delay", NS.delay)) {
    if (by !== undefined && delay.attr("from") !== by) continue;
    const stamp = Date.parse(delay.attr("stamp") ?? "");
    if (!Number.isNaN(stamp)) return stamp;
  }
  return undefined;
}
