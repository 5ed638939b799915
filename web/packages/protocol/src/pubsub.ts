/** Publish-subscribe (XEP-0060) as personal eventing (XEP-0163) uses it. */
import { StanzaError } from "./errors.ts";
import { submit } from "./forms.ts";
import { NS } from "./ns.ts";
import type { Session } from "./session.ts";
import { type Element, el } from "./xml.ts";

export interface Item {
  readonly id: string;
  /** Undefined in notifications without payload. */
  readonly payload: Element | undefined;
  readonly publisher: string | undefined;
}

export interface NodeOptions {
  readonly access?: "open" | "presence" | "roster" | "whitelist";
  /** `max`: as many as the server keeps. */
  readonly maxItems?: number | "max";
  readonly sendLastItem?: "never" | "on_sub" | "on_sub_and_presence";
}

function optionFields(options: NodeOptions): Record<string, string | undefined> {
  return {
    "pubsub#persist_items": "true",
    "pubsub#access_model": options.access,
    "pubsub#max_items": options.maxItems === undefined ? undefined : String(options.maxItems),
    "pubsub#send_last_published_item": options.sendLastItem,
  };
}

/**
 * Publish an item of ours. The options are preconditions: where the node exists with others it is
 * reconfigured and the item published again (XEP-0060 §7.1.5).
 */
export async function publish(
  session: Session,
  node: string,
  id: string | undefined,
  payload: Element,
  options?: NodeOptions,
): Promise<void> {
  const item = el("item", NS.pubsub, { id }, payload);
  const preconditions =
    options && el("publish-options", NS.pubsub, {}, submit(NS.pubsubOptions, optionFields(options)));
  const request = el("pubsub", NS.pubsub, {}, el("publish", NS.pubsub, { node }, item), preconditions);
  try {
    await session.request("set", request);
  } catch (error) {
    if (!options || !(error instanceof StanzaError) || error.condition !== "conflict") throw error;
    await configure(session, node, options);
    await session.request("set", el("pubsub", NS.pubsub, {}, el("publish", NS.pubsub, { node }, item)));
  }
}

export async function configure(session: Session, node: string, options: NodeOptions): Promise<void> {
  const form = submit("http://jabber.org/protocol/pubsub#node_config", optionFields(options));
  const request = el("configure", NS.pubsubOwner, { node }, form);
  await session.request("set", el("pubsub", NS.pubsubOwner, {}, request));
}

/** Items of a node; of one that does not exist or that we may not see: none. */
export async function fetchItems(
  session: Session,
  jid: string,
  node: string,
  which: { ids?: readonly string[]; max?: number } = {},
): Promise<Item[]> {
  const items = (which.ids ?? []).map((id) => el("item", NS.pubsub, { id }));
  const query = el("items", NS.pubsub, { node, max_items: which.max }, ...items);
  try {
    const answer = await session.request("get", el("pubsub", NS.pubsub, {}, query), { to: jid });
    return readItems(answer.get("pubsub", NS.pubsub)?.get("items"));
  } catch (error) {
    if (error instanceof StanzaError && ABSENT.has(error.condition)) return [];
    throw error;
  }
}

const ABSENT: ReadonlySet<string> = new Set([
  "item-not-found",
  "not-authorized",
  "forbidden",
  "service-unavailable",
]);

function readItems(items: Element | undefined): Item[] {
  return (items?.all("item") ?? []).map((item) => ({
    id: item.attr("id") ?? "",
    payload: item.elements()[0],
    publisher: item.attr("publisher"),
  }));
}

export async function retract(session: Session, node: string, id: string, notify = true): Promise<void> {
  const request = el("retract", NS.pubsub, { node, notify: String(notify) }, el("item", NS.pubsub, { id }));
  await session.request("set", el("pubsub", NS.pubsub, {}, request));
}

export async function deleteNode(session: Session, node: string): Promise<void> {
  await session.request("set", el("pubsub", NS.pubsubOwner, {}, el("delete", NS.pubsubOwner, { node })));
}

export async function subscribeNode(session: Session, jid: string, node: string): Promise<void> {
  const request = el("subscribe", NS.pubsub, { node, jid: session.account });
  await session.request("set", el("pubsub", NS.pubsub, {}, request), { to: jid });
}

export interface PubsubEvent {
  readonly node: string;
  readonly items: readonly Item[];
  readonly retracted: readonly string[];
  /** The node was deleted or emptied. */
  readonly emptied: boolean;
}

/** The notification in a message, if it is one. Whose it is, is the message's `from`. */
export function readEvent(message: Element): PubsubEvent | undefined {
  const event = message.get("event", NS.pubsubEvent);
  const body = event?.elements()[0];
  const node = body?.attr("node");
  if (!body || node === undefined) return undefined;
  return {
    node,
    items: readItems(body),
    retracted: body.all("retract").flatMap((item) => item.attr("id") ?? []),
    emptied: body.name === "delete" || body.name === "purge",
  };
}
