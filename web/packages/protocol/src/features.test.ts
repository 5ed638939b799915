import { beforeEach, describe, expect, it } from "vitest";
import { block, blockList, onBlockPush } from "./blocking.ts";
import { fetchBookmarks, publishDisplayed, readDisplayed } from "./bookmarks.ts";
import { discoInfo, OwnCapabilities } from "./disco.ts";
import { looksLikeCarbon, queryArchive, readArchived, readCarbon } from "./forwarding.ts";
import { callMessage, readCallMessage } from "./jmi.ts";
import { configureRoom, readInvitation, readOccupant, roomMembers, selfPing } from "./muc.ts";
import { NS } from "./ns.ts";
import { fetchAvatar, readAvatarInfo, readCard } from "./profile.ts";
import { fetchItems, publish, readEvent } from "./pubsub.ts";
import { fetchRoster, onRosterPush } from "./roster.ts";
import { Session } from "./session.ts";
import { errorReply, message } from "./stanza.ts";
import { FakePlatform, until } from "./testing/fake-platform.ts";
import { FakeServer } from "./testing/fake-server.ts";
import { findUploadService, requestSlot } from "./upload.ts";
import { type Element, el, parse } from "./xml.ts";

const ME = "ana@example.org";
let server: FakeServer;
let session: Session;

beforeEach(async () => {
  const platform = new FakePlatform();
  server = new FakeServer(platform);
  session = new Session({
    url: "ws://x/ws",
    platform,
    credential: { jid: ME, password: "secret", userAgentId: "u", software: "Plauder", device: "t" },
    consume: async () => undefined,
  });
  session.start();
  await until(() => session.isOnline);
});

const result = (iq: Element, payload?: Element): Element =>
  el("iq", NS.client, { type: "result", id: iq.attr("id"), from: iq.attr("to") }, payload);
const refuse = (iq: Element, condition: string): Element =>
  errorReply(iq, "cancel", condition).with({ from: iq.attr("to"), to: undefined });
/** Answer by the text of an XML payload. */
const answers = (xml: string): void => {
  server.answer = (iq) => result(iq, parse(xml));
};
const asked = (): Element => server.received.filter(({ name }) => name === "iq").at(-1) as Element;

describe("roster", () => {
  it("is read with its version", async () => {
    answers(
      `<query xmlns="${NS.roster}" ver="v2"><item jid="b@x" name="Bruno" subscription="both"><group>F</group></item></query>`,
    );
    expect(await fetchRoster(session, "v1")).toEqual({
      version: "v2",
      items: [{ jid: "b@x", name: "Bruno", subscription: "both", asking: false, groups: ["F"] }],
    });
    expect(asked().get("query", NS.roster)?.attr("ver")).toBe("v1");
  });

  it("keeps what we have when nothing changed", async () => {
    server.answer = (iq) => result(iq);
    expect(await fetchRoster(session, "v1")).toEqual({ version: "v1", items: undefined });
  });

  it("takes pushes from our account alone", async () => {
    const changes: string[] = [];
    onRosterPush(session, ({ jid }) => changes.push(jid));
    const push = (from: string | undefined, jid: string) =>
      server.push(
        el(
          "iq",
          NS.client,
          { type: "set", id: jid, from },
          el("query", NS.roster, {}, el("item", NS.roster, { jid })),
        ),
      );
    push("eve@example.org/x", "eve@example.org");
    push(ME, "bruno@example.org");
    await until(
      () =>
        server.received.filter(({ attrs }) => attrs.type === "error" || attrs.type === "result").length > 1,
    );
    expect(changes).toEqual(["bruno@example.org"]);
  });
});

