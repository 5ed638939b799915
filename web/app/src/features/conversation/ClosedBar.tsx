import { Trans } from "@lingui/react/macro";
import type { ChatView, ConversationView } from "@plauder/client/api";
import { useClient } from "../../lib/client.ts";

interface Props {
  chat: ChatView;
  closed: NonNullable<ConversationView["closed"]>;
  onGone: () => void;
}

/** Where nothing can be written, a sentence stands instead of the field. */
export function ClosedBar({ chat, closed, onGone }: Props) {
  const client = useClient();
  const box = "composer flex flex-wrap items-center justify-center gap-x-4 gap-y-2 text-center text-ink-2";
  switch (closed) {
    case "blocked":
      return (
        <footer className={box}>
          <Trans>You blocked {chat.name}.</Trans>
          <button type="button" className="btn soft small" onClick={() => client.contacts.unblock(chat.id)}>
            <Trans>Unblock</Trans>
          </button>
        </footer>
      );
    case "request":
      return (
        <footer className={box}>
          <span>
            <Trans>
              {chat.name} is not in your contacts. Accept to answer; until then nobody sees that you read
              this.
            </Trans>
          </span>
          <span className="flex flex-wrap justify-center gap-2">
            <button
              type="button"
              className="btn primary small"
              onClick={() => client.chats.acceptRequest(chat.id)}
            >
              <Trans>Accept</Trans>
            </button>
            <button
              type="button"
              className="btn secondary small"
              onClick={() => client.chats.remove(chat.id).then(onGone)}
            >
              <Trans>Delete</Trans>
            </button>
            <button type="button" className="btn danger small" onClick={() => client.contacts.block(chat.id)}>
              <Trans>Block</Trans>
            </button>
          </span>
        </footer>
      );
    case "left":
      return (
        <footer className={box}>
          <Trans>You are no longer in this group.</Trans>
        </footer>
      );
    case "not-allowed":
      return (
        <footer className={box}>
          <Trans>Only admins can write here.</Trans>
        </footer>
      );
    case "deleted":
      return (
        <footer className={box}>
          <Trans>This account no longer exists.</Trans>
        </footer>
      );
  }
}
