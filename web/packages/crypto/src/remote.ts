/**
 * An engine in a Worker. The page keeps the storage and writes the batches; keys and ratchets live in the Worker while
 * they are used. That only one Worker runs for an account is the page's part: hold the lock `engineLock(jid)` first.
 */

import type { Commit, EngineOptions, OmemoEngine, OmemoStorage } from "./api.ts";
import { openEngine } from "./engine.ts";
import { Peer, type Port } from "./rpc.ts";

export function engineLock(jid: string): string {
  return `plauder-omemo:${jid}`;
}

/** Methods and whether they end with a commit. */
const METHODS = {
  publication: false,
  confirmPublished: true,
  deviceList: false,
  maintain: true,
  pending: false,
  beginCatchUp: false,
  endCatchUp: true,
  receiveDeviceList: true,
  offerBundle: true,
  plan: false,
  encrypt: true,
  encryptEmpty: true,
  decrypt: true,
  decryptMany: true,
  devices: false,
  decide: true,
  acceptKey: true,
  safetyNumber: false,
  confirmSafetyNumber: true,
  verifyUri: true,
} as const satisfies Record<Exclude<keyof OmemoEngine, "jid" | "deviceId" | "fingerprint">, boolean>;

type Method = keyof typeof METHODS;
type RemoteOptions = Pick<EngineOptions, "jid" | "label" | "takenIds">;

/** The Worker's side. */
export function serveEngine(port: Port, now: () => number = Date.now): void {
  let engine: OmemoEngine | undefined;
  const commitWith =
    (ticket: number): Commit<unknown> =>
    async (batch, outcome) =>
      void (await peer.call("commit", ticket, batch, outcome));
  const storage: OmemoStorage = {
    read: (keys) => peer.call("read", keys) as ReturnType<OmemoStorage["read"]>,
    scan: (prefix) => peer.call("scan", prefix) as ReturnType<OmemoStorage["scan"]>,
  };
  const peer = new Peer(port, {
    async open(options: RemoteOptions, ticket: number) {
      engine = await openEngine({ ...options, storage, now }, commitWith(ticket));
      return { jid: engine.jid, deviceId: engine.deviceId, fingerprint: engine.fingerprint };
    },
    async run(method: Method, args: readonly unknown[], ticket: number) {
      if (!engine) throw new Error("the engine is not open");
      if (!Object.hasOwn(METHODS, method)) throw new RangeError(`no method ${method}`);
      const given = METHODS[method] ? [...args, commitWith(ticket)] : args;
      return (engine[method] as (...given: readonly unknown[]) => unknown).apply(engine, given as unknown[]);
    },
  });
}

/** The page's side: the same engine, in the Worker behind `port`. */
export async function connectEngine(
  port: Port,
  storage: OmemoStorage,
  options: RemoteOptions,
  commit: Commit<void>,
): Promise<OmemoEngine> {
  const commits = new Map<number, Commit<never>>();
  let last = 0;
  const peer = new Peer(port, {
    read: (keys: readonly string[]) => storage.read(keys),
    scan: (prefix: string) => storage.scan(prefix),
    commit: (ticket: number, batch: never, outcome: never) => commits.get(ticket)?.(batch, outcome),
  });
  const withTicket = async (given: Commit<never> | undefined, call: (ticket: number) => Promise<unknown>) => {
    const ticket = ++last;
    if (given) commits.set(ticket, given);
    try {
      return await call(ticket);
    } finally {
      commits.delete(ticket);
    }
  };
  const self = await withTicket(commit as Commit<never>, (ticket) => peer.call("open", options, ticket));
  const engine: Record<string, unknown> = { ...(self as object) };
  for (const [method, ends] of Object.entries(METHODS)) {
    engine[method] = (...args: unknown[]) => {
      const given = ends ? (args.pop() as Commit<never>) : undefined;
      return withTicket(given, (ticket) => peer.call("run", method, args, ticket));
    };
  }
  return engine as unknown as OmemoEngine;
}
