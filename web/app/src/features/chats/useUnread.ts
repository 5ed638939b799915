import { useEffect, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { totals } from "./filters.ts";

/** A chat that is looked at has its new messages read by then. */
const SETTLED = 400; // ms

/** Unread messages of all chats; it falls at once, and rises when they are still unread a moment later. */
export function useUnread(): number {
  const { list } = useClient().chats;
  const [shown, setShown] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const count = () => totals(list.get() ?? []).unread;
    const settle = () => {
      timer = undefined;
      setShown(count());
    };
    const follow = () => {
      setShown((before) => Math.min(before, count()));
      timer ??= setTimeout(settle, SETTLED);
    };
    const stop = list.subscribe(follow);
    setShown(count());
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [list]);
  return shown;
}
