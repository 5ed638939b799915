/** Rooms (XEP-0045): members-only and non-anonymous, as groups of a phone messenger are. */

import { StanzaError } from "./errors.ts";
import { submit } from "./forms.ts";
import { bare, resourceOf } from "./jid.ts";
import { NS } from "./ns.ts";
import type { Session } from "./session.ts";
import { message, presence } from "./stanza.ts";
import { type Element, el } from "./xml.ts";

export type Affiliation = "owner" | "admin" | "member" | "none" | "outcast";

export interface Occupant {
  readonly room: string;
  readonly nick: string;
  /** Real bare address, where the room shows it. */
  readonly jid: string | undefined;
  readonly affiliation: Affiliation;
  readonly role: string;
  readonly present: boolean;
  /** Status codes (XEP-0045 §15.6.2): 110 self, 201 created, 301 banned, 307 kicked, 321 no member any more. */
  readonly codes: readonly number[];
  readonly occupantId: string | undefined;
  /** Where the room moved to, if it was destroyed. */
  readonly destroyed: boolean;
}

export interface RoomMember {
  readonly jid: string;
  readonly affiliation: Affiliation;
  readonly nick: string | undefined;
}

export interface RoomSettings {
  readonly name?: string;
  readonly about?: string;
  /** Only admins and owners may write. */
  readonly moderated?: boolean;
  readonly membersMayInvite?: boolean;
  readonly membersMayChangeSubject?: boolean;
}

/**
 * Enter a room. Its history is not asked for: a member's devices get messages anyway. `token`: of the link that was
 * followed, which makes a member of whoever has it.
 */
export function join(session: Session, room: string, nick: string, token?: string): void {
  const x = el("x", NS.muc, {}, el("history", NS.muc, { maxstanzas: 0 }));
  const invited = token === undefined ? undefined : el("invite", NS.groupLink, { token });
  session.send(presence({ to: `${room}/${nick}` }, x, invited));
}

/** The token of a room's link, made if there is none yet; `reset` makes a new one, and the old one ends. For admins. */
export async function linkToken(session: Session, room: string, reset = false): Promise<string> {
  const request = el("link", NS.groupLink, { action: reset ? "reset" : undefined });
  const answer = await session.request("set", request, { to: room });
  return answer.get("link", NS.groupLink)?.attr("token") ?? "";
}

export function leave(session: Session, room: string, nick: string): void {
  session.send(presence({ to: `${room}/${nick}`, type: "unavailable" }));
}

/** What a presence from a room says, if it is one. */
export function readOccupant(stanza: Element): Occupant | undefined {
  const x = stanza.get("x", NS.mucUser);
  const from = stanza.attr("from");
  if (!x || from === undefined) return undefined;
  const item = x.get("item");
  const jid = item?.attr("jid");
  return {
    room: bare(from),
    nick: resourceOf(from),
    jid: jid === undefined ? undefined : bare(jid),
    affiliation: (item?.attr("affiliation") ?? "none") as Affiliation,
    role: item?.attr("role") ?? "none",
    present: stanza.attr("type") !== "unavailable",
    codes: x.all("status").map((status) => Number(status.attr("code"))),
    occupantId: stanza.get("occupant-id", NS.occupantId)?.attr("id"),
    destroyed: x.get("destroy") !== undefined,
  };
}

/** Affiliation changes of people who are not in the room come in a message (XEP-0045 §9). */
export function readAffiliationChanges(stanza: Element): RoomMember[] {
  const x = stanza.get("x", NS.mucUser);
  return (x?.all("item") ?? []).flatMap(({ attrs }) =>
    attrs.jid
      ? [
          {
            jid: bare(attrs.jid),
            affiliation: (attrs.affiliation ?? "none") as Affiliation,
            nick: attrs.nick,
          },
        ]
      : [],
  );
}

const ROOM_CONFIG = "http://jabber.org/protocol/muc#roomconfig";

