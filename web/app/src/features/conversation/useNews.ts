import { useLingui } from "@lingui/react/macro";
import type { MessageId, MessageView } from "@plauder/client/api";
import { useCallback, useEffect, useRef, useState } from "react";
import { useErrorText } from "../../lib/errors.ts";
import { useWording } from "../../lib/wording.ts";

export interface News {
  /** What came in since the end was last in view. */
  readonly count: number;
  /** For the polite region: what just came, or what failed. History and own ticks are never announced. */
  readonly announcement: string;
  fresh(message: MessageView): boolean;
  readonly clear: () => void;
}

/** Watches the end of a conversation while it is open. `atEnd`: it is in view. `detached`: it is not loaded. */
export function useNews(messages: readonly MessageView[], detached: boolean, atEnd: boolean): News {
  const { t } = useLingui();
  const wording = useWording();
  const errorText = useErrorText();
  const [count, setCount] = useState(0);
  const seen = useRef(atEnd);
  seen.current = atEnd;
  useEffect(() => {
    if (atEnd) setCount(0);
  }, [atEnd]);
  const [announcement, setAnnouncement] = useState("");
  const last = useRef<MessageId>(undefined);
  const away = useRef(detached);
  const openedAt = useRef(Date.now());
  const failed = useRef(new Set<MessageId>());

  useEffect(() => {
    const known = last.current;
    const reachedEnd = away.current && !detached;
    last.current = messages.at(-1)?.id;
    away.current = detached;
    // What lies between the place that was shown and the end is no news.
    if (known === undefined || detached || reachedEnd) return;
    const from = messages.findIndex((one) => one.id === known);
    const came =
      from < 0 ? [] : messages.slice(from + 1).filter((one) => !one.own && one.content.kind !== "system");
    const latest = came.at(-1);
    if (latest) {
      if (!seen.current) setCount((value) => value + came.length);
      setAnnouncement(`${latest.sender.name}: ${wording.content(latest.content)}`);
    }
    for (const one of messages.slice(-20)) {
      if (one.tick !== "failed") failed.current.delete(one.id);
      else if (!failed.current.has(one.id)) {
        failed.current.add(one.id);
        if (one.at >= openedAt.current)
          setAnnouncement(`${t`Not sent`}. ${errorText(one.failure?.code ?? "internal")}`);
      }
    }
  }, [messages, detached, wording, errorText, t]);

  return {
    count,
    announcement,
    fresh: (message) => message.at >= openedAt.current,
    clear: useCallback(() => setCount(0), []),
  };
}
