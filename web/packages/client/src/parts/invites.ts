/**
 * Invitations to a group by link. The secret in it is checked by the admin's own device, which then makes the guest a
 * member: the server learns of the membership, never of the link.
 */
import { fromBase64, fromUtf8, toBase64, utf8 } from "@plauder/protocol/bytes";
import { isJid } from "@plauder/protocol/jid";

export interface GroupInvite {
  readonly room: string;
  /** The admin whose device answers. */
  readonly host: string;
  readonly secret: string;
  readonly name: string;
}

const PREFIX = "group.";

/** Letters, digits, "-" and "_" alone after the prefix, so that it survives every address bar and chat. */
export function formatGroupInvite({ room, host, secret, name }: GroupInvite): string {
  const text = toBase64(utf8(JSON.stringify([room, host, secret, name])));
  return PREFIX + text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function parseGroupInvite(token: string): GroupInvite | undefined {
  if (!token.startsWith(PREFIX) || token.length > 4000) return undefined;
  try {
    const bytes = fromBase64(token.slice(PREFIX.length).replaceAll("-", "+").replaceAll("_", "/"));
    const [room, host, secret, name] = (JSON.parse(fromUtf8(bytes)) as unknown[]).map(String);
    if (!room || !host || !secret || !isJid(room) || !isJid(host) || !/^[0-9a-f]{32}$/.test(secret))
      return undefined;
    return { room, host, secret, name: (name ?? "").slice(0, 100) };
  } catch {
    return undefined;
  }
}
