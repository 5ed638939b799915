import type { AvatarRef, ChatId } from "@plauder/client/api";
import { useMemo } from "react";
import { useClient, useLive } from "./client.ts";

export interface Known {
  readonly id: ChatId;
  readonly name: string;
  readonly avatar: AvatarRef;
}

/** People that can be put into a group: contacts, and everyone there is a chat with. Blocked ones are left out. */
export function useKnownPeople(): readonly Known[] {
  const client = useClient();
  const contacts = useLive(client.contacts.list);
  const chats = useLive(client.chats.list);
  const blocked = useLive(client.contacts.blocked);
  return useMemo(() => {
    const out = new Set(blocked?.map((one) => one.id));
    const known = new Map<ChatId, Known>();
    for (const one of [...(contacts ?? []), ...(chats ?? [])])
      if (one.kind === "person" && !out.has(one.id) && !known.has(one.id)) known.set(one.id, one);
    return [...known.values()].sort((a, b) => a.name.localeCompare(b.name));
  }, [contacts, chats, blocked]);
}
