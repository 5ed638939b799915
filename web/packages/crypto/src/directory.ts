/** What the server says about others: their device lists and bundles. All of it may be a lie; see `trust.ts`. */

import type {
  BundleOutcome,
  DeviceListOutcome,
  DeviceRef,
  Notice,
  Protocol,
  Task,
  XmlElement,
} from "./api.ts";
import { randomBytes } from "./bytes.ts";
import { type Context, profileOf } from "./context.ts";
import { Unreadable } from "./errors.ts";
import type { Notebook } from "./notebook.ts";
import type { Bundle, DeviceEntry, Profile, PublicPreKey } from "./profile.ts";
import * as records from "./records.ts";
import { devicesOf, forgetSessions, initialTrust, judge, listedIds } from "./trust.ts";

export async function receiveDeviceList(
  context: Context,
  notes: Notebook,
  jid: string,
  protocol: Protocol,
  list: XmlElement | null,
): Promise<DeviceListOutcome> {
  const { self, curve } = context;
  const entries = list ? parse(profileOf(protocol), list) : [];
  if (!entries)
    return { accepted: false, devices: await devicesOf(notes, curve, jid, self), tasks: [], notices: [] };
  const before = await notes.get(records.account(jid));
  const ids = [...new Set(entries.map(({ deviceId }) => deviceId))];
  const after: records.AccountRecord = {
    isVerified: before?.isVerified ?? false,
    lists: { ...before?.lists, [records.versionOf(protocol)]: ids },
  };
  notes.put(records.account(jid), after);
  const notices = [
    ...(await noteEntries(context, notes, jid, entries, before)),
    ...listedIds(before)
      .filter((deviceId) => !listedIds(after).includes(deviceId))
      .map((deviceId): Notice => ({ notice: "device-removed", device: { jid, deviceId } })),
  ];
  // XEP-0384 §5.3.1: a device that has been removed from its own list must announce itself again.
  const isMissing = jid === self.jid && !ids.includes(self.deviceId);
  const tasks: Task[] = isMissing ? [{ do: "publish-device-list", protocol }] : [];
  const isSelf = ({ device }: Notice) => device.jid === self.jid && device.deviceId === self.deviceId;
  return {
    accepted: true,
    devices: await devicesOf(notes, curve, jid, self),
    tasks,
    notices: notices.filter((notice) => !isSelf(notice)),
  };
}

/** Makes a record for each device not seen before. A first list is no news; later additions are. */
async function noteEntries(
  { self, now }: Context,
  notes: Notebook,
  jid: string,
  entries: readonly DeviceEntry[],
  before: records.AccountRecord | undefined,
): Promise<Notice[]> {
  const notices: Notice[] = [];
  await notes.prefetch(entries.map(({ deviceId }) => records.device({ jid, deviceId })));
  for (const { deviceId, label, labelSignature } of entries) {
    const device = { jid, deviceId };
    if (jid === self.jid && deviceId === self.deviceId) continue;
    const known = await notes.get(records.device(device));
    const labels = label !== undefined && labelSignature ? { label, labelSignature } : {};
    if (!known) {
      const trust = initialTrust(before);
      notes.put(records.device(device), { trust, firstSeen: now(), ...labels });
      if (listedIds(before).length > 0) notices.push({ notice: "new-device", device, trust });
    } else if (label !== undefined && label !== known.label) {
      notes.put(records.device(device), { ...known, ...labels });
    }
  }
  return notices;
}

function parse(profile: Profile, list: XmlElement): DeviceEntry[] | undefined {
  if (list.ns !== profile.protocol || list.name !== profile.emptyDeviceList().name) return undefined;
  try {
    return profile.parseDeviceList(list).filter(({ deviceId }) => deviceId !== 0);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

// ------------------------------------------------------------------------------------------------------------ bundles

type Refused = Extract<BundleOutcome, { result: "refused" }>;

/** Verifies a bundle and keeps what one session needs of it: the identity, the signed prekey and one prekey. */
export async function offerBundle(
  { curve, now }: Context,
  notes: Notebook,
  device: DeviceRef,
  protocol: Protocol,
  element: XmlElement | null,
): Promise<BundleOutcome> {
  const profile = profileOf(protocol);
  const slot = records.bundle(device, profile.version);
  const refuse = (why: Refused["why"], notices: readonly Notice[] = []): Refused => {
    notes.put(slot, { at: now(), refused: why });
    return { result: "refused", why, notices };
  };
  if (!element) return refuse("missing");
  let bundle: Bundle | undefined;
  try {
    if (element.ns !== protocol || element.name !== "bundle") return refuse("malformed");
    bundle = await profile.parseBundle(curve, element);
  } catch (error) {
    if (error instanceof Unreadable) return refuse("malformed");
    throw error;
  }
  if (!bundle) return refuse("bad-signature");
  const judgement = await judge(
    notes,
    device,
    { publicKey: bundle.identity, edIdentity: bundle.edIdentity },
    now(),
  );
  if (judgement.accepted && judgement.notices.some(({ notice }) => notice === "key-changed"))
    forgetSessions(notes, device);
  notes.put(records.device(device), judgement.record);
  if (!judgement.accepted) return refuse("key-changed", judgement.notices);
  const { identity, edIdentity, signedPreKey, preKeys } = bundle;
  notes.put(slot, { at: now(), keys: { identity, edIdentity, signedPreKey, preKey: pick(preKeys) } });
  return { result: "accepted", notices: judgement.notices };
}

/** "A random pk entry is selected": so that two who come at the same time rarely take the same. */
function pick(keys: readonly PublicPreKey[]): PublicPreKey {
  const random = new DataView(randomBytes(4).buffer).getUint32(0);
  return keys[random % keys.length] as PublicPreKey;
}
