/**
 * A network inside a test: accounts whose clients are real and whose server is a small fake with personal nodes,
 * routing, and a queue for who is away. What it cannot do (rosters, rooms) is tested against the real server.
 */
import { openEngine } from "@plauder/crypto";
import { concat } from "@plauder/protocol/bytes";
import { HttpError } from "@plauder/protocol/errors";
import { bare } from "@plauder/protocol/jid";
import { NS } from "@plauder/protocol/ns";
import { FakePlatform, until } from "@plauder/protocol/testing/fake-platform";
import { FakeServer } from "@plauder/protocol/testing/fake-server";
import { type Element, el } from "@plauder/protocol/xml";
import { LocalClient } from "../client.ts";
import type { Login } from "../core/account.ts";
import { AccountApi } from "../core/http.ts";
import type { Transport } from "../core/media.ts";
import { MemoryFiles } from "../store/files.ts";
import type { Store } from "../store/store.ts";
import { memoryStore } from "./store.ts";

interface Node {
  readonly items: Map<string, Element>;
}

/** One device of an account. */
export interface Villager {
  readonly jid: string;
  readonly client: LocalClient;
  readonly server: FakeServer;
  readonly platform: FakePlatform;
  readonly store: Store;
  readonly files: MemoryFiles;
}

export class Village {
  readonly #villagers: Villager[] = [];
  readonly #nodes = new Map<string, Map<string, Node>>();
  readonly #waiting = new Map<FakeServer, Element[]>();
  readonly #files = new Map<string, Uint8Array<ArrayBuffer>>();
  /** The next upload breaks off after so many bytes. */
  breaksOffAt: number | undefined;
  readonly puts: { url: string; offset: number; end: number }[] = [];
  /** What the server does to requests between people; nothing, unless a test makes it evil. */
  tamper: (iq: Element) => Element = (iq) => iq;
  /** Every message that passed the server, as it passed. */
  readonly passed: Element[] = [];

  /** A device comes: its client is started and through with its first business. It may have been here before. */
  async move(
    local: string,
    { store, files }: { store?: Store; files?: MemoryFiles } = {},
  ): Promise<Villager> {
    const jid = `${local}@example.org`;
    const platform = new FakePlatform();
    const server = new FakeServer(platform);
    server.account = jid;
    const villager: Villager = {
      jid,
      platform,
      server,
      store: store ?? (await memoryStore()),
      files: files ?? new MemoryFiles(),
      client: undefined as unknown as LocalClient,
    };
    const login: Login = {
      jid,
      password: "secret",
      deviceId: String(this.#villagers.length),
      deviceName: `device ${this.#villagers.length}`,
      websocket: "ws://x/ws",
      userAgentId: crypto.randomUUID(),
    };
    await villager.store.setSecret("login", login);
    server.answer = (iq) => this.#answer(villager, iq);
    server.onStanza = (stanza) => this.#route(villager, stanza);
    const client = new LocalClient({
      store: villager.store,
      files: villager.files,
      transport: this.#transport(),
      platform,
      api: new AccountApi("http://x", async () => new Response("{}", { status: 404 })),
      openEngine,
    });
    Object.assign(villager, { client });
    this.#villagers.push(villager);
    await client.wake();
    await until(() => client.session.connection.get() !== undefined && server.isConnected);
    await until(() => this.#published(jid, villager), `${jid} published its keys`);
    return villager;
  }

  /** The line breaks; the client is left to find out. */
  disconnect({ server, client }: Villager): void {
    server.drop();
    client.session.connection.get();
  }

  async reconnect(villager: Villager): Promise<void> {
    villager.client.session.reconnect();
    await until(() => villager.server.isConnected, "reconnected");
  }

  /** Ends a device without goodbye, as a crash does. Its store stays. */
  crash(villager: Villager): void {
    villager.server.drop();
    villager.platform.accept = () => undefined;
    this.#villagers.splice(this.#villagers.indexOf(villager), 1);
  }

  #published(jid: string, villager: Villager): boolean {
    const list = this.#nodes.get(jid)?.get(NS.omemoDevices)?.items.get("current");
    const legacy = this.#nodes.get(jid)?.get(NS.axolotlDevices)?.items.get("current");
    const devices = this.#villagers.filter((one) => one.jid === jid).length;
    return (
      (list?.elements().length ?? 0) >= devices && (legacy?.elements().length ?? 0) >= devices && !!villager
    );
  }

  // ---------------------------------------------------------------------------------------------- the server

  #answer(villager: Villager, iq: Element): Element {
    const payload = iq.elements()[0];
    const reply = (...children: (Element | undefined)[]): Element =>
      el("iq", NS.client, { type: "result", id: iq.attr("id"), from: iq.attr("to") }, ...children);
    if (payload?.is("pubsub", NS.pubsub)) return reply(this.#pubsub(villager, iq, payload));
    if (payload?.is("query", NS.roster)) return reply(el("query", NS.roster));
    if (payload?.is("query", NS.discoItems))
      return reply(el("query", NS.discoItems, {}, el("item", NS.discoItems, { jid: "upload.example.org" })));
    if (payload?.is("query", NS.discoInfo)) {
      const upload =
        iq.attr("to") === "upload.example.org" && el("feature", NS.discoInfo, { var: NS.upload });
      return reply(el("query", NS.discoInfo, {}, upload));
    }
    if (payload?.is("request", NS.upload)) {
      const url = `https://up.example.org/${payload.attr("filename")}`;
      return reply(el("slot", NS.upload, {}, el("put", NS.upload, { url }), el("get", NS.upload, { url })));
    }
    const peer = this.#villagers.find(({ server }) => server.isConnected && server.jid === iq.attr("to"));
    if (peer && peer !== villager) peer.server.push(this.tamper(iq.with({ from: villager.server.jid })));
    return reply();
  }

  #pubsub(villager: Villager, iq: Element, request: Element): Element | undefined {
    const publish = request.get("publish");
    if (publish) {
      this.#publish(villager, publish);
      return undefined;
    }
    const items = request.get("items");
    const node = this.#nodes.get(iq.attr("to") ?? villager.jid)?.get(items?.attr("node") ?? "");
    const wanted = new Set(items?.all("item").map((item) => item.attr("id")));
    const found = [...(node?.items ?? [])].filter(([id]) => wanted.size === 0 || wanted.has(id));
    const list = found.map(([id, payload]) => el("item", NS.pubsub, { id }, payload));
    return el("pubsub", NS.pubsub, {}, el("items", NS.pubsub, { node: items?.attr("node") }, ...list));
  }

