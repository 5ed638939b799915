import type { ChatView } from "@plauder/client/api";

export type Filter = "all" | "unread" | "people" | "groups" | "businesses";

const TESTS: Record<Filter, (chat: ChatView) => boolean> = {
  all: () => true,
  unread: (chat) => chat.unread > 0 || chat.markedUnread,
  people: (chat) => chat.kind === "person",
  groups: (chat) => chat.kind === "group",
  businesses: (chat) => chat.kind === "business",
};

/** A chat that was only looked at and never written in is not in the list. */
export function matching(chats: readonly ChatView[], filter: Filter, archived: boolean): readonly ChatView[] {
  return chats.filter(
    (chat) => chat.archived === archived && (chat.at !== undefined || chat.draft) && TESTS[filter](chat),
  );
}

/** Unread messages of chats that are neither muted nor archived. */
export function totals(chats: readonly ChatView[], now = Date.now()): { unread: number; archived: number } {
  let unread = 0;
  let archived = 0;
  for (const chat of chats) {
    if (chat.archived) archived += 1;
    else if (!(chat.mutedUntil !== undefined && chat.mutedUntil > now))
      unread += chat.unread || (chat.markedUnread ? 1 : 0);
  }
  return { unread, archived };
}
