import { useLingui } from "@lingui/react/macro";
import type { ChatView, MessageView } from "@plauder/client/api";
import { FileText, Link2 } from "lucide-react";
import { Tabs } from "radix-ui";
import { useEffect, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { shortWhen, useFormat } from "../../lib/format.ts";
import { pieces } from "../../lib/links.ts";
import { useMediaUrl } from "../../lib/media.ts";
import { useNow } from "../../lib/now.ts";
import { Empty } from "../../ui/Empty.tsx";
import { PaneClose } from "../../ui/PaneClose.tsx";

type Kind = "visual" | "files" | "links";

interface Props {
  chat: ChatView;
  onClose: () => void;
  onShow: (message: string) => void;
}

/** Everything that was sent here but words. */
export default function MediaGallery({ chat, onClose, onShow }: Props) {
  const { t } = useLingui();
  const [kind, setKind] = useState<Kind>("visual");
  const tabs: [Kind, string][] = [
    ["visual", t`Photos`],
    ["files", t`Files`],
    ["links", t`Links`],
  ];
  return (
    <aside className="details" aria-label={t`Photos, links and files`}>
      <header>
        <h2>{t`Photos, links and files`}</h2>
        <PaneClose onClose={onClose} />
      </header>
      <Tabs.Root value={kind} onValueChange={(value) => setKind(value as Kind)}>
        <Tabs.List className="flex gap-1.5 pb-3" aria-label={t`Kind`}>
          {tabs.map(([value, label]) => (
            <Tabs.Trigger
              key={value}
              value={value}
              className="chip data-[state=active]:bg-ink data-[state=active]:text-surface"
            >
              {label}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {tabs.map(([value]) => (
          <Tabs.Content key={value} value={value} className="outline-none">
            <List chat={chat} kind={value} onShow={onShow} />
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </aside>
  );
}

function List({ chat, kind, onShow }: { chat: ChatView; kind: Kind; onShow: (message: string) => void }) {
  const { t } = useLingui();
  const client = useClient();
  const format = useFormat();
  const now = useNow();
  const [list, setList] = useState<readonly MessageView[]>();
  useEffect(() => {
    let gone = false;
    void client
      .conversation(chat.id)
      .media(kind)
      .then((found) => !gone && setList(found));
    return () => {
      gone = true;
    };
  }, [client, chat.id, kind]);
  if (!list) return null;
  if (list.length === 0) return <Empty title={t`Nothing here yet`} />;
  if (kind === "visual")
    return (
      <div className="grid grid-cols-3 gap-1.5">
        {list.map((message) => (
          <Tile key={message.id} message={message} onPress={() => onShow(message.id)} />
        ))}
      </div>
    );
  return (
    <ul className="-mx-2">
      {list.map((message) => {
        const { content } = message;
        const link =
          content.kind === "text" ? pieces(content.text).find((piece) => piece.kind === "link") : undefined;
        return (
          <li key={message.id}>
            <button type="button" className="chat-row !min-h-13" onClick={() => onShow(message.id)}>
              <span className="file-icon">
                {kind === "files" ? <FileText size={20} aria-hidden /> : <Link2 size={20} aria-hidden />}
              </span>
              <span className="min-w-0 flex-1">
                <span className="cut block font-semibold">
                  {content.kind === "file" ? content.media.name : link?.text}
                </span>
                <span className="cut block text-xs text-ink-2">
                  {message.own ? t`You` : message.sender.name}, {shortWhen(format, message.at, now)}
                  {content.kind === "file" && ` · ${format.bytes(content.media.size)}`}
                </span>
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function Tile({ message, onPress }: { message: MessageView; onPress: () => void }) {
  const { t } = useLingui();
  const media = "media" in message.content ? message.content.media : undefined;
  const url = useMediaUrl(message, media?.transfer.state === "here" && message.content.kind === "image");
  return (
    <button
      type="button"
      className="aspect-square overflow-hidden rounded-[10px] bg-surface-3"
      onClick={onPress}
      aria-label={media?.alt ?? t`Photo`}
    >
      {(url ?? media?.preview) && (
        <img src={url ?? media?.preview} alt="" className="size-full object-cover" loading="lazy" />
      )}
    </button>
  );
}