describe("blocking", () => {
  it("lists, blocks with a report, hears of changes", async () => {
    answers(`<blocklist xmlns="${NS.blocking}"><item jid="eve@x"/></blocklist>`);
    expect(await blockList(session)).toEqual(["eve@x"]);
    await block(session, "eve@x", {
      reason: "urn:xmpp:reporting:spam",
      evidence: [{ by: "eve@x", id: "7" }],
    });
    const item = asked().get("block", NS.blocking)?.get("item");
    expect(item?.get("report", NS.reporting)?.get("stanza-id", NS.sid)?.attr("id")).toBe("7");
    const changes: unknown[] = [];
    onBlockPush(session, (change) => changes.push(change));
    server.push(el("iq", NS.client, { type: "set", id: "1", from: ME }, el("unblock", NS.blocking)));
    await until(() => changes.length === 1);
    expect(changes).toEqual([{ unblocked: [] }]);
  });
});

describe("personal eventing", () => {
  it("reconfigures a node whose options differ, then publishes again", async () => {
    const requests: string[] = [];
    server.answer = (iq) => {
      const child = iq.elements()[0]?.elements()[0] as Element;
      requests.push(child.name);
      return requests.length === 1 ? refuse(iq, "conflict") : result(iq);
    };
    await publish(session, "node", "current", el("x", "y"), { access: "open" });
    expect(requests).toEqual(["publish", "configure", "publish"]);
  });

  it("does not hide other refusals", async () => {
    server.answer = (iq) => refuse(iq, "not-allowed");
    await expect(publish(session, "node", "1", el("x", "y"), { access: "open" })).rejects.toMatchObject({
      condition: "not-allowed",
    });
  });

  it("finds nothing where there is nothing", async () => {
    server.answer = (iq) => refuse(iq, "item-not-found");
    expect(await fetchItems(session, "b@x", "node")).toEqual([]);
  });

  it("reads notifications", () => {
    const event = readEvent(
      parse(
        `<message xmlns="jabber:client" from="b@x"><event xmlns="${NS.pubsubEvent}"><items node="n"><item id="1"><a xmlns="z"/></item><retract id="2"/></items></event></message>`,
      ),
    );
    expect(event).toMatchObject({
      node: "n",
      items: [{ id: "1", payload: { name: "a" } }],
      retracted: ["2"],
    });
    expect(readEvent(message({}))).toBeUndefined();
  });

  it("reads bookmarks and how far we read elsewhere", async () => {
    answers(
      `<pubsub xmlns="${NS.pubsub}"><items node="${NS.bookmarks}"><item id="r@m"><conference xmlns="${NS.bookmarks}" name="R" autojoin="1"><nick>Ana</nick></conference></item><item id="bad"/></items></pubsub>`,
    );
    expect(await fetchBookmarks(session)).toEqual([{ room: "r@m", name: "R", nick: "Ana", autojoin: true }]);
    await publishDisplayed(session, { chat: "b@x", id: "7", by: ME });
    const item = asked().get("pubsub", NS.pubsub)?.get("publish")?.get("item") as Element;
    expect(readDisplayed({ id: "b@x", payload: item.elements()[0], publisher: undefined })).toEqual({
      chat: "b@x",
      id: "7",
      by: ME,
    });
  });
});

describe("capabilities", () => {
  it("hashes as XEP-0115 §5.2 shows", async () => {
    const features = ["http://jabber.org/protocol/disco#items", "http://jabber.org/protocol/muc"];
    const own = new OwnCapabilities("n", { category: "client", type: "pc", name: "Exodus 0.9.1" }, features);
    expect(await own.hash(session.platform)).toBe("QgayPKawpkPSDYmwT/WM94uAlu0=");
  });

  it("answers for the node it announces and no other", async () => {
    const own = new OwnCapabilities("https://plauder", { category: "client", type: "web" }, [
      `${NS.nick}+notify`,
    ]);
    await own.install(session);
    const ask = (id: string, node: string) =>
      server.push(
        el("iq", NS.client, { type: "get", id, from: "b@x/y" }, el("query", NS.discoInfo, { node })),
      );
    const { node, ver } = own.element().attrs;
    ask("1", `${node}#${ver}`);
    ask("2", "other");
    const reply = (id: string) => server.received.find(({ attrs }) => attrs.id === id);
    await until(() => !!reply("1") && !!reply("2"));
    const features = reply("1")
      ?.get("query", NS.discoInfo)
      ?.all("feature")
      .map((feature) => feature.attr("var"));
    expect(features).toContain(`${NS.nick}+notify`);
    expect(reply("2")?.attr("type")).toBe("error");
  });

  it("reads what others say", async () => {
    answers(
      `<query xmlns="${NS.discoInfo}"><identity category="account" type="business"/><feature var="a"/><x xmlns="${NS.data}"><field var="FORM_TYPE"><value>t</value></field><field var="k"><value>1</value></field></x></query>`,
    );
    const info = await discoInfo(session, "shop@x");
    expect(info.identities[0]).toMatchObject({ category: "account", type: "business" });
    expect(info.forms.get("t")?.get("k")).toEqual(["1"]);
  });
});

