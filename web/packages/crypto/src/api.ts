/**
 * What the rest of the app may know about end-to-end encryption.
 *
 * The engine does no network and no disk: it is handed device lists, bundles and `<encrypted/>` elements, and hands
 * back elements to send, records to write and things to do. Every operation that moves a ratchet takes a `Commit`:
 * the engine calls it once with the records of that operation, and takes the new state for true only when the
 * returned promise resolves. Write the batch in the same transaction as the message it belongs to.
 *
 * Operations queue: one engine steps one ratchet at a time. That there is one engine per account and browser is the
 * caller's part (Web Locks, lock name `plauder-omemo:<jid>`).
 */

/** XEP-0384 0.3, what Conversations, Dino, Gajim and Monal speak: encrypts the body alone. */
export const AXOLOTL = "eu.siacs.conversations.axolotl";
/** XEP-0384 0.8 and later, with XEP-0420: encrypts everything that has meaning. */
export const OMEMO2 = "urn:xmpp:omemo:2";

export type Protocol = typeof AXOLOTL | typeof OMEMO2;

/** An element as plain data. `ns` is the element's own namespace; attributes are those without a prefix (and `xml:lang`). */
export interface XmlElement {
  readonly name: string;
  readonly ns: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly children: readonly (XmlElement | string)[];
}

/** A device: bare JID and the 31-bit number it picked (1 … 2^31-1). */
export interface DeviceRef {
  readonly jid: string;
  readonly deviceId: number;
}

// ---------------------------------------------------------------------------------------------------- storage

/** One record; `value` null deletes it. Keys are ASCII paths such as `session/<jid>/<id>/<version>`. */
export interface Write {
  readonly key: string;
  readonly value: Uint8Array | null;
}

export type Batch = readonly Write[];

