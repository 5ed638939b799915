/**
 * Keeps the app's files for offline use and turns pushes into notices. It stores no messages: those are in the
 * app's own encrypted store.
 */

/// <reference lib="webworker" />
export {};

declare const self: ServiceWorkerGlobalScope;
declare const __SHELL__: readonly string[];
declare const __VERSION__: string;

const CACHE = `plauder-${__VERSION__}`;
const shell = new Set(__SHELL__);

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll([...shell]))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(
          names
            .filter((name) => name.startsWith("plauder-") && name !== CACHE)
            .map((name) => caches.delete(name)),
        ),
      )
      .then(() => self.clients.claim()),
  );
});

/** Pages come fresh when there is a network, else from the cache; hashed files from the cache at once. */
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate")
    event.respondWith(fetch(request).catch(async () => (await caches.match("/")) ?? Response.error()));
  else if (shell.has(url.pathname) || url.pathname.startsWith("/assets/")) event.respondWith(kept(request));
});

/** Files under `/assets/` carry their hash in the name, so what was kept never grows old. */
async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const found = await cache.match(request, { ignoreSearch: true });
  if (found) return found;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}

interface PushData {
  /** Opaque to everyone but the client; nothing in it names a person. */
  chat?: string;
  title?: string;
  body?: string;
}

const LONGEST = 300;

/** What a push says, as far as it is text; an empty one, or one of another shape, means "there is something new". */
function read(data: PushMessageData | null): PushData {
  try {
    const said = (data?.json() ?? {}) as Record<string, unknown>;
    const texts = Object.entries(said).filter(([, value]) => typeof value === "string" && value !== "");
    return Object.fromEntries(texts.map(([name, value]) => [name, (value as string).slice(0, LONGEST)]));
  } catch {
    return {};
  }
}

/** The app's languages; the app itself, with its catalogues, is closed when this is needed. */
const NEWS: Readonly<Record<string, string>> = {
  en: "You have new messages",
  de: "Du hast neue Nachrichten",
  pt: "Você tem mensagens novas",
  es: "Tienes mensajes nuevos",
  hi: "आपके लिए नए संदेश हैं",
};

function news(): string {
  const known = navigator.languages.map((tag) => NEWS[tag.split("-")[0] ?? ""]);
  return known.find(Boolean) ?? (NEWS.en as string);
}

self.addEventListener("push", (event) => {
  const show = async () => {
    const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    // An open window shows its own notice, with the sender's name.
    if (open.some((client) => client.visibilityState === "visible")) return;
    const data = read(event.data);
    await self.registration.showNotification(data.title ?? "Plauder", {
      body: data.body ?? news(),
      tag: data.chat ?? "plauder",
      icon: "/icon-192.png",
      badge: "/icon-192.png",
      data: { chat: data.chat },
    });
  };
  event.waitUntil(show());
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const chat = (event.notification.data as { chat?: string } | undefined)?.chat;
  const path = chat ? `/chats/${encodeURIComponent(chat)}` : "/chats";
  event.waitUntil(
    self.clients.matchAll({ type: "window", includeUncontrolled: true }).then(async (open) => {
      const window = open[0];
      if (!window) return self.clients.openWindow(path);
      await window.focus();
      // A window that this worker does not control cannot be led anywhere; it is in front, at least.
      return chat ? window.navigate(path).catch(() => null) : null;
    }),
  );
});
