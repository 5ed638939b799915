import { useLingui } from "@lingui/react/macro";
import {
  Lock,
  LockOpen,
  MessageSquareText,
  Mic,
  MicOff,
  Minimize2,
  Phone,
  PhoneOff,
  PictureInPicture2,
  SlidersHorizontal,
  SwitchCamera,
  Video,
  VideoOff,
} from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ComponentProps, type ReactNode, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { Avatar } from "../../ui/Avatar.tsx";
import { Menu } from "../../ui/Menu.tsx";
import { useDesk } from "./context.ts";
import { DeviceChoice } from "./DeviceChoice.tsx";
import type { DeskView } from "./desk.ts";
import { canFloat, Picture } from "./Streams.tsx";
import { useCallState } from "./useCallState.ts";

const ICON = { size: 22, strokeWidth: 1.75, "aria-hidden": true } as const;
const SMALL = { size: 20, strokeWidth: 1.75, "aria-hidden": true } as const;

interface Props {
  view: DeskView;
  onSmall: () => void;
  onFloat: () => void;
}

/** The whole window for the call: dark in both themes. */
export function CallScreen({ view, onSmall, onFloat }: Props) {
  const { t } = useLingui();
  const { call, remote } = view;
  if (!call) return null;
  const incoming = call.phase === "ringing" && !call.own;
  const title = call.video ? t`Video call with ${call.name}` : t`Voice call with ${call.name}`;
  return (
    <Radix.Root open modal>
      <Radix.Portal>
        <Radix.Content
          className="call"
          data-theme="dark"
          data-video={view.seen}
          aria-describedby={undefined}
          onEscapeKeyDown={(event) => {
            event.preventDefault();
            if (!incoming) onSmall();
          }}
          onPointerDownOutside={(event) => event.preventDefault()}
        >
          <Radix.Title className="sr">{title}</Radix.Title>
          {view.seen && remote && <Picture className="call-picture" stream={remote} name={call.name} />}
          {incoming ? (
            <div className="call-head" />
          ) : (
            <Head view={view} onSmall={onSmall} onFloat={onFloat} />
          )}
          <Who view={view} />
          {view.local && view.filming && (
            <Picture className="call-own" stream={view.local} name={t`Your camera`} />
          )}
          <div className="call-foot">
            {call.asked && <Asked name={call.name} />}
            <div className="call-buttons" data-many={incoming && call.video}>
              {incoming ? <RingButtons view={view} /> : call.phase !== "over" && <TalkButtons view={view} />}
            </div>
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Head({ view, onSmall, onFloat }: Props) {
  const { t } = useLingui();
  const [choosing, setChoosing] = useState(false);
  return (
    <div className="call-head">
      <button type="button" className="call-small" aria-label={t`Make the call small`} onClick={onSmall}>
        <Minimize2 {...SMALL} />
      </button>
      <span className="flex-1" />
      {view.seen && canFloat() && (
        <button
          type="button"
          className="call-small"
          aria-label={t`Their picture above other windows`}
          onClick={onFloat}
        >
          <PictureInPicture2 {...SMALL} />
        </button>
      )}
      {view.local && (
        <button
          type="button"
          className="call-small"
          aria-label={t`Microphone, camera and speaker`}
          onClick={() => setChoosing(true)}
        >
          <SlidersHorizontal {...SMALL} />
        </button>
      )}
      {choosing && <DeviceChoice view={view} onClose={() => setChoosing(false)} />}
    </div>
  );
}

/** Who it is, how the call stands, and what is worth knowing now. */
function Who({ view }: { view: DeskView }) {
  const { t } = useLingui();
  const state = useCallState(view);
  const { call } = view;
  if (!call) return null;
  return (
    <div className="call-who">
      {!view.seen && (
        <span className="call-face" data-rings={call.phase === "ringing" || call.phase === "calling"}>
          <Avatar of={call.avatar} size={112} />
        </span>
      )}
      <p className="call-name">{call.name}</p>
      <p className="call-state" role="status">
        {state.text}
      </p>
      {call.phase === "talking" && (
        <p className="call-clock">
          <span role="img" aria-label={state.proof}>
            {call.proof === "none" ? <LockOpen size={14} aria-hidden /> : <Lock size={14} aria-hidden />}
          </span>
          {state.proof}
          {" · "}
          <span className="num">{state.clock}</span>
        </p>
      )}
      {call.phase === "talking" && call.theirs.muted && (
        <p className="call-note">
          <MicOff size={14} aria-hidden />
          {t`${call.name} is muted`}
        </p>
      )}
      <p className="call-note warn" role="status">
        {state.note}
      </p>
    </div>
  );
}

/** They would like to go on with pictures: that is ours to decide, and looking does not mean being seen. */
function Asked({ name }: { name: string }) {
  const { t } = useLingui();
  const desk = useDesk();
  return (
    <section className="call-asked" aria-label={t`${name} would like a video call`}>
      <p role="alert">{t`${name} would like a video call`}</p>
      <div className="flex flex-wrap justify-center gap-2">
        <button type="button" className="btn secondary" onClick={() => void desk.consent("no")}>
          {t`Not now`}
        </button>
        <button type="button" className="btn secondary" onClick={() => void desk.consent("look")}>
          {t`Only watch`}
        </button>
        <button type="button" className="btn primary" onClick={() => void desk.consent("show")}>
          {t`Turn on my camera`}
        </button>
      </div>
    </section>
  );
}

function RingButtons({ view: { call } }: { view: DeskView }) {
  const { t } = useLingui();
  const desk = useDesk();
  const client = useClient();
  if (!call) return null;
  const say = (text: string): void => {
    desk.hangUp();
    void client.conversation(call.chat).send(text);
  };
  const answers = [
    t`I can’t talk right now. I’ll call you back.`,
    t`Can you write to me instead?`,
    t`I’ll be there in a moment.`,
  ];
  return (
    <>
      <Round label={t`Decline`} tone="end" className="call-round last" onClick={() => desk.hangUp()}>
        <PhoneOff {...ICON} />
      </Round>
      <Menu align="start" entries={answers.map((text) => ({ label: text, onSelect: () => say(text) }))}>
        <Round label={t`Message`}>
          <MessageSquareText {...ICON} />
        </Round>
      </Menu>
      {call.video && (
        <Round label={t`Voice only`} onClick={() => void desk.answer(false)}>
          <VideoOff {...ICON} />
        </Round>
      )}
      <Round
        label={t`Answer`}
        tone="take"
        className="call-round last"
        autoFocus
        onClick={() => void desk.answer()}
      >
        {call.video ? <Video {...ICON} /> : <Phone {...ICON} />}
      </Round>
    </>
  );
}

function TalkButtons({ view }: { view: DeskView }) {
  const { t } = useLingui();
  const desk = useDesk();
  const { call, muted, filming } = view;
  if (!call) return null;
  const canFilm = call.video || call.phase === "talking";
  return (
    <>
      <Round label={muted ? t`Unmute` : t`Mute`} aria-pressed={muted} onClick={() => desk.mute(!muted)}>
        {muted ? <MicOff {...ICON} /> : <Mic {...ICON} />}
      </Round>
      {canFilm && (
        <Round
          label={filming ? t`Camera off` : t`Camera on`}
          aria-pressed={filming}
          onClick={() => void desk.film(!filming)}
        >
          {filming ? <Video {...ICON} /> : <VideoOff {...ICON} />}
        </Round>
      )}
      {filming && (
        <Round label={t`Other camera`} className="call-round only-touch" onClick={() => void desk.flip()}>
          <SwitchCamera {...ICON} />
        </Round>
      )}
      <Round label={t`End`} tone="end" autoFocus onClick={() => desk.hangUp()}>
        <PhoneOff {...ICON} />
      </Round>
    </>
  );
}

interface RoundProps extends ComponentProps<"button"> {
  label: string;
  children: ReactNode;
  tone?: "end" | "take";
}

function Round({ label, children, tone, ...rest }: RoundProps) {
  return (
    <button type="button" className="call-round" data-tone={tone} {...rest}>
      <span className="disc">{children}</span>
      {label}
    </button>
  );
}
