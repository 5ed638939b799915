import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, Person } from "./person.ts";
import { hasServer, RealServer } from "./server.ts";

describe.skipIf(!hasServer)("against the real server", () => {
  let server: RealServer;
  let ana: Person;
  let bruno: Person;

  beforeAll(async () => {
    server = await RealServer.start();
    ana = await Person.register(server, "+4915112345671");
    bruno = await Person.register(server, "+4915112345672");
  }, 120_000);

  afterAll(async () => {
    await ana?.client.close();
    await bruno?.client.close();
    await server?.stop();
  });

  it("two newcomers chat encrypted, with ticks up to blue", async () => {
    const anas = ana.open(bruno.jid);
    const brunos = bruno.open(ana.jid);
    await ana.client.conversation(bruno.jid).send("Oi Bruno");
    await eventually(() => brunos.texts().includes("Oi Bruno"), "Bruno reads");
    await eventually(() => anas.last()?.tick === "sent", "one tick");
    await bruno.client.conversation(ana.jid).send("Oi Ana");
    await eventually(() => anas.texts().length === 2, "Ana reads");
    await ana.client.conversation(bruno.jid).send("Tudo bem?");
    await eventually(() => anas.last()?.tick === "delivered", "two ticks");
    bruno.client.conversation(ana.jid).seen(brunos.last()?.id as string);
    await eventually(() => anas.last()?.tick === "read", "blue");
  }, 120_000);

  it("contacts are kept by the server and see each other", async () => {
    ana.client.contacts.list.subscribe(() => undefined);
    bruno.client.contacts.list.subscribe(() => undefined);
    await bruno.client.profile.update({ name: "Bruno", about: "Oi" });
    await ana.client.contacts.add(bruno.jid);
    await bruno.client.contacts.add(ana.jid);
    const seen = () => ana.client.contacts.list.get()?.find(({ id }) => id === bruno.jid);
    await eventually(() => seen()?.presence.kind === "online", "Ana sees Bruno");
    ana.client.contacts.one(bruno.jid).subscribe(() => undefined);
    await eventually(() => seen()?.about === "Oi", "Bruno's card");
  }, 120_000);

  it("who wants to be seen by nobody is hidden, on every device, and found by number if they want", async () => {
    const presence = () => ana.client.contacts.one(bruno.jid).get()?.presence.kind;
    const privacy = bruno.client.profile.privacy;
    privacy.subscribe(() => undefined);
    ana.open(bruno.jid);
    await bruno.client.profile.setPrivacy({ online: "nobody", lastSeen: "nobody", findByNumber: true });
    await eventually(() => presence() === "hidden", "Bruno is hidden");
    expect((await ana.client.contacts.discover([bruno.number, "+15550001111"]))[0]?.contact?.id).toBe(
      bruno.jid,
    );
    const stranger = await ana.client.contacts.discover(["+4915112345699"]);
    expect(stranger).toEqual([{ number: "+4915112345699" }]);
    await bruno.client.profile.setPrivacy({ online: "contacts" });
    await eventually(() => presence() === "online", "Bruno is back");
    expect(privacy.get()).toMatchObject({ lastSeen: "nobody", findByNumber: true });
  }, 120_000);

  it("a photo goes through the server's storage and comes back", async () => {
    const brunos = bruno.open(ana.jid);
    const bytes = crypto.getRandomValues(new Uint8Array(50_000));
    const blob = new Blob([bytes], { type: "image/jpeg" });
    await ana.client
      .conversation(bruno.jid)
      .attach({ kind: "image", blob, name: "praia.jpg", caption: "Olha" });
    await eventually(() => brunos.last()?.content.kind === "image", "the photo arrives");
    const message = brunos.last();
    const got = await bruno.client.media.open(message as NonNullable<typeof message>);
    expect(new Uint8Array(await got.arrayBuffer())).toEqual(bytes);
  }, 120_000);

  it("nothing is lost while one is away, and a restarted client goes on", async () => {
    const anas = ana.open(bruno.jid);
    bruno.vanish();
    for (const text of ["um", "dois", "três"]) await ana.client.conversation(bruno.jid).send(text);
    await eventually(() => anas.last()?.tick === "sent", "the server has them");
    bruno = await bruno.restart(server);
    const brunos = bruno.open(ana.jid);
    await eventually(() => brunos.texts().slice(-3).join() === "um,dois,três", "Bruno has them, in order");
    await eventually(() => anas.last()?.tick === "delivered", "two ticks");
  }, 120_000);

  it("talks with an ordinary XMPP client that knows OMEMO 0.3 alone", async () => {
    const bot = await server.bot("echo");
    try {
      const chat = ana.open(bot.jid);
      for (const text of ["hello", "again"]) {
        await ana.client.conversation(bot.jid).send(text);
        await eventually(() => chat.texts().includes(`echo: ${text}`), `the answer to ${text}`);
      }
      const own = () => chat.view().messages.filter((message) => message.own);
      await eventually(() => own().every(({ tick }) => tick === "delivered"), "the bot's receipts");
      expect(chat.view().encryption).toBe("end-to-end");
    } finally {
      bot.stop();
    }
  }, 120_000);
});
