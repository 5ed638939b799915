import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, Person } from "./person.ts";
import { hasServer, RealServer } from "./server.ts";

describe.skipIf(!hasServer)("groups on the real server", () => {
  let server: RealServer;
  let ana: Person;
  let bruno: Person;
  let carla: Person;
  let room: string;

  beforeAll(async () => {
    server = await RealServer.start();
    ana = await Person.register(server, "+4915112345681");
    bruno = await Person.register(server, "+4915112345682");
    carla = await Person.register(server, "+4915112345683");
  }, 180_000);

  afterAll(async () => {
    for (const person of [ana, bruno, carla]) await person?.client.close();
    await server?.stop();
  });

  const group = (who: Person) => {
    const live = who.client.groups.one(room);
    live.subscribe(() => undefined);
    return () => live.get();
  };
  const listed = (who: Person) => {
    who.client.chats.list.subscribe(() => undefined);
    return () => who.client.chats.list.get()?.find(({ id }) => id === room);
  };

  it("are made, and whoever is in them sees them", async () => {
    const own = await ana.client.groups.create({ name: "Só eu", members: [] });
    const alone = ana.open(own);
    await ana.client.conversation(own).send("Leite, pão");
    await eventually(() => alone.last()?.tick === "sent", "a note to oneself");
    room = await ana.client.groups.create({ name: "Praia", members: [bruno.jid] });
    await eventually(() => listed(bruno)()?.name === "Praia", "Bruno sees the group");
    const members = group(ana);
    await eventually(() => members()?.members.length === 2, "two members");
    expect(members()).toMatchObject({ name: "Praia", myRole: "owner" });
  }, 120_000);

  it("carry messages to all, encrypted, with ticks", async () => {
    const anas = ana.open(room);
    const brunos = bruno.open(room);
    await ana.client.conversation(room).send("Vamos?");
    await eventually(() => brunos.texts().includes("Vamos?"), "Bruno reads");
    await bruno.client.conversation(room).send("Sim!");
    await eventually(() => anas.texts().includes("Sim!"), "Ana reads");
    const mine = () =>
      anas.view().messages.find(({ content }) => "text" in content && content.text === "Vamos?");
    await eventually(() => mine()?.tick === "delivered", "all have it");
    bruno.client
      .conversation(room)
      .seen(brunos.view().messages.find(({ own }) => !own && true)?.id as string);
    bruno.client.conversation(room).seen(brunos.last()?.id as string);
    await eventually(() => mine()?.tick === "read", "all saw it");
    expect(
      anas.view().messages.filter(({ content }) => "text" in content && content.text === "Vamos?"),
    ).toHaveLength(1);
  }, 120_000);

  it("can be joined by link, and left", async () => {
    const link = await ana.client.groups.inviteLink(room);
    const token = decodeURIComponent(link.split("/i/")[1] as string);
    expect(await carla.client.session.invite(token)).toMatchObject({ kind: "group", name: "Praia" });
    await carla.client.session.acceptInvite(token, { deviceName: "x" });
    await eventually(() => listed(carla)() !== undefined, "Carla is in");
    const carlas = carla.open(room);
    await eventually(() => group(ana)()?.members.length === 3, "three members");
    await ana.client.conversation(room).send("Oi Carla");
    await eventually(() => carlas.texts().includes("Oi Carla"), "Carla reads");
    await carla.client.groups.leave(room);
    await eventually(() => carlas.view().closed === "left");
    await eventually(() => group(ana)()?.members.length === 2, "two members again");
  }, 120_000);

  it("are renamed, and people removed", async () => {
    await ana.client.groups.update(room, { name: "Praia 2027", about: "Sol" });
    await eventually(() => listed(bruno)()?.name === "Praia 2027", "Bruno sees the new name");
    await ana.client.groups.setRole(room, bruno.jid, "admin");
    await eventually(() => group(bruno)()?.myRole === "admin", "Bruno is an admin");
    await ana.client.groups.removeMember(room, bruno.jid);
    await eventually(() => bruno.open(room).view().closed === "left", "Bruno is out");
  }, 120_000);
});
