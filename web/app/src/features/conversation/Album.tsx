import type { MessageView } from "@plauder/client/api";
import type { MessageActions } from "./actions.ts";
import { Photo } from "./Photo.tsx";

const SHOWN = 4;

/** Pictures sent in one go, two by two; the last tile counts the rest. */
export function Album({ messages, actions }: { messages: readonly MessageView[]; actions: MessageActions }) {
  const rest = messages.length - SHOWN;
  return (
    <div className="album">
      {messages.slice(0, SHOWN).map((message, index) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the keyboard opens the menu from the message
        <div
          key={message.id}
          onContextMenu={(event) => {
            event.preventDefault();
            event.stopPropagation();
            actions.menu(message, { x: event.clientX, y: event.clientY });
          }}
        >
          <Photo
            message={message}
            ratio={1}
            more={index === SHOWN - 1 && rest > 0 ? rest : 0}
            onOpen={() => actions.view(message)}
          />
        </div>
      ))}
    </div>
  );
}
