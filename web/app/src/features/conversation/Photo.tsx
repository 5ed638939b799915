import { useLingui } from "@lingui/react/macro";
import type { MessageView } from "@plauder/client/api";
import { Download, Play, X } from "lucide-react";
import { useClient } from "../../lib/client.ts";
import { useFormat } from "../../lib/format.ts";
import { useMediaUrl } from "../../lib/media.ts";

interface Props {
  message: MessageView;
  onOpen: () => void;
  /** Width by height, where the place decides. */
  ratio?: number;
  /** How many more pictures this one stands for. */
  more?: number;
}

/** Up to here pictures come by themselves: of businesses, as those in their templates do, and from our own server. */
const LIGHT = 2 * 1024 * 1024;

/** A picture or film in a box of its own ratio, so that nothing jumps; blurred until the bytes are here. */
export function Photo({ message, onOpen, ratio: given, more = 0 }: Props) {
  const { t } = useLingui();
  const format = useFormat();
  const client = useClient();
  const content = message.content;
  const media = content.kind === "image" || content.kind === "video" ? content.media : undefined;
  const loads =
    content.kind === "image" &&
    (media?.hosted === true || media?.near === true) &&
    media.transfer.state === "remote" &&
    media.size <= LIGHT;
  const url = useMediaUrl(message, loads || media?.transfer.state === "here");
  if (!media) return null;
  const ratio = given ?? Math.min(2.4, Math.max(0.7, (media.width ?? 4) / (media.height ?? 3)));
  const { transfer } = media;
  const label = content.kind === "video" ? t`Open video` : t`Open photo`;
  const rest = more > 0 ? `+${format.number(more)}` : undefined;
  const style = { aspectRatio: String(ratio) };
  if (content.kind === "image" && content.sticker && url)
    return (
      <button type="button" onClick={onOpen} aria-label={label}>
        <img src={url} className="sticker" alt={media.alt ?? ""} />
      </button>
    );
  return (
    <div className="photo-frame" style={style}>
      {media.preview && !url && <img className="blurred" src={media.preview} alt="" />}
      {transfer.state === "here" ? (
        <button
          type="button"
          className="absolute inset-0"
          onClick={onOpen}
          aria-label={[media.alt ? `${label}: ${media.alt}` : label, rest].filter(Boolean).join(", ")}
        >
          {url && content.kind === "image" && <img src={url} alt={media.alt ?? ""} />}
          {url && content.kind === "video" && <video src={url} className="size-full object-cover" muted />}
          {rest && <span className="album-more">{rest}</span>}
          {content.kind === "video" && !rest && (
            <span className="play absolute inset-0 m-auto">
              <Play size={18} fill="currentColor" aria-hidden />
            </span>
          )}
        </button>
      ) : (
        control()
      )}
    </div>
  );

  function control() {
    if (!media) return null;
    const moving = transfer.state === "up" || transfer.state === "down";
    if (moving) {
      const part = Math.round((transfer.done / Math.max(1, media.size)) * 100);
      return (
        <button
          type="button"
          className="btn small absolute inset-0 m-auto size-fit bg-surface text-ink"
          onClick={() => client.media.stop(message)}
          aria-label={t`Stop, ${part} % done`}
        >
          <X size={16} aria-hidden /> {part} %
        </button>
      );
    }
    return (
      <button
        type="button"
        className="btn small absolute inset-0 m-auto size-fit bg-surface text-ink"
        onClick={() => client.media.open(message)}
      >
        <Download size={16} aria-hidden />
        {transfer.state === "failed" ? t`Try again` : t`Load ${format.bytes(media.size)}`}
      </button>
    );
  }
}
