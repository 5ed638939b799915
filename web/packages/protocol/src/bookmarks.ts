/** Things our devices share with each other in personal nodes: rooms (XEP-0402) and how far we read (XEP-0490). */
import { NS } from "./ns.ts";
import { fetchItems, type Item, publish, retract } from "./pubsub.ts";
import type { Session } from "./session.ts";
import { el } from "./xml.ts";

export interface Bookmark {
  readonly room: string;
  readonly name: string | undefined;
  readonly nick: string | undefined;
  readonly autojoin: boolean;
}

const OPTIONS = { access: "whitelist", maxItems: "max", sendLastItem: "never" } as const;

export function readBookmark({ id, payload }: Item): Bookmark | undefined {
  if (!payload?.is("conference", NS.bookmarks)) return undefined;
  const autojoin = payload.attr("autojoin");
  return {
    room: id,
    name: payload.attr("name"),
    nick: payload.textOf("nick"),
    autojoin: autojoin === "true" || autojoin === "1",
  };
}

export async function fetchBookmarks(session: Session): Promise<Bookmark[]> {
  const items = await fetchItems(session, session.account, NS.bookmarks);
  return items.flatMap((item) => readBookmark(item) ?? []);
}

export async function setBookmark(session: Session, { room, name, nick, autojoin }: Bookmark): Promise<void> {
  const payload = el(
    "conference",
    NS.bookmarks,
    { name, autojoin: String(autojoin) },
    nick ? el("nick", NS.bookmarks, {}, nick) : undefined,
  );
  await publish(session, NS.bookmarks, room, payload, OPTIONS);
}

export async function removeBookmark(session: Session, room: string): Promise<void> {
  await retract(session, NS.bookmarks, room);
}

export interface ReadUpTo {
  readonly chat: string;
  /** Id of the last message read, as `by` named it. */
  readonly id: string;
  readonly by: string;
}

export function readDisplayed({ id: chat, payload }: Item): ReadUpTo | undefined {
  const stanzaId = payload?.is("displayed", NS.mds) ? payload.get("stanza-id", NS.sid) : undefined;
  const id = stanzaId?.attr("id");
  return id === undefined ? undefined : { chat, id, by: stanzaId?.attr("by") ?? "" };
}

export async function publishDisplayed(session: Session, { chat, id, by }: ReadUpTo): Promise<void> {
  const payload = el("displayed", NS.mds, {}, el("stanza-id", NS.sid, { id, by }));
  await publish(session, NS.mds, chat, payload, OPTIONS);
}
