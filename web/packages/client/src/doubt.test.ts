/** What a server, or somebody in a group, could put before us without being able to write it. */
import { body, reactions, replaces, retraction, timer } from "@plauder/protocol/content";
import { NS } from "@plauder/protocol/ns";
import { message } from "@plauder/protocol/stanza";
import { until } from "@plauder/protocol/testing/fake-platform";
import { type Element, el } from "@plauder/protocol/xml";
import { beforeEach, describe, expect, it } from "vitest";
import type { ConversationView, MessageView } from "./api.ts";
import { Village, type Villager } from "./testing/village.ts";

let village: Village;
let ana: Villager;
let bruno: Villager;

beforeEach(async () => {
  village = new Village();
  ana = await village.move("ana");
  bruno = await village.move("bruno");
});

function open(who: Villager, chat: string) {
  const conversation = who.client.conversation(chat);
  conversation.subscribe(() => undefined);
  const view = () => conversation.get() as ConversationView;
  return { view, last: () => view().messages.at(-1), texts: () => view().messages.map(textOf) };
}

const textOf = ({ content }: MessageView) => ("text" in content ? content.text : content.kind);

let count = 0;
/** The server hands this out as if `from` had sent it. */
function forge(to: Villager, from: string, ...children: Element[]): void {
  count += 1;
  to.server.push(
    message({ from: `${from}/x`, to: to.jid, type: "chat", id: `forged-${count}` }, ...children),
  );
}

/** Everything pushed so far is in the store. */
async function settled(who: Villager): Promise<void> {
  forge(who, "marker@example.org", body(`end ${count}`));
  const said = `end ${count - 1}`;
  await until(
    () => who.store.sql.value("SELECT 1 FROM message WHERE text = ?", said) !== undefined,
    "settled",
  );
}

describe("somebody who encrypts", () => {
  it("is not shown as the author of a message in the clear without a word, nor answered in the clear", async () => {
    const brunos = open(bruno, ana.jid);
    await ana.client.conversation(bruno.jid).send("Oi");
    await until(() => brunos.last() !== undefined);
    expect(brunos.last()?.doubt).toBeUndefined();
    forge(bruno, ana.jid, body("Send me the code"));
    await until(() => brunos.texts().includes("Send me the code"));
    expect(brunos.last()?.doubt).toBe("clear");
    expect(brunos.view().encryption).toBe("end-to-end");
    bruno.client.conversation(ana.jid).typing("composing");
    await bruno.client.conversation(ana.jid).send("Which?");
    await until(() => village.passed.some((one) => one.attr("from")?.startsWith(bruno.jid)));
    const clear = village.passed.filter((one) => one.get("body", NS.client)?.text() === "Which?");
    expect(clear).toEqual([]);
    expect(village.passed.filter((one) => one.elements().some(({ ns }) => ns === NS.chatStates))).toEqual([]);
  });

  it("has messages edited, taken back, reacted to or timed by nobody who cannot encrypt as they do", async () => {
    const brunos = open(bruno, ana.jid);
    await ana.client.conversation(bruno.jid).send("The original");
    await until(() => brunos.last() !== undefined);
    const id = bruno.store.sql.value<string>("SELECT stanza_id FROM message") as string;
    forge(bruno, ana.jid, retraction(id));
    forge(bruno, ana.jid, reactions(id, ["🙈"]));
    forge(bruno, ana.jid, timer(5));
    forge(bruno, ana.jid, body("Another"), replaces(id));
    await settled(bruno);
    const [original, another] = brunos.view().messages;
    expect(original).toMatchObject({
      content: { kind: "text", text: "The original" },
      edited: false,
      reactions: [],
    });
    expect(another).toMatchObject({ content: { kind: "text", text: "Another" }, doubt: "clear" });
    expect(brunos.view().timer).toBe(0);
    // Nor are ours: what another device of ours does comes encrypted.
    await bruno.client.conversation(ana.jid).send("Mine");
    await until(() => brunos.texts().includes("Mine"));
    const mine = bruno.store.sql.value<string>("SELECT stanza_id FROM message WHERE text = 'Mine'") as string;
    const copy = message({ from: `${bruno.jid}/x`, to: ana.jid, type: "chat", id: "copy" }, retraction(mine));
    const forwarded = el("forwarded", NS.forward, {}, copy);
    bruno.server.push(message({ from: bruno.jid, to: bruno.jid }, el("sent", NS.carbons, {}, forwarded)));
    await settled(bruno);
    expect(brunos.texts()).toContain("Mine");
  });

  it("takes back and edits what they wrote", async () => {
    const brunos = open(bruno, ana.jid);
    const id = await ana.client.conversation(bruno.jid).send("Onde?");
    await until(() => brunos.last() !== undefined);
    await ana.client.conversation(bruno.jid).edit(id, "Quando?");
    await until(() => brunos.texts()[0] === "Quando?");
  });

  it("writes from a new device: the chat says so, and after a verification says what it is worth", async () => {
    const brunos = open(bruno, ana.jid);
    await ana.client.conversation(bruno.jid).send("Oi");
    await until(() => brunos.last() !== undefined);
    const safety = bruno.client.contacts.safety(ana.jid);
    safety.subscribe(() => undefined);
    await until(() => safety.get() !== undefined, "the digits");
    await bruno.client.contacts.markVerified(ana.jid, true);
    const tablet = await village.move("ana");
    const events = () =>
      brunos
        .view()
        .messages.flatMap(({ content }) => (content.kind === "system" ? [content.event.kind] : []));
    await until(() => events().includes("new-device"), "the chat tells of the device");
    await tablet.client.conversation(bruno.jid).send("It is me");
    await until(() => brunos.texts().includes("It is me"));
    expect(brunos.last()?.doubt).toBe("unconfirmed");
  });
});

