import { Trans, useLingui } from "@lingui/react/macro";
import type { MessageView, SystemEvent } from "@plauder/client/api";
import {
  MoreHorizontal,
  PhoneIncoming,
  PhoneMissed,
  PhoneOutgoing,
  Reply,
  SmilePlus,
  Video,
} from "lucide-react";
import { memo, useState } from "react";
import { useErrorText } from "../../lib/errors.ts";
import type { Place } from "../../lib/rows.ts";
import { useWording } from "../../lib/wording.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import type { MessageActions } from "./actions.ts";
import { MessageBody } from "./Body.tsx";
import { senderColour, useMessageName } from "./names.ts";

const JUST_NOW = 2000; // ms

interface Props {
  /** Of an album, one that stands for all. */
  message: MessageView;
  album?: readonly MessageView[] | undefined;
  place: Place;
  /** In groups every run begins with its sender's name. */
  group: boolean;
  tabbable: boolean;
  selected: boolean;
  flash: boolean;
  isNew: boolean;
  /** Whether it is chosen, while messages are being chosen. */
  picked?: boolean | undefined;
  actions: MessageActions;
}

export const Message = memo(function Message(props: Props) {
  const { message, album, place, group, tabbable, selected, flash, isNew, picked, actions } = props;
  const { t } = useLingui();
  const name = useMessageName()(message, album?.length);
  const errorText = useErrorText();
  const [near, setNear] = useState(false);
  // It rises when it comes, not when it is scrolled back to.
  const [rises] = useState(() => isNew && Date.now() - message.at < JUST_NOW);
  const { content } = message;
  if (content.kind === "system")
    return <SystemLine message={message} tabbable={tabbable} actions={actions} />;
  const visual = content.kind === "image" || content.kind === "video";
  // In groups who speaks has a face, beside the last bubble of a run.
  const faced = group && !message.own;
  const classes = [
    "msg",
    message.own ? "out" : "in",
    place,
    visual && "photo-bubble",
    message.reactions.length > 0 && "has-reactions",
    flash && "flash",
    faced && "faced",
    rises && "new",
    picked !== undefined && "picking",
  ];
  const showName = group && !message.own && (place === "single" || place === "first");
  return (
    <article
      className={classes.filter(Boolean).join(" ")}
      data-message={message.id}
      data-selected={selected}
      tabIndex={tabbable ? 0 : -1}
      aria-label={name}
      onPointerEnter={() => setNear(true)}
      onPointerLeave={() => setNear(false)}
      onFocus={() => setNear(true)}
      onBlur={(event) => {
        if (!event.currentTarget.matches(":hover"))
          setNear(event.currentTarget.contains(event.relatedTarget));
      }}
      onContextMenu={(event) => {
        if ((event.target as HTMLElement).closest("a, img, audio, input, label")) return;
        event.preventDefault();
        actions.menu(message, { x: event.clientX, y: event.clientY });
      }}
    >
      {picked !== undefined && (
        <label className="pick">
          <input
            type="checkbox"
            aria-label={name}
            checked={picked}
            tabIndex={tabbable ? 0 : -1}
            onChange={() => actions.pick(album ? album.map((one) => one.id) : [message.id])}
          />
        </label>
      )}
      <div className="bubble">
        {showName && (
          <span className={`sender ${senderColour(message.sender.avatar.color)}`}>{message.sender.name}</span>
        )}
        <MessageBody message={message} album={album} actions={actions} />
        {faced && (place === "single" || place === "last") && (
          <span className="face">
            <Avatar of={message.sender.avatar} size={28} />
          </span>
        )}
        {near && tools()}
      </div>
      {message.reactions.length > 0 && (
        <div className="reactions">
          {message.reactions.map((one) => (
            <button
              type="button"
              key={one.emoji}
              className="reaction"
              aria-pressed={one.own}
              aria-label={`${one.emoji} ${one.names.join(", ")}`}
              title={one.names.join(", ")}
              tabIndex={tabbable ? 0 : -1}
              onClick={() => actions.react(message, one.own ? "" : one.emoji)}
            >
              <span aria-hidden="true">{one.emoji}</span>
              {one.count > 1 && <span className="num">{one.count}</span>}
            </button>
          ))}
        </div>
      )}
      {message.tick === "failed" && (
        <div className="failure">
          <Trans>Not sent:</Trans> {errorText(message.failure?.code ?? "internal")}{" "}
          {message.failure?.canRetry !== false && (
            <button type="button" onClick={() => actions.retry(message)}>
              <Trans>Try again</Trans>
            </button>
          )}
        </div>
      )}
    </article>
  );

  /** Made for the one under the pointer, since they are half of what a bubble holds; the keyboard has letters and the menu. */
  function tools() {
    if (content.kind === "deleted" || picked !== undefined) return null;
    return (
      <div className="msg-tools">
        <button
          type="button"
          className="icon-btn"
          tabIndex={-1}
          aria-label={t`React`}
          title={t`React`}
          onClick={openAt}
        >
          <SmilePlus size={16} />
        </button>
        <button
          type="button"
          className="icon-btn"
          tabIndex={-1}
          aria-label={t`Reply`}
          title={t`Reply`}
          onClick={() => actions.reply(message)}
        >
          <Reply size={16} />
        </button>
        <button
          type="button"
          className="icon-btn"
          tabIndex={-1}
          aria-label={t`More actions`}
          title={t`More actions`}
          onClick={openAt}
        >
          <MoreHorizontal size={16} />
        </button>
      </div>
    );
  }

  function openAt(event: React.MouseEvent) {
    const box = event.currentTarget.getBoundingClientRect();
    actions.menu(message, { x: box.left, y: box.bottom });
  }
});

function SystemLine({
  message,
  tabbable,
  actions,
}: {
  message: MessageView;
  tabbable: boolean;
  actions: MessageActions;
}) {
  const wording = useWording();
  if (message.content.kind !== "system") return null;
  const { event } = message.content;
  const text = wording.system(event);
  return (
    <article className="msg sys" data-message={message.id} tabIndex={tabbable ? 0 : -1} aria-label={text}>
      <span>
        {event.kind === "call" && <CallIcon event={event} />}
        {text}
      </span>{" "}
      {(event.kind === "key-changed" || event.kind === "new-device") && (
        <button type="button" onClick={actions.safety}>
          <Trans>Compare</Trans>
        </button>
      )}
      {event.kind === "call" && (
        <button type="button" onClick={() => actions.call(event.video)}>
          {event.own ? <Trans>Call again</Trans> : <Trans>Call back</Trans>}
        </button>
      )}
    </article>
  );
}

function CallIcon({ event }: { event: Extract<SystemEvent, { kind: "call" }> }) {
  const missed = event.outcome === "missed";
  const Icon = missed ? PhoneMissed : event.video ? Video : event.own ? PhoneOutgoing : PhoneIncoming;
  return <Icon size={14} className={missed ? "me-1.5 inline text-danger" : "me-1.5 inline"} aria-hidden />;
}
