/** A person with a real client, on Node's own sockets and a store in memory. */
import { openEngine } from "@plauder/crypto";
import { type Platform, type Socket, standardPlatform } from "@plauder/protocol/platform";
import type { ConversationView, MessageView } from "../src/api.ts";
import { LocalClient } from "../src/client.ts";
import { AccountApi } from "../src/core/http.ts";
import type { Transport } from "../src/core/media.ts";
import { MemoryFiles } from "../src/store/files.ts";
import type { Store } from "../src/store/store.ts";
import { memoryStore } from "../src/testing/store.ts";
import { httpTransport } from "../src/worker/transport.ts";
import type { RealServer } from "./server.ts";

interface Device {
  readonly client: LocalClient;
  readonly store: Store;
  /** Gone without goodbye, as a closed laptop or a killed tab is. */
  vanish(): void;
}

/** Sockets that can be cut from outside, for ever. */
function breakable(): { platform: Platform; cut(): void } {
  const platform = standardPlatform();
  const open = new Set<Socket>();
  let isCut = false;
  const openSocket = (url: string, subprotocol: string): Socket => {
    const socket = platform.openSocket(isCut ? "ws://localhost:1" : url, subprotocol);
    open.add(socket);
    return socket;
  };
  const cut = (): void => {
    isCut = true;
    for (const socket of open) socket.close();
  };
  return { platform: { ...platform, openSocket }, cut };
}

export class Person {
  readonly client: LocalClient;
  readonly store: Store;
  readonly jid: string;
  readonly number: string;

  readonly vanish: () => void;

  private constructor({ client, store, vanish }: Device, number: string) {
    this.client = client;
    this.store = store;
    this.vanish = () => {
      vanish();
      client.stop();
    };
    this.number = number;
    this.jid = `${number.slice(1)}@localhost`;
  }

  /** A client that nobody is signed in to. */
  static async newcomer(
    server: RealServer,
    store?: Store,
    transport: Transport = httpTransport,
  ): Promise<Device> {
    const kept = store ?? (await memoryStore());
    const lines = breakable();
    const client = new LocalClient({
      store: kept,
      files: new MemoryFiles(),
      transport,
      platform: lines.platform,
      api: new AccountApi(server.origin),
      openEngine,
    });
    client.session.connection.subscribe(() => undefined);
    await client.wake();
    return { client, store: kept, vanish: lines.cut };
  }

  /** Somebody registers by number and code, as a newcomer does. */
  static async register(server: RealServer, number: string, transport?: Transport): Promise<Person> {
    const device = await Person.newcomer(server, undefined, transport);
    const { client } = device;
    const asked = await client.session.requestCode(number, "sms");
    const outcome = await client.session.verify(asked.id, await server.code(number), { deviceName: "Test" });
    if (outcome.kind !== "done") throw new Error("a PIN was asked for");
    const person = new Person(device, number);
    await person.online();
    return person;
  }

  /** The same device, started again. */
  async restart(server: RealServer): Promise<Person> {
    const person = new Person(await Person.newcomer(server, this.store), this.number);
    await person.online();
    return person;
  }

  static as(device: Device, number: string): Person {
    return new Person(device, number);
  }

  async online(): Promise<void> {
    await eventually(() => this.client.session.connection.get().state === "online", "online");
  }

  /** What is on the screen while a chat is open. */
  open(chat: string): { view(): ConversationView; texts(): string[]; last(): MessageView | undefined } {
    const conversation = this.client.conversation(chat);
    conversation.subscribe(() => undefined);
    const view = (): ConversationView => conversation.get() as ConversationView;
    return {
      view,
      texts: () =>
        view().messages.map(({ content }) => ("text" in content ? content.text : `(${content.kind})`)),
      last: () => view().messages.at(-1),
    };
  }
}

/** Wait until something holds; the limit only ends a test that would hang. */
export async function eventually(holds: () => boolean, what = "it"): Promise<void> {
  const limit = Date.now() + 40_000;
  while (!holds()) {
    if (Date.now() > limit) throw new Error(`${what} never came true`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
