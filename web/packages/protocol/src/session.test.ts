import { beforeEach, describe, expect, it } from "vitest";
import { ConnectionLost, NotConnected, RequestTimeout, StanzaError } from "./errors.ts";
import type { FastToken } from "./negotiate.ts";
import { NS } from "./ns.ts";
import { type Batch, Session, type SessionOptions } from "./session.ts";
import { message } from "./stanza.ts";
import { FakePlatform, until } from "./testing/fake-platform.ts";
import { FakeServer } from "./testing/fake-server.ts";
import { el } from "./xml.ts";

let platform: FakePlatform;
let server: FakeServer;
let batches: Batch[];

beforeEach(() => {
  platform = new FakePlatform();
  server = new FakeServer(platform);
  batches = [];
});

const CREDENTIAL = {
  jid: "ana@example.org",
  password: "secret",
  userAgentId: "d4565fa7-4d72-4749-b3d3-740edbf87770",
  software: "Plauder",
  device: "test",
};

function session(options: Partial<SessionOptions> = {}): Session {
  const consume = async (batch: Batch): Promise<void> => void batches.push(batch);
  return new Session({ url: "ws://x/ws", credential: CREDENTIAL, platform, consume, ...options });
}

async function online(which: Session): Promise<Session> {
  which.start();
  await until(() => which.isOnline, "online");
  return which;
}

const hello = (id: string) =>
  message({ to: "bruno@example.org", id, type: "chat" }, el("body", NS.client, {}, id));
const bodies = () => batches.flatMap(({ stanzas }) => stanzas.map((stanza) => stanza.textOf("body")));
const sentIds = () => server.messages().map((stanza) => stanza.attr("id"));