/** A table `(key TEXT PRIMARY KEY, value BLOB)`. Reads see every committed batch. */
export interface OmemoStorage {
  /** Values in the order of the keys; undefined where there is no such record. */
  read(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** All records whose key begins with `prefix`. */
  scan(prefix: string): Promise<readonly (readonly [key: string, value: Uint8Array])[]>;
}

/** Writes the batch, all or nothing, together with what the caller makes of `outcome`. A rejection undoes the operation. */
export type Commit<Outcome> = (batch: Batch, outcome: Outcome) => Promise<void>;

// ---------------------------------------------------------------------------------------------------- trust

/**
 * `blind`: accepted because nothing was verified yet with this contact (blind trust before verification).
 * `verified`: a person compared it. `undecided`: appeared after the first verification, needs consent.
 * `distrusted`: a person said no.
 */
export type Trust = "blind" | "verified" | "undecided" | "distrusted";

export interface DeviceInfo extends DeviceRef {
  /** Which device lists name it now; empty: gone from all of them, kept for history. */
  readonly protocols: readonly Protocol[];
  /** Curve25519 form in 64 hexadecimal digits; undefined until its bundle or first message was seen. */
  readonly fingerprint: string | undefined;
  readonly trust: Trust;
  readonly label: string | undefined;
  /** Epoch milliseconds. */
  readonly firstSeen: number;
  readonly lastHeard: number | undefined;
  readonly isOwn: boolean;
}

export interface SafetyNumber {
  /** 60 digits, the same on both sides: print in 12 groups of 5. */
  readonly digits: string;
  /** `xmpp:<own jid>?omemo-sid-<id>=<fingerprint>;…`: put it in the QR code. Scan the other's with `verifyUri`. */
  readonly uri: string;
}

export type VerifyOutcome =
  | { readonly result: "verified"; readonly devices: readonly DeviceRef[] }
  /** The code names a key that differs from the one the server gave us: warn loudly. */
  | { readonly result: "mismatch"; readonly devices: readonly DeviceRef[] }
  | { readonly result: "other-contact"; readonly jid: string }
  | { readonly result: "unreadable" };

// ---------------------------------------------------------------------------------------------------- things to do

/** What the caller owes after an operation. All are safe to do late, twice, or after a restart (`pending()` repeats them). */
export type Task =
  /** Fetch the list and give it to `receiveDeviceList`: a device that it does not name has written. */
  | { readonly do: "fetch-device-list"; readonly jid: string; readonly protocol: Protocol }
  /** Publish `publication(protocol)` again, then `confirmPublished`: prekeys were used or keys rotated. */
  | { readonly do: "publish-bundle"; readonly protocol: Protocol }
  /** Call `encryptEmpty` for this device and send the element (completes a key exchange, heartbeat, healing). */
  | {
      readonly do: "send-empty";
      readonly device: DeviceRef;
      readonly protocol: Protocol;
      readonly why: "key-exchange" | "heartbeat" | "healing";
    }
  /** Fetch the bundle and give it to `offerBundle` (then `encryptEmpty` where a `send-empty` is due). */
  | { readonly do: "fetch-bundle"; readonly device: DeviceRef; readonly protocol: Protocol }
  /** Our own id is missing from the published list, or never was there. */
  | { readonly do: "publish-device-list"; readonly protocol: Protocol };

/** Something a person should see in the chat. */
export type Notice =
  | { readonly notice: "new-device"; readonly device: DeviceRef; readonly trust: Trust }
  /** The key of a known device changed: never happens by itself; treat like an attack or a broken client. */
  | {
      readonly notice: "key-changed";
      readonly device: DeviceRef;
      readonly before: string;
      readonly now: string;
    }
  | { readonly notice: "device-removed"; readonly device: DeviceRef };

// ---------------------------------------------------------------------------------------------------- publication

export interface Publication {
  readonly protocol: Protocol;
  readonly deviceListNode: string;
  /** Item id for the list: `current`. */
  readonly deviceListItemId: string;
  readonly bundleNode: string;
  /** `current` in 0.3 (a node for each device), the device id in omemo:2 (an item for each device). */
  readonly bundleItemId: string;
  readonly bundle: XmlElement;
  /** For `confirmPublished`. */
  readonly revision: number;
}

// ---------------------------------------------------------------------------------------------------- encrypt

export interface Plan {
  /** No device list was ever received: fetch it, `receiveDeviceList` (null if there is none), then plan again. */
  readonly lists: readonly { readonly jid: string; readonly protocol: Protocol }[];
  /** Fetch these bundles and `offerBundle` them, then encrypt. Devices that wait for consent are among them. */
  readonly fetch: readonly { readonly device: DeviceRef; readonly protocol: Protocol }[];
  /** Nothing goes to these until a person decides (`decide`). */
  readonly undecided: readonly DeviceInfo[];
  /** Accounts without a single usable device; the message cannot be encrypted to them. */
  readonly without: readonly string[];
}

export interface EncryptRequest {
  /** Bare JIDs of all who shall read it (for a group: all members); own devices are added by the engine. */
  readonly to: readonly string[];
  /** Room JID for group messages (XEP-0420 `to` affix). */
  readonly room?: string | undefined;
  /** Children of the XEP-0420 `<content/>`: for devices that speak omemo:2. */
  readonly content: readonly XmlElement[];
  /** The plain body for 0.3 devices; undefined: 0.3 devices get nothing (reactions, receipts, typing …). */
  readonly legacyBody?: string | undefined;
}

export type NotSentReason =
  /** A person has to decide about this device first. */
  | "undecided"
  | "distrusted"
  /** No session and no bundle: fetch it, then try again. */
  | "no-bundle"
  /** The bundle is broken or badly signed: its owner has to open the app again. */
  | "bad-bundle"
  /** 0.3 can't carry this content. */
  | "not-representable";

export interface Encrypted {
  /** One or two `<encrypted/>` elements, to put in one `<message/>` (plus `<encryption/>` of XEP-0380 and `<store/>`). */
  readonly elements: readonly XmlElement[];
  readonly sentTo: readonly (DeviceRef & { readonly protocol: Protocol })[];
  readonly notSent: readonly (DeviceRef & { readonly reason: NotSentReason })[];
  readonly tasks: readonly Task[];
}

// ---------------------------------------------------------------------------------------------------- decrypt

export interface Incoming {
  /** Real bare JID of the sender, as the server vouches for it (in a group: from the member list). */
  readonly from: string;
  /** All `<encrypted/>` elements of the stanza, both namespaces; the best one for us is taken. */
  readonly elements: readonly XmlElement[];
  /** Set for group messages: the room's bare JID; omemo:2 content must name it. */
  readonly room?: string | undefined;
  /** Bare JID that the stanza is to; omemo:2 content that names another receiver is refused. */
  readonly to?: string | undefined;
  /** When the server received it (delay stamp), epoch milliseconds. */
  readonly sentAt?: number | undefined;
}

/** Who can do something about an undecryptable message. */
export type Remedy =
  /** The engine starts a new session by itself; later messages will be readable, this one not: the sender can resend it. */
  | "healing"
  /** The sender has to open the app (publish keys, add our device). */
  | "sender"
  /** The reader: decide about the sender's device (`decide`, `acceptKey`). */
  | "you"
  /** Nothing to do: it was for other devices, or is a copy of a message already read. */
  | "nobody"
  /** Update this app. */
  | "update";

export type FailureReason =
  /** Sent before this device existed, or the sender does not know it yet. Remedy: sender. */
  | "not-for-this-device"
  /** A copy of something decrypted before. Show nothing. */
  | "replay"
  /** Own message coming back from a carbon or an archive. Show nothing. */
  | "own-message"
  | "no-session"
  /** The prekey it was sealed to is used up or too old. */
  | "unknown-prekey"
  /** Authentication failed: the session is out of step, or somebody tampered. */
  | "bad-mac"
  /** More messages are missing between than are kept. */
  | "too-far-ahead"
  /** A device that was verified, or waits for consent, shows another identity key: not read before `acceptKey`. */
  | "key-changed"
  | "distrusted"
  /** The header could be read but the payload is damaged. */
  | "bad-payload"
  /** The envelope inside names another sender or room than the stanza: forged or misrouted. */
  | "forged-envelope"
  | "malformed"
  | "unknown-version";

export type Decrypted =
  | {
      readonly kind: "message";
      readonly protocol: Protocol;
      readonly sender: DeviceRef;
      readonly trust: Trust;
      /** omemo:2: the children of `<content/>`. 0.3: one `<body xmlns="jabber:client"/>`. */
      readonly content: readonly XmlElement[];
      /** The time the sender wrote inside the envelope (omemo:2), epoch milliseconds. */
      readonly claimedTime: number | undefined;
      readonly tasks: readonly Task[];
      readonly notices: readonly Notice[];
    }
  /** A key exchange or heartbeat: nothing to show. */
  | {
      readonly kind: "empty";
      readonly protocol: Protocol;
      readonly sender: DeviceRef;
      readonly trust: Trust;
      readonly tasks: readonly Task[];
      readonly notices: readonly Notice[];
    }
  | {
      readonly kind: "failed";
      readonly reason: FailureReason;
      readonly remedy: Remedy;
      readonly protocol: Protocol | undefined;
      readonly sender: DeviceRef | undefined;
      readonly tasks: readonly Task[];
      readonly notices: readonly Notice[];
    };

// ---------------------------------------------------------------------------------------------------- the engine

export interface OmemoEngine {
  readonly jid: string;
  readonly deviceId: number;
  /** Own fingerprint, Curve25519 form, 64 hexadecimal digits. */
  readonly fingerprint: string;

