/**
 * Invitations to a group by link. The secret in it is checked by the admin's own device, which then makes the guest a
 * member: the server learns of the membership, never of the link.
 */
import { isJid } from "@plauder/protocol/jid";

export interface GroupInvite {
  readonly room: string;
  /** The admin whose device answers. */
  readonly host: string;
  readonly secret: string;
  readonly name: string;
}

export function formatGroupInvite({ room, host, secret, name }: GroupInvite): string {
  return `group.${[room, host, secret, name].map(encodeURIComponent).join("~")}`;
}

export function parseGroupInvite(token: string): GroupInvite | undefined {
  if (!token.startsWith("group.")) return undefined;
  try {
    const [room = "", host = "", secret = "", name = ""] = token
      .slice("group.".length)
      .split("~")
      .map(decodeURIComponent);
    return isJid(room) && isJid(host) && /^[0-9a-f]{32}$/.test(secret)
      ? { room, host, secret, name: name.slice(0, 100) }
      : undefined;
  } catch {
    return undefined;
  }
}
