import { useLingui } from "@lingui/react/macro";
import type { ChatView, MessageId, MessageView } from "@plauder/client/api";
import { Upload } from "lucide-react";
import { type DragEvent, lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useClient, useLive, useLiveOf } from "../../lib/client.ts";
import { useHotkey } from "../../lib/hotkeys.ts";
import { player } from "../../lib/player.ts";
import type { MenuEntry } from "../../ui/Menu.tsx";
import { toast } from "../../ui/Toaster.tsx";
import { useDesk } from "../calls/context.ts";
import type { MessageActions } from "./actions.ts";
import { EncryptionBanner } from "./Banner.tsx";
import { ChatSearch } from "./ChatSearch.tsx";
import { ClosedBar } from "./ClosedBar.tsx";
import { Composer, type ComposerHandle } from "./Composer.tsx";
import { Header } from "./Header.tsx";
import { Log, type LogHandle } from "./Log.tsx";
import { MessageMenu } from "./MessageMenu.tsx";
import { PickBar } from "./PickBar.tsx";

const Viewer = lazy(() => import("./Viewer.tsx"));
const ForwardDialog = lazy(() => import("./ForwardDialog.tsx"));
const DeleteDialog = lazy(() => import("./DeleteDialog.tsx"));
const AttachDialog = lazy(() => import("./AttachDialog.tsx"));
const ReactDialog = lazy(() => import("./ReactDialog.tsx"));

type Open =
  | { kind: "menu"; message: MessageView; at: { x: number; y: number } }
  | { kind: "view" | "react"; message: MessageView }
  | { kind: "forward" | "delete"; messages: readonly MessageView[] }
  | { kind: "attach"; files: readonly File[]; asDocument: boolean };

interface Props {
  chat: ChatView;
  /** The message whose details are shown beside. */
  selected: MessageId | undefined;
  /** Scroll here first. */
  target: MessageId | undefined;
  uploadLimit: number | undefined;
  entries: readonly (MenuEntry | false)[];
  onBack: () => void;
  onInfo: () => void;
  onDetails: (id: MessageId) => void;
  onSafety: () => void;
  onChat: (id: string) => void;
}