  /** What to publish; the same until a `publish-bundle` task says otherwise. */
  publication(protocol: Protocol): Promise<Publication>;
  /** The bundle of this revision is on the server. */
  confirmPublished(protocol: Protocol, revision: number, commit: Commit<void>): Promise<void>;
  /** The list item to publish: the published one (null: none) with this device added; the other entries stay as they are. */
  deviceList(protocol: Protocol, published: XmlElement | null): Promise<XmlElement>;
  /** Weekly rotation of the signed prekey, refill of prekeys, deletion of expired keys. Call at start and daily. */
  maintain(commit: Commit<readonly Task[]>): Promise<readonly Task[]>;
  /** Tasks left over from before a restart. */
  pending(): Promise<readonly Task[]>;
  /** Between these two calls used prekeys are kept, so that several key exchanges from the archive can all be read. */
  beginCatchUp(): void;
  endCatchUp(commit: Commit<readonly Task[]>): Promise<readonly Task[]>;

  /** A device list arrived from PEP (own account's too). `list` is the `<list/>` or `<devices/>` element, null if there is none. */
  receiveDeviceList(
    jid: string,
    protocol: Protocol,
    list: XmlElement | null,
    commit: Commit<DeviceListOutcome>,
  ): Promise<DeviceListOutcome>;
  /** A fetched bundle; null: the server has none. Verifies it and keeps it until the first message needs it. */
  offerBundle(
    device: DeviceRef,
    protocol: Protocol,
    bundle: XmlElement | null,
    commit: Commit<BundleOutcome>,
  ): Promise<BundleOutcome>;

