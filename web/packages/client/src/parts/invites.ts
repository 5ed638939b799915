/** Invitations to a group by link: its room, and the token that makes a member of whoever shows it to the room. */
import { fromBase64, fromUtf8, toBase64, utf8 } from "@plauder/protocol/bytes";
import { isJid } from "@plauder/protocol/jid";
import { tidyName } from "../core/names.ts";

export interface GroupInvite {
  readonly room: string;
  readonly secret: string;
  readonly name: string;
}

const PREFIX = "group.";

/** Letters, digits, "-" and "_" alone after the prefix, so that it survives every address bar and chat. */
export function formatGroupInvite({ room, secret, name }: GroupInvite): string {
  const text = toBase64(utf8(JSON.stringify([room, secret, name])));
  return PREFIX + text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function parseGroupInvite(token: string): GroupInvite | undefined {
  if (!token.startsWith(PREFIX) || token.length > 4000) return undefined;
  try {
    const bytes = fromBase64(token.slice(PREFIX.length).replaceAll("-", "+").replaceAll("_", "/"));
    const [room, secret, name] = (JSON.parse(fromUtf8(bytes)) as unknown[]).map(String);
    if (!room || !secret || !isJid(room) || !/^[\w-]{16,64}$/.test(secret)) return undefined;
    return { room, secret, name: tidyName(name ?? "") };
  } catch {
    return undefined;
  }
}
