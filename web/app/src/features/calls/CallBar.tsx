import { useLingui } from "@lingui/react/macro";
import { Maximize2, PhoneOff } from "lucide-react";
import { useEffect, useRef } from "react";
import { useDesk } from "./context.ts";
import type { DeskView } from "./desk.ts";
import { useCallState } from "./useCallState.ts";

/** A call that goes on while the person looks at something else, or that another window has. */
export function CallBar({ view, onOpen }: { view: DeskView; onOpen: () => void }) {
  const { t } = useLingui();
  const desk = useDesk();
  const state = useCallState(view);
  const audio = useRef<HTMLAudioElement>(null);
  const { call, here, remote } = view;
  useEffect(() => {
    if (audio.current && remote) audio.current.srcObject = remote;
  }, [remote]);
  if (!call) return null;
  const words = here ? state.text || state.clock : t`in another window`;
  return (
    <section className="call-bar" data-theme="dark" aria-label={t`Call with ${call.name}`}>
      {/* biome-ignore lint/a11y/useMediaCaption: a live voice has no captions */}
      {remote && <audio ref={audio} autoPlay />}
      <span className="cut">
        <b>{call.name}</b> <span className="num">{words}</span>
      </span>
      {here && (
        <button type="button" aria-label={t`Back to the call`} onClick={onOpen}>
          <Maximize2 size={18} strokeWidth={1.75} aria-hidden />
        </button>
      )}
      {call.phase !== "over" && (
        <button type="button" className="end" aria-label={t`End the call`} onClick={() => desk.hangUp()}>
          <PhoneOff size={18} strokeWidth={1.75} aria-hidden />
        </button>
      )}
    </section>
  );
}