describe("logging in", () => {
  it.each([true, false])("binds a resource (SASL2: %s)", async (sasl2) => {
    server.sasl2 = sasl2;
    const ana = await online(session());
    expect(ana.jid).toMatch(/^ana@example\.org\/r\d+$/);
    expect(server.logins).toEqual(["scram"]);
  });

  it("gives up when the credential is refused", async () => {
    server.password = "another";
    const ana = session();
    ana.start();
    await until(() => ana.state.name === "refused");
    platform.advance(3_600_000);
    expect(ana.state).toMatchObject({ name: "refused", why: { condition: "not-authorized" } });
  });

  it("uses a token next time, and the password when the token is refused", async () => {
    server.resumable = false;
    const ana = session();
    const tokens: unknown[] = [];
    ana.on("token", (token) => tokens.push(token?.token));
    await online(ana);
    server.drop();
    await until(() => ana.state.name === "waiting");
    ana.wake();
    await until(() => ana.isOnline);
    expect(server.logins).toEqual(["scram", "fast"]);
    server.newToken();
    server.drop();
    await until(() => ana.state.name === "waiting");
    ana.wake();
    await until(() => ana.isOnline);
    expect(server.logins).toEqual(["scram", "fast", "scram"]);
    expect(new Set(tokens).size).toBe(3);
  });

  it("counts its uses of a token, also those that were never answered, and across a restart", async () => {
    server.resumable = false;
    const before = session();
    let token: FastToken | undefined;
    before.on("token", (fresh) => {
      token = fresh;
    });
    await online(before);
    expect(token?.count).toBe(0);
    server.losesAnswers = true;
    server.drop();
    await until(() => before.state.name === "waiting");
    before.wake();
    await until(() => server.uses.length === 1, "tried");
    await until(() => before.state.name === "waiting");
    before.stop();
    server.losesAnswers = false;
    await online(session({ credential: { ...CREDENTIAL, token } }));
    expect(server.uses).toEqual([1, 2]);
    expect(server.logins).toEqual(["scram", "fast"]);
  });

  it("tries again later when nobody answers, waiting longer each time", async () => {
    platform.accept = () => undefined;
    const ana = session();
    const waits: number[] = [];
    ana.on("state", (state) => state.name === "waiting" && waits.push(state.retryAt - platform.now()));
    ana.start();
    for (let count = 1; count <= 6; count++) {
      await until(() => waits.length === count);
      platform.advance(60_000);
    }
    expect(waits[0]).toBeGreaterThanOrEqual(500);
    expect(waits[5]).toBeGreaterThanOrEqual(16_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
  });
});

describe("sending", () => {
  it("tells when the server has a stanza", async () => {
    const ana = await online(session());
    const acked: string[] = [];
    ana.on("acked", (tracks) => acked.push(...tracks));
    ana.send(hello("1"), "one");
    ana.send(hello("2"));
    ana.send(hello("3"), "three");
    await until(() => acked.length === 2);
    expect(acked).toEqual(["one", "three"]);
  });

  it.each([true, false])(
    "resends on the resumed stream what was not acknowledged (features: %s)",
    async (features) => {
      server.featuresAfterResumption = features;
      const ana = await online(session());
      const acked: string[] = [];
      ana.on("acked", (tracks) => acked.push(...tracks));
      ana.send(hello("1"), "1");
      await until(() => acked.length === 1);
      server.acknowledges = false;
      ana.send(hello("2"), "2");
      await until(() => sentIds().length === 2);
      server.drop();
      await until(() => ana.state.name === "waiting");
      ana.wake();
      await until(() => ana.isOnline);
      await until(() => acked.length === 2);
      expect(server.logins.at(-1)).toBe("resume");
      expect(sentIds()).toEqual(["1", "2"]);
    },
  );

  it("says what is in doubt when the stream is gone", async () => {
    const ana = await online(session());
    const doubted: string[] = [];
    ana.on("inDoubt", (tracks) => doubted.push(...tracks));
    server.acknowledges = false;
    ana.send(hello("1"), "1");
    await until(() => sentIds().length === 1);
    server.resumable = false;
    server.drop();
    await until(() => ana.state.name === "waiting");
    ana.wake();
    await until(() => ana.isOnline);
    expect(doubted).toEqual(["1"]);
  });

  it("refuses while there is no connection", async () => {
    const ana = session();
    expect(() => ana.send(hello("1"))).toThrow(NotConnected);
    await expect(ana.request("get", el("ping", NS.ping))).rejects.toBeInstanceOf(NotConnected);
  });

  it("asks once the connection that is being made stands, and not at all if it does not come", async () => {
    const ana = session();
    ana.start();
    const answer = await ana.request("get", el("ping", NS.ping));
    expect(answer.attr("type")).toBe("result");
    server.password = "another";
    const bruno = session();
    bruno.start();
    await expect(bruno.request("get", el("ping", NS.ping))).rejects.toBeInstanceOf(NotConnected);
  });
});

describe("receiving", () => {
  it("acknowledges only what was consumed", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const ana = await online(
      session({
        consume: async (batch) => {
          batches.push(batch);
          await gate;
        },
      }),
    );
    server.push(hello("a"));
    await until(() => batches.length === 1);
    server.raw(String(el("r", NS.sm)));
    await ana.request("get", el("x", "y")).catch(() => undefined);
    expect(server.clientHandled).toBe(0);
    release();
    await until(() => server.clientHandled >= 1);
    expect(bodies()).toEqual(["a"]);
  });

  it("hears again what it could not keep, and once what it kept", async () => {
    let broken = false;
    const ana = await online(
      session({
        consume: async (batch) => {
          if (broken) throw new Error("disk full");
          batches.push(batch);
        },
      }),
    );
    server.push(hello("a"));
    await until(() => bodies().length === 1);
    broken = true;
    server.push(hello("b"));
    await until(() => ana.state.name === "waiting");
    broken = false;
    ana.wake();
    await until(() => bodies().length === 2);
    expect(bodies()).toEqual(["a", "b"]);
  });

  it("takes what trickles in a few at a time, and masses at once", async () => {
    platform.patient = true;
    await online(session());
    const push = async (from: number, count: number) => {
      for (let at = from; at < from + count; at++) server.push(hello(String(at)));
      for (let turn = 0; turn < 5; turn++) await platform.pause();
    };
    const sizes = () => batches.map(({ stanzas }) => stanzas.length);
    for (let at = 0; at < 4; at++) await push(at, 1);
    expect(sizes()).toEqual([1, 1, 1, 1]);
    for (let at = 4; at < 7; at++) await push(at, 1);
    expect(sizes()).toEqual([1, 1, 1, 1]);
    platform.advance(80);
    await until(() => batches.length === 5);
    await push(7, 40);
    expect(sizes()).toEqual([1, 1, 1, 1, 3, 40]);
    platform.advance(1000);
    await push(47, 1);
    expect(bodies()).toEqual(Array.from({ length: 48 }, (_, at) => String(at)));
  });

  it("keeps nothing of what waited when it was stopped", async () => {
    const ana = await online(session());
    server.push(hello("a"));
    ana.stop();
    await ana.quiet();
    expect(batches).toEqual([]);
  });

  it("goes on with the stream after a restart", async () => {
    const before = await online(session());
    server.push(hello("a"));
    await until(() => bodies().length === 1);
    const saved = batches.at(-1)?.stream;
    server.drop();
    before.stop();
    const after = session({ saved });
    const resumed: unknown[] = [];
    after.on("resumed", (event) => resumed.push(event));
    server.push(hello("lost with the page"));
    await online(after);
    server.push(hello("b"));
    await until(() => bodies().includes("b"));
    expect(after.jid).toBe(saved?.jid);
    expect(resumed).toEqual([{ id: saved?.id, handled: 0 }]);
    expect(bodies().filter((body) => body === "a")).toHaveLength(1);
  });

  it.each(["<a><b></a>", '<!DOCTYPE a [<!ENTITY x "y">]><a/>', "", "<a xmlns='urn:xmpp:sm:3' h='7'/>"])(
    "breaks off on %j and comes back",
    async (hostile) => {
      const ana = await online(session());
      server.raw(hostile);
      await until(() => ana.state.name === "waiting");
      ana.wake();
      await until(() => ana.isOnline);
    },
  );

  it("asks again whether it may come in when the server says that it may not stay", async () => {
    const ana = await online(session());
    server.password = "another";
    server.newToken();
    server.raw(String(el("error", NS.stream, {}, el("not-authorized", NS.streamErrors))));
    await until(() => ana.state.name === "waiting");
    ana.wake();
    await until(() => ana.state.name === "refused");
    expect(ana.state).toMatchObject({ why: { code: "authentication-failed" } });
  });

  it("does not come back when another client took its place", async () => {
    const ana = await online(session());
    server.raw(String(el("error", NS.stream, {}, el("conflict", NS.streamErrors))));
    await until(() => ana.state.name === "refused");
  });
});

