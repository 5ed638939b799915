/** Messages inside messages: carbons (XEP-0280) and archives (XEP-0313) both wrap them as XEP-0297 says. */
import { bare } from "./jid.ts";
import { NS } from "./ns.ts";
import type { Session } from "./session.ts";
import { delayOf } from "./stanza.ts";
import { type Element, el } from "./xml.ts";

export interface Forwarded {
  readonly message: Element;
  /** When the original arrived at the server, epoch milliseconds, where it says so. */
  readonly at: number | undefined;
}

function unwrap(wrapper: Element | undefined): Forwarded | undefined {
  const forwarded = wrapper?.get("forwarded", NS.forward);
  const message = forwarded?.get("message", NS.client);
  return forwarded && message && { message, at: delayOf(forwarded) };
}

export type Carbon = Forwarded & { readonly direction: "sent" | "received" };

/** The carbon copy in a message to us; `undefined` when it is none, or a forged one. */
export function readCarbon(stanza: Element, account: string): Carbon | undefined {
  for (const direction of ["sent", "received"] as const) {
    const wrapper = stanza.get(direction, NS.carbons);
    if (!wrapper) continue;
    // XEP-0280 §11: carbons from anybody but our own bare JID are forged and must be ignored.
    if (stanza.attr("from") !== account && stanza.attr("from") !== undefined) return undefined;
    const inner = unwrap(wrapper);
    const owner = inner?.message.attr(direction === "sent" ? "from" : "to");
    return inner && owner !== undefined && bare(owner) === account ? { ...inner, direction } : undefined;
  }
  return undefined;
}

/** Whether a message has the shape of a carbon, forged or not. */
export function looksLikeCarbon(stanza: Element): boolean {
  return !!(stanza.get("sent", NS.carbons) ?? stanza.get("received", NS.carbons));
}

export type Archived = Forwarded & { readonly id: string; readonly query: string };

export function readArchived(stanza: Element): Archived | undefined {
  const result = stanza.get("result", NS.mam);
  const inner = unwrap(result);
  return result && inner && { ...inner, id: result.attr("id") ?? "", query: result.attr("queryid") ?? "" };
}

export interface ArchivePage {
  /** Id of the last message of the page; ask on from there. */
  readonly last: string | undefined;
  readonly complete: boolean;
}

/**
 * Ask for the archive after `after` (an archive id), a page at a time; the messages come in as stanzas with
 * `queryId` before this resolves (`readArchived`). `archive`: ours, or a room's.
 */
export async function queryArchive(
  session: Session,
  queryId: string,
  options: { archive?: string; after?: string | undefined; max?: number } = {},
): Promise<ArchivePage> {
  const page = el(
    "set",
    NS.rsm,
    {},
    el("max", NS.rsm, {}, String(options.max ?? 100)),
    options.after !== undefined && el("after", NS.rsm, {}, options.after),
  );
  const query = el("query", NS.mam, { queryid: queryId }, page);
  const answer = await session.request("set", query, { to: options.archive });
  const fin = answer.get("fin", NS.mam);
  return {
    last: fin?.get("set", NS.rsm)?.textOf("last"),
    complete: fin?.attr("complete") === "true",
  };
}
