import { Plural, useLingui } from "@lingui/react/macro";
import type { Conversation, MessageId } from "@plauder/client/api";
import { ChevronDown, ChevronUp, Search, X } from "lucide-react";
import { useEffect, useState } from "react";
import { IconButton } from "../../ui/IconButton.tsx";

interface Props {
  conversation: Conversation;
  onShow: (id: MessageId) => void;
  onClose: () => void;
}

/** Finds within one chat; arrows step from the newest hit to older ones. */
export function ChatSearch({ conversation, onShow, onClose }: Props) {
  const { t } = useLingui();
  const [query, setQuery] = useState("");
  const [hits, setHits] = useState<readonly MessageId[]>([]);
  const [at, setAt] = useState(0);
  useEffect(() => {
    let gone = false;
    if (!query.trim()) setHits([]);
    else
      void conversation.search(query.trim()).then((found) => {
        if (gone) return;
        setHits(found);
        setAt(0);
        if (found[0]) onShow(found[0]);
      });
    return () => {
      gone = true;
    };
  }, [query, conversation, onShow]);
  const go = (by: number) => {
    const next = (at + by + hits.length) % Math.max(1, hits.length);
    setAt(next);
    const hit = hits[next];
    if (hit) onShow(hit);
  };
  return (
    <search className="flex items-center gap-1 border-b border-line bg-surface px-3 py-2">
      <label className="find">
        <Search size={16} aria-hidden />
        <input
          // biome-ignore lint/a11y/noAutofocus: the person just asked for this field
          autoFocus
          type="search"
          value={query}
          placeholder={t`Search in chat`}
          aria-label={t`Search in chat`}
          onChange={(event) => setQuery(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") onClose();
            if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
          }}
        />
        <span className="num text-xs" role="status">
          {query.trim() &&
            (hits.length > 0 ? `${at + 1}/${hits.length}` : <Plural value={0} one="# hit" other="# hits" />)}
        </span>
      </label>
      <IconButton label={t`Older hit`} disabled={hits.length < 2} onClick={() => go(1)}>
        <ChevronUp size={20} />
      </IconButton>
      <IconButton label={t`Newer hit`} disabled={hits.length < 2} onClick={() => go(-1)}>
        <ChevronDown size={20} />
      </IconButton>
      <IconButton label={t`Close search`} onClick={onClose}>
        <X size={20} />
      </IconButton>
    </search>
  );
}