describe("asking", () => {
  it("rejects with the error the other side gave", async () => {
    const ana = await online(session());
    server.answer = (iq) =>
      el(
        "iq",
        NS.client,
        { type: "error", id: iq.attr("id") },
        el(
          "error",
          NS.client,
          { type: "cancel" },
          el("conflict", NS.stanzas),
          el("precondition-not-met", "app"),
        ),
      );
    const refusal = await ana.request("set", el("x", "y")).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(StanzaError);
    expect(refusal).toMatchObject({ type: "cancel", condition: "conflict", app: "precondition-not-met" });
  });

  it("does not take an answer from somebody else", async () => {
    const ana = await online(session());
    server.answer = (iq) =>
      el("iq", NS.client, { type: "result", id: iq.attr("id"), from: "eve@example.org/x" });
    const asked = ana.request("get", el("x", "y"), { to: "bruno@example.org", timeout: 1000 });
    await until(() => batches.length > 0);
    platform.advance(1000);
    await expect(asked).rejects.toThrow(RequestTimeout);
  });

  it("rejects when the stream is gone for good", async () => {
    const ana = await online(session());
    server.answer = () => undefined;
    const asked = ana.request("get", el("x", "y"));
    ana.stop();
    await expect(asked).rejects.toThrow(ConnectionLost);
  });

  it("answers requests, and refuses those it does not know", async () => {
    const ana = await online(session());
    ana.onRequest("x", "y", () => el("z", "y"));
    server.push(el("iq", NS.client, { type: "get", id: "1", from: "bruno@example.org/p" }, el("x", "y")));
    server.push(
      el("iq", NS.client, { type: "get", id: "2", from: "bruno@example.org/p" }, el("x", "unknown")),
    );
    await until(() => server.received.filter(({ name }) => name === "iq").length === 2);
    const answerTo = (id: string) => server.received.find((stanza) => stanza.attr("id") === id);
    const [known, unknown] = [answerTo("1"), answerTo("2")];
    expect(known?.get("z", "y")).toBeDefined();
    expect(unknown?.get("error")?.get("service-unavailable", NS.stanzas)).toBeDefined();
  });

  it("notices a line that went silent", async () => {
    const ana = await online(session());
    server.acknowledges = false;
    const states: string[] = [];
    ana.on("state", ({ name }) => states.push(name));
    platform.advance(120_000);
    expect(states[0]).toBe("waiting");
  });
});
