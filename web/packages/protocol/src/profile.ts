/** What an account shows of itself: name (XEP-0172), picture (XEP-0084), about text (XEP-0292). */
import { fromBase64, toBase64, toHex } from "./bytes.ts";
import { NS } from "./ns.ts";
import { fetchItems, publish } from "./pubsub.ts";
import type { Session } from "./session.ts";
import { type Element, el } from "./xml.ts";

export const VCARD_NODE = "urn:xmpp:vcard4";

export interface Card {
  readonly name: string | undefined;
  readonly about: string | undefined;
}

export interface AvatarInfo {
  readonly hash: string;
  readonly type: string;
  readonly bytes: number;
}

export async function publishNick(session: Session, name: string): Promise<void> {
  await publish(session, NS.nick, "current", el("nick", NS.nick, {}, name), { access: "open" });
}

export type ProfileAccess = "open" | "presence" | "whitelist";

export async function publishCard(
  session: Session,
  card: Card,
  access: ProfileAccess = "open",
): Promise<void> {
  const text = (name: string, value: string | undefined): Element | undefined =>
    value ? el(name, NS.vcard4, {}, el("text", NS.vcard4, {}, value)) : undefined;
  const vcard = el("vcard", NS.vcard4, {}, text("fn", card.name), text("note", card.about));
  await publish(session, VCARD_NODE, "current", vcard, { access });
}

export function readNick(payload: Element | undefined): string | undefined {
  return payload?.is("nick", NS.nick) ? payload.text().trim().slice(0, 200) || undefined : undefined;
}

export function readCard(payload: Element | undefined): Card {
  const text = (name: string): string | undefined =>
    payload?.get(name, NS.vcard4)?.textOf("text")?.slice(0, 1000);
  return { name: text("fn"), about: text("note") };
}

export async function fetchCard(session: Session, jid: string): Promise<Card & { nick: string | undefined }> {
  const [card, nick] = await Promise.all([
    fetchItems(session, jid, VCARD_NODE, { max: 1 }),
    fetchItems(session, jid, NS.nick, { max: 1 }),
  ]);
  return { ...readCard(card[0]?.payload), nick: readNick(nick[0]?.payload) };
}

/** Publish the picture, then what it is; `undefined` takes it away (XEP-0084 §4.4). */
export async function publishAvatar(
  session: Session,
  image: { bytes: Uint8Array; type: string; width?: number; height?: number } | undefined,
  access: ProfileAccess = "open",
): Promise<string | undefined> {
  if (!image) {
    await publish(session, NS.avatarMetadata, "current", el("metadata", NS.avatarMetadata), {
      access: "open",
    });
    return undefined;
  }
  const id = toHex(await session.platform.hash("SHA-1", image.bytes));
  const data = el("data", NS.avatarData, {}, toBase64(image.bytes));
  await publish(session, NS.avatarData, id, data, { access });
  const { type, width, height } = image;
  const info = el("info", NS.avatarMetadata, { id, type, width, height, bytes: image.bytes.length });
  await publish(session, NS.avatarMetadata, id, el("metadata", NS.avatarMetadata, {}, info), {
    access: "open",
  });
  return id;
}

export function readAvatarInfo(payload: Element | undefined): AvatarInfo | undefined {
  const info = payload?.get("info", NS.avatarMetadata);
  const hash = info?.attr("id");
  if (!info || !hash || !/^[0-9a-f]{40}$/.test(hash)) return undefined;
  return { hash, type: info.attr("type") ?? "image/png", bytes: Number(info.attr("bytes")) || 0 };
}

/** The bytes of a picture, checked against its hash. */
export async function fetchAvatar(
  session: Session,
  jid: string,
  hash: string,
): Promise<Uint8Array | undefined> {
  const [item] = await fetchItems(session, jid, NS.avatarData, { ids: [hash] });
  const text = item?.payload?.text().replace(/\s/g, "");
  if (!text) return undefined;
  const bytes = fromBase64(text);
  return toHex(await session.platform.hash("SHA-1", bytes)) === hash ? bytes : undefined;
}
