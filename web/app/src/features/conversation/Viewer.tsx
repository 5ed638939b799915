import { useLingui } from "@lingui/react/macro";
import type { MessageView } from "@plauder/client/api";
import { ChevronLeft, ChevronRight, Download, X, ZoomIn, ZoomOut } from "lucide-react";
import { Dialog } from "radix-ui";
import { useRef } from "react";
import { useClient } from "../../lib/client.ts";
import { useFocusBack } from "../../lib/focus.ts";
import { useFormat } from "../../lib/format.ts";
import { save, useMediaUrl } from "../../lib/media.ts";
import { useZoom } from "./useZoom.ts";

interface Props {
  message: MessageView;
  /** All pictures and films of the stretch, oldest first. */
  all: readonly MessageView[];
  onMove: (message: MessageView) => void;
  onClose: () => void;
}

/** One picture, as large as the window or larger; arrows and swipes move through the chat's. Dark in both themes. */
export default function Viewer({ message, all, onMove, onClose }: Props) {
  const { t } = useLingui();
  const format = useFormat();
  const client = useClient();
  const url = useMediaUrl(message, true);
  const onCloseAutoFocus = useFocusBack();
  const stage = useRef<HTMLDivElement>(null);
  const picture = useRef<HTMLImageElement>(null);
  const { content } = message;
  const at = all.findIndex((one) => one.id === message.id);
  const go = (by: number) => {
    const next = all[at + by];
    if (next) onMove(next);
  };
  const zoom = useZoom({
    of: message.id,
    stage,
    picture,
    onSwipe: (meant) => (meant === "close" ? onClose() : go(meant === "next" ? 1 : -1)),
  });
  if (content.kind !== "image" && content.kind !== "video") return null;
  const button =
    "grid size-11 place-items-center rounded-full bg-white/10 hover:bg-white/20 disabled:opacity-30";
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Content
          className="fixed inset-0 z-60 flex flex-col bg-[#080f14] text-white outline-none"
          aria-describedby={undefined}
          onCloseAutoFocus={onCloseAutoFocus}
          onKeyDown={(event) => {
            if (event.key === "ArrowLeft") go(-1);
            if (event.key === "ArrowRight") go(1);
            zoom.onKey(event.key);
          }}
        >
          <header className="flex items-center gap-3 p-3 ps-5">
            <div className="min-w-0 flex-1">
              <Dialog.Title className="cut text-lg font-semibold">
                {message.own ? t`You` : message.sender.name}
              </Dialog.Title>
              <div className="text-sm text-white/80">
                {format.day(message.at)}, {format.time(message.at)}
              </div>
            </div>
            {content.kind === "image" && (
              <button
                type="button"
                className={button}
                aria-label={zoom.isWhole ? t`Enlarge` : t`Show whole`}
                onClick={zoom.toggle}
              >
                {zoom.isWhole ? <ZoomIn size={20} /> : <ZoomOut size={20} />}
              </button>
            )}
            <button
              type="button"
              className={button}
              aria-label={t`Save`}
              onClick={async () => save((await client.media.open(message)) as Blob, content.media.name)}
            >
              <Download size={20} />
            </button>
            <button type="button" className={button} aria-label={t`Close`} onClick={onClose}>
              <X size={20} />
            </button>
          </header>
          <div
            ref={stage}
            className={`relative flex min-h-0 flex-1 touch-none items-center justify-center overflow-hidden p-4 ${zoom.isWhole ? "" : "cursor-move"}`}
            {...zoom.handlers}
          >
            {url && content.kind === "image" && (
              <img
                ref={picture}
                src={url}
                alt={content.media.alt ?? ""}
                draggable={false}
                style={zoom.style}
                className="max-h-full max-w-full select-none object-contain [min-width:min(60vw,640px)]"
              />
            )}
            {!url && content.media.preview && (
              <img
                src={content.media.preview}
                alt=""
                className="max-h-full max-w-full object-contain opacity-70 blur-lg [min-width:min(60vw,640px)]"
              />
            )}
            {url && content.kind === "video" && (
              // biome-ignore lint/a11y/useMediaCaption: films from people come without captions
              <video src={url} className="max-h-full max-w-full" controls autoPlay />
            )}
            <button
              type="button"
              className={`${button} absolute start-4`}
              aria-label={t`Previous`}
              disabled={at <= 0}
              onClick={() => go(-1)}
            >
              <ChevronLeft size={22} className="rtl:rotate-180" />
            </button>
            <button
              type="button"
              className={`${button} absolute end-4`}
              aria-label={t`Next`}
              disabled={at >= all.length - 1}
              onClick={() => go(1)}
            >
              <ChevronRight size={22} className="rtl:rotate-180" />
            </button>
          </div>
          {(content.caption || content.media.alt) && (
            <p className="p-4 pt-0 text-center text-lg">{content.caption || content.media.alt}</p>
          )}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