/** One open chat: header, log, composer, and what opens over them. */
export function Conversation(props: Props) {
  const { chat, selected, target, onDetails, onSafety } = props;
  const { t } = useLingui();
  const client = useClient();
  const desk = useDesk();
  const conversation = useMemo(() => client.conversation(chat.id), [client, chat.id]);
  const view = useLive(conversation);
  const log = useRef<LogHandle>(null);
  const composer = useRef<ComposerHandle>(null);
  const [open, setOpen] = useState<Open>();
  const [picked, setPicked] = useState<ReadonlySet<MessageId>>();
  const [searching, setSearching] = useState(false);
  const [dropping, setDropping] = useState(false);
  const messages = view?.messages;
  const latest = useRef(messages);
  latest.current = messages;

  // biome-ignore lint/correctness/useExhaustiveDependencies: with the chat, its voice note is left
  useEffect(() => () => player.stop(), [conversation]);

  const actions = useMemo<MessageActions>(
    () => ({
      reply: (message) => {
        composer.current?.aim(message, "reply");
        composer.current?.focus();
      },
      edit: (message) => {
        composer.current?.aim(message, "edit");
        composer.current?.focus();
      },
      react: (message, emoji) => void conversation.react(message.id, emoji),
      menu: (message, at) =>
        setOpen({ kind: "menu", message, at: at ?? { x: innerWidth / 2, y: innerHeight / 2 } }),
      details: (message) => onDetails(message.id),
      forward: (message) => setOpen({ kind: "forward", messages: [message] }),
      pick: (ids) =>
        setPicked((now = new Set()) => {
          const next = new Set(now);
          const isIn = ids.every((id) => next.has(id));
          for (const id of ids)
            if (isIn) next.delete(id);
            else next.add(id);
          return next;
        }),
      retry: (message) => void conversation.retry(message.id),
      jump: (id) => void log.current?.reveal(id),
      view: (message) => setOpen({ kind: "view", message }),
      heard: (message) => {
        if (!message.own && message.content.kind === "voice" && !message.content.heard)
          conversation.heard(message.id);
      },
      voiceAfter: (message) => {
        const all = latest.current ?? [];
        const next = all[all.findIndex(({ id }) => id === message.id) + 1];
        return next && !next.own && next.content.kind === "voice" ? next : undefined;
      },
      answer: (message, reply, options) => void conversation.answer(message.id, reply, options),
      form: (message, offer, ask) => conversation.form(message.id, offer, ask),
      safety: onSafety,
      call: (video) => void desk.start(chat.id, video),
    }),
    [conversation, onDetails, onSafety, desk, chat.id],
  );

  const group = useLiveOf((one) => one.groups.one(chat.id), [chat.id]);
  const others = useMemo(() => group?.members.filter((one) => !one.isMe) ?? [], [group]);
  const loaded = view !== undefined;
  useEffect(() => {
    if (loaded && target) void log.current?.reveal(target);
  }, [loaded, target]);
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) composer.current?.focus();
  }, []);
  const search = useCallback(() => setSearching(true), []);
  useHotkey("mod+f", search);

  const close = () => setOpen(undefined);
  const closeMenu = (id: MessageId) => {
    // What was chosen may have opened something already, or put the focus into the field.
    setOpen((now) => (now?.kind === "menu" ? undefined : now));
    requestAnimationFrame(() => {
      const active = document.activeElement;
      if (active && active !== document.body && !active.closest(".menu")) return;
      document.querySelector<HTMLElement>(`[data-message="${CSS.escape(id)}"]`)?.focus();
    });
  };
  const files = useCallback(
    (list: readonly File[], asDocument: boolean) =>
      list.length > 0 && setOpen({ kind: "attach", files: list, asDocument }),
    [],
  );
  const toLog = useCallback(() => log.current?.focus(), []);
  const toEnd = useCallback(() => log.current?.toEnd(), []);
  const toComposer = useCallback(() => composer.current?.focus(), []);
  const editLast = useCallback(() => {
    const last = latest.current?.findLast((one) => one.canEdit && one.content.kind === "text");
    if (last) actions.edit(last);
  }, [actions]);
  const drop = (event: DragEvent) => {
    setDropping(false);
    if (event.dataTransfer.files.length === 0) return;
    event.preventDefault();
    files([...event.dataTransfer.files], false);
  };
  const chosen = () => (messages ?? []).filter((one) => picked?.has(one.id));
  const show = useCallback((id: MessageId) => void log.current?.reveal(id), []);
  const writable = view !== undefined && view.closed === undefined;

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: files may be dropped anywhere on the chat
    <div
      className="chat"
      onDragOver={(event) => {
        if (!writable || !event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setDropping(true);
      }}
      onDragLeave={(event) =>
        !event.currentTarget.contains(event.relatedTarget as Node | null) && setDropping(false)
      }
      onDrop={writable ? drop : undefined}
    >
      {dropping && (
        <div className="drop-here">
          <p>
            <Upload size={28} strokeWidth={1.75} aria-hidden />
            {t`Drop files to send them to ${chat.name}`}
          </p>
        </div>
      )}
      <div>
        <Header
          chat={chat}
          entries={props.entries}
          onBack={props.onBack}
          onInfo={props.onInfo}
          onSearch={search}
        />
        {searching && (
          <ChatSearch conversation={conversation} onShow={show} onClose={() => setSearching(false)} />
        )}
      </div>
      {view ? (
        <Log
          handle={log}
          view={view}
          conversation={conversation}
          name={chat.name}
          group={chat.kind === "group"}
          selected={selected}
          picked={picked}
          banner={<EncryptionBanner chat={chat} encryption={view.encryption} onSafety={onSafety} />}
          actions={actions}
          onEscape={picked ? () => setPicked(undefined) : toComposer}
        />
      ) : (
        <div />
      )}
      {view && picked ? (
        <PickBar
          picked={view.messages.filter((one) => picked.has(one.id))}
          onCopy={(text) => {
            void navigator.clipboard.writeText(text).then(() => toast({ text: t`Copied` }));
            setPicked(undefined);
          }}
          onStar={(on) => {
            void conversation.star([...picked], on);
            setPicked(undefined);
          }}
          onForward={() => setOpen({ kind: "forward", messages: chosen() })}
          onDelete={() => setOpen({ kind: "delete", messages: chosen() })}
          onClose={() => setPicked(undefined)}
        />
      ) : view?.closed ? (
        <ClosedBar chat={chat} closed={view.closed} onGone={props.onBack} />
      ) : (
        <Composer
          handle={composer}
          conversation={conversation}
          people={others}
          onFiles={files}
          onSent={toEnd}
          onEscape={toLog}
          onEditLast={editLast}
        />
      )}
      {open?.kind === "menu" && (
        <MessageMenu
          message={messages?.find((one) => one.id === open.message.id) ?? open.message}
          at={open.at}
          actions={actions}
          writable={writable}
          onClose={() => closeMenu(open.message.id)}
          onStar={() => void conversation.star([open.message.id], !open.message.starred)}
          onPick={() => actions.pick([open.message.id])}
          onDelete={() => setOpen({ kind: "delete", messages: [open.message] })}
          onMoreEmoji={() => setOpen({ kind: "react", message: open.message })}
        />
      )}
      <Suspense>
        {open?.kind === "view" && (
          <Viewer
            message={open.message}
            all={(messages ?? []).filter(
              (one) => one.content.kind === "image" || one.content.kind === "video",
            )}
            onMove={(message) => setOpen({ kind: "view", message })}
            onClose={close}
          />
        )}
        {open?.kind === "forward" && (
          <ForwardDialog
            messages={open.messages}
            onClose={close}
            onDone={(to) => {
              close();
              setPicked(undefined);
              if (to[0] && to.length === 1) props.onChat(to[0]);
              else toast({ text: t`Forwarded` });
            }}
          />
        )}
        {open?.kind === "delete" && (
          <DeleteDialog
            messages={open.messages}
            onClose={close}
            onDelete={(scope) => {
              void conversation.remove(
                open.messages.map((one) => one.id),
                scope,
              );
              close();
              setPicked(undefined);
            }}
          />
        )}
        {open?.kind === "react" && (
          <ReactDialog
            onClose={close}
            onPick={(emoji) => {
              actions.react(open.message, emoji);
              close();
            }}
          />
        )}
        {open?.kind === "attach" && (
          <AttachDialog
            files={open.files}
            asDocument={open.asDocument}
            limit={props.uploadLimit}
            onClose={close}
            onSend={async (drafts) => {
              for (const draft of drafts) await conversation.attach(draft);
              log.current?.toEnd();
            }}
          />
        )}
      </Suspense>
    </div>
  );
}
