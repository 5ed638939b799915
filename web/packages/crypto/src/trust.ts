/**
 * Who is believed: blind trust before verification. Devices of an account are trusted until a person has verified one
 * of them; from then on a new device needs consent. A key belongs to a device for good; a changed one is adopted only
 * where nothing was ever verified, and never silently.
 */

import { sha512 } from "@noble/hashes/sha2.js";
import type { DeviceInfo, DeviceRef, Notice, SafetyNumber, Trust, VerifyOutcome } from "./api.ts";
import { concat, fromHex, toHex, utf8 } from "./bytes.ts";
import type { Curve } from "./keys.ts";
import type { Notebook, Slot } from "./notebook.ts";
import * as records from "./records.ts";

const VERSIONS: readonly records.Version[] = ["v2", "v03"];

/** What a new device of this account is worth. */
export function initialTrust(account: records.AccountRecord | undefined): Trust {
  return account?.isVerified ? "undecided" : "blind";
}

/** May content be encrypted to it? */
export function mayReceive(trust: Trust): boolean {
  return trust === "blind" || trust === "verified";
}

export interface Judgement {
  readonly record: records.DeviceRecord;
  readonly accepted: boolean;
  readonly notices: readonly Notice[];
}

/**
 * A device shows its identity, in a bundle or a key exchange. Decides only: the caller writes `record`, and not before
 * the MAC verified.
 */
export async function judge(
  notes: Notebook,
  device: DeviceRef,
  identity: { readonly publicKey: Uint8Array; readonly edIdentity: Uint8Array | undefined },
  now: number,
): Promise<Judgement> {
  const fingerprint = toHex(identity.publicKey);
  const known = await notes.get(records.device(device));
  const edIdentity = identity.edIdentity ?? known?.edIdentity;
  if (!known) {
    const trust = initialTrust(await notes.get(records.account(device.jid)));
    const record = { fingerprint, trust, firstSeen: now, ...(edIdentity && { edIdentity }) };
    return { record, accepted: true, notices: [{ notice: "new-device", device, trust }] };
  }
  const same = { ...known, fingerprint, ...(edIdentity && { edIdentity }) };
  if (known.fingerprint === undefined || known.fingerprint === fingerprint) {
    return { record: same, accepted: true, notices: [] };
  }
  const notices: Notice[] = [{ notice: "key-changed", device, before: known.fingerprint, now: fingerprint }];
  if (known.trust === "blind") return { record: withoutLabel(same), accepted: true, notices };
  const isNews = known.offered !== fingerprint;
  return { record: { ...known, offered: fingerprint }, accepted: false, notices: isNews ? notices : [] };
}

function withoutLabel({
  label: _label,
  labelSignature: _signature,
  ...rest
}: records.DeviceRecord): records.DeviceRecord {
  return rest;
}

/** Ends everything that was agreed with the device under an earlier key. */
export function forgetSessions(notes: Notebook, device: DeviceRef): void {
  for (const version of VERSIONS) {
    notes.delete(records.session(device, version));
    notes.delete(records.bundle(device, version));
  }
}

/**
 * Throws RangeError when the device has another key than the one that was shown to the person (`device.fingerprint`), or
 * is to be verified without having shown any: the decision was about something else.
 */
export async function decide(
  notes: Notebook,
  device: DeviceRef & { readonly fingerprint?: string | undefined },
  trust: Trust,
  now: number,
): Promise<void> {
  const slot = records.device(device);
  const known = await notes.get(slot);
  if (device.fingerprint !== undefined && device.fingerprint !== known?.fingerprint) {
    throw new RangeError("the key of this device has changed meanwhile");
  }
  if (trust === "verified" && known?.fingerprint === undefined) {
    throw new RangeError("a device without a known key can't be verified");
  }
  notes.put(slot, { ...(known ?? { firstSeen: now }), trust });
  if (trust === "verified") await markVerified(notes, device.jid);
}

export async function acceptKey(
  notes: Notebook,
  device: DeviceRef,
  fingerprint: string,
  trust: Trust,
): Promise<boolean> {
  const slot = records.device(device);
  const known = await notes.get(slot);
  if (!known || known.offered !== fingerprint) return false;
  const { offered: _offered, edIdentity: _ed, ...rest } = withoutLabel(known);
  notes.put(slot, { ...rest, fingerprint, trust });
  forgetSessions(notes, device);
  if (trust === "verified") await markVerified(notes, device.jid);
  return true;
}

/**
 * From now on new devices need consent. So do those that the server could hold back until the keys were compared: announced
 * without a key, or gone from the lists.
 */
async function markVerified(notes: Notebook, jid: string): Promise<void> {
  const slot = records.account(jid);
  const account = { ...((await notes.get(slot)) ?? { lists: {} }), isVerified: true };
  notes.put(slot, account);
  const listed = new Set(listedIds(account));
  for (const { key, value } of await notes.scan<records.DeviceRecord>(records.devices(jid))) {
    const isPresent = value.fingerprint !== undefined && listed.has(deviceIdOf(key));
    if (value.trust !== "blind" || isPresent) continue;
    notes.put({ key } satisfies Slot<records.DeviceRecord>, { ...value, trust: "undecided" });
  }
}

function deviceIdOf(key: string): number {
  return Number(key.slice(key.lastIndexOf("/") + 1));
}

// ------------------------------------------------------------------------------------------------------- devices

