import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

type Handler = (event: unknown) => void;

const handlers = new Map<string, Handler>();
const kept = new Map<string, Map<string, Response>>();
let notices: { title: string; options: NotificationOptions }[];
let windows: { visibilityState: string; focus(): Promise<void>; navigate(path: string): Promise<unknown> }[];
let went: string[];
let network: (url: string) => Promise<Response>;

const pathOf = (what: string | Request) =>
  new URL(String((what as Request).url ?? what), "https://x").pathname;

function cache(name: string) {
  const files = kept.get(name) ?? new Map<string, Response>();
  kept.set(name, files);
  return {
    addAll: async (paths: string[]) => {
      for (const path of paths) files.set(path, new Response(path));
    },
    match: async (what: string | Request) => files.get(pathOf(what))?.clone(),
    put: async (what: string | Request, response: Response) => void files.set(pathOf(what), response),
  };
}

beforeAll(async () => {
  const self = {
    addEventListener: (name: string, handler: Handler) => handlers.set(name, handler),
    location: { origin: "https://x" },
    skipWaiting: async () => undefined,
    clients: {
      claim: async () => undefined,
      matchAll: async () => windows,
      openWindow: async (path: string) => void went.push(`open ${path}`),
    },
    registration: {
      showNotification: async (title: string, options: NotificationOptions) =>
        void notices.push({ title, options }),
    },
  };
  const caches = {
    open: async (name: string) => cache(name),
    keys: async () => [...kept.keys()],
    delete: async (name: string) => kept.delete(name),
    match: async (what: string) => {
      for (const files of kept.values()) if (files.has(pathOf(what))) return files.get(pathOf(what))?.clone();
      return undefined;
    },
  };
  vi.stubGlobal("self", self);
  vi.stubGlobal("caches", caches);
  vi.stubGlobal("navigator", { languages: ["fr-FR", "pt-BR", "en"] });
  vi.stubGlobal("fetch", (request: Request) => network(request.url));
  vi.stubGlobal("__SHELL__", ["/", "/assets/app-1.js"]);
  vi.stubGlobal("__VERSION__", "2");
  await import("./service-worker.ts");
});

beforeEach(() => {
  notices = [];
  windows = [];
  went = [];
  network = async (url) => new Response(`fresh ${pathOf(url)}`);
});

afterEach(() => kept.clear());

/** Fires an event and waits for all that it is kept alive for; resolves with what was answered. */
async function fire(name: string, event: object = {}): Promise<Response | undefined> {
  const work: Promise<unknown>[] = [];
  let answer: Promise<Response> | undefined;
  handlers.get(name)?.({
    ...event,
    waitUntil: (promise: Promise<unknown>) => work.push(promise),
    respondWith: (promise: Promise<Response>) => {
      answer = promise;
    },
  });
  await Promise.all(work);
  return await answer;
}

describe("a push", () => {
  const push = (text: string) => fire("push", { data: { json: () => JSON.parse(text) } });

  it("without words says in the person's language that there is something new", async () => {
    await fire("push", { data: null });
    expect(notices).toMatchObject([{ title: "Plauder", options: { body: "Você tem mensagens novas" } }]);
  });

  it("with words shows them, one notice for each chat", async () => {
    await push(JSON.stringify({ title: "Ana", body: "Oi", chat: "c1" }));
    expect(notices).toMatchObject([
      { title: "Ana", options: { body: "Oi", tag: "c1", data: { chat: "c1" } } },
    ]);
  });

  it.each([
    ["cut off", '{"title":"A'],
    ["no JSON", "hello"],
    ["nothing", "null"],
    ["a list", "[1,2]"],
    ["a number", "5"],
    ["of another shape", '{"title":{"toString":1},"body":[],"chat":7}'],
    ["empty", '{"title":"","body":""}'],
  ])("that is %s is still shown, and says no more than that", async (_, text) => {
    await push(text);
    expect(notices).toMatchObject([{ title: "Plauder", options: { tag: "plauder", data: {} } }]);
    expect(notices[0]?.options.body).toBe("Você tem mensagens novas");
  });

  it("that is huge is shown in part", async () => {
    await push(JSON.stringify({ title: "A".repeat(100_000), body: "B".repeat(3_000_000) }));
    expect(notices[0]?.title).toHaveLength(300);
    expect(notices[0]?.options.body).toHaveLength(300);
  });

  it("is left to a window that somebody looks at", async () => {
    const stay = { focus: async () => undefined, navigate: async () => null };
    windows = [{ visibilityState: "visible", ...stay }];
    await fire("push", { data: null });
    expect(notices).toEqual([]);
    windows = [{ visibilityState: "hidden", ...stay }];
    await fire("push", { data: null });
    expect(notices).toHaveLength(1);
  });
});

describe("a tap on a notice", () => {
  const tap = (chat?: string) =>
    fire("notificationclick", { notification: { close: () => undefined, data: { chat } } });
  const open = (navigate: (path: string) => Promise<unknown>) => {
    windows = [{ visibilityState: "hidden", focus: async () => void went.push("focus"), navigate }];
  };

  it("opens the app at the chat, wherever its name would lead", async () => {
    await tap("../../evil?x#y");
    await tap();
    expect(went).toEqual(["open /chats/..%2F..%2Fevil%3Fx%23y", "open /chats"]);
  });

  it("leads an open window there, and leaves it where it is when no chat is named", async () => {
    open(async (path) => void went.push(`go ${path}`));
    await tap("c1");
    await tap();
    expect(went).toEqual(["focus", "go /chats/c1", "focus"]);
  });

  it("fronts a window that may not be led", async () => {
    open(async () => Promise.reject(new TypeError("not controlled")));
    await tap("c1");
    expect(went).toEqual(["focus"]);
  });
});

describe("files", () => {
  const get = (path: string, mode = "no-cors", method = "GET") =>
    fire("fetch", { request: { url: `https://x${path}`, mode, method } });
  const text = async (answer: Promise<Response | undefined>) => await (await answer)?.text();

  it("are kept at installation, and older versions' are dropped", async () => {
    cache("plauder-1");
    cache("others");
    await fire("install");
    await fire("activate");
    expect([...kept.keys()].sort()).toEqual(["others", "plauder-2"]);
    expect(await text(get("/assets/app-1.js"))).toBe("/assets/app-1.js");
  });

  it("of a page come fresh, and from what was kept when there is no network", async () => {
    await fire("install");
    expect(await text(get("/chats/a", "navigate"))).toBe("fresh /chats/a");
    network = async () => Promise.reject(new TypeError("offline"));
    expect(await text(get("/chats/a", "navigate"))).toBe("/");
  });

  it("are kept when first used, unless the answer is an error", async () => {
    await fire("install");
    network = async () => new Response("no", { status: 500 });
    expect((await get("/assets/new-2.js"))?.status).toBe(500);
    network = async () => new Response("yes");
    expect(await text(get("/assets/new-2.js"))).toBe("yes");
    network = async () => Promise.reject(new TypeError("offline"));
    expect(await text(get("/assets/new-2.js"))).toBe("yes");
  });

  it("that are no part of the app pass by: the API, media, other origins, what is sent", async () => {
    expect(await get("/api/v1/account")).toBeUndefined();
    expect(await get("/media/1")).toBeUndefined();
    expect(await get("/", "navigate", "POST")).toBeUndefined();
    expect(
      await fire("fetch", { request: { url: "https://y/assets/a.js", mode: "cors", method: "GET" } }),
    ).toBeUndefined();
  });
});
