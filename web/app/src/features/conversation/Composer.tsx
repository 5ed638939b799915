import { useLingui } from "@lingui/react/macro";
import type { Conversation, GroupMember, MessageView } from "@plauder/client/api";
import { FileText, Image as ImageIcon, Mic, Plus, Send, Smile, Trash2, X } from "lucide-react";
import {
  type ClipboardEvent,
  type KeyboardEvent,
  lazy,
  memo,
  type RefObject,
  Suspense,
  useEffect,
  useId,
  useImperativeHandle,
  useRef,
  useState,
} from "react";
import { useLive } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { marked } from "../../lib/links.ts";
import { suggested, typedName } from "../../lib/mentions.ts";
import { player } from "../../lib/player.ts";
import { usePreferences } from "../../lib/preferences.ts";
import { useRecorder } from "../../lib/recorder.ts";
import { useWording } from "../../lib/wording.ts";
import { IconButton } from "../../ui/IconButton.tsx";
import { Menu } from "../../ui/Menu.tsx";
import { Wave } from "../../ui/Wave.tsx";
import { MentionList } from "./MentionList.tsx";
import { useDraft } from "./useDraft.ts";

const EmojiPicker = lazy(() => import("./EmojiPicker.tsx"));

const MOST_SUGGESTED = 6;

export interface ComposerHandle {
  focus(): void;
  aim(message: MessageView, how: "reply" | "edit"): void;
}

interface Props {
  conversation: Conversation;
  /** Who can be named here: the others of a group. */
  people: readonly GroupMember[];
  onFiles: (files: readonly File[], asDocument: boolean) => void;
  onSent: () => void;
  /** ↑ in the empty field. */
  onEditLast: () => void;
  onEscape: () => void;
  handle: RefObject<ComposerHandle | null>;
}

/** The stylesheet makes the field as high as its text, where the browser can. */
const FITS_ITSELF = typeof CSS !== "undefined" && CSS.supports("field-sizing", "content");

