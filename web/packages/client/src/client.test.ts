import { NS } from "@plauder/protocol/ns";
import { until } from "@plauder/protocol/testing/fake-platform";
import { el } from "@plauder/protocol/xml";
import { beforeEach, describe, expect, it } from "vitest";
import type { ConversationView, MediaView, MessageView } from "./api.ts";
import { Village, type Villager } from "./testing/village.ts";

let village: Village;
let ana: Villager;
let bruno: Villager;

beforeEach(async () => {
  village = new Village();
  ana = await village.move("ana");
  bruno = await village.move("bruno");
});

/** What a person has on the screen while the chat is open. */
function open(who: Villager, chat: string): { view(): ConversationView; last(): MessageView | undefined } {
  const conversation = who.client.conversation(chat);
  conversation.subscribe(() => undefined);
  const view = () => conversation.get() as ConversationView;
  return { view, last: () => view().messages.at(-1) };
}

const shown = (chat: { view(): ConversationView }) =>
  chat.view().messages.map(({ content }) => ("text" in content ? content.text : content.kind));

/** Gives every command again, as a page does when another worker takes over. */
class Twice {
  readonly #to: object;
  constructor(to: object) {
    this.#to = to;
  }
  async do(name: string, ...args: unknown[]): Promise<unknown> {
    const method = Reflect.get(this.#to, name) as (...args: unknown[]) => Promise<unknown>;
    await method.apply(this.#to, args);
    return await method.apply(this.#to, args);
  }
}

describe("two people", () => {
  it("chat, encrypted, and see when it arrived and was read", async () => {
    const anas = open(ana, bruno.jid);
    const brunos = open(bruno, ana.jid);
    await ana.client.conversation(bruno.jid).send("Oi Bruno");
    await until(() => anas.last()?.tick === "waiting", "no tick yet");
    await until(() => brunos.last() !== undefined, "Bruno reads");
    expect(shown(brunos)).toEqual(["Oi Bruno"]);
    // A stranger wrote first: no receipt before Bruno answers.
    await until(() => anas.last()?.tick === "sent", "one tick");
    await bruno.client.conversation(ana.jid).send("Oi Ana");
    await until(() => shown(anas).length === 2, "Ana reads");
    await ana.client.conversation(bruno.jid).send("Tudo bem?");
    await until(() => anas.last()?.tick === "delivered", "two ticks");
    bruno.client.conversation(ana.jid).seen(brunos.last()?.id as string);
    await until(() => anas.last()?.tick === "read", "blue");
    expect(village.passed.map(String).join()).not.toContain("Tudo bem");
  });

  it("tells in the chat list what is new", async () => {
    const list = bruno.client.chats.list;
    list.subscribe(() => undefined);
    await ana.client.conversation(bruno.jid).send("um");
    await ana.client.conversation(bruno.jid).send("dois");
    await until(() => list.get()?.[0]?.unread === 2);
    expect(list.get()?.[0]).toMatchObject({
      id: ana.jid,
      preview: { text: "dois", own: false },
      isRequest: true,
    });
    const chat = open(bruno, ana.jid);
    expect(chat.view().firstUnread).toBe(chat.view().messages[0]?.id);
    bruno.client.conversation(ana.jid).seen(chat.last()?.id as string);
    await until(() => list.get()?.[0]?.unread === 0);
  });

  it("show again what has not changed as it was", async () => {
    const brunos = open(bruno, ana.jid);
    for (const text of ["um", "dois"]) await ana.client.conversation(bruno.jid).send(text);
    await until(() => shown(brunos).length === 2);
    const [first, second] = brunos.view().messages;
    await bruno.client.conversation(ana.jid).star([second?.id as string], true);
    await until(() => brunos.last()?.starred === true);
    expect(brunos.view().messages[0]).toBe(first);
    bruno.client.contacts.one(ana.jid).subscribe(() => undefined);
    await bruno.client.contacts.rename(ana.jid, "Aninha");
    await until(() => brunos.view().messages[0]?.sender.name === "Aninha");
  });

  it("answer, react, edit and take back", async () => {
    const anas = open(ana, bruno.jid);
    const brunos = open(bruno, ana.jid);
    const talk = ana.client.conversation(bruno.jid);
    const id = await talk.send("Onde?");
    await until(() => brunos.last() !== undefined);
    const answer = bruno.client.conversation(ana.jid);
    await answer.send("Na praia", { replyTo: brunos.last()?.id as string });
    await until(() => shown(anas).length === 2);
    expect(anas.last()?.quote).toMatchObject({ id, own: true, text: "Onde?" });
    await answer.react(brunos.view().messages[0]?.id as string, "👍");
    await until(() => anas.view().messages[0]?.reactions.length === 1);
    expect(anas.view().messages[0]?.reactions[0]).toMatchObject({ emoji: "👍", count: 1, own: false });
    await answer.react(brunos.view().messages[0]?.id as string, "");
    await until(() => anas.view().messages[0]?.reactions.length === 0);
    await talk.edit(id, "Onde vamos?");
    await until(() => shown(brunos)[0] === "Onde vamos?");
    expect(brunos.view().messages[0]?.edited).toBe(true);
    await talk.remove([id], "all");
    await until(() => brunos.view().messages[0]?.content.kind === "deleted");
  });

  it("get nothing twice when a command is repeated, because the tab that gave it went", async () => {
    const brunos = open(bruno, ana.jid);
    const talk = new Twice(ana.client.conversation(bruno.jid));
    const id = await talk.do("send", "Oi", { id: "a".repeat(32) });
    await talk.do("setTimer", 86_400);
    await talk.do("forward", [id], [bruno.jid], [["b".repeat(32)]]);
    await until(() => shown(brunos).filter((text) => text === "Oi").length === 2);
    expect(shown(brunos)).toEqual(["Oi", "system", "Oi"]);
    expect(shown(open(ana, bruno.jid))).toEqual(["Oi", "system", "Oi"]);
  });

  it("see each other type", async () => {
    const chat = bruno.client.chats.one(ana.jid);
    chat.subscribe(() => undefined);
    await ana.client.conversation(bruno.jid).send("Oi");
    await until(() => chat.get()?.preview !== undefined);
    ana.client.conversation(bruno.jid).typing("composing");
    await until(() => chat.get()?.typing.length === 1, "typing");
    ana.client.conversation(bruno.jid).typing("paused");
    await until(() => chat.get()?.typing.length === 0, "typing ends");
  });

  it("send a picture that the server cannot see", async () => {
    const brunos = open(bruno, ana.jid);
    const picture = new Blob([new Uint8Array([1, 2, 3, 4, 5])], { type: "image/jpeg" });
    await ana.client
      .conversation(bruno.jid)
      .attach({ kind: "image", blob: picture, name: "praia.jpg", width: 4, height: 3, caption: "Olha" });
    await until(() => brunos.last() !== undefined, "the picture arrives");
    const message = brunos.last() as MessageView;
    expect(message.content).toMatchObject({
      kind: "image",
      caption: "Olha",
      media: { name: "praia.jpg", width: 4, transfer: { state: "remote" } },
    });
    await bruno.client.chats.acceptRequest(ana.jid);
    const got = await bruno.client.media.open(message);
    expect(new Uint8Array(await got.arrayBuffer())).toEqual(new Uint8Array([1, 2, 3, 4, 5]));
    const transfer = () =>
      (brunos.last()?.content as { media?: MediaView } | undefined)?.media?.transfer.state;
    await until(() => transfer() === "here", "the picture is here");
    expect([...village.files.values()][0]).not.toEqual(new Uint8Array([1, 2, 3, 4, 5]));
  });

  it("go on with an upload that broke off, without sending a byte twice", async () => {
    const brunos = open(bruno, ana.jid);
    const bytes = crypto.getRandomValues(new Uint8Array(5000));
    village.breaksOffAt = 2000;
    const file = { kind: "file", blob: new Blob([bytes]), name: "a.bin" } as const;
    await ana.client.conversation(bruno.jid).attach(file);
    await until(() => brunos.last() !== undefined, "the file arrives");
    expect(village.puts.map(({ offset, end }) => [offset, end])).toEqual([
      [0, 2000],
      [2000, 5016],
    ]);
    await bruno.client.chats.acceptRequest(ana.jid);
    const got = await bruno.client.media.open(brunos.last() as MessageView);
    expect(new Uint8Array(await got.arrayBuffer())).toEqual(bytes);
  });

  it("let messages disappear after they were read", async () => {
    const brunos = open(bruno, ana.jid);
    await ana.client.conversation(bruno.jid).setTimer(60);
    await ana.client.conversation(bruno.jid).send("psst");
    await until(() => shown(brunos).includes("psst"));
    expect(brunos.view().timer).toBe(60);
    expect(brunos.last()?.expiresAt).toBeUndefined();
    bruno.client.conversation(ana.jid).seen(brunos.last()?.id as string);
    await until(() => brunos.last()?.expiresAt !== undefined);
  });
});

describe("away and back", () => {
  it("what is written offline leaves when there is a line again, once and in order", async () => {
    const anas = open(ana, bruno.jid);
    const brunos = open(bruno, ana.jid);
    village.disconnect(ana);
    await until(() => ana.client.session.connection.get() !== undefined);
    for (const text of ["um", "dois", "três"]) await ana.client.conversation(bruno.jid).send(text);
    await until(
      () => anas.view().messages.length === 3 && anas.view().messages.every(({ tick }) => tick === "waiting"),
    );
    await village.reconnect(ana);
    await until(() => shown(brunos).length === 3, "all arrive");
    expect(shown(brunos)).toEqual(["um", "dois", "três"]);
  });

  it("what was sent while somebody was away is there when they are back", async () => {
    const brunos = open(bruno, ana.jid);
    village.disconnect(bruno);
    for (let count = 0; count < 20; count++) await ana.client.conversation(bruno.jid).send(String(count));
    await until(() => village.passed.filter((one) => one.get("encrypted", NS.omemo)).length >= 20);
    await village.reconnect(bruno);
    village.handOut(bruno);
    await until(() => shown(brunos).length === 20);
    expect(shown(brunos)).toEqual(Array.from({ length: 20 }, (_, count) => String(count)));
  });

  it("a crash loses nothing that was written, and doubles nothing", async () => {
    const brunos = open(bruno, ana.jid);
    ana.server.acknowledges = false;
    await ana.client.conversation(bruno.jid).send("antes");
    await until(() => shown(brunos).length === 1);
    await ana.client.conversation(bruno.jid).send("durante");
    village.crash(ana);
    const again = await village.move("ana", { store: ana.store });
    const anas = open(again, bruno.jid);
    await until(() => anas.view().messages.every(({ tick }) => tick === "sent"), "both have their tick");
    await until(() => shown(brunos).length === 2);
    expect(shown(brunos)).toEqual(["antes", "durante"]);
  });
});

describe("several devices", () => {
  it("all show what was sent and received on any", async () => {
    const tablet = await village.move("ana");
    const phone = open(ana, bruno.jid);
    const second = open(tablet, bruno.jid);
    const brunos = open(bruno, ana.jid);
    await ana.client.conversation(bruno.jid).send("do telefone");
    await until(() => shown(second).length === 1 && shown(brunos).length === 1, "the tablet has it");
    expect(second.last()).toMatchObject({ own: true, tick: "sent" });
    await bruno.client.conversation(ana.jid).send("resposta");
    await until(() => shown(phone).length === 2 && shown(second).length === 2, "both have the answer");
    await tablet.client.conversation(bruno.jid).send("do tablet");
    await until(() => shown(phone).length === 3 && shown(brunos).length === 3);
    expect(phone.last()).toMatchObject({ own: true });
  });
});

describe("signing out", () => {
  it("leaves nothing of the account on the device", async () => {
    await ana.client.conversation(bruno.jid).send("nobody shall find this");
    await until(() => village.passed.some((one) => one.get("encrypted", NS.omemo)), "it leaves");
    await ana.client.session.logOut();
    expect(ana.client.session.state.get()).toEqual({ kind: "signed-out", because: "logged-out" });
    const tables = ana.store.sql.all<{ name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'message_text%'",
    );
    expect(tables.length).toBeGreaterThan(10);
    for (const { name } of tables) expect(ana.store.sql.value(`SELECT count(*) FROM ${name}`), name).toBe(0);
    expect(ana.store.sql.all("SELECT rowid FROM message_text WHERE message_text MATCH 'nobody'")).toEqual([]);
    expect(() => ana.client.conversation(bruno.jid)).toThrow("signed in");
  });
});

describe("a device whose credential is refused", () => {
  const shutOut = async (refusal: string) => {
    const { connection } = ana.client.session;
    connection.subscribe(() => undefined);
    const anas = open(ana, bruno.jid);
    await ana.client.conversation(bruno.jid).send("Oi Bruno");
    await until(() => anas.last()?.tick === "sent");
    Object.assign(ana.server, { password: "another", refusal });
    ana.server.newToken();
    ana.server.raw(String(el("error", NS.stream, {}, el("not-authorized", NS.streamErrors))));
    await until(() => connection.get().state === "offline");
    ana.client.session.reconnect();
  };

  it("erases what it kept when it was removed", async () => {
    await shutOut("not-authorized");
    await until(() => ana.client.session.state.get().kind === "signed-out");
    expect(ana.client.session.state.get()).toMatchObject({ because: "device-removed" });
    expect(ana.store.sql.value("SELECT count(*) FROM message")).toBe(0);
  });

  it("keeps everything while the operator has shut the account", async () => {
    const { connection, state } = ana.client.session;
    await shutOut("account-disabled");
    await until(() => connection.get().problem === "refused");
    expect(state.get().kind).toBe("ready");
    expect(ana.store.sql.value("SELECT count(*) FROM message")).toBe(1);
  });
});