describe("forwarded messages", () => {
  const carbon = (from: string, direction: "sent" | "received", inner: Record<string, string>) =>
    message(
      { from, to: `${ME}/r` },
      el(
        direction,
        NS.carbons,
        {},
        el("forwarded", NS.forward, {}, message(inner, el("body", NS.client, {}, "x"))),
      ),
    );

  it("are unwrapped from our account", () => {
    const stanza = carbon(ME, "sent", { from: `${ME}/other`, to: "b@x" });
    expect(readCarbon(stanza, ME)).toMatchObject({ direction: "sent", message: { attrs: { to: "b@x" } } });
  });

  it("are refused when forged", () => {
    const forged = carbon("eve@x", "received", { from: "b@x", to: ME });
    expect(readCarbon(forged, ME)).toBeUndefined();
    expect(looksLikeCarbon(forged)).toBe(true);
    expect(readCarbon(carbon(ME, "sent", { from: "eve@x", to: "b@x" }), ME)).toBeUndefined();
  });

  it("come from the archive with a page's end", async () => {
    answers(`<fin xmlns="${NS.mam}" complete="true"><set xmlns="${NS.rsm}"><last>9</last></set></fin>`);
    expect(await queryArchive(session, "q", { after: "5" })).toEqual({ last: "9", complete: true });
    const stanza = parse(
      `<message xmlns="jabber:client" from="${ME}"><result xmlns="${NS.mam}" id="6" queryid="q"><forwarded xmlns="${NS.forward}"><delay xmlns="${NS.delay}" stamp="2026-01-01T00:00:00Z"/><message xmlns="jabber:client" from="b@x"/></forwarded></result></message>`,
    );
    expect(readArchived(stanza)).toMatchObject({ id: "6", query: "q", at: Date.UTC(2026, 0, 1) });
  });
});

describe("rooms", () => {
  it("show who is there with which rights", () => {
    const stanza = parse(
      `<presence xmlns="jabber:client" from="r@m/Ana"><x xmlns="${NS.mucUser}"><item affiliation="owner" role="moderator" jid="${ME}/p"/><status code="110"/><status code="201"/></x></presence>`,
    );
    expect(readOccupant(stanza)).toMatchObject({
      room: "r@m",
      nick: "Ana",
      jid: ME,
      affiliation: "owner",
      codes: [110, 201],
    });
    expect(readOccupant(parse('<presence xmlns="jabber:client" from="b@x"/>'))).toBeUndefined();
  });

  it("are made members-only and non-anonymous", async () => {
    await configureRoom(session, "r@m", { name: "Família" });
    const text = String(asked());
    expect(text).toContain('var="muc#roomconfig_membersonly"><value>1<');
    expect(text).toContain('var="muc#roomconfig_whois"><value>anyone<');
  });

  it("list owners, admins and members", async () => {
    server.answer = (iq) => {
      const affiliation = iq.get("query", NS.mucAdmin)?.get("item")?.attr("affiliation");
      const item = el("item", NS.mucAdmin, { affiliation, jid: `${affiliation}@x` });
      return result(iq, el("query", NS.mucAdmin, {}, item));
    };
    expect((await roomMembers(session, "r@m")).map(({ jid }) => jid)).toEqual([
      "owner@x",
      "admin@x",
      "member@x",
    ]);
  });

  it.each([
    ["service-unavailable", "joined"],
    ["not-acceptable", "gone"],
    ["item-not-found", "joined"],
  ])("tell by %s that we are %s", async (condition, state) => {
    server.answer = (iq) => refuse(iq, condition);
    expect(await selfPing(session, "r@m", "Ana")).toBe(state);
  });

  it("invite directly and through the room", () => {
    const direct = message({ from: "b@x/p" }, el("x", NS.directInvite, { jid: "r@m" }));
    const mediated = message(
      { from: "r@m" },
      el("x", NS.mucUser, {}, el("invite", NS.mucUser, { from: "b@x/p" })),
    );
    expect(readInvitation(direct)).toEqual({ room: "r@m", by: "b@x" });
    expect(readInvitation(mediated)).toEqual({ room: "r@m", by: "b@x" });
  });
});

