import { useEffect, useRef, useState } from "react";

interface Props {
  stream: MediaStream;
  /** What a screen reader calls it. */
  name: string;
  className: string;
}

/** A picture without its sound, which goes its own way. */
export function Picture({ stream, name, className }: Props) {
  const video = useStream<HTMLVideoElement>(stream);
  // A phone that is turned turns its picture, too.
  const [wide, setWide] = useState<boolean>();
  return (
    <video
      ref={video}
      className={className}
      data-wide={wide}
      autoPlay
      playsInline
      muted
      aria-label={name}
      onResize={({ currentTarget }) => setWide(currentTarget.videoWidth >= currentTarget.videoHeight)}
    />
  );
}

/** What they say, wherever on the screen the call is shown. */
export function Sound({ stream, speaker }: { stream: MediaStream; speaker: string }) {
  const audio = useStream<HTMLAudioElement>(stream);
  useEffect(() => {
    // A speaker that was pulled out meanwhile: the system's goes on.
    if (audio.current && "setSinkId" in audio.current)
      void audio.current.setSinkId(speaker).catch(() => undefined);
  }, [audio, speaker]);
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

/** Their picture in a small window above all others, where a browser has that. */
export function canFloat(): boolean {
  return document.pictureInPictureEnabled && "requestPictureInPicture" in HTMLVideoElement.prototype;
}

/** Float a stream until its tracks end or the returned function is called. Rejects if the browser will not. */
export async function float(stream: MediaStream): Promise<() => void> {
  const video = document.createElement("video");
  video.muted = true;
  video.srcObject = stream;
  await video.play();
  await video.requestPictureInPicture();
  return () => {
    video.srcObject = null;
    if (document.pictureInPictureElement === video)
      void document.exitPictureInPicture().catch(() => undefined);
  };
}
