import { useLingui } from "@lingui/react/macro";
import type { MessageView } from "@plauder/client/api";
import { Download, Pause, Play } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useClient } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { useMediaUrl } from "../../lib/media.ts";
import { Wave } from "../../ui/Wave.tsx";

const SPEEDS = [1, 1.5, 2] as const;

/** Play, wave, position, speed; transcript folded after three lines. */
export function Voice({ message, onHeard }: { message: MessageView; onHeard: () => void }) {
  const { t } = useLingui();
  const format = useFormat();
  const client = useClient();
  const content = message.content.kind === "voice" ? message.content : undefined;
  const [wanted, setWanted] = useState(false);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [length, setLength] = useState(0);
  const [speed, setSpeed] = useState<(typeof SPEEDS)[number]>(1);
  const [unfolded, setUnfolded] = useState(false);
  const audio = useRef<HTMLAudioElement>(null);
  const url = useMediaUrl(message, wanted);

  useEffect(() => {
    if (audio.current) audio.current.playbackRate = speed;
    if (url && wanted) void audio.current?.play().catch(() => setPlaying(false));
  }, [url, wanted, speed]);

  if (!content) return null;
  const { wave, transcript, media } = content;
  // What businesses send does not tell its length; the file does.
  const seconds = content.seconds || length;
  const toggle = () => {
    if (!wanted) {
      setWanted(true);
      if (!message.own && !content.heard) onHeard();
    } else if (playing) audio.current?.pause();
    else void audio.current?.play();
  };
  const seek = (part: number) => {
    setAt(part * seconds);
    if (audio.current) audio.current.currentTime = part * seconds;
  };
  return (
    <>
      <div className="voice">
        {media.transfer.state === "remote" && !wanted ? (
          <button
            type="button"
            className="play"
            aria-label={t`Load ${format.bytes(media.size)}`}
            onClick={() => client.media.open(message)}
          >
            <Download size={18} />
          </button>
        ) : (
          <button
            type="button"
            className="play"
            aria-label={playing ? t`Pause` : t`Play voice note`}
            onClick={toggle}
          >
            {playing ? <Pause size={18} fill="currentColor" /> : <Play size={18} fill="currentColor" />}
          </button>
        )}
        <Wave
          values={wave}
          part={seconds ? at / seconds : 0}
          onSeek={seek}
          label={t`Position in the voice note`}
          seconds={seconds}
        />
        <button
          type="button"
          className="tag self-center"
          aria-label={t`Speed ${format.number(speed)}×`}
          onClick={() => setSpeed(SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length] ?? 1)}
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
      {url && (
        // biome-ignore lint/a11y/useMediaCaption: the transcript above is its caption
        <audio
          ref={audio}
          src={url}
          onPlay={() => setPlaying(true)}
          onPause={() => setPlaying(false)}
          onEnded={() => setAt(0)}
          onLoadedMetadata={({ currentTarget: { duration } }) =>
            Number.isFinite(duration) && setLength(duration)
          }
          onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
        />
      )}
    </>
  );
}