  #publish(villager: Villager, publish: Element): void {
    const name = publish.attr("node") ?? "";
    const item = publish.get("item") as Element;
    const payload = item.elements()[0] as Element;
    const nodes = this.#nodes.get(villager.jid) ?? new Map<string, Node>();
    this.#nodes.set(villager.jid, nodes);
    const node = nodes.get(name) ?? { items: new Map() };
    nodes.set(name, node);
    node.items.set(item.attr("id") ?? "", payload);
    const told = el("items", NS.pubsubEvent, { node: name }, el("item", NS.pubsubEvent, item.attrs, payload));
    for (const { server } of this.#villagers) {
      if (server === villager.server || !server.isConnected) continue;
      server.push(
        el(
          "message",
          NS.client,
          { from: villager.jid, type: "headline" },
          el("event", NS.pubsubEvent, {}, told),
        ),
      );
    }
  }

  /** To every device of the receiver; carbons to the sender's others. */
  #route(villager: Villager, stanza: Element): void {
    if (stanza.name !== "message") return;
    const sent = stanza.with({ from: villager.server.jid });
    this.passed.push(sent);
    const to = bare(stanza.attr("to") ?? villager.jid);
    const isNoCopy = stanza.get("no-copy", NS.hints) !== undefined;
    for (const other of this.#villagers) {
      if (other.jid === to && other !== villager) this.#deliver(other.server, sent);
      else if (other.jid === villager.jid && other !== villager && !isNoCopy) {
        const forwarded = el("forwarded", NS.forward, {}, sent);
        const carbon = el(
          "message",
          NS.client,
          { from: villager.jid, to: other.jid },
          el("sent", NS.carbons, {}, forwarded),
        );
        this.#deliver(other.server, carbon);
      }
    }
  }

  #deliver(server: FakeServer, stanza: Element): void {
    const waiting = this.#waiting.get(server) ?? [];
    if (server.isConnected) server.push(stanza);
    else this.#waiting.set(server, [...waiting, stanza]);
  }

  /** Hand out what waited, as the server does when somebody is back. */
  handOut({ server }: Villager): void {
    for (const stanza of this.#waiting.get(server) ?? []) server.push(stanza);
    this.#waiting.delete(server);
  }

  #transport(): Transport {
    return {
      put: async (url, body, _headers, signal, progress, offset = 0) => {
        const before = this.#files.get(url)?.slice(0, offset) ?? new Uint8Array();
        const end = this.breaksOffAt ?? body.length;
        this.breaksOffAt = undefined;
        this.#files.set(url, concat(before, body.subarray(offset, end)));
        this.puts.push({ url, offset, end });
        progress(end);
        if (signal.aborted || end < body.length) throw new HttpError(0, "the upload broke off");
      },
      arrived: async (url) => this.#files.get(url)?.length,
      get: async (url, _signal, progress) => {
        const body = this.#files.get(url);
        if (!body) throw new TypeError("not there");
        progress(body.length);
        return body;
      },
    };
  }

  get files(): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
    return this.#files;
  }
}
