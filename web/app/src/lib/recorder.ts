/** Records a voice note with its loudness over time. */

import type { AttachmentDraft } from "@plauder/client/api";
import { useCallback, useEffect, useRef, useState } from "react";

export interface Recorder {
  readonly state: "idle" | "asking" | "recording" | "refused";
  readonly seconds: number;
  readonly wave: readonly number[];
  start(): Promise<void>;
  /** Resolves with the note, or nothing if it was too short. */
  finish(): Promise<AttachmentDraft | undefined>;
  discard(): void;
}

interface Running {
  media: MediaRecorder;
  stream: MediaStream;
  audio: AudioContext;
  parts: Blob[];
  wave: number[];
  started: number;
  ticker: ReturnType<typeof setInterval>;
}

const TYPES = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];

export function useRecorder(): Recorder {
  const [state, setState] = useState<Recorder["state"]>("idle");
  const [wave, setWave] = useState<readonly number[]>([]);
  const [seconds, setSeconds] = useState(0);
  const running = useRef<Running>(undefined);

  const stop = useCallback(() => {
    const run = running.current;
    running.current = undefined;
    if (!run) return;
    clearInterval(run.ticker);
    for (const track of run.stream.getTracks()) track.stop();
    void run.audio.close();
  }, []);
  useEffect(() => stop, [stop]);

  const start = useCallback(async () => {
    setState("asking");
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const type = TYPES.find((one) => MediaRecorder.isTypeSupported(one));
      const media = new MediaRecorder(stream, type ? { mimeType: type, audioBitsPerSecond: 24_000 } : {});
      const audio = new AudioContext();
      const analyser = audio.createAnalyser();
      audio.createMediaStreamSource(stream).connect(analyser);
      const samples = new Uint8Array(analyser.fftSize);
      const run: Running = {
        media,
        stream,
        audio,
        parts: [],
        wave: [],
        started: performance.now(),
        ticker: setInterval(() => {
          analyser.getByteTimeDomainData(samples);
          const peak = samples.reduce((max, value) => Math.max(max, Math.abs(value - 128)), 0) / 128;
          run.wave.push(Math.round(Math.min(1, peak * 1.6) * 100) / 100);
          setWave([...run.wave]);
          setSeconds((performance.now() - run.started) / 1000);
        }, 100),
      };
      media.ondataavailable = (event) => run.parts.push(event.data);
      media.start();
      running.current = run;
      setWave([]);
      setSeconds(0);
      setState("recording");
    } catch {
      setState("refused");
    }
  }, []);

  const discard = useCallback(() => {
    running.current?.media.stop();
    stop();
    setState("idle");
  }, [stop]);

  const finish = useCallback(async () => {
    const run = running.current;
    if (!run) return undefined;
    await new Promise<void>((resolve) => {
      run.media.onstop = () => resolve();
      run.media.stop();
    });
    const length = (performance.now() - run.started) / 1000;
    stop();
    setState("idle");
    if (length < 0.5) return undefined;
    const blob = new Blob(run.parts, { type: run.media.mimeType.split(";")[0] ?? "audio/ogg" });
    const ending = blob.type.split("/")[1] ?? "ogg";
    return {
      kind: "voice" as const,
      blob,
      name: `voice.${ending}`,
      seconds: length,
      wave: shrink(run.wave, 50),
    };
  }, [stop]);

  return { state, seconds, wave, start, finish, discard };
}

/** At most `count` values, each the loudest of its stretch. */
export function shrink(values: readonly number[], count: number): number[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, index) =>
    Math.max(
      ...values.slice(
        Math.floor((index * values.length) / count),
        Math.floor(((index + 1) * values.length) / count),
      ),
    ),
  );
}
