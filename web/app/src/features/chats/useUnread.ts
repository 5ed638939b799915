import { useEffect, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { totals } from "./filters.ts";
import { steadily } from "./steadily.ts";

/** A chat that is looked at has had its new messages read by then. */
const MOMENT = 600; // ms

/** Unread messages of all chats. It falls at once, and rises to what was unread for a moment. */
export function useUnread(): number {
  const { list } = useClient().chats;
  const [shown, setShown] = useState(0);
  useEffect(() => steadily(list.subscribe, () => totals(list.get() ?? []).unread, setShown, MOMENT), [list]);
  return shown;
}
