/** From `<encrypted/>` to content, or to a reason that says who can do what. Failures never move a ratchet. */

import type {
  Decrypted,
  DeviceRef,
  FailureReason,
  Incoming,
  Notice,
  Protocol,
  Remedy,
  Task,
  XmlElement,
} from "./api.ts";
import { AXOLOTL, OMEMO2 } from "./api.ts";
import { fromUtf8 } from "./bytes.ts";
import { type Context, profileOf } from "./context.ts";
import { element } from "./elements.ts";
import { type Envelope, openEnvelope } from "./envelope.ts";
import { Unreadable } from "./errors.ts";
import { considerHealing, tasksFor } from "./healing.ts";
import type { Notebook } from "./notebook.ts";
import type { EncryptedElement } from "./profile.ts";
import * as records from "./records.ts";
import { KeyRefused, type OpenedKey } from "./sessions.ts";

type Failed = Extract<Decrypted, { kind: "failed" }>;

const REMEDIES: Readonly<Record<FailureReason, Remedy>> = {
  "not-for-this-device": "sender",
  replay: "nobody",
  "own-message": "nobody",
  "no-session": "sender",
  "unknown-prekey": "sender",
  "bad-mac": "sender",
  "too-far-ahead": "sender",
  "key-changed": "you",
  distrusted: "you",
  "bad-payload": "sender",
  "forged-envelope": "nobody",
  malformed: "sender",
  "unknown-version": "update",
};

export async function decryptOne(context: Context, notes: Notebook, incoming: Incoming): Promise<Decrypted> {
  // Records are kept by bare JID; a resource in it would be a place of its own.
  if (incoming.from.includes("/")) return failed("malformed", undefined, undefined);
  let failure: Failed | undefined;
  // Some clients put both protocols into one stanza; the newer carries more.
  for (const protocol of [OMEMO2, AXOLOTL] as const) {
    for (const encrypted of incoming.elements) {
      if (encrypted.ns !== protocol || encrypted.name !== "encrypted") continue;
      const outcome = await decryptElement(context, notes, incoming, protocol, encrypted);
      if (outcome.kind !== "failed") return outcome;
      failure = worse(failure, outcome);
    }
  }
  return failure ?? failed("malformed", undefined, undefined);
}

/** Of two failures the one that says more: "for somebody else" only when both say so. */
function worse(before: Failed | undefined, now: Failed): Failed {
  return before && before.reason !== "not-for-this-device" ? before : now;
}

function failed(
  reason: FailureReason,
  protocol: Protocol | undefined,
  sender: DeviceRef | undefined,
  more: {
    readonly remedy?: Remedy;
    readonly tasks?: readonly Task[];
    readonly notices?: readonly Notice[];
  } = {},
): Failed {
  return {
    kind: "failed",
    reason,
    remedy: REMEDIES[reason],
    protocol,
    sender,
    tasks: [],
    notices: [],
    ...more,
  };
}

async function decryptElement(
  context: Context,
  notes: Notebook,
  incoming: Incoming,
  protocol: Protocol,
  element: XmlElement,
): Promise<Decrypted> {
  let sender: DeviceRef | undefined;
  try {
    const encrypted = profileOf(protocol).parseEncrypted(element, context.self.jid, context.self.deviceId);
    sender = { jid: incoming.from, deviceId: encrypted.senderId };
    return await read(context, notes, incoming, sender, encrypted);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    if (error instanceof KeyRefused)
      return failed(error.reason, protocol, sender, { notices: error.notices });
    if (!sender) return failed(error.reason, protocol, sender);
    const { sentAt } = incoming;
    const version = records.versionOf(protocol);
    const healing = await considerHealing(
      notes,
      sender,
      version,
      { reason: error.reason, sentAt },
      context.now(),
    );
    const remedy = healing.isUnderWay ? "healing" : REMEDIES[error.reason];
    return failed(error.reason, protocol, sender, { remedy, tasks: healing.tasks });
  }
}

async function read(
  context: Context,
  notes: Notebook,
  incoming: Incoming,
  sender: DeviceRef,
  encrypted: EncryptedElement,
): Promise<Decrypted> {
  const { self, now } = context;
  if (sender.jid === self.jid && sender.deviceId === self.deviceId)
    return failed("own-message", encrypted.protocol, sender);
  if (encrypted.keys.length === 0) return failed("not-for-this-device", encrypted.protocol, sender);
  const known = await notes.get(records.device(sender));
  if (known?.trust === "distrusted") return failed("distrusted", encrypted.protocol, sender);
  const opened = await openKey(context, notes, sender, encrypted);
  // The content is verified as well before anything is written: a damaged copy must not use up the key of a good one.
  const content = encrypted.payload && (await openContent(context, incoming, encrypted, opened.plaintext));
  const { notices, owes } = await opened.commit();
  const tasks = await settle(context, notes, sender, records.versionOf(encrypted.protocol), owes);
  const record = (await notes.get(records.device(sender))) ?? { trust: "undecided", firstSeen: now() };
  // A stamp in the future would keep broken sessions from healing.
  const heard = Math.max(record.lastHeard ?? 0, Math.min(incoming.sentAt ?? now(), now()));
  if (heard !== record.lastHeard) notes.put(records.device(sender), { ...record, lastHeard: heard });
  const account = await notes.get(records.account(sender.jid));
  const protocol = encrypted.protocol;
  if (!account?.lists[records.versionOf(protocol)]?.includes(sender.deviceId)) {
    tasks.push({ do: "fetch-device-list", jid: sender.jid, protocol });
  }
  const common = { protocol, sender, trust: record.trust, tasks, notices };
  if (!content) return { kind: "empty", ...common };
  return { kind: "message", content: content.content, claimedTime: content.time, ...common };
}

async function openKey(
  context: Context,
  notes: Notebook,
  sender: DeviceRef,
  encrypted: EncryptedElement,
): Promise<OpenedKey> {
  const sessions = context.sessions[records.versionOf(encrypted.protocol)];
  let first: unknown;
  for (const key of encrypted.keys) {
    try {
      return await sessions.open(notes, sender, key, context.isCatchingUp, context.now());
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      first ??= error;
    }
  }
  throw first;
}

async function openContent(
  { self }: Context,
  { from, room, to }: Incoming,
  encrypted: EncryptedElement,
  key: Uint8Array,
): Promise<Pick<Envelope, "content" | "time">> {
  const plaintext = await profileOf(encrypted.protocol).openPayload(key, encrypted);
  if (encrypted.protocol === OMEMO2) return openEnvelope(plaintext, { own: self.jid, from, room, to });
  try {
    return { content: [element("body", "jabber:client", {}, fromUtf8(plaintext))], time: undefined };
  } catch {
    throw new Unreadable("bad-payload", "the body is not UTF-8");
  }
}

/** Notes what is owed after a message, and returns it together with a bundle that has to be published. */
async function settle(
  context: Context,
  notes: Notebook,
  sender: DeviceRef,
  version: records.Version,
  owes: records.OwedRecord["why"] | undefined,
): Promise<Task[]> {
  if (owes === undefined) return [];
  const debt: records.OwedRecord = { device: sender, version, why: owes };
  notes.put(records.owed(sender, version), debt);
  const publish = owes === "key-exchange" ? await context.own[version].tasks(notes) : [];
  return [...publish, ...tasksFor(debt)];
}
