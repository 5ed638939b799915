/** From content to `<encrypted/>`: which devices, in which protocol, over which sessions. Content is sealed once for all. */

import type {
  DeviceInfo,
  DeviceRef,
  Encrypted,
  EncryptRequest,
  NotSentReason,
  Plan,
  Protocol,
  Trust,
} from "./api.ts";
import { utf8 } from "./bytes.ts";
import type { Context } from "./context.ts";
import { sealEnvelope } from "./envelope.ts";
import { Unreadable } from "./errors.ts";
import type { Notebook } from "./notebook.ts";
import type { OutgoingKey, SealedPayload } from "./profile.ts";
import * as records from "./records.ts";
import { devicesOf, listedIds, mayReceive } from "./trust.ts";

const VERSIONS: readonly records.Version[] = ["v2", "v03"];
/** A bundle that was not used for so long is fetched again: its keys may have been rotated away. */
const BUNDLE_AGE = 24 * 3600 * 1000; // ms
/** A missing or broken bundle is not asked for again before. */
const REFUSED_AGE = 3600 * 1000; // ms

/** How a device can be reached now. */
interface Route extends DeviceRef {
  readonly trust: Trust;
  readonly version: records.Version;
  readonly way: "session" | "bundle" | "fetch" | "refused";
}

export async function planFor(context: Context, notes: Notebook, to: readonly string[]): Promise<Plan> {
  const accounts = recipients(context, to);
  const lists: Plan["lists"][number][] = [];
  const fetch: Plan["fetch"][number][] = [];
  const undecided: DeviceInfo[] = [];
  const without: string[] = [];
  const routes = await routesOf(context, notes, accounts);
  for (const jid of accounts) {
    const account = await notes.get(records.account(jid));
    for (const version of VERSIONS) {
      if (!account?.lists[version]) lists.push({ jid, protocol: records.protocolOf(version) });
    }
    const ofAccount = routes.filter((route) => route.jid === jid);
    if (ofAccount.some(({ trust }) => trust === "undecided")) {
      const infos = await devicesOf(notes, context.curve, jid, context.self);
      undecided.push(...infos.filter((info) => info.trust === "undecided" && info.protocols.length > 0));
    }
    for (const { deviceId, version, way, trust } of ofAccount) {
      // Of a device that waits for consent as well: a person has to see its key to decide.
      if (way === "fetch" && trust !== "distrusted") {
        fetch.push({ device: { jid, deviceId }, protocol: records.protocolOf(version) });
      }
    }
    const usable = ofAccount.filter((route) => mayReceive(route.trust));
    const isReachable = usable.some(({ way }) => way !== "refused");
    if (jid !== context.self.jid && !isReachable) without.push(jid);
  }
  return { lists, fetch, undecided, without };
}

export async function encryptContent(
  context: Context,
  notes: Notebook,
  request: EncryptRequest,
): Promise<Encrypted> {
  const { self, now } = context;
  const routes = await routesOf(context, notes, recipients(context, request.to));
  const notSent: Encrypted["notSent"][number][] = [];
  const chosen: Route[] = [];
  for (const route of routes) {
    const reason = obstacle(route, request);
    if (reason) notSent.push({ jid: route.jid, deviceId: route.deviceId, reason });
    else chosen.push(route);
  }
  const plaintext = {
    v2: () => sealEnvelope(request.content, self.jid, request.room ?? addressee(request, self.jid), now()),
    v03: () => utf8(request.legacyBody ?? ""),
  };
  const parts: Part[] = [];
  for (const version of VERSIONS) {
    const ofVersion = chosen.filter((route) => route.version === version);
    if (ofVersion.length === 0) continue;
    const sealed = await context.sessions[version].profile.sealPayload(plaintext[version]());
    parts.push(await sealTo(context, notes, version, ofVersion, sealed));
  }
  return assemble(context, parts, notSent);
}

/** Key material alone, for one device: ends a key exchange, turns a ratchet, repairs a session. Needs no trust. */
export async function encryptEmpty(
  context: Context,
  notes: Notebook,
  device: DeviceRef,
  version: records.Version,
): Promise<Encrypted> {
  const sealed = context.sessions[version].profile.emptyPayload();
  return assemble(context, [await sealTo(context, notes, version, [device], sealed)], []);
}

// ------------------------------------------------------------------------------------------------------------ routes

function recipients({ self }: Context, to: readonly string[]): string[] {
  return [...new Set([...to, self.jid])];
}

/** XEP-0420 `to`: of a private message the one receiver; undefined for a note to oneself. */
function addressee({ to }: EncryptRequest, own: string): string | undefined {
  const others = to.filter((jid) => jid !== own);
  return others.length === 1 ? others[0] : undefined;
}

