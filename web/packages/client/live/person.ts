/** A person with a real client, on Node's own sockets and a store in memory. */
import { openEngine } from "@plauder/crypto";
import { standardPlatform } from "@plauder/protocol/platform";
import type { ConversationView, MessageView } from "../src/api.ts";
import { LocalClient } from "../src/client.ts";
import { AccountApi } from "../src/core/http.ts";
import { MemoryFiles } from "../src/store/files.ts";
import type { Store } from "../src/store/store.ts";
import { memoryStore } from "../src/testing/store.ts";
import { httpTransport } from "../src/worker/transport.ts";
import type { RealServer } from "./server.ts";

export class Person {
  readonly client: LocalClient;
  readonly store: Store;
  readonly jid: string;
  readonly number: string;

  private constructor(client: LocalClient, store: Store, number: string) {
    this.client = client;
    this.store = store;
    this.number = number;
    this.jid = `${number.slice(1)}@localhost`;
  }

  /** A client that nobody is signed in to. */
  static async newcomer(server: RealServer, store?: Store): Promise<{ client: LocalClient; store: Store }> {
    const kept = store ?? (await memoryStore());
    const client = new LocalClient({
      store: kept,
      files: new MemoryFiles(),
      transport: httpTransport,
      platform: standardPlatform(),
      api: new AccountApi(server.origin),
      openEngine,
    });
    client.session.connection.subscribe(() => undefined);
    await client.wake();
    return { client, store: kept };
  }

  /** Somebody registers by number and code, as a newcomer does. */
  static async register(server: RealServer, number: string): Promise<Person> {
    const { client, store } = await Person.newcomer(server);
    const asked = await client.session.requestCode(number, "sms");
    const outcome = await client.session.verify(asked.id, await server.code(number), { deviceName: "Test" });
    if (outcome.kind !== "done") throw new Error("a PIN was asked for");
    const person = new Person(client, store, number);
    await person.online();
    return person;
  }

  /** The same device, started again. */
  async restart(server: RealServer): Promise<Person> {
    const { client } = await Person.newcomer(server, this.store);
    const person = new Person(client, this.store, this.number);
    await person.online();
    return person;
  }

  static as(client: LocalClient, store: Store, number: string): Person {
    return new Person(client, store, number);
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
  const limit = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > limit) throw new Error(`${what} never came true`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