/** Set a room's options; the first call on a new room opens it. */
export async function configureRoom(session: Session, room: string, settings: RoomSettings): Promise<void> {
  const flag = (value: boolean | undefined): string | undefined =>
    value === undefined ? undefined : value ? "1" : "0";
  const form = submit(ROOM_CONFIG, {
    "muc#roomconfig_roomname": settings.name,
    "muc#roomconfig_roomdesc": settings.about,
    "muc#roomconfig_membersonly": "1",
    "muc#roomconfig_persistentroom": "1",
    "muc#roomconfig_publicroom": "0",
    "muc#roomconfig_whois": "anyone",
    "muc#roomconfig_getmemberlist": ["moderator", "participant"],
    "muc#roomconfig_moderatedroom": flag(settings.moderated),
    "muc#roomconfig_allowinvites": flag(settings.membersMayInvite),
    "muc#roomconfig_changesubject": flag(settings.membersMayChangeSubject),
  });
  await session.request("set", el("query", NS.mucOwner, {}, form), { to: room });
}

export async function destroyRoom(session: Session, room: string): Promise<void> {
  await session.request("set", el("query", NS.mucOwner, {}, el("destroy", NS.mucOwner)), { to: room });
}

/** Owners, admins and members, present or not: those a message is encrypted for. */
export async function roomMembers(session: Session, room: string): Promise<RoomMember[]> {
  const lists = await Promise.all(
    (["owner", "admin", "member"] as const).map(async (affiliation) => {
      const query = el("query", NS.mucAdmin, {}, el("item", NS.mucAdmin, { affiliation }));
      const answer = await session.request("get", query, { to: room });
      return answer.get("query", NS.mucAdmin)?.all("item") ?? [];
    }),
  );
  return lists
    .flat()
    .flatMap(({ attrs }) =>
      attrs.jid
        ? [{ jid: bare(attrs.jid), affiliation: attrs.affiliation as Affiliation, nick: attrs.nick }]
        : [],
    );
}

export async function setAffiliation(
  session: Session,
  room: string,
  changes: readonly { jid: string; affiliation: Affiliation; reason?: string }[],
): Promise<void> {
  const items = changes.map(({ jid, affiliation, reason }) =>
    el("item", NS.mucAdmin, { jid, affiliation }, reason ? el("reason", NS.mucAdmin, {}, reason) : undefined),
  );
  await session.request("set", el("query", NS.mucAdmin, {}, ...items), { to: room });
}

/** Tell somebody of a room they are a member of (XEP-0249). */
export function invite(session: Session, room: string, jid: string, reason?: string): void {
  session.send(message({ to: jid, id: session.newId() }, el("x", NS.directInvite, { jid: room, reason })));
}

/** The room an invitation names: direct (XEP-0249) or mediated by the room itself (XEP-0045 §7.8). */
export function readInvitation(stanza: Element): { room: string; by: string | undefined } | undefined {
  const direct = stanza.get("x", NS.directInvite)?.attr("jid");
  const from = stanza.attr("from");
  if (direct) return { room: bare(direct), by: from && bare(from) };
  const mediated = stanza.get("x", NS.mucUser)?.get("invite");
  if (!mediated || from === undefined) return undefined;
  const by = mediated.attr("from");
  return { room: bare(from), by: by && bare(by) };
}

export function setSubject(session: Session, room: string, subject: string): void {
  const id = session.newId();
  session.send(message({ to: room, type: "groupchat", id }, el("subject", NS.client, {}, subject)));
}

/** Whether we are still in the room (XEP-0410): a room that lost us does not say so by itself. */
export async function selfPing(
  session: Session,
  room: string,
  nick: string,
): Promise<"joined" | "gone" | "unknown"> {
  try {
    await session.request("get", el("ping", NS.ping), { to: `${room}/${nick}` });
    return "joined";
  } catch (error) {
    if (!(error instanceof StanzaError)) return "unknown";
    // XEP-0410 §3: these mean that we are in, but our own client did not answer the ping.
    if (error.condition === "service-unavailable" || error.condition === "feature-not-implemented")
      return "joined";
    return error.condition === "item-not-found" ? "joined" : "gone";
  }
}

/** Take a message of somebody else back, as an admin (XEP-0425). `id`: the one the room gave it. */
export async function moderate(session: Session, room: string, id: string, reason?: string): Promise<void> {
  const request = el(
    "moderate",
    NS.moderate,
    { id },
    el("retract", NS.retract),
    reason ? el("reason", NS.moderate, {}, reason) : undefined,
  );
  await session.request("set", request, { to: room });
}

/** The id a room (or our server) gave a message (XEP-0359); `by` has to be who can vouch for it. */
export function stanzaId(stanza: Element, by: string): string | undefined {
  return stanza
    .all("stanza-id", NS.sid)
    .find((id) => id.attr("by") === by)
    ?.attr("id");
}
