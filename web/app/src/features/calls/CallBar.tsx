import { useLingui } from "@lingui/react/macro";
import { Maximize2, Mic, MicOff, PhoneOff } from "lucide-react";
import { useDesk } from "./context.ts";
import type { DeskView } from "./desk.ts";
import { Picture } from "./Streams.tsx";
import { useCallState } from "./useCallState.ts";

const ICON = { size: 18, strokeWidth: 1.75, "aria-hidden": true } as const;

/** A call that goes on while the person looks at something else, or that another window has. */
export function CallBar({ view, onOpen }: { view: DeskView; onOpen: () => void }) {
  const { t } = useLingui();
  const desk = useDesk();
  const state = useCallState(view);
  const { call, here, remote, muted } = view;
  if (!call) return null;
  const words = here ? state.note || state.text || state.clock : t`in another window`;
  return (
    <section
      className="call-bar"
      data-theme="dark"
      data-video={here && view.seen}
      aria-label={t`Call with ${call.name}`}
    >
      {here && view.seen && remote && <Picture className="call-tile" stream={remote} name={call.name} />}
      <div className="call-line">
        <span className="min-w-0 flex-1">
          <b className="cut block">{call.name}</b>
          <span className="num cut block text-sm">{words}</span>
        </span>
        {here && call.phase === "talking" && (
          <button
            type="button"
            aria-label={muted ? t`Unmute` : t`Mute`}
            aria-pressed={muted}
            onClick={() => desk.mute(!muted)}
          >
            {muted ? <MicOff {...ICON} /> : <Mic {...ICON} />}
          </button>
        )}
        {here && (
          <button type="button" aria-label={t`Back to the call`} onClick={onOpen}>
            <Maximize2 {...ICON} />
          </button>
        )}
        {call.phase !== "over" && (
          <button type="button" className="end" aria-label={t`End the call`} onClick={() => desk.hangUp()}>
            <PhoneOff {...ICON} />
          </button>
        )}
      </div>
    </section>
  );
}