describe("somebody who never encrypted", () => {
  it("is answered as they write, and edits what they wrote", async () => {
    const chat = open(bruno, "carla@example.org");
    forge(bruno, "carla@example.org", body("Oi"));
    await until(() => chat.last() !== undefined);
    expect(chat.last()?.doubt).toBeUndefined();
    expect(chat.view().encryption).toBe("none");
    forge(bruno, "carla@example.org", body("Olá"), replaces(`forged-${count}`));
    await until(() => chat.texts()[0] === "Olá");
    await bruno.client.conversation("carla@example.org").send("Oi Carla");
    await until(() => village.passed.some((one) => one.get("body", NS.client)?.text() === "Oi Carla"));
  });
});

describe("in a group", () => {
  const ROOM = "trilhas@groups.example.org";

  function inRoom(nick: string, id: string, ...children: Element[]): void {
    const from = nick ? `${ROOM}/${nick}` : ROOM;
    const sid = el("stanza-id", NS.sid, { by: ROOM, id: `sid-${id}` });
    bruno.server.push(message({ from, to: bruno.jid, type: "groupchat", id }, ...children, sid));
  }
  const moderated = (id: string) =>
    el("retract", NS.retract, { id }, el("moderated", NS.moderate, { by: `${ROOM}/admin` }));

  it("only the room takes back what others wrote, and no message names its own author", async () => {
    bruno.store.write(() =>
      bruno.store.sql.run("INSERT INTO chat (id, kind, created_at) VALUES (?, 'group', 1)", ROOM),
    );
    bruno.store.sql.run("INSERT INTO member VALUES (?, ?, 'member', 'ana')", ROOM, ana.jid);
    const chat = open(bruno, ROOM);
    inRoom("ana", "one", body("Domingo"));
    const item = el("item", NS.mucUser, { jid: `${ana.jid}/x`, affiliation: "owner" });
    inRoom("mallory", "two", body("Give me your keys"), el("x", NS.mucUser, {}, item));
    inRoom("mallory", "three", moderated("sid-one"));
    inRoom("mallory", "four", body("end"));
    await until(() => chat.texts().includes("end"));
    expect(chat.texts()).toContain("Domingo");
    const authors = Object.fromEntries(chat.view().messages.map((one) => [textOf(one), one.sender.id]));
    expect(authors).toMatchObject({ Domingo: ana.jid, "Give me your keys": `${ROOM}/mallory` });
    inRoom("", "five", moderated("sid-one"));
    await until(() => chat.texts().includes("deleted"), "the room took it back");
    expect(chat.texts()).not.toContain("Domingo");
  });
});
