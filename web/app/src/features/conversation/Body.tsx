import { Trans, useLingui } from "@lingui/react/macro";
import type { MessageView } from "@plauder/client/api";
import { Ban, Key, MapPin, Star, Timer } from "lucide-react";
import { MessageText } from "../../bubbles/Text.tsx";
import { useFormat } from "../../lib/format.ts";
import { useWording } from "../../lib/wording.ts";
import { Tick } from "../../ui/Tick.tsx";
import { Album } from "./Album.tsx";
import type { MessageActions } from "./actions.ts";
import { Business } from "./Business.tsx";
import { FileCard } from "./FileCard.tsx";
import { Photo } from "./Photo.tsx";
import { Voice } from "./Voice.tsx";

interface Props {
  message: MessageView;
  album?: readonly MessageView[] | undefined;
  actions: MessageActions;
}

/** What a bubble holds: quote, content, and the meta at the end of the last line. */
export function MessageBody({ message, album, actions }: Props) {
  return (
    <>
      <QuoteBox message={message} actions={actions} />
      <Inner message={message} album={album} actions={actions} />
      <Meta message={message} onDetails={() => actions.details(message)} />
    </>
  );
}

function Inner({ message, album, actions }: Props) {
  const { t } = useLingui();
  const wording = useWording();
  const { content } = message;
  switch (content.kind) {
    case "text":
      return <MessageText text={content.text} mentions={content.mentions} />;
    case "image":
    case "video":
      return (
        <>
          {album ? (
            <Album messages={album} actions={actions} />
          ) : (
            <Photo message={message} onOpen={() => actions.view(message)} />
          )}
          {content.caption && (
            <span className="photo-caption inline-block">
              <MessageText text={content.caption} />
            </span>
          )}
        </>
      );
    case "voice":
      return <Voice message={message} actions={actions} />;
    case "file":
      return (
        <>
          <FileCard message={message} />
          {content.caption && <MessageText text={content.caption} />}
        </>
      );
    case "location":
      return (
        <a
          className="flex items-center gap-3"
          href={`geo:${content.latitude},${content.longitude}`}
          rel="noopener noreferrer"
        >
          <span className="file-icon">
            <MapPin size={20} aria-hidden />
          </span>
          <span>
            <b className="block font-semibold">{content.name || t`Location`}</b>
            <span className="text-sm">
              {content.address || `${content.latitude.toFixed(5)}, ${content.longitude.toFixed(5)}`}
            </span>
          </span>
        </a>
      );
    case "business":
      return <Business message={message} actions={actions} />;
    case "deleted":
      return (
        <span className="inline-flex items-center gap-2 text-ink-2">
          <Ban size={16} aria-hidden />
          <i>
            {content.by === "me"
              ? t`You deleted this message`
              : content.by === "admin"
                ? t`An admin removed this message`
                : t`This message was deleted`}
          </i>
        </span>
      );
    case "locked":
      return (
        <span className="flex max-w-80 gap-3">
          <Key size={18} className="mt-0.5 flex-none text-warn" aria-hidden />
          <span>
            <b className="block font-semibold">
              <Trans>This message is still locked</Trans>
            </b>
            <span className="text-sm text-ink-2">{wording.lock(content.reason)}</span>
          </span>
        </span>
      );
    case "unsupported":
      return <MessageText text={content.text || t`A message that this version cannot show`} />;
    default:
      return null;
  }
}

function QuoteBox({ message, actions }: Props) {
  const { t } = useLingui();
  const wording = useWording();
  const { quote } = message;
  if (!quote || message.content.kind === "deleted") return null;
  const inside = (
    <>
      <b>{quote.own ? t`You` : quote.name}</b>
      <span dir="auto">{wording.kind(quote.kind, quote.text)}</span>
    </>
  );
  const { id } = quote;
  if (!id) return <span className="quote">{inside}</span>;
  return (
    <button type="button" className="quote" tabIndex={-1} onClick={() => actions.jump(id)}>
      {inside}
    </button>
  );
}

function Meta({ message, onDetails }: { message: MessageView; onDetails: () => void }) {
  const { t } = useLingui();
  const format = useFormat();
  const wording = useWording();
  const block =
    message.content.kind === "file" ||
    message.content.kind === "business" ||
    message.content.kind === "locked";
  const inside = (
    <>
      {message.starred && <Star size={11} fill="currentColor" role="img" aria-label={t`Starred`} />}
      {message.expiresAt !== undefined && <Timer size={12} role="img" aria-label={t`Disappears`} />}
      {message.doubt && <span className="font-semibold text-warn">{wording.doubt(message.doubt)} ·</span>}
      {message.forwarded && <span>{t`forwarded`} ·</span>}
      {message.edited && <span>{t`edited`} ·</span>}
      <time dateTime={new Date(message.at).toISOString()}>{format.time(message.at)}</time>
      {message.tick && <Tick state={message.tick} silent />}
    </>
  );
  const className = block ? "meta own-line" : "meta";
  if (!message.own) return <span className={className}>{inside}</span>;
  return (
    <button
      type="button"
      className={className}
      tabIndex={-1}
      onClick={onDetails}
      title={t`Where is my message?`}
    >
      {inside}
    </button>
  );
}