  plan(to: readonly string[]): Promise<Plan>;
  encrypt(request: EncryptRequest, commit: Commit<Encrypted>): Promise<Encrypted>;
  encryptEmpty(device: DeviceRef, protocol: Protocol, commit: Commit<Encrypted>): Promise<Encrypted>;

  decrypt(incoming: Incoming, commit: Commit<Decrypted>): Promise<Decrypted>;
  /** Catch-up: many messages, one batch. One that fails does not touch the others. */
  decryptMany(
    incoming: readonly Incoming[],
    commit: Commit<readonly Decrypted[]>,
  ): Promise<readonly Decrypted[]>;

  devices(jid: string): Promise<readonly DeviceInfo[]>;
  /**
   * A person has decided. Give the `DeviceInfo` that was shown: RangeError if the device has shown another key since, or
   * is to be verified before it has shown one.
   */
  decide(
    device: DeviceRef & { readonly fingerprint?: string | undefined },
    trust: "verified" | "distrusted" | "blind",
    commit: Commit<void>,
  ): Promise<void>;
  /** Take the changed key of a device for its own from now on; old sessions with it end. */
  acceptKey(
    device: DeviceRef,
    fingerprint: string,
    trust: "verified" | "blind",
    commit: Commit<void>,
  ): Promise<void>;
  /** The number two people compare. Undefined while a key of either side was not fetched (`plan` says which). */
  safetyNumber(jid: string): Promise<SafetyNumber | undefined>;
  /** The people compared the 60 digits: all current keys of this contact become verified. */
  confirmSafetyNumber(jid: string, digits: string, commit: Commit<VerifyOutcome>): Promise<VerifyOutcome>;
  /** A scanned QR code. With `jid`, it has to be that contact's. */
  verifyUri(uri: string, jid: string | undefined, commit: Commit<VerifyOutcome>): Promise<VerifyOutcome>;
}

export interface DeviceListOutcome {
  /** False: the element was malformed; the list known before stays. */
  readonly accepted: boolean;
  readonly devices: readonly DeviceInfo[];
  readonly tasks: readonly Task[];
  readonly notices: readonly Notice[];
}

export type BundleOutcome =
  | { readonly result: "accepted"; readonly notices: readonly Notice[] }
  | {
      readonly result: "refused";
      readonly why: "missing" | "malformed" | "bad-signature" | "key-changed";
      readonly notices: readonly Notice[];
    };

export interface EngineOptions {
  readonly jid: string;
  readonly storage: OmemoStorage;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Name of this device in omemo:2 device lists: signed, but public. At most 53 characters. */
  readonly label?: string | undefined;
  /** Device ids the account has already, so that a new one is none of them. */
  readonly takenIds?: readonly number[] | undefined;
}

/** Opens the account's engine; makes the device's identity at the first call, which `commit` has to write. */
export type OpenEngine = (options: EngineOptions, commit: Commit<void>) => Promise<OmemoEngine>;
