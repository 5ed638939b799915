import type { FastToken } from "@plauder/protocol/negotiate";
import { FAST_MECHANISM } from "@plauder/protocol/scram";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Door } from "./door.ts";
import { eventually, Person } from "./person.ts";
import { hasServer, RealServer } from "./server.ts";

describe.skipIf(!hasServer)("devices and backups on the real server", () => {
  let server: RealServer;
  let ana: Person;
  let bruno: Person;
  let code: string;

  beforeAll(async () => {
    server = await RealServer.start();
    ana = await Person.register(server, "+4915112345691");
    bruno = await Person.register(server, "+4915112345692");
    const anas = ana.open(bruno.jid);
    const brunos = bruno.open(ana.jid);
    await ana.client.conversation(bruno.jid).send("Oi Bruno");
    await eventually(() => brunos.texts().includes("Oi Bruno"), "Bruno reads");
    await bruno.client.conversation(ana.jid).send("Oi Ana");
    await eventually(() => anas.texts().length === 2, "Ana reads");
  }, 180_000);

  afterAll(async () => {
    for (const person of [ana, bruno]) await person?.client.close();
    await server?.stop();
  });

  it("a new device joins by a code and gets the history from the old one", async () => {
    const device = await Person.newcomer(server);
    const offer = device.client.devices.offer("Laptop");
    const stop = offer.subscribe(() => undefined);
    await eventually(() => offer.get()?.state === "waiting", "the code is shown");
    const qr = offer.get()?.qr as string;
    expect(await ana.client.devices.inspect(qr)).toEqual({ deviceName: "Laptop" });
    await ana.client.devices.approve(qr, { history: true });
    const laptop = Person.as(device, ana.number);
    await eventually(() => offer.get()?.state === "receiving" || offer.get()?.state === "done", "approved");
    await laptop.online();
    await eventually(() => offer.get()?.state === "done", "the history is here");
    stop();
    const chat = laptop.open(bruno.jid);
    expect(chat.texts()).toEqual(["Oi Bruno", "Oi Ana"]);
    expect(chat.view().messages[0]).toMatchObject({ own: true });
    await bruno.client.conversation(ana.jid).send("Oi as duas");
    await eventually(() => chat.texts().includes("Oi as duas"), "the laptop gets new messages");
    ana.client.devices.list.subscribe(() => undefined);
    const laptops = () => ana.client.devices.list.get()?.find(({ name }) => name === "Laptop");
    await eventually(() => laptops()?.online === true, "two devices are listed, both online");
    expect(ana.client.devices.list.get()).toHaveLength(2);
    await laptop.client.close();
    await eventually(() => laptops()?.online === false, "the laptop is gone");
  }, 120_000);

  it("a token opens the door next time, once, and the password does when it cannot", async () => {
    const jid = await server.account("clara", "a long enough secret");
    const door = new Door(server, jid, "a long enough secret");
    const first = await door.enter(undefined);
    expect(first.mechanisms).toEqual([expect.stringMatching(/^SCRAM-/)]);
    const second = await door.enter(first.token);
    expect(second.mechanisms).toEqual([FAST_MECHANISM]);
    expect(second.token?.token).not.toBe(first.token?.token);

    // Who listened in has the words, but their count was heard already, and without one they do not count.
    const [said] = second.said;
    expect(await door.answerTo(said as string)).toBe("failure");
    expect(await door.answerTo((said as string).replace(/ count="\d+"/, ""))).toBe("failure");

    const third = await door.enter({ ...(second.token as FastToken), expires: Date.now() - 1 });
    expect(third.mechanisms).toEqual([expect.stringMatching(/^SCRAM-/)]);
    const fourth = await door.enter({ ...(third.token as FastToken), token: "never issued" });
    expect(fourth.mechanisms).toEqual([FAST_MECHANISM, expect.stringMatching(/^SCRAM-/)]);
    expect((await door.enter(fourth.token)).mechanisms).toEqual([FAST_MECHANISM]);
  }, 60_000);

  it("a code that nobody showed is refused", async () => {
    await expect(ana.client.devices.inspect("plauder-link:nonsense")).rejects.toMatchObject({
      code: "not-found",
    });
  });

  it("the history is backed up under 64 digits", async () => {
    ana.client.backup.state.subscribe(() => undefined);
    code = (await ana.client.backup.enable({ kind: "code" })) as string;
    expect(code.replaceAll(" ", "")).toMatch(/^\d{64}$/);
    await eventually(() => ana.client.backup.state.get()?.lastAt !== undefined);
    await expect(ana.client.backup.restore({ code: "0".repeat(64) })).rejects.toMatchObject({
      code: "wrong-secret",
    });
  }, 120_000);

  it("and comes back on a device that has nothing", async () => {
    const device = await Person.newcomer(server);
    const asked = await device.client.session.requestCode(ana.number, "sms");
    await device.client.session.verify(asked.id, await server.code(ana.number), { deviceName: "New" });
    const fresh = Person.as(device, ana.number);
    await fresh.online();
    const { messages } = await fresh.client.backup.restore({ code });
    expect(messages).toBeGreaterThanOrEqual(2);
    expect(fresh.open(bruno.jid).texts().slice(0, 2)).toEqual(["Oi Bruno", "Oi Ana"]);
    ana = fresh;
  }, 120_000);

  it("a password does as well, and a wrong one is counted", async () => {
    expect(await ana.client.backup.enable({ kind: "password", password: "correct horse" })).toBeUndefined();
    const wrong = ana.client.backup.restore({ password: "wrong" });
    await expect(wrong).rejects.toMatchObject({ code: "wrong-secret", details: { triesLeft: 9 } });
    await ana.client.backup.restore({ password: "correct horse" });
  }, 120_000);
});