function obstacle(route: Route, { legacyBody }: EncryptRequest): NotSentReason | undefined {
  if (route.trust === "undecided" || route.trust === "distrusted") return route.trust;
  if (route.version === "v03" && legacyBody === undefined) return "not-representable";
  if (route.way === "fetch") return "no-bundle";
  if (route.way === "refused") return "bad-bundle";
  return undefined;
}

async function routesOf(context: Context, notes: Notebook, accounts: readonly string[]): Promise<Route[]> {
  const { self, now } = context;
  await notes.prefetch(accounts.map(records.account));
  const listed: (DeviceRef & { readonly versions: readonly records.Version[] })[] = [];
  for (const jid of accounts) {
    const account = await notes.get(records.account(jid));
    for (const deviceId of listedIds(account)) {
      if (jid === self.jid && deviceId === self.deviceId) continue;
      listed.push({
        jid,
        deviceId,
        versions: VERSIONS.filter((version) => account?.lists[version]?.includes(deviceId)),
      });
    }
  }
  await notes.prefetch(
    listed.flatMap((device) => [
      records.device(device),
      ...VERSIONS.flatMap((version) => [
        records.session(device, version),
        records.bundle(device, version),
        records.owed(device, version),
      ]),
    ]),
  );
  return Promise.all(listed.map((device) => routeTo(notes, device, device.versions, now())));
}

/** The newer protocol where the device speaks it, unless its bundle there is unusable. */
async function routeTo(
  notes: Notebook,
  device: DeviceRef,
  versions: readonly records.Version[],
  now: number,
): Promise<Route> {
  const trust = (await notes.get(records.device(device)))?.trust ?? "undecided";
  const ways: Route[] = [];
  for (const version of await spoken(notes, device, versions)) {
    const { jid, deviceId } = device;
    ways.push({ jid, deviceId, trust, version, way: await wayTo(notes, device, version, now) });
  }
  return ways.find(({ way }) => way !== "refused") ?? (ways[0] as Route);
}

/**
 * The versions a device can be written to in. One that has answered in omemo:2 goes on being written to in it: a server that
 * leaves it out of that list must not get what only 0.3 shows.
 */
async function spoken(
  notes: Notebook,
  device: DeviceRef,
  listed: readonly records.Version[],
): Promise<readonly records.Version[]> {
  if (listed.includes("v2")) return listed;
  const session = await notes.get(records.session(device, "v2"));
  return session?.current.receiving ? ["v2", ...listed] : listed;
}

async function wayTo(
  notes: Notebook,
  device: DeviceRef,
  version: records.Version,
  now: number,
): Promise<Route["way"]> {
  const debt = await notes.get(records.owed(device, version));
  const session = await notes.get(records.session(device, version));
  if (session && debt?.why !== "healing") return "session";
  const bundle = await notes.get(records.bundle(device, version));
  const age = bundle ? now - bundle.at : 0;
  if (bundle?.keys && age < BUNDLE_AGE) return "bundle";
  if (bundle?.refused && age < REFUSED_AGE) return session ? "session" : "refused";
  return "fetch";
}

// ----------------------------------------------------------------------------------------------------------- sealing

interface Part {
  readonly protocol: Protocol;
  readonly keys: readonly OutgoingKey[];
  readonly failed: readonly (DeviceRef & { readonly reason: NotSentReason })[];
  readonly sealed: SealedPayload;
}

async function sealTo(
  context: Context,
  notes: Notebook,
  version: records.Version,
  devices: readonly DeviceRef[],
  sealed: SealedPayload,
): Promise<Part> {
  const keys: OutgoingKey[] = [];
  const failed: Part["failed"][number][] = [];
  for (const { jid, deviceId } of devices) {
    try {
      const key = await context.sessions[version].seal(notes, { jid, deviceId }, sealed.key, context.now());
      if (key) keys.push({ jid, deviceId, ...key });
      else failed.push({ jid, deviceId, reason: "no-bundle" });
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      failed.push({ jid, deviceId, reason: "bad-bundle" });
    }
  }
  return { protocol: records.protocolOf(version), keys, failed, sealed };
}

function assemble(
  context: Context,
  parts: readonly Part[],
  notSent: readonly Encrypted["notSent"][number][],
): Encrypted {
  const filled = parts.filter(({ keys }) => keys.length > 0);
  return {
    elements: filled.map(({ protocol, keys, sealed }) =>
      context.sessions[records.versionOf(protocol)].profile.encryptedElement(
        context.self.deviceId,
        keys,
        sealed,
      ),
    ),
    sentTo: filled.flatMap(({ protocol, keys }) =>
      keys.map(({ jid, deviceId }) => ({ jid, deviceId, protocol })),
    ),
    notSent: [...notSent, ...parts.flatMap(({ failed }) => failed)],
    tasks: [],
  };
}
