import { useLingui } from "@lingui/react/macro";
import type { MessageView } from "@plauder/client/api";
import { Pause, Play } from "lucide-react";
import { useState } from "react";
import { useClient } from "../../lib/client.ts";
import { useErrorText } from "../../lib/errors.ts";
import { useFormat } from "../../lib/format.ts";
import { player, usePlayback, useSpeed } from "../../lib/player.ts";
import { Wave } from "../../ui/Wave.tsx";
import type { MessageActions } from "./actions.ts";

/** Play, wave, position, speed; transcript folded after three lines. */
export function Voice({ message, actions }: { message: MessageView; actions: MessageActions }) {
  const { t } = useLingui();
  const format = useFormat();
  const client = useClient();
  const errorText = useErrorText();
  const { state, at, length } = usePlayback(message.id);
  const speed = useSpeed();
  const [unfolded, setUnfolded] = useState(false);
  const content = message.content.kind === "voice" ? message.content : undefined;
  if (!content) return null;
  const { wave, transcript, media } = content;
  // What businesses send does not tell its length; the file does.
  const seconds = content.seconds || length;
  const playing = state === "playing";
  const problem =
    media.transfer.state === "failed"
      ? errorText(media.transfer.code)
      : state === "failed"
        ? t`This browser cannot play this note.`
        : undefined;
  return (
    <>
      <div className="voice">
        <button
          type="button"
          className="play"
          aria-label={playing ? t`Pause` : t`Play voice note`}
          aria-busy={state === "loading"}
          onClick={() => player.toggle({ client, message, heard: actions.heard, next: actions.voiceAfter })}
        >
          {playing ? <Pause size={18} fill="currentColor" /> : <Play size={18} fill="currentColor" />}
        </button>
        <Wave
          values={wave}
          part={seconds ? at / seconds : 0}
          onSeek={(part) => player.seek(message.id, part * seconds)}
          label={t`Position in the voice note`}
          position={t`${format.clock(at)} of ${format.clock(seconds)}`}
          seconds={seconds}
        />
        <button
          type="button"
          className="tag self-center"
          aria-label={t`Speed ${format.number(speed)}×`}
          onClick={() => player.faster()}
        >
          {format.number(speed)}×
        </button>
      </div>
      {transcript && (
        <button
          type="button"
          className={unfolded ? "transcript block w-full" : "transcript line-clamp-3 w-full text-start"}
          onClick={() => setUnfolded(!unfolded)}
          aria-expanded={unfolded}
        >
          “{transcript}”
        </button>
      )}
      {problem && (
        <p className="hint error" role="status">
          {problem}
        </p>
      )}
      <span className="meta !float-none !ms-0 !mt-1">
        <span>
          {seconds > 0 ? t`${format.clock(at)} of ${format.clock(seconds)}` : t`Audio`}
          {transcript && ` · ${t`transcript made on this device`}`}
        </span>
        {!message.own && !content.heard && (
          <span className="font-semibold text-coral">
            <span aria-hidden="true">● </span>
            {t`new`}
          </span>
        )}
      </span>
    </>
  );
}
