/**
 * Broken sessions repair themselves: a new key exchange, with an empty message, after growing pauses.
 *
 * XEP-0384 asks clients not to do this without a person, since whoever can damage messages (the server) could then make
 * sessions restart at will. What that gains is bounded here: the identity stays pinned, a restart happens only for
 * devices on the list, only for messages newer than the last readable one, and at most at these intervals. What a
 * person gains is a chat that works again without knowing what a session is.
 */

import type { DeviceRef, FailureReason, Task } from "./api.ts";
import type { Notebook } from "./notebook.ts";
import * as records from "./records.ts";
import { listedIds } from "./trust.ts";

const FIRST_PAUSE = 60 * 1000; // ms
const FACTOR = 4;
const LONGEST_PAUSE = 24 * 3600 * 1000; // ms

const CURABLE: ReadonlySet<FailureReason> = new Set([
  "no-session",
  "unknown-prekey",
  "bad-mac",
  "too-far-ahead",
]);

export interface Healing {
  /** A new session is on its way, or will be after the pause. */
  readonly isUnderWay: boolean;
  readonly tasks: readonly Task[];
}

const NOTHING: Healing = { isUnderWay: false, tasks: [] };

export async function considerHealing(
  notes: Notebook,
  device: DeviceRef,
  version: records.Version,
  failure: { readonly reason: FailureReason; readonly sentAt: number | undefined },
  now: number,
): Promise<Healing> {
  if (!CURABLE.has(failure.reason)) return NOTHING;
  const account = await notes.get(records.account(device.jid));
  if (!listedIds(account).includes(device.deviceId)) {
    return {
      isUnderWay: false,
      tasks: [{ do: "fetch-device-list", jid: device.jid, protocol: records.protocolOf(version) }],
    };
  }
  const known = await notes.get(records.device(device));
  if (known?.trust === "distrusted") return NOTHING;
  if (failure.sentAt !== undefined && failure.sentAt < (known?.lastHeard ?? 0)) return NOTHING;
  const state = await notes.get(records.healing(device, version));
  if (state && now < state.notBefore) return { isUnderWay: true, tasks: [] };
  const attempts = state?.attempts ?? 0;
  const pause = Math.min(FIRST_PAUSE * FACTOR ** attempts, LONGEST_PAUSE);
  notes.put(records.healing(device, version), { attempts: attempts + 1, notBefore: now + pause });
  const debt: records.OwedRecord = { device, version, why: "healing" };
  notes.put(records.owed(device, version), debt);
  notes.delete(records.bundle(device, version)); // a fresh one, or its prekey could be the one just refused
  return { isUnderWay: true, tasks: tasksFor(debt) };
}

/** A message was read: whatever was broken is whole. */
export async function healed(notes: Notebook, device: DeviceRef, version: records.Version): Promise<void> {
  if (await notes.get(records.healing(device, version))) notes.delete(records.healing(device, version));
  const debt = await notes.get(records.owed(device, version));
  if (debt?.why === "healing") notes.delete(records.owed(device, version));
}

export function tasksFor({ device, version, why }: records.OwedRecord): Task[] {
  const protocol = records.protocolOf(version);
  const send: Task = { do: "send-empty", device, protocol, why };
  return why === "healing" ? [{ do: "fetch-bundle", device, protocol }, send] : [send];
}
