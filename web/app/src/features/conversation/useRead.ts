import type { Conversation, MessageId } from "@plauder/client/api";
import { useEffect, useMemo } from "react";
import { spaced } from "../../lib/spaced.ts";

const EVERY = 400; // ms

/** Tells what was read: at once, and what follows close upon it together, since all devices and the sender hear of it. */
export function useRead(conversation: Conversation): (upTo: MessageId) => void {
  const read = useMemo(() => spaced((upTo: MessageId) => conversation.seen(upTo), EVERY), [conversation]);
  useEffect(() => read.flush, [read]);
  return read;
}