export function listedIds(account: records.AccountRecord | undefined): number[] {
  return [...new Set([...(account?.lists.v2 ?? []), ...(account?.lists.v03 ?? [])])];
}

/** All devices ever seen of an account, this one left out. */
export async function devicesOf(
  notes: Notebook,
  curve: Curve,
  jid: string,
  self: DeviceRef,
): Promise<DeviceInfo[]> {
  const account = await notes.get(records.account(jid));
  const found = await notes.scan<records.DeviceRecord>(records.devices(jid));
  const infos = found.map(async ({ key, value }): Promise<DeviceInfo> => {
    const deviceId = deviceIdOf(key);
    return {
      jid,
      deviceId,
      protocols: VERSIONS.filter((version) => account?.lists[version]?.includes(deviceId)).map(
        records.protocolOf,
      ),
      fingerprint: value.fingerprint,
      trust: value.trust,
      label: await verifiedLabel(curve, value),
      firstSeen: value.firstSeen,
      lastHeard: value.lastHeard,
      isOwn: jid === self.jid,
    };
  });
  return (await Promise.all(infos)).filter(
    (info) => info.jid !== self.jid || info.deviceId !== self.deviceId,
  );
}

/** XEP-0384 §5.3.1: "The label attribute MUST be ignored if […] the signature does not pass validation." */
async function verifiedLabel(curve: Curve, record: records.DeviceRecord): Promise<string | undefined> {
  const { label, labelSignature, edIdentity } = record;
  if (label === undefined || !labelSignature || !edIdentity) return undefined;
  return (await curve.verify(edIdentity, utf8(label), labelSignature)) ? label : undefined;
}

// ------------------------------------------------------------------------------------------------- safety number

/** A device and its key. */
export interface Keyed {
  readonly deviceId: number;
  readonly fingerprint: string;
}

const ITERATIONS = 5200; // as Signal's numeric fingerprints: makes finding a near-match 2^12 times dearer
const VERSION = Uint8Array.of(0, 1);

/** 30 digits over an account's address and the sorted set of its device keys. */
function half(jid: string, keys: readonly Keyed[]): string {
  const sorted = [...new Set(keys.map(({ fingerprint }) => fingerprint))].sort().map(fromHex);
  const what = concat(...sorted, utf8(jid));
  let digest = sha512(concat(VERSION, what));
  for (let round = 1; round < ITERATIONS; round++) digest = sha512(concat(digest, what));
  let digits = "";
  for (let at = 0; at < 30; at += 5) {
    const five = digest.subarray(at, at + 5).reduce((sum, byte) => sum * 256 + byte, 0);
    digits += String(five % 100000).padStart(5, "0");
  }
  return digits;
}

/** The same for both: the halves of both accounts in the order of their digits. */
export function safetyNumber(
  own: { readonly jid: string; readonly keys: readonly Keyed[] },
  theirs: { readonly jid: string; readonly keys: readonly Keyed[] },
): SafetyNumber {
  const digits = [half(own.jid, own.keys), half(theirs.jid, theirs.keys)].sort().join("");
  return { digits, uri: trustUri(own.jid, own.keys) };
}

// -------------------------------------------------------------------------------------------------------- QR code

/** The form of Conversations: `xmpp:jid?omemo-sid-<id>=<fingerprint>;…`. */
export function trustUri(jid: string, keys: readonly Keyed[]): string {
  const parts = keys.map(({ deviceId, fingerprint }) => `omemo-sid-${deviceId}=${fingerprint}`);
  return `xmpp:${encodeURI(jid)}?${parts.join(";")}`;
}

const PARAMETER = /^omemo-sid-([0-9]{1,10})=([0-9a-f]{64})$/;
const MAX_URI = 16384;

export function parseTrustUri(
  uri: string,
): { readonly jid: string; readonly keys: readonly Keyed[] } | undefined {
  const match = uri.length <= MAX_URI ? /^xmpp:([^?#]+)\?([^#]+)$/i.exec(uri.trim()) : null;
  if (!match) return undefined;
  const keys: Keyed[] = [];
  for (const part of (match[2] as string).split(/[;&]/)) {
    const found = PARAMETER.exec(part.toLowerCase());
    if (found) keys.push({ deviceId: Number(found[1]), fingerprint: found[2] as string });
  }
  if (keys.length === 0) return undefined;
  try {
    return { jid: decodeURIComponent(match[1] as string), keys };
  } catch {
    return undefined;
  }
}

/** All or nothing: one key that differs from what the server gave us, and none becomes verified. */
export async function verifyKeys(
  notes: Notebook,
  jid: string,
  keys: readonly Keyed[],
  now: number,
): Promise<Extract<VerifyOutcome, { devices: unknown }>> {
  const known = await Promise.all(keys.map(({ deviceId }) => notes.get(records.device({ jid, deviceId }))));
  const wrong = keys.filter(({ fingerprint }, at) => (known[at]?.fingerprint ?? fingerprint) !== fingerprint);
  if (wrong.length) return { result: "mismatch", devices: wrong.map(({ deviceId }) => ({ jid, deviceId })) };
  keys.forEach(({ deviceId, fingerprint }, at) => {
    // A device that no list named yet is verified beforehand: its key is pinned already.
    const record = known[at] ?? { firstSeen: now };
    notes.put(records.device({ jid, deviceId }), { ...record, fingerprint, trust: "verified" });
  });
  await markVerified(notes, jid);
  return { result: "verified", devices: keys.map(({ deviceId }) => ({ jid, deviceId })) };
}
