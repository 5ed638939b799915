import { useLingui } from "@lingui/react/macro";
import { useEffect, useRef, useState } from "react";

interface Props {
  onScan: (text: string) => void;
  /** Names the field for people who paste instead. */
  pasteLabel: string;
  /** Ties that field to what is wrong with it. */
  problem?: { "aria-invalid"?: true; "aria-describedby"?: string };
}

const EVERY = 200;

/** Reads a QR code with the camera, or takes its text by paste: no camera is ever required. */
export function Scanner({ onScan, pasteLabel, problem = {} }: Props) {
  const { t } = useLingui();
  const video = useRef<HTMLVideoElement>(null);
  const [camera, setCamera] = useState<"off" | "on" | "refused">("off");
  const [text, setText] = useState("");
  const latest = useRef(onScan);
  latest.current = onScan;

  useEffect(() => {
    if (camera !== "on") return;
    let stream: MediaStream | undefined;
    let timer: ReturnType<typeof setInterval> | undefined;
    let gone = false;
    const begin = async () => {
      const { default: jsQR } = await import("jsqr");
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      const element = video.current;
      if (gone || !element) return;
      element.srcObject = stream;
      await element.play();
      const canvas = document.createElement("canvas");
      const context = canvas.getContext("2d", { willReadFrequently: true });
      timer = setInterval(() => {
        if (!context || element.videoWidth === 0) return;
        canvas.width = element.videoWidth;
        canvas.height = element.videoHeight;
        context.drawImage(element, 0, 0);
        const found = jsQR(
          context.getImageData(0, 0, canvas.width, canvas.height).data,
          canvas.width,
          canvas.height,
        );
        if (found?.data) latest.current(found.data);
      }, EVERY);
    };
    begin().catch(() => setCamera("refused"));
    return () => {
      gone = true;
      clearInterval(timer);
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
  }, [camera]);

  return (
    <div className="flex flex-col gap-3">
      {camera === "on" ? (
        <video
          ref={video}
          className="aspect-square w-full rounded-lg bg-surface-3 object-cover"
          playsInline
          muted
          aria-label={t`Camera`}
        />
      ) : (
        <button type="button" className="btn soft" onClick={() => setCamera("on")}>
          {t`Scan with the camera`}
        </button>
      )}
      {camera === "refused" && (
        <p className="banner warn">{t`There is no camera, or Plauder may not use it. Paste the code’s text instead.`}</p>
      )}
      <form
        className="field"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim()) onScan(text.trim());
        }}
      >
        <label htmlFor="scan-text">{pasteLabel}</label>
        <span className="flex gap-2">
          <input
            id="scan-text"
            className="input flex-1"
            value={text}
            autoComplete="off"
            {...problem}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <button type="submit" className="btn secondary" disabled={!text.trim()}>
            {t`Check`}
          </button>
        </span>
      </form>
    </div>
  );
}
