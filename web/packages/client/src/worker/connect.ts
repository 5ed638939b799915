/** For the page: the client, living in a worker. */
import type { PlauderClient } from "../api.ts";
import type { ToPage } from "./messages.ts";
import { RemoteClient } from "./remote.ts";

interface Page {
  document: { readonly visibilityState: string; addEventListener(name: string, act: () => void): void };
  addEventListener(name: string, act: () => void): void;
  navigator: { storage?: { persist?(): Promise<boolean> } };
}

/** Start (or join) the client of this browser. Call once per page. */
export function connectClient(): PlauderClient {
  const page = globalThis as unknown as Page;
  // Spelt out in one piece: the bundler finds workers by this very form.
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "plauder" });
  const client = new RemoteClient({ post: (message) => worker.postMessage(message) }, () =>
    worker.terminate(),
  );
  worker.onmessage = ({ data }: { data: ToPage }) => client.hear(data);
  const tell = (): void => client.setActive(page.document.visibilityState === "visible");
  page.document.addEventListener("visibilitychange", tell);
  // A page that goes takes its views with it; the worker of another tab must not go on computing for them.
  page.addEventListener("pagehide", () => worker.postMessage({ do: "leave" }));
  page.addEventListener("pageshow", tell);
  const stop = client.session.state.subscribe(() => {
    if (client.session.state.get().kind !== "ready") return;
    // Messages are nowhere else: ask the browser to keep them when space runs short.
    void page.navigator.storage?.persist?.();
    stop();
  });
  return client;
}
