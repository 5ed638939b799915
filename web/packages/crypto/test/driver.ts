/**
 * The engine behind JSON lines, for tests in other languages: one request a line on stdin, one answer a line on stdout,
 * in order. `{"device", "method", "args"}`: `open` makes a device, other methods are the engine's (a commit is added);
 * `keep` and `restore` copy a device's storage, as a backup would. `elapse` moves the clock.
 */

import { createInterface } from "node:readline";
import type { OmemoEngine } from "../src/api.ts";
import { openEngineWith } from "../src/engine.ts";
import { chooseCurve } from "../src/keys.ts";
import { MemoryStorage } from "../src/memory.ts";

const WITHOUT_COMMIT = new Set([
  "publication",
  "deviceList",
  "pending",
  "plan",
  "devices",
  "safetyNumber",
  "beginCatchUp",
]);

interface Request {
  readonly device: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

const devices = new Map<string, { storage: MemoryStorage; engine: OmemoEngine; jid: string }>();
const kept = new Map<string, Map<string, Uint8Array>>();
const clock = { now: Date.now() };

async function open(name: string, jid: string, records?: Map<string, Uint8Array>): Promise<object> {
  const storage = new MemoryStorage();
  for (const [key, value] of records ?? []) storage.records.set(key, value);
  const engine = await openEngineWith(
    await chooseCurve(),
    { jid, storage, now: () => clock.now },
    storage.commit,
  );
  devices.set(name, { storage, engine, jid });
  return { deviceId: engine.deviceId, fingerprint: engine.fingerprint };
}

async function answer({ device: name, method, args }: Request): Promise<unknown> {
  if (method === "open") return open(name, args[0] as string);
  if (method === "elapse") {
    clock.now += args[0] as number;
    return null;
  }
  const device = devices.get(name);
  if (!device) throw new RangeError(`no device ${name}`);
  if (method === "keep") {
    kept.set(name, new Map(device.storage.records));
    return null;
  }
  if (method === "restore") return open(name, device.jid, kept.get(name));
  const call = device.engine[method as keyof OmemoEngine] as (...given: unknown[]) => Promise<unknown>;
  const given = WITHOUT_COMMIT.has(method) ? [...args] : [...args, device.storage.commit];
  return (await call.apply(device.engine, given)) ?? null;
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply: object;
  try {
    reply = { result: await answer(JSON.parse(line) as Request) };
  } catch (error) {
    reply = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
