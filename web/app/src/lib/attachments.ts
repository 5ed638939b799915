/** Makes attachments out of files: pictures are scaled and written anew, so nothing of the camera's data is left. */

import type { AttachmentDraft } from "@plauder/client/api";

const LONGEST = 2048;
const QUALITY = 0.82;

async function canvasBlob(canvas: OffscreenCanvas, type: string): Promise<Blob> {
  return canvas.convertToBlob({ type, quality: QUALITY });
}

async function dataUrl(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return `data:${blob.type};base64,${btoa(text)}`;
}

function drawn(source: ImageBitmap | HTMLVideoElement, width: number, height: number): OffscreenCanvas {
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width)), Math.max(1, Math.round(height)));
  canvas.getContext("2d")?.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** 24 pixels on the longer side: about 600 bytes, blurred when shown. */
async function tiny(source: ImageBitmap | HTMLVideoElement, width: number, height: number): Promise<string> {
  const scale = 24 / Math.max(width, height);
  return dataUrl(await canvasBlob(drawn(source, width * scale, height * scale), "image/jpeg"));
}

async function picture(file: File): Promise<AttachmentDraft> {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = drawn(bitmap, bitmap.width * scale, bitmap.height * scale);
  const type =
    file.type === "image/png" && bitmap.width * bitmap.height < 1_000_000 ? "image/png" : "image/jpeg";
  const blob = await canvasBlob(canvas, type);
  const preview = await tiny(bitmap, bitmap.width, bitmap.height);
  bitmap.close();
  const name = file.name.replace(/\.\w+$/u, "") + (type === "image/png" ? ".png" : ".jpg");
  return { kind: "image", blob, name, width: canvas.width, height: canvas.height, preview };
}

async function film(file: File): Promise<AttachmentDraft> {
  const video = document.createElement("video");
  video.muted = true;
  video.preload = "auto";
  const url = URL.createObjectURL(file);
  try {
    await new Promise<void>((resolve, reject) => {
      video.onloadeddata = () => resolve();
      video.onerror = () => reject(new Error("This browser cannot play the film"));
      video.src = url;
    });
    const { videoWidth: width, videoHeight: height } = video;
    return {
      kind: "video",
      blob: file,
      name: file.name,
      width,
      height,
      preview: await tiny(video, width, height),
    };
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** What cannot be read as a picture or film goes as a document. */
export async function draftOf(file: File, asDocument = false): Promise<AttachmentDraft> {
  try {
    // An animated GIF would lose its movement on a canvas.
    if (
      !asDocument &&
      file.type.startsWith("image/") &&
      file.type !== "image/svg+xml" &&
      file.type !== "image/gif"
    )
      return await picture(file);
    if (!asDocument && file.type.startsWith("video/")) return await film(file);
  } catch {
    // Not what its type says: send it as it is.
  }
  return { kind: "file", blob: file, name: file.name };
}

/** A square portrait of at most 512 pixels. */
export async function avatarOf(file: File): Promise<Blob> {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const side = Math.min(bitmap.width, bitmap.height);
  const size = Math.min(512, side);
  const canvas = new OffscreenCanvas(size, size);
  const left = (bitmap.width - side) / 2;
  const top = (bitmap.height - side) / 2;
  canvas.getContext("2d")?.drawImage(bitmap, left, top, side, side, 0, 0, size, size);
  bitmap.close();
  return canvasBlob(canvas, "image/jpeg");
}