describe("uploads", () => {
  it("find the service and pass on allowed headers alone", async () => {
    server.answer = (iq) => {
      if (iq.get("query", NS.discoItems))
        return result(
          iq,
          el("query", NS.discoItems, {}, el("item", NS.discoItems, { jid: "up.example.org" })),
        );
      if (iq.attr("to") !== "up.example.org") return result(iq, el("query", NS.discoInfo));
      if (iq.get("query", NS.discoInfo))
        return result(
          iq,
          parse(
            `<query xmlns="${NS.discoInfo}"><feature var="${NS.upload}"/><x xmlns="${NS.data}"><field var="FORM_TYPE"><value>${NS.upload}</value></field><field var="max-file-size"><value>5000</value></field></x></query>`,
          ),
        );
      return result(
        iq,
        parse(
          `<slot xmlns="${NS.upload}"><put url="https://up/1"><header name="Authorization">Basic x&#10;y</header><header name="X-Evil">1</header></put><get url="https://up/2"/></slot>`,
        ),
      );
    };
    const service = await findUploadService(session);
    expect(service).toEqual({ jid: "up.example.org", limit: 5000 });
    const slot = await requestSlot(session, service as NonNullable<typeof service>, {
      name: "a",
      size: 1,
      type: "b",
    });
    expect(slot).toEqual({
      put: "https://up/1",
      get: "https://up/2",
      headers: { Authorization: "Basic xy" },
    });
  });
});

describe("profiles", () => {
  it("read a card, and a picture only if it is what its hash says", async () => {
    const card = parse(
      `<vcard xmlns="${NS.vcard4}"><fn><text>Ana</text></fn><note><text>Oi</text></note></vcard>`,
    );
    expect(readCard(card)).toEqual({ name: "Ana", about: "Oi" });
    answers(
      `<pubsub xmlns="${NS.pubsub}"><items node="${NS.avatarData}"><item id="x"><data xmlns="${NS.avatarData}">YWJj</data></item></items></pubsub>`,
    );
    expect(await fetchAvatar(session, "b@x", "a9993e364706816aba3e25717850c26c9cd0d89d")).toHaveLength(3);
    expect(await fetchAvatar(session, "b@x", "0".repeat(40))).toBeUndefined();
    expect(
      readAvatarInfo(parse(`<metadata xmlns="${NS.avatarMetadata}"><info id="../x"/></metadata>`)),
    ).toBeUndefined();
  });
});

describe("calls", () => {
  it("are proposed with their media", () => {
    const propose = callMessage("b@x", "1", { act: "propose", call: "c", media: ["audio", "video"] });
    expect(readCallMessage(propose)).toMatchObject({ act: "propose", call: "c", media: ["audio", "video"] });
    expect(readCallMessage(message({}))).toBeUndefined();
  });
});
