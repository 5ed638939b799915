/** The contact list on the server (RFC 6121 §2) and subscriptions (§3). */
import { StanzaError } from "./errors.ts";
import { NS } from "./ns.ts";
import type { Session } from "./session.ts";
import { presence } from "./stanza.ts";
import { type Element, el } from "./xml.ts";

export interface RosterItem {
  readonly jid: string;
  readonly name: string | undefined;
  readonly subscription: "none" | "to" | "from" | "both" | "remove";
  /** Our request to see their presence is out. */
  readonly asking: boolean;
  readonly groups: readonly string[];
}

export interface Roster {
  readonly version: string | undefined;
  /** Undefined: nothing changed since the version we named. */
  readonly items: readonly RosterItem[] | undefined;
}

export async function fetchRoster(session: Session, version?: string): Promise<Roster> {
  const answer = await session.request("get", el("query", NS.roster, { ver: version }));
  const query = answer.get("query", NS.roster);
  return { version: query ? query.attr("ver") : version, items: query?.all("item").map(readItem) };
}

function readItem(item: Element): RosterItem {
  return {
    jid: item.attr("jid") ?? "",
    name: item.attr("name"),
    subscription: (item.attr("subscription") ?? "none") as RosterItem["subscription"],
    asking: item.attr("ask") === "subscribe",
    groups: item.all("group").map((group) => group.text()),
  };
}

/** Hear about changes made by any of our devices. */
export function onRosterPush(
  session: Session,
  changed: (item: RosterItem, version: string | undefined) => void,
): void {
  session.onRequest("query", NS.roster, (request, query) => {
    // RFC 6121 §2.1.6: a push from anybody but our own account must be ignored.
    const from = request.attr("from");
    if (request.attr("type") !== "set" || (from !== undefined && from !== session.account))
      throw new StanzaError("cancel", "service-unavailable");
    for (const item of query.all("item")) changed(readItem(item), query.attr("ver"));
    return undefined;
  });
}

export async function setRosterItem(session: Session, jid: string, name?: string): Promise<void> {
  await session.request("set", el("query", NS.roster, {}, el("item", NS.roster, { jid, name })));
}

export async function removeRosterItem(session: Session, jid: string): Promise<void> {
  const item = el("item", NS.roster, { jid, subscription: "remove" });
  await session.request("set", el("query", NS.roster, {}, item));
}

/** Ask to see their presence, and let them see ours when they ask back. */
export function subscribe(session: Session, jid: string, nick?: string): void {
  session.send(presence({ to: jid, type: "subscribe" }, nick ? el("nick", NS.nick, {}, nick) : undefined));
}

export function answerSubscription(session: Session, jid: string, allow: boolean): void {
  session.send(presence({ to: jid, type: allow ? "subscribed" : "unsubscribed" }));
}
