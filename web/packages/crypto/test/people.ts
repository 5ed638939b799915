/** Devices that talk through a server that keeps device lists and bundles: what the tests of this package play with. */

import type { Decrypted, DeviceRef, Encrypted, OmemoEngine, Protocol, Task, XmlElement } from "../src/api.ts";
import { AXOLOTL, OMEMO2 } from "../src/api.ts";
import { element, textOf } from "../src/elements.ts";
import { openEngineWith } from "../src/engine.ts";
import { type Curve, chooseCurve } from "../src/keys.ts";
import { MemoryStorage } from "../src/memory.ts";

export const PROTOCOLS = [AXOLOTL, OMEMO2] as const;

export class Clock {
  time = Date.UTC(2026, 0, 1);
  readonly now = () => this.time;
  pass(milliseconds: number): void {
    this.time += milliseconds;
  }
}

/** What the server has: it believes everybody and loses nothing. */
export class Server {
  readonly lists = new Map<string, XmlElement>();
  readonly bundles = new Map<string, XmlElement>();
  readonly clock = new Clock();

  list(jid: string, protocol: Protocol): XmlElement | null {
    return this.lists.get(`${jid} ${protocol}`) ?? null;
  }

  bundle({ jid, deviceId }: DeviceRef, protocol: Protocol): XmlElement | null {
    return this.bundles.get(`${jid} ${deviceId} ${protocol}`) ?? null;
  }

  /** Hands out a bundle with one prekey, the lowest: so tests know which. */
  bundleWith(device: DeviceRef, protocol: Protocol, edit: (bundle: XmlElement) => XmlElement): void {
    const key = `${device.jid} ${device.deviceId} ${protocol}`;
    this.bundles.set(key, edit(this.bundles.get(key) as XmlElement));
  }
}

export class Device {
  readonly storage: MemoryStorage;
  readonly engine: OmemoEngine;
  readonly server: Server;
  readonly protocols: readonly Protocol[];

  constructor(engine: OmemoEngine, storage: MemoryStorage, server: Server, protocols: readonly Protocol[]) {
    this.engine = engine;
    this.storage = storage;
    this.server = server;
    this.protocols = protocols;
  }

  static async join(
    server: Server,
    jid: string,
    options: { protocols?: readonly Protocol[]; curve?: Curve; label?: string; storage?: MemoryStorage } = {},
  ): Promise<Device> {
    const storage = options.storage ?? new MemoryStorage();
    const curve = options.curve ?? (await chooseCurve());
    const engine = await openEngineWith(
      curve,
      { jid, storage, now: server.clock.now, label: options.label },
      storage.commit,
    );
    const device = new Device(engine, storage, server, options.protocols ?? PROTOCOLS);
    await device.publish();
    for (const other of PROTOCOLS) if (!device.protocols.includes(other)) await device.publishNothing(other);
    return device;
  }

  get ref(): DeviceRef {
    return { jid: this.engine.jid, deviceId: this.engine.deviceId };
  }

  get commit() {
    return this.storage.commit;
  }

  async publish(): Promise<void> {
    for (const protocol of this.protocols) {
      const { jid } = this.ref;
      const list = await this.engine.deviceList(protocol, this.server.list(jid, protocol));
      this.server.lists.set(`${jid} ${protocol}`, list);
      await this.publishBundle(protocol);
    }
  }

  async publishBundle(protocol: Protocol): Promise<void> {
    const { bundle, revision } = await this.engine.publication(protocol);
    this.server.bundles.set(`${this.ref.jid} ${this.ref.deviceId} ${protocol}`, bundle);
    await this.engine.confirmPublished(protocol, revision, this.commit);
  }

  /** A device of the tests that speaks one protocol has nothing to publish in the other. */
  async publishNothing(protocol: Protocol): Promise<void> {
    const { revision } = await this.engine.publication(protocol);
    await this.engine.confirmPublished(protocol, revision + 1000, this.commit);
  }

  /** Looks up the device lists of these accounts. */
  async look(...jids: string[]): Promise<void> {
    for (const jid of [...jids, this.engine.jid]) {
      for (const protocol of PROTOCOLS) {
        await this.engine.receiveDeviceList(jid, protocol, this.server.list(jid, protocol), this.commit);
      }
    }
  }

  async fetch(device: DeviceRef, protocol: Protocol) {
    return this.engine.offerBundle(device, protocol, this.server.bundle(device, protocol), this.commit);
  }

  /** Fetches what the plan asks for and encrypts. */
  async say(to: string | string[], text: string, room?: string): Promise<Encrypted> {
    const jids = [to].flat();
    for (const { device, protocol } of (await this.engine.plan(jids)).fetch)
      await this.fetch(device, protocol);
    const content = [element("body", "jabber:client", {}, text)];
    return this.engine.encrypt({ to: jids, content, legacyBody: text, room }, this.commit);
  }

  hear(from: Device, message: Encrypted, room?: string, sentAt?: number): Promise<Decrypted> {
    return this.engine.decrypt(
      { from: from.engine.jid, elements: message.elements, room, sentAt },
      this.commit,
    );
  }

  /** Does what is due; returns the empty messages to deliver. */
  async work(tasks: readonly Task[]): Promise<Encrypted[]> {
    const sent: Encrypted[] = [];
    for (const task of tasks) {
      if (task.do === "publish-bundle") await this.publishBundle(task.protocol);
      else if (task.do === "fetch-bundle") await this.fetch(task.device, task.protocol);
      else if (task.do === "send-empty")
        sent.push(await this.engine.encryptEmpty(task.device, task.protocol, this.commit));
      else if (task.do === "fetch-device-list") await this.look(task.jid);
    }
    return sent;
  }
}

/** The body of a message, or why there is none. */
export function bodyOf(outcome: Decrypted): string {
  if (outcome.kind !== "message") return outcome.kind === "failed" ? `(${outcome.reason})` : "(empty)";
  const body = outcome.content.find(({ name }) => name === "body");
  return body ? textOf(body) : "(no body)";
}

/** Two people with one device each, who know each other's lists. */
export async function couple(
  protocols: readonly Protocol[] = PROTOCOLS,
  curve?: Curve,
): Promise<{ server: Server; ana: Device; bruno: Device }> {
  const server = new Server();
  const options = curve ? { protocols, curve } : { protocols };
  const ana = await Device.join(server, "ana@example.org", options);
  const bruno = await Device.join(server, "bruno@example.org", options);
  await ana.look("bruno@example.org");
  await bruno.look("ana@example.org");
  return { server, ana, bruno };
}