/** Grows to six lines, then scrolls. Recording needs no holding. Messages that arrive do not draw it again. */
export const Composer = memo(function Composer(props: Props) {
  const { conversation, people, onFiles, onSent, onEditLast, onEscape, handle } = props;
  const { t } = useLingui();
  const format = useFormat();
  const { enterSends } = usePreferences();
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [asDocument, setAsDocument] = useState(false);
  const [emoji, setEmoji] = useState(false);
  const draft = useDraft(conversation);
  const recorder = useRecorder();
  const { text } = draft;
  const listId = useId();
  const [naming, setNaming] = useState<{ typed: string; active: number }>();
  const named = naming ? suggested(people, naming.typed).slice(0, MOST_SUGGESTED) : [];

  useImperativeHandle(handle, () => ({ focus: () => field.current?.focus(), aim: draft.aim }));

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useEffect(() => {
    const element = field.current;
    if (!element || FITS_ITSELF) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);

  const pick = (document: boolean) => {
    setAsDocument(document);
    queueMicrotask(() => picker.current?.click());
  };

  const submit = () => {
    if (!text.trim()) return;
    const editing = draft.editing !== undefined;
    draft.submit(people);
    if (!editing) onSent();
    setNaming(undefined);
    field.current?.focus();
  };

  const type = (element: HTMLTextAreaElement) => {
    draft.type(element.value);
    const typed = people.length > 0 ? typedName(element.value, element.selectionStart) : undefined;
    setNaming(typed === undefined ? undefined : { typed, active: 0 });
  };

  const pickName = (person: GroupMember) => {
    const element = field.current;
    const caret = element?.selectionStart ?? text.length;
    const at = caret - (naming?.typed.length ?? 0);
    draft.type(`${text.slice(0, at)}${person.name} ${text.slice(caret)}`);
    const after = at + person.name.length + 1;
    queueMicrotask(() => element?.setSelectionRange(after, after));
    setNaming(undefined);
  };

  /** Keys that belong to the list of names while it is open. */
  const nameKey = (key: string): boolean => {
    const chosen = named[naming?.active ?? 0];
    if (!naming || !chosen) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (step) setNaming({ ...naming, active: (naming.active + step + named.length) % named.length });
    else if (key === "Enter" || key === "Tab") pickName(chosen);
    else if (key === "Escape") setNaming(undefined);
    else return false;
    return true;
  };

  const insert = (what: string) => {
    const element = field.current;
    const at = element?.selectionStart ?? text.length;
    draft.type(text.slice(0, at) + what + text.slice(element?.selectionEnd ?? at));
    queueMicrotask(() => element?.setSelectionRange(at + what.length, at + what.length));
  };

  const mark = (style: "bold" | "italic" | "strike") => {
    const element = field.current;
    if (!element) return;
    const next = marked(text, [element.selectionStart, element.selectionEnd], style);
    draft.type(next.text);
    queueMicrotask(() => element.setSelectionRange(next.from, next.to));
  };

  const onPaste = (event: ClipboardEvent) => {
    const files = [...event.clipboardData.files];
    if (files.length === 0) return;
    event.preventDefault();
    onFiles(files, false);
  };

  if (recorder.state === "recording")
    return (
      <footer className="composer">
        <div className="composer-box !items-center">
          <IconButton
            label={t`Discard recording`}
            className="!bg-danger-soft !text-danger"
            onClick={recorder.discard}
          >
            <Trash2 size={20} strokeWidth={1.75} />
          </IconButton>
          <span role="timer" className="num px-2 font-semibold">
            {format.clock(recorder.seconds)}
          </span>
          <div className="min-w-0 flex-1 text-brand">
            <Wave values={recorder.wave.slice(-50)} part={1} label="" seconds={0} />
          </div>
          <button
            type="button"
            className="send"
            aria-label={t`Send voice note`}
            onClick={async () => {
              const note = await recorder.finish();
              if (note) await conversation.attach(note, draft.options());
              draft.done();
              onSent();
            }}
          >
            <Send size={20} strokeWidth={1.75} />
          </button>
        </div>
      </footer>
    );

  return (
    <footer className="composer">
      {recorder.state === "refused" && (
        <p className="banner danger mb-2" role="alert">
          {t`Plauder may not use the microphone. Allow it in the browser’s address bar.`}
        </p>
      )}
      {(draft.editing || draft.replyTo) && <Bar draft={draft} conversation={conversation} />}
      {emoji && (
        <Suspense fallback={<div className="h-[clamp(130px,38dvh,18rem)]" />}>
          <EmojiPicker onPick={insert} onClose={() => setEmoji(false)} />
        </Suspense>
      )}
      {named.length > 0 && (
        <MentionList id={listId} people={named} active={naming?.active ?? 0} onPick={pickName} />
      )}
      <div className="composer-box">
        <Menu
          align="start"
          entries={[
            { label: t`Photo or video`, icon: ImageIcon, onSelect: () => pick(false) },
            { label: t`Document`, icon: FileText, onSelect: () => pick(true) },
          ]}
        >
          <IconButton label={t`Attach`}>
            <Plus size={20} strokeWidth={1.75} />
          </IconButton>
        </Menu>
        <IconButton label={t`Emoji`} active={emoji} aria-expanded={emoji} onClick={() => setEmoji(!emoji)}>
          <Smile size={20} strokeWidth={1.75} />
        </IconButton>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          {...(asDocument ? {} : { accept: "image/*,video/*" })}
          onChange={(event) => {
            onFiles([...(event.currentTarget.files ?? [])], asDocument);
            event.currentTarget.value = "";
          }}
        />
        <textarea
          ref={field}
          rows={1}
          dir="auto"
          aria-label={t`Message`}
          placeholder={t`Message`}
          value={text}
          maxLength={65_536}
          onPaste={onPaste}
          onChange={(event) => type(event.currentTarget)}
          {...(named.length > 0 && {
            "aria-autocomplete": "list" as const,
            "aria-controls": listId,
            "aria-activedescendant": `${listId}-${naming?.active ?? 0}`,
          })}
          onBlur={() => setNaming(undefined)}
          onKeyDown={(event) => {
            if (event.nativeEvent.isComposing) return;
            if (nameKey(event.key)) {
              event.preventDefault();
              return;
            }
            const style = styleOf(event);
            if (style) {
              event.preventDefault();
              mark(style);
            } else if (event.key === "Enter" && !event.shiftKey && (enterSends || event.ctrlKey)) {
              event.preventDefault();
              submit();
            } else if (event.key === "ArrowUp" && !text) {
              event.preventDefault();
              onEditLast();
            } else if (event.key === "Escape") {
              if (emoji) setEmoji(false);
              else if (draft.replyTo || draft.editing) draft.cancel();
              else onEscape();
            }
          }}
        />
        {text.trim() || draft.editing ? (
          <button
            type="button"
            className="send"
            aria-label={draft.editing ? t`Save` : t`Send`}
            disabled={!text.trim()}
            onClick={submit}
          >
            <Send size={20} strokeWidth={1.75} />
          </button>
        ) : (
          <button
            type="button"
            className="send"
            aria-label={t`Record a voice note`}
            disabled={recorder.state === "asking"}
            onClick={() => {
              player.pause();
              void recorder.start();
            }}
          >
            <Mic size={20} strokeWidth={1.75} />
          </button>
        )}
      </div>
    </footer>
  );
});

/** As word processors have it; what is struck through, as in other messengers. */
function styleOf(event: KeyboardEvent): "bold" | "italic" | "strike" | undefined {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return undefined;
  const key = event.key.toLowerCase();
  if (event.shiftKey) return key === "x" ? "strike" : undefined;
  return key === "b" ? "bold" : key === "i" ? "italic" : undefined;
}

/** What is replied to or edited, with a way out. */
function Bar({ draft, conversation }: { draft: ReturnType<typeof useDraft>; conversation: Conversation }) {
  const { t } = useLingui();
  const wording = useWording();
  const id = draft.editing ?? draft.replyTo;
  const target = useLive(conversation)?.messages.find((one) => one.id === id);
  if (!target) return null;
  return (
    <div className="composer-bar">
      <div className="quote">
        <b>
          {draft.editing
            ? t`Edit message`
            : target.own
              ? t`Reply to yourself`
              : t`Reply to ${target.sender.name}`}
        </b>
        <span>{wording.content(target.content)}</span>
      </div>
      <IconButton small label={t`Cancel`} onClick={draft.cancel}>
        <X size={18} />
      </IconButton>
    </div>
  );
}
