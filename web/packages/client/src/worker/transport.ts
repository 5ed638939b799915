/** Files over HTTP with progress: `fetch` where it can stream, XMLHttpRequest for what goes up. */
import { HttpError } from "@plauder/protocol/errors";
import type { Transport } from "../core/media.ts";

/** A response larger than this is refused while it comes in. */
const LARGEST = 110 * 1024 * 1024;

export const httpTransport: Transport = {
  /** `fetch` tells nothing of how far an upload is; this older interface does. */
  put(url, body, headers, signal, progress, offset = 0) {
    // A first try is a plain PUT, which every server takes; going on is a PATCH at an offset (tus 1.0.0).
    const method = offset > 0 ? "PATCH" : "PUT";
    const part = offset > 0 ? body.subarray(offset) : body;
    const all = { "content-type": "application/octet-stream", ...headers, ...(offset > 0 && tus(offset)) };
    const told = (done: number): void => progress(offset + done);
    if (typeof XMLHttpRequest === "undefined") return putByFetch(url, method, part, all, signal, told);
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(method, url);
      for (const [name, value] of Object.entries(all)) request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded }) => told(loaded);
      request.onload = () => {
        if (request.status < 300) resolve();
        else reject(new HttpError(request.status, `upload refused: ${request.status}`));
      };
      request.onerror = () => reject(new HttpError(0, "the upload broke off"));
      request.onabort = () => reject(new HttpError(0, "cancelled"));
      signal.addEventListener("abort", () => request.abort(), { once: true });
      request.send(part);
    });
  },

  async arrived(url, headers) {
    const how = { method: "HEAD", credentials: "omit", cache: "no-store" } as const;
    const begun = await fetch(url, { ...how, headers });
    const offset = begun.headers.get("upload-offset");
    if (begun.ok && offset !== null && /^\d+$/.test(offset)) return Number(offset);
    // All of it came, only the word that it did was lost.
    const whole = await fetch(url, how);
    return whole.ok ? Number(whole.headers.get("content-length")) || undefined : undefined;
  },

  async get(url, signal, progress) {
    const response = await fetch(url, { signal, credentials: "omit", referrerPolicy: "no-referrer" });
    if (!response.ok || !response.body) throw new HttpError(response.status, `not there: ${response.status}`);
    const chunks: Uint8Array[] = [];
    let done = 0;
    for await (const chunk of response.body) {
      chunks.push(chunk);
      done += chunk.length;
      if (done > LARGEST) throw new HttpError(413, "the file is larger than this app opens");
      progress(done);
    }
    const whole = new Uint8Array(done);
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  },
};

function tus(offset: number): Record<string, string> {
  return { "tus-resumable": "1.0.0", "upload-offset": String(offset) };
}

async function putByFetch(
  url: string,
  method: string,
  body: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  progress: (done: number) => void,
): Promise<void> {
  const response = await fetch(url, { method, body, headers, signal }).catch(() => {
    throw new HttpError(0, "the upload broke off");
  });
  if (!response.ok) throw new HttpError(response.status, `upload refused: ${response.status}`);
  progress(body.length);
}
