/** Files over HTTP with progress: `fetch` where it can stream, XMLHttpRequest for what goes up. */
import { HttpError } from "@plauder/protocol/errors";
import type { Transport } from "../core/media.ts";

/** A response larger than this is refused while it comes in. */
const LARGEST = 110 * 1024 * 1024;

export const httpTransport: Transport = {
  /** `fetch` tells nothing of how far an upload is; this older interface does. */
  put(url, body, headers, signal, progress) {
    if (typeof XMLHttpRequest === "undefined") return putByFetch(url, body, headers, signal, progress);
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("PUT", url);
      request.setRequestHeader("content-type", "application/octet-stream");
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded }) => progress(loaded);
      request.onload = () => {
        if (request.status < 300) resolve();
        else reject(new HttpError(request.status, `upload refused: ${request.status}`));
      };
      request.onerror = () => reject(new HttpError(0, "the upload broke off"));
      request.onabort = () => reject(new HttpError(0, "cancelled"));
      signal.addEventListener("abort", () => request.abort(), { once: true });
      request.send(body);
    });
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

async function putByFetch(
  url: string,
  body: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  progress: (done: number) => void,
): Promise<void> {
  const type = { "content-type": "application/octet-stream" };
  const response = await fetch(url, { method: "PUT", body, headers: { ...type, ...headers }, signal });
  if (!response.ok) throw new HttpError(response.status, `upload refused: ${response.status}`);
  progress(body.length);
}
