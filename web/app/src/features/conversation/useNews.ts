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

/** Watches the end of a conversation while it is open. */
export function useNews(messages: readonly MessageView[], detached: boolean): News {
  const { t } = useLingui();
  const wording = useWording();
  const errorText = useErrorText();
  const [count, setCount] = useState(0);
  const [announcement, setAnnouncement] = useState("");
  const last = useRef<MessageId>(undefined);
  const openedAt = useRef(Date.now());
  const failed = useRef(new Set<MessageId>());

  useEffect(() => {
    const known = last.current;
    last.current = messages.at(-1)?.id;
    if (known === undefined || detached) return;
    const from = messages.findIndex((one) => one.id === known);
    const came =
      from < 0 ? [] : messages.slice(from + 1).filter((one) => !one.own && one.content.kind !== "system");
    const latest = came.at(-1);
    if (latest) {
      setCount((value) => value + came.length);
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
