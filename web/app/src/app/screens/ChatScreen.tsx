import { useLingui } from "@lingui/react/macro";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import {
  Archive,
  BellOff,
  Eraser,
  Flag,
  Info,
  MailOpen,
  Pin,
  PinOff,
  Share,
  ShieldCheck,
  Trash2,
  UserX,
} from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { Conversation } from "../../features/conversation/Conversation.tsx";
import { useChat, useClient } from "../../lib/client.ts";
import { useFocusBackFrom } from "../../lib/focus.ts";
import { useFormat } from "../../lib/format.ts";
import { save } from "../../lib/media.ts";
import { fileName, transcript } from "../../lib/transcript.ts";
import { useWording } from "../../lib/wording.ts";
import { Confirm } from "../../ui/Confirm.tsx";
import { Empty } from "../../ui/Empty.tsx";
import type { MenuEntry } from "../../ui/Menu.tsx";
import { PaneSkeleton } from "../../ui/Skeleton.tsx";
import type { ChatSearchParams } from "../router.tsx";

const ChatInfo = lazy(() => import("../../features/details/ChatInfo.tsx"));
const WhereIsMyMessage = lazy(() => import("../../features/details/WhereIsMyMessage.tsx"));
const MediaGallery = lazy(() => import("../../features/details/MediaGallery.tsx"));
const Safety = lazy(() => import("../../features/safety/Safety.tsx"));
const Report = lazy(() => import("../../features/contacts/Report.tsx"));

const route = getRouteApi("/inside/chats-pane/chats/$chat");

/** A chat with what may stand beside it. */
export function ChatScreen() {
  const { t } = useLingui();
  const client = useClient();
  const navigate = useNavigate();
  const { chat: id } = route.useParams();
  const { pane, message, at } = route.useSearch();
  const chat = useChat(id);
  const format = useFormat();
  const wording = useWording();
  const [ask, setAsk] = useState<"clear" | "remove" | "block" | "report">();
  const [limit, setLimit] = useState<number>();
  useEffect(() => {
    void client.session
      .network()
      .then((network) => setLimit(network.uploadLimit))
      .catch(() => {
        // Offline: the server will say when it is too large.
      });
  }, [client]);

  useFocusBackFrom(pane !== undefined);

  const show = useCallback(
    (search: ChatSearchParams) => void navigate({ to: "/chats/$chat", params: { chat: id }, search }),
    [navigate, id],
  );
  const onDetails = useCallback((of: string) => show({ pane: "message", message: of }), [show]);
  const onSafety = useCallback(() => show({ pane: "safety" }), [show]);
  const back = () => void navigate({ to: "/chats" });
  const openChat = (other: string) => void navigate({ to: "/chats/$chat", params: { chat: other } });

  if (!chat) return <Empty title={t`This chat is not on this device`} />;
  const muted = chat.mutedUntil !== undefined;
  const entries: (MenuEntry | false)[] = [
    {
      label: chat.kind === "group" ? t`Group info` : t`Contact info`,
      icon: Info,
      onSelect: () => show({ pane: "info" }),
    },
    chat.kind === "person" && { label: t`Safety number`, icon: ShieldCheck, onSelect: onSafety },
    {
      label: chat.pinned ? t`Unpin` : t`Pin`,
      icon: chat.pinned ? PinOff : Pin,
      onSelect: () => void client.chats.pin(id, !chat.pinned),
    },
    {
      label: t`Mark as unread`,
      icon: MailOpen,
      onSelect: () => {
        void client.chats.markUnread(id, true);
        back();
      },
    },
    {
      label: muted ? t`Unmute` : t`Mute`,
      icon: BellOff,
      onSelect: () => void client.chats.mute(id, muted ? undefined : Number.POSITIVE_INFINITY),
    },
    {
      label: chat.archived ? t`Unarchive` : t`Archive`,
      icon: Archive,
      onSelect: () => {
        void client.chats.archive(id, !chat.archived);
        back();
      },
    },
    {
      label: t`Export chat`,
      icon: Share,
      line: true,
      onSelect: () =>
        void client
          .conversation(id)
          .all()
          .then((all) =>
            save(new Blob([transcript(all, format, wording)], { type: "text/plain" }), fileName(chat.name)),
          ),
    },
    { label: t`Clear messages`, icon: Eraser, onSelect: () => setAsk("clear") },
    { label: t`Delete chat`, icon: Trash2, danger: true, onSelect: () => setAsk("remove") },
    chat.kind !== "group" && { label: t`Block`, icon: UserX, danger: true, onSelect: () => setAsk("block") },
    chat.kind !== "group" && { label: t`Report`, icon: Flag, danger: true, onSelect: () => setAsk("report") },
  ];
  const close = () => show({});
  return (
    <div className={pane ? "with-details" : "grid min-h-0 min-w-0 grid-cols-[minmax(0,1fr)]"}>
      <Conversation
        key={id}
        chat={chat}
        selected={pane === "message" ? message : undefined}
        target={at}
        uploadLimit={limit}
        entries={entries}
        onBack={back}
        onInfo={() => show(pane === "info" ? {} : { pane: "info" })}
        onDetails={onDetails}
        onSafety={onSafety}
        onChat={openChat}
      />
      <Suspense fallback={pane && <PaneSkeleton onClose={close} />}>
        {pane === "info" && (
          <ChatInfo
            chat={chat}
            onClose={close}
            onSafety={onSafety}
            onMedia={() => show({ pane: "media" })}
            onChat={openChat}
            onLeft={back}
            onReport={() => setAsk("report")}
          />
        )}
        {pane === "message" && message && (
          <WhereIsMyMessage
            key={message}
            chat={chat}
            message={message}
            onClose={close}
            onMedia={() => show({ pane: "media" })}
            onInfo={() => show({ pane: "info" })}
          />
        )}
        {pane === "media" && <MediaGallery chat={chat} onClose={close} onShow={(one) => show({ at: one })} />}
        {pane === "safety" && <Safety id={id} name={chat.name} onClose={close} />}
      </Suspense>
      <Suspense>
        {ask === "report" && <Report id={id} name={chat.name} onClose={() => setAsk(undefined)} />}
      </Suspense>
      {ask === "clear" && (
        <Confirm
          title={t`Clear all messages?`}
          action={t`Clear`}
          danger
          onClose={() => setAsk(undefined)}
          onConfirm={() => void client.chats.clear(id)}
        >
          {t`They go from all your devices. Others keep theirs.`}
        </Confirm>
      )}
      {ask === "remove" && (
        <Confirm
          title={t`Delete this chat?`}
          action={t`Delete`}
          danger
          onClose={() => setAsk(undefined)}
          onConfirm={() => void client.chats.remove(id).then(back)}
        >
          {t`It goes from all your devices with its messages. Others keep theirs.`}
        </Confirm>
      )}
      {ask === "block" && (
        <Confirm
          title={t`Block ${chat.name}?`}
          action={t`Block`}
          danger
          onClose={() => setAsk(undefined)}
          onConfirm={() => void client.contacts.block(id)}
        >
          {t`You get no more messages from each other, and your status is hidden. Nobody is told.`}
        </Confirm>
      )}
    </div>
  );
}
