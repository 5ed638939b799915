import type { Conversation, MessageId, MessageView } from "@plauder/client/api";
import { useEffect, useRef, useState } from "react";
import { useLive } from "../../lib/client.ts";
import { mentionsIn, type Nameable } from "../../lib/mentions.ts";

const SAVE_AFTER = 400;
const TYPING_EVERY = 4000;
const ECHO = 1000;

/**
 * The field of one chat: its text lives here, so that a keystroke paints at once; the store follows a little later,
 * and at the latest when the chat closes.
 */
export function useDraft(conversation: Conversation) {
  const stored = useLive(conversation.draft);
  const [text, setText] = useState(stored.text);
  const [target, setTarget] = useState<{ replyTo?: MessageId | undefined; editing?: MessageId | undefined }>(
    stored,
  );
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const told = useRef(0);
  const latest = useRef({ text, target });
  latest.current = { text, target };

  const wroteAt = useRef(Number.NEGATIVE_INFINITY);
  // Set by another tab. What comes back of our own writing may be older than what is here by now.
  useEffect(() => {
    if (performance.now() - wroteAt.current < ECHO) return;
    setTarget({ replyTo: stored.replyTo, editing: stored.editing });
    if (stored.text !== latest.current.text && (stored.editing || timer.current === undefined))
      setText(stored.text);
  }, [stored]);

  const write = (next: string, to: typeof target) => {
    clearTimeout(timer.current);
    timer.current = undefined;
    wroteAt.current = performance.now();
    conversation.saveDraft({
      text: next,
      ...(to.replyTo ? { replyTo: to.replyTo } : {}),
      ...(to.editing ? { editing: to.editing } : {}),
    });
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the chat closes
  useEffect(
    () => () => {
      if (timer.current === undefined) return;
      write(latest.current.text, latest.current.target);
      conversation.typing("paused");
    },
    [conversation],
  );

  const reset = () => {
    setText("");
    setTarget({});
    write("", {});
    told.current = 0;
  };

  return {
    text,
    replyTo: target.replyTo,
    editing: target.editing,
    type(next: string) {
      setText(next);
      clearTimeout(timer.current);
      timer.current = setTimeout(
        () => {
          write(next, latest.current.target);
          conversation.typing("paused");
          told.current = 0;
        },
        next ? SAVE_AFTER + 1600 : 0,
      );
      const now = Date.now();
      if (next && now - told.current > TYPING_EVERY) {
        told.current = now;
        conversation.typing("composing");
      }
    },
    submit(people: readonly Nameable[]) {
      const body = text.trim();
      const mentions = mentionsIn(body, people);
      const { replyTo, editing } = target;
      reset();
      const sent = editing
        ? conversation.edit(editing, body, mentions)
        : conversation.send(body, {
            ...(replyTo ? { replyTo } : {}),
            ...(mentions.length > 0 ? { mentions } : {}),
          });
      // Nothing is lost: what could not even be stored goes back into the field.
      void Promise.resolve(sent).catch(() => setText(body));
    },
    /** What is answered or edited from now on: at once, so that quick fingers send it as that. */
    aim(message: MessageView, how: "reply" | "edit") {
      const { content } = message;
      if (how === "edit" && content.kind !== "text") return;
      const now = latest.current;
      const next = how === "reply" ? { replyTo: message.id } : { editing: message.id };
      const then =
        how === "edit" && content.kind === "text" ? content.text : now.target.editing ? "" : now.text;
      setTarget(next);
      setText(then);
      write(then, next);
    },
    cancel() {
      if (target.editing) reset();
      else {
        setTarget({});
        write(text, {});
      }
    },
    options: () => (target.replyTo ? { replyTo: target.replyTo } : {}),
    done: () => {
      setTarget({});
      write(text, {});
    },
  };
}
