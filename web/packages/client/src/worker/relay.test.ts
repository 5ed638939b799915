import { until } from "@plauder/protocol/testing/fake-platform";
import { beforeEach, describe, expect, it } from "vitest";
import type { PlauderClient } from "../api.ts";
import { createFakeClient } from "../fake.ts";
import { Host } from "./host.ts";
import { type Channel, type Locks, Relay } from "./leader.ts";
import type { ToHost, ToPage } from "./messages.ts";
import { RemoteClient } from "./remote.ts";

/** A browser: tabs with workers, a channel between them, locks that pass on when a tab goes. */
class Browser {
  readonly #channels = new Set<{ owner: Tab; channel: Channel }>();
  readonly #queue: { tab: Tab; work: () => Promise<void> }[] = [];
  #holder: Tab | undefined;
  #serial = 0;
  /** What each leader opened: the store is one, so the client is the same. */
  opened = 0;
  readonly client = Object.assign(createFakeClient(), { setActive: () => undefined });

  tab(): Tab {
    return new Tab(this, `tab-${++this.#serial}`);
  }

  channelOf(owner: Tab): Channel {
    const channel: Channel = {
      post: (message) => {
        const copy = structuredClone(message);
        for (const other of [...this.#channels])
          if (other.owner !== owner && other.owner.isOpen && owner.isOpen)
            queueMicrotask(() => other.owner.isOpen && other.channel.onmessage?.(copy));
      },
      onmessage: null,
      close: () => undefined,
    };
    this.#channels.add({ owner, channel });
    return channel;
  }

  locksOf(tab: Tab): Locks {
    return {
      hold: (_, work) => {
        this.#queue.push({ tab, work });
        this.#grant();
      },
    };
  }

  #grant(): void {
    if (this.#holder?.isOpen) return;
    const next = this.#queue.shift();
    if (!next) return;
    if (!next.tab.isOpen) return this.#grant();
    this.#holder = next.tab;
    queueMicrotask(() => void next.work());
  }

  async open(): Promise<Host> {
    this.opened += 1;
    return new Host(this.client as unknown as PlauderClient & { setActive(active: boolean): void });
  }

  closed(): void {
    this.#grant();
  }
}

class Tab {
  isOpen = true;
  readonly page: RemoteClient;
  readonly #browser: Browser;

  constructor(browser: Browser, name: string) {
    this.#browser = browser;
    const toPage = (message: ToPage): void =>
      queueMicrotask(() => this.isOpen && this.page.hear(structuredClone(message)));
    const relay = new Relay(name, { post: toPage }, browser.channelOf(this), browser.locksOf(this), () =>
      browser.open(),
    );
    const toWorker = (message: ToHost): void =>
      queueMicrotask(() => this.isOpen && relay.hear(structuredClone(message)));
    this.page = new RemoteClient({ post: toWorker }, () => undefined);
  }

  /** Gone at once, without goodbye. */
  close(): void {
    this.isOpen = false;
    this.#browser.closed();
  }
}

let browser: Browser;

beforeEach(() => {
  browser = new Browser();
});

const ready = (tab: Tab) => {
  const { state } = tab.page.session;
  state.subscribe(() => undefined);
  return until(() => state.get().kind === "ready", "ready");
};

describe("tabs", () => {
  it("share one client, whoever came first", async () => {
    const [first, second] = [browser.tab(), browser.tab()];
    await Promise.all([ready(first), ready(second)]);
    expect(browser.opened).toBe(1);
    const lists = [first, second].map((tab) => tab.page.chats.list);
    for (const list of lists) list.subscribe(() => undefined);
    await until(() => lists.every((list) => (list.get()?.length ?? 0) > 0));
    const chat = lists[0]?.get()?.[0]?.id as string;
    await second.page.chats.pin(chat, true);
    await until(() => lists.every((list) => list.get()?.find(({ id }) => id === chat)?.pinned === true));
  });

  it("go on when the one that had the client closes", async () => {
    const [first, second] = [browser.tab(), browser.tab()];
    await Promise.all([ready(first), ready(second)]);
    const list = second.page.chats.list;
    list.subscribe(() => undefined);
    await until(() => (list.get()?.length ?? 0) > 0);
    const chat = list.get()?.[0]?.id as string;
    first.close();
    const sent = second.page.conversation(chat).send("written while nobody led");
    expect(await sent).toBeTypeOf("string");
    expect(browser.opened).toBe(2);
    await until(
      () => list.get()?.find(({ id }) => id === chat)?.preview?.text === "written while nobody led",
    );
  });

  it("that come later join what is there", async () => {
    const first = browser.tab();
    await ready(first);
    const second = browser.tab();
    await ready(second);
    expect(browser.opened).toBe(1);
  });

  it("hear of an error as an error of the client", async () => {
    const tab = browser.tab();
    await ready(tab);
    await expect(tab.page.chats.pin("nobody@nowhere", true)).rejects.toMatchObject({ code: "not-found" });
  });

  it("reach nothing but what the client offers", async () => {
    const host = await browser.open();
    const answers: ToPage[] = [];
    const hear = host.welcome("x", { post: (message) => answers.push(message) });
    for (const path of [
      ["constructor"],
      ["session", "constructor"],
      ["world"],
      ["chats", "toString"],
      ["nothing", "at"],
      [],
    ])
      hear({ do: "call", id: path.join("."), path, args: [] });
    await until(() => answers.length === 6);
    expect(answers.every(({ is }) => is === "error")).toBe(true);
    hear({ do: "watch", id: "w", path: ["world"], args: [] });
    expect(answers).toHaveLength(6);
  });

  it("hear in one go what changed together, and before the command that changed it is done", async () => {
    const heard: ToPage[] = [];
    const host = await browser.open();
    const say = host.welcome("page", { post: (message) => heard.push(message) });
    const [chat] = browser.client.chats.list.get() ?? [];
    const id = chat?.id as string;
    say({ do: "watch", id: "list", path: ["chats", "list"], args: [] });
    say({ do: "watch", id: "one", path: ["chats", "one"], args: [id] });
    heard.length = 0;
    say({ do: "call", id: "pin", path: ["chats", "pin"], args: [id, !chat?.pinned] });
    await until(() => heard.some(({ is }) => is === "result"));
    expect(heard.map(({ is }) => is)).toEqual(["values", "result"]);
    const [values] = heard as [Extract<ToPage, { is: "values" }>];
    expect(values.values.map(([which]) => which).sort()).toEqual(["list", "one"]);
  });

  it("get live values only while they look", async () => {
    const tab = browser.tab();
    await ready(tab);
    const list = tab.page.chats.list;
    const stop = list.subscribe(() => undefined);
    await until(() => list.get() !== undefined);
    stop();
    const before = list.get();
    const chat = before?.[0]?.id as string;
    await tab.page.chats.pin(chat, !before?.[0]?.pinned);
    expect(list.get()).toBe(before);
  });
});

describe("a page whose worker's tab went", () => {
  it("asks again what may be asked twice, and says of the rest that it does not know", async () => {
    const posted: ToHost[] = [];
    const page = new RemoteClient({ post: (message) => posted.push(message) }, () => undefined);
    const paths = () => posted.flatMap((one) => (one.do === "call" ? [one.path.join(" ")] : []));
    const twice = page.business.call("POST", "/numbers/1/messages", { text: "Sale!" });
    const made = page.groups.create("Trilhas", []);
    void page.business.call("GET", "/numbers");
    void page.conversation("bruno@example.org").send("Oi");
    const first = paths();
    posted.length = 0;
    page.hear({ is: "host" });
    await expect(twice).rejects.toMatchObject({ code: "timeout" });
    await expect(made).rejects.toMatchObject({ code: "timeout" });
    expect(first).toHaveLength(4);
    expect(paths()).toEqual(["business call", "conversation bruno@example.org send"]);
  });

  it("names what it sends, so that asking again adds nothing", () => {
    const posted: ToHost[] = [];
    const page = new RemoteClient({ post: (message) => posted.push(message) }, () => undefined);
    const chat = page.conversation("bruno@example.org");
    void chat.send("Oi");
    void chat.attach({ kind: "file", blob: new Blob(["x"]), name: "x.txt" });
    void chat.forward(["m1", "m2"], ["ana@example.org", "carla@example.org"]);
    const button = { type: "button_reply", button_reply: { id: "1", title: "Yes" } } as const;
    void chat.answer("m3", button);
    const args = posted.map((one) => (one.do === "call" ? one.args : []));
    const named = [args[0]?.[1], args[1]?.[1], args[3]?.[2]] as { id: string }[];
    const copies = args[2]?.[2] as string[][];
    const ids = [...named.map(({ id }) => id), ...copies.flat()];
    expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(7);
  });
});
