/** Attachments of the demo world: what was attached stays in memory, scenes are drawn. */

import type { AttachmentDraft, BlobLike, MediaView, MessageView } from "../api.ts";
import { ClientError } from "../api.ts";
import { scenes } from "./art.ts";

type MakeBlob = new (parts: (string | ArrayBuffer)[], options: { type: string }) => BlobLike;

export class FakeMedia {
  readonly #kept = new Map<string, BlobLike>();
  #counter = 0;

  keep(draft: AttachmentDraft): MediaView {
    this.#counter += 1;
    const id = `kept-${this.#counter}`;
    this.#kept.set(id, draft.blob);
    return {
      id,
      name: draft.name,
      type: draft.blob.type,
      size: draft.blob.size,
      transfer: { state: "up", done: 0 },
      ...(draft.width ? { width: draft.width } : {}),
      ...(draft.height ? { height: draft.height } : {}),
      ...(draft.preview ? { preview: draft.preview } : {}),
      ...(draft.alt ? { alt: draft.alt } : {}),
    };
  }

  async open(message: MessageView): Promise<BlobLike> {
    const media = "media" in message.content ? message.content.media : undefined;
    if (!media) throw new ClientError("not-found");
    const kept = this.#kept.get(media.id);
    if (kept) return kept;
    const Blob = (globalThis as unknown as { Blob: MakeBlob }).Blob;
    const scene = scenes[media.id.replace("scene-", "") as keyof typeof scenes];
    if (scene) return new Blob([scene], { type: "image/svg+xml" });
    if (media.type.startsWith("audio/")) return new Blob([tone(24)], { type: "audio/wav" });
    return new Blob(["Plauder"], { type: media.type });
  }
}

/** A quiet 8 kHz tone, as WAV. */
function tone(seconds: number): ArrayBuffer {
  const rate = 8000;
  const samples = seconds * rate;
  const buffer = new ArrayBuffer(44 + samples);
  const view = new DataView(buffer);
  const ascii = (at: number, text: string) => {
    for (let i = 0; i < text.length; i += 1) view.setUint8(at + i, text.charCodeAt(i));
  };
  ascii(0, "RIFF");
  view.setUint32(4, 36 + samples, true);
  ascii(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate, true);
  view.setUint16(32, 1, true);
  view.setUint16(34, 8, true);
  ascii(36, "data");
  view.setUint32(40, samples, true);
  for (let i = 0; i < samples; i += 1) view.setUint8(44 + i, 128 + Math.round(8 * Math.sin(i / 6)));
  return buffer;
}
