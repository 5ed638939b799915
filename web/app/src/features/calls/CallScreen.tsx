import { useLingui } from "@lingui/react/macro";
import {
  Lock,
  LockOpen,
  Mic,
  MicOff,
  Minimize2,
  Phone,
  PhoneOff,
  SwitchCamera,
  Video,
  VideoOff,
} from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useEffect, useRef } from "react";
import { Avatar } from "../../ui/Avatar.tsx";
import { useDesk } from "./context.ts";
import type { DeskView } from "./desk.ts";
import { useCallState } from "./useCallState.ts";

const ICON = { size: 22, strokeWidth: 1.75, "aria-hidden": true } as const;

/** The whole window for the call: dark in both themes. */
export function CallScreen({ view, onSmall }: { view: DeskView; onSmall: () => void }) {
  const { t } = useLingui();
  const desk = useDesk();
  const { call, remote } = view;
  const state = useCallState(view);
  if (!call) return null;
  const incoming = call.phase === "ringing" && !call.own;
  const seesThem = call.video && call.phase === "talking" && remote !== undefined;
  const title = call.video ? t`Video call with ${call.name}` : t`Voice call with ${call.name}`;
  return (
    <Radix.Root open modal>
      <Radix.Portal>
        <Radix.Content
          className="call"
          data-theme="dark"
          data-video={seesThem}
          aria-describedby={undefined}
          onEscapeKeyDown={(event) => {
            event.preventDefault();
            if (!incoming) onSmall();
          }}
          onPointerDownOutside={(event) => event.preventDefault()}
        >
          <Radix.Title className="sr">{title}</Radix.Title>
          {remote && (seesThem ? <Picture stream={remote} name={call.name} /> : <Sound stream={remote} />)}
          <div className="call-head">
            {!incoming && (
              <button
                type="button"
                className="call-small"
                aria-label={t`Make the call small`}
                onClick={onSmall}
              >
                <Minimize2 size={20} strokeWidth={1.75} aria-hidden />
              </button>
            )}
          </div>
          <div className="call-who">
            {!seesThem && <Avatar of={call.avatar} size={112} />}
            <p className="call-name">{call.name}</p>
            <p className="call-state" role="status">
              {state.text}
            </p>
            {call.phase === "talking" && (
              <p className="call-clock">
                <span role="img" aria-label={state.proof}>
                  {call.proof === "none" ? (
                    <LockOpen size={14} aria-hidden />
                  ) : (
                    <Lock size={14} aria-hidden />
                  )}
                </span>
                {state.proof}
                {" · "}
                <span className="num">{state.clock}</span>
              </p>
            )}
            {view.line !== "good" && call.phase === "talking" && (
              <p className="call-line" role="status">
                {view.line === "weak"
                  ? t`Your line is weak`
                  : t`The line is gone. Waiting for it to come back…`}
              </p>
            )}
          </div>
          {call.video && view.local && view.filming && (
            <Picture stream={view.local} name={t`Your camera`} own />
          )}
          <div className="call-buttons">
            {incoming ? (
              <>
                <Round label={t`Decline`} tone="end" onClick={() => desk.hangUp()}>
                  <PhoneOff {...ICON} />
                </Round>
                <Round label={t`Answer`} tone="take" focus onClick={() => void desk.answer()}>
                  {call.video ? <Video {...ICON} /> : <Phone {...ICON} />}
                </Round>
              </>
            ) : (
              call.phase !== "over" && (
                <>
                  <Round
                    label={view.muted ? t`Unmute` : t`Mute`}
                    on={view.muted}
                    onClick={() => desk.mute(!view.muted)}
                  >
                    {view.muted ? <MicOff {...ICON} /> : <Mic {...ICON} />}
                  </Round>
                  {call.video && (
                    <>
                      <Round
                        label={view.filming ? t`Camera off` : t`Camera on`}
                        on={!view.filming}
                        onClick={() => desk.film(!view.filming)}
                      >
                        {view.filming ? <Video {...ICON} /> : <VideoOff {...ICON} />}
                      </Round>
                      <Round label={t`Other camera`} className="only-touch" onClick={() => void desk.flip()}>
                        <SwitchCamera {...ICON} />
                      </Round>
                    </>
                  )}
                  <Round label={t`End`} tone="end" focus onClick={() => desk.hangUp()}>
                    <PhoneOff {...ICON} />
                  </Round>
                </>
              )
            )}
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface RoundProps {
  label: string;
  children: ReactNode;
  onClick: () => void;
  tone?: "end" | "take";
  /** A switch, and how it stands. */
  on?: boolean;
  focus?: boolean;
  className?: string;
}

function Round({ label, children, onClick, tone, on, focus, className = "" }: RoundProps) {
  return (
    <button
      type="button"
      className={`call-round ${className}`}
      data-tone={tone}
      aria-pressed={on}
      // biome-ignore lint/a11y/noAutofocus: a call is a dialog of its own, and this is what it asks for
      autoFocus={focus}
      onClick={onClick}
    >
      <span className="disc">{children}</span>
      {label}
    </button>
  );
}

function Picture({ stream, name, own = false }: { stream: MediaStream; name: string; own?: boolean }) {
  const video = useStream<HTMLVideoElement>(stream);
  return (
    <video
      ref={video}
      className={own ? "call-own" : "call-picture"}
      autoPlay
      playsInline
      muted={own}
      aria-label={name}
    />
  );
}

function Sound({ stream }: { stream: MediaStream }) {
  const audio = useStream<HTMLAudioElement>(stream);
  // biome-ignore lint/a11y/useMediaCaption: a live voice has no captions
  return <audio ref={audio} autoPlay />;
}

function useStream<Media extends HTMLMediaElement>(stream: MediaStream) {
  const element = useRef<Media>(null);
  useEffect(() => {
    if (element.current) element.current.srcObject = stream;
  }, [stream]);
  return element;
}
