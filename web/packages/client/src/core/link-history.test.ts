import { HttpError } from "@plauder/protocol/errors";
import { NS } from "@plauder/protocol/ns";
import { until } from "@plauder/protocol/testing/fake-platform";
import { type Element, parse } from "@plauder/protocol/xml";
import { beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../store/store.ts";
import { memoryStore } from "../testing/store.ts";
import type { Account } from "./account.ts";
import { type HistoryNotice, pack } from "./history.ts";
import { awaitHistory, LinkHistory } from "./link-history.ts";
import type { Transport } from "./media.ts";
import { Messages } from "./messages.ts";
import { crypt } from "./sealed-files.ts";

const notice: HistoryNotice = {
  mark: "the mark",
  url: "https://up.example.org/1",
  key: new Uint8Array(32).fill(1),
  iv: new Uint8Array(12).fill(2),
};
/** A server that takes files. */
const UPLOADS = {
  domain: "x",
  request: async (_: string, { ns }: Element) => parse(`<iq xmlns="jabber:client">${ANSWERS[ns]}</iq>`),
};
const ANSWERS: Readonly<Record<string, string>> = {
  [NS.discoItems]: `<query xmlns="${NS.discoItems}"/>`,
  [NS.discoInfo]: `<query xmlns="${NS.discoInfo}"><feature var="${NS.upload}"/></query>`,
  [NS.upload]: `<slot xmlns="${NS.upload}"><put url="https://up.example.org/1"/><get url="https://up.example.org/1"/></slot>`,
};
let store: Store;
let sealed: Uint8Array<ArrayBuffer>;
let get: () => Promise<Uint8Array<ArrayBuffer>>;

function joined(): LinkHistory {
  const session = { on: () => () => undefined };
  const transport = { get: () => get() } as unknown as Transport;
  return new LinkHistory({ store, jid: "ana@x", session } as unknown as Account, transport);
}

const here = () => store.sql.value("SELECT count(*) FROM message");
const progress = () => store.setting<{ done: number; total: number; failed?: boolean }>("history");

beforeEach(async () => {
  const old = await memoryStore();
  const messages = new Messages(old);
  old.write(() => {
    messages.ensureChat("b@x", "person", 1);
    const text = {
      chat: "b@x",
      sender: "b@x",
      own: false,
      at: 1,
      content: { kind: "text", text: "Oi" },
    } as const;
    messages.add({ ...text, stanzaId: "s1" });
  });
  sealed = await crypt("encrypt", notice.key, notice.iv, await pack(old));
  store = await memoryStore();
  get = async () => sealed;
});

describe("a device that has joined", () => {
  it("takes the history of who approved it, once", async () => {
    awaitHistory(store, notice.mark);
    const history = joined();
    history.receive(notice);
    await until(() => progress()?.done === progress()?.total, "the history is here");
    expect(here()).toBe(1);
    store.sql.run("DELETE FROM message");
    history.receive(notice);
    await history.resume();
    expect(here()).toBe(0);
  });

  it.each([
    ["nobody", undefined],
    ["another device", "another mark"],
  ])("takes none when it waits for %s's", async (_, mark) => {
    awaitHistory(store, mark);
    const history = joined();
    history.receive(notice);
    await history.resume();
    expect([here(), progress()]).toEqual([0, undefined]);
  });

  it("goes on after the page was gone", async () => {
    awaitHistory(store, notice.mark);
    get = () => new Promise(() => undefined);
    joined().receive(notice);
    get = async () => sealed;
    await joined().resume();
    expect(here()).toBe(1);
  });

  it("keeps trying while the line is broken", async () => {
    awaitHistory(store, notice.mark);
    get = async () => {
      throw new TypeError("Failed to fetch");
    };
    const history = joined();
    history.receive(notice);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect([here(), progress()?.failed]).toEqual([0, undefined]);
    get = async () => sealed;
    await history.resume();
    expect(here()).toBe(1);
    history.stop();
  });

  it.each<[string, () => Promise<Uint8Array<ArrayBuffer>>]>([
    ["is gone", async () => Promise.reject(new HttpError(404, "not there"))],
    ["is cut off", async () => sealed.slice(0, -20)],
    ["was changed", async () => sealed.map((byte, at) => (at === 30 ? byte ^ 1 : byte))],
    ["is empty", async () => new Uint8Array()],
    ["is something else", async () => await crypt("encrypt", notice.key, notice.iv, new Uint8Array(90))],
  ])("says so when it %s, and leaves nothing behind", async (_, answer) => {
    awaitHistory(store, notice.mark);
    get = answer;
    const history = joined();
    history.receive(notice);
    await until(() => progress()?.failed === true, "it says that it failed");
    expect(here()).toBe(0);
    history.stop();
  });
});

describe("a device that has approved another", () => {
  it("sends the history when that one shows, also after its own page was reloaded", async () => {
    const sent: string[] = [];
    const begin = (devices: { deviceId: number; protocols: string[] }[]): LinkHistory => {
      const account = {
        store,
        jid: "ana@x",
        session: { on: () => () => undefined, ...UPLOADS },
        encryption: { engine: { devices: async () => devices } },
        outgoing: {
          add: ({ content }: { content: unknown[] }) => sent.push(String(content[0])),
          kick: () => undefined,
        },
      };
      const transport = { put: async () => undefined } as unknown as Transport;
      return new LinkHistory(account as unknown as Account, transport);
    };
    const phone = { deviceId: 1, protocols: ["a"] };
    const before = begin([phone]);
    before.sendToNewDevice(new Set([1]), "the mark");
    before.stop();
    begin([phone, { deviceId: 2, protocols: ["a"] }]);
    store.touch("safety:ana@x");
    await until(() => sent.length > 0, "sent");
    expect(sent).toHaveLength(1);
    expect(sent[0]).toContain('mark="the mark"');
  });
});
