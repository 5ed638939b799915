/**
 * What the app sees of the network: live values to show and commands to give.
 *
 * - A `Live<T>` is a value that changes. `get()` returns the same reference until it changes, so it can be
 *   handed to `useSyncExternalStore` as it is. Asking for a `Live` is cheap and does nothing; work starts with
 *   the first subscriber and ends with the last. `undefined` means "not loaded yet", never "empty".
 * - A command is a promise that settles when its effect is durable on this device; what has to travel shows in
 *   live values (a message is `waiting` until the server has it). Commands reject with `ClientError` only.
 * - Everything is structured-clone friendly: the implementation lives in a worker and serves all tabs.
 */

export interface Live<T> {
  get(): T;
  subscribe(listener: () => void): () => void;
}

/** Bare JID of a person, a business or a group. */
export type ChatId = string;
/** Local id of a message; stable over edits and retries. */
export type MessageId = string;
/** Milliseconds since the Unix epoch. */
export type Millis = number;

/** The part of a Blob that the client needs; a browser's `Blob` and `File` fit. */
export interface BlobLike {
  readonly size: number;
  readonly type: string;
  arrayBuffer(): Promise<ArrayBuffer>;
  slice(start?: number, end?: number, type?: string): BlobLike;
}

export type ErrorCode =
  | "offline" // needs the server, and there is none right now
  | "timeout"
  | "invalid-number"
  | "wrong-code"
  | "wrong-pin"
  | "code-expired"
  | "too-many-tries" // `details.retryAt`
  | "not-allowed"
  | "not-found"
  | "gone" // an invite or a link offer that ran out
  | "conflict" // name taken, already a member
  | "too-large" // `details.limit` in bytes
  | "storage-full"
  | "storage-damaged" // what this browser kept cannot be read any more: `logOut` starts over
  | "storage-blocked" // the browser gives no persistent storage (private window)
  | "wrong-secret" // backup password or code
  | "damaged" // a backup that cannot be read
  | "blocked"
  | "cancelled"
  | "refused" // the business platform says why in `message`
  | "internal";

export class ClientError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string = code,
    /** `field`: the part of a form that the server did not accept. */
    readonly details: { retryAt?: Millis; limit?: number; triesLeft?: number; field?: string } = {},
  ) {
    super(message);
    this.name = "ClientError";
  }
}

// --- Session -----------------------------------------------------------------------------------------------

export type SessionView =
  | { readonly kind: "loading" }
  | { readonly kind: "signed-out"; readonly because?: "logged-out" | "device-removed" | "account-deleted" }
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly code: ErrorCode };

export interface ConnectionView {
  readonly state: "online" | "connecting" | "offline";
  /** Messages written here that the server does not have yet. */
  readonly queued: number;
  /** Present while messages of our absence come in: how many have. How many wait, servers do not say. */
  readonly catchUp?: { readonly done: number };
  /** Why we are not online, if it is not merely the network. */
  readonly problem?: "server-unreachable" | "refused" | "storage-full";
}

export interface NetworkInfo {
  readonly domain: string;
  readonly name: string;
  /** Two-letter country the number field starts with. */
  readonly country?: string;
  readonly codeBy: readonly ("sms" | "call")[];
  /** No text is sent: codes are read where the server runs. */
  readonly codesPrinted?: boolean;
  readonly registration: "open" | "invite" | "closed";
  /** Largest attachment, in bytes. */
  readonly uploadLimit?: number;
}

export interface CodeRequest {
  readonly id: string;
  /** E.164. */
  readonly number: string;
  readonly digits: number;
  readonly expiresAt: Millis;
  /** From when another code may be asked for. */
  readonly retryAt: Millis;
}

export type VerifyOutcome =
  | { readonly kind: "pin-needed" }
  | {
      readonly kind: "done";
      readonly isNew: boolean;
      readonly backup?: { readonly at: Millis; readonly bytes: number; readonly lock: "password" | "code" };
    };

export interface InviteView {
  readonly token: string;
  /** "device": this browser becomes a device of an account that is there; "team": a business asks into its team. */
  readonly kind: "person" | "group" | "device" | "team";
  readonly name: string;
  /** What one may do in the team. */
  readonly role?: string;
  readonly avatar?: AvatarRef;
  readonly members?: number;
  /** Whom it leads to. */
  readonly chat?: ChatId;
}

export interface Session {
  readonly state: Live<SessionView>;
  readonly connection: Live<ConnectionView>;
  network(): Promise<NetworkInfo>;
  /** `number` in E.164. Rejects: invalid-number, too-many-tries, not-allowed, offline. */
  requestCode(number: string, by: "sms" | "call"): Promise<CodeRequest>;
  /** Rejects: wrong-code (`triesLeft`), code-expired, wrong-pin, too-many-tries. On "done" the session gets ready. */
  verify(
    request: string,
    code: string,
    options: { pin?: string; deviceName: string },
  ): Promise<VerifyOutcome>;
  /** Look at an invite without taking it; works signed out. */
  invite(token: string): Promise<InviteView>;
  /** Signed out, on a network by invitation: makes the account. Signed in: opens the chat or joins the group. */
  acceptInvite(
    token: string,
    options: { name?: string; deviceName: string },
  ): Promise<{ chat?: ChatId; business?: string }>;
  /** Ends this device and erases its store. */
  logOut(): Promise<void>;
  /** Erases the account for good; `confirmNumber` must be the account's own number. */
  deleteAccount(confirmNumber: string): Promise<void>;
  /** Tries to connect now instead of at the next back-off step. */
  reconnect(): void;
}

// --- People, businesses ------------------------------------------------------------------------------------

/** Where a picture can be had: content hash for caching, `color` (0–11) and `initials` to draw without one. */
export interface AvatarRef {
  readonly hash?: string;
  /** A URL the app may show (same origin, data: or blob:). */
  readonly url?: string;
  readonly initials: string;
  readonly color: number;
}

export type Presence =
  | { readonly kind: "online" }
  | { readonly kind: "last-seen"; readonly at: Millis }
  | { readonly kind: "hidden" };

export interface ContactView {
  readonly id: ChatId;
  readonly name: string;
  readonly number?: string;
  readonly about?: string;
  readonly avatar: AvatarRef;
  readonly kind: "person" | "business";
  readonly isContact: boolean;
  readonly isBlocked: boolean;
  readonly presence: Presence;
}

export interface BusinessProfile {
  readonly about?: string;
  readonly address?: string;
  readonly description?: string;
  readonly email?: string;
  readonly websites: readonly string[];
  readonly vertical?: string;
  /** Day (mon … sun) → spans such as 09:00–18:00 in the business's time zone; a missing day is closed. */
  readonly hours?: readonly { readonly day: string; readonly open: string }[];
  /** The host at which encryption ends; absent when the business holds its keys itself. */
  readonly hostedBy?: string;
}

export interface Discovered {
  readonly number: string;
  readonly contact?: ContactView;
}

export interface SafetyView {
  /** 60 digits in 12 groups of five; the same on both sides. */
  readonly digits: string;
  /** What the QR code holds. */
  readonly qr: string;
  readonly verified: boolean;
  readonly devices: readonly {
    readonly id: string;
    readonly name?: string;
    readonly trust: "trusted" | "verified" | "asking" | "distrusted";
  }[];
}

export interface Contacts {
  readonly list: Live<readonly ContactView[] | undefined>;
  readonly blocked: Live<readonly ContactView[] | undefined>;
  one(id: ChatId): Live<ContactView | undefined>;
  businessProfile(id: ChatId): Promise<BusinessProfile | undefined>;
  /** Numbers in E.164 (or JIDs); asks the server with hashed numbers. */
  discover(addresses: readonly string[]): Promise<readonly Discovered[]>;
  add(id: ChatId, name?: string): Promise<void>;
  rename(id: ChatId, name: string): Promise<void>;
  remove(id: ChatId): Promise<void>;
  block(id: ChatId): Promise<void>;
  unblock(id: ChatId): Promise<void>;
  /** Reports with the messages that the reporter chose to show, and no others. */
  report(
    id: ChatId,
    reason: "spam" | "abuse",
    evidence: readonly MessageId[],
    andBlock: boolean,
  ): Promise<void>;
  /** A link that opens a chat with me. */
  inviteLink(): Promise<string>;
  safety(id: ChatId): Live<SafetyView | undefined>;
  /** `scanned` is what the other side's QR code held; resolves whether it matches, and if so marks as verified. */
  compareSafety(id: ChatId, scanned: string): Promise<boolean>;
  markVerified(id: ChatId, verified: boolean): Promise<void>;
  /** Accept (or not) a device that appeared after verification. */
  trustDevice(id: ChatId, device: string, trust: boolean): Promise<void>;
  groupsInCommon(id: ChatId): Promise<readonly ChatId[]>;
}

// --- Chat list ---------------------------------------------------------------------------------------------

/** Own messages only. Groups: the lowest state over all members. */
export type Tick = "waiting" | "sent" | "delivered" | "read" | "failed";

export type PreviewKind = Content["kind"];

export interface ChatPreview {
  readonly kind: PreviewKind;
  /** Plain text of the message, caption, file name or fallback; empty for photo without caption and the like. */
  readonly text: string;
  readonly own: boolean;
  /** Who wrote it, in groups. */
  readonly sender?: string;
  readonly tick?: Tick;
  readonly system?: SystemEvent;
  /** Seconds, of a voice note. */
  readonly duration?: number;
}

export interface ChatView {
  readonly id: ChatId;
  readonly kind: "person" | "business" | "group";
  readonly name: string;
  readonly avatar: AvatarRef;
  readonly preview?: ChatPreview;
  readonly draft?: string;
  readonly at?: Millis;
  readonly unread: number;
  /** Marked unread by hand. */
  readonly markedUnread: boolean;
  readonly mentioned: boolean;
  readonly pinned: boolean;
  readonly archived: boolean;
  /** `Infinity` is for ever; absent is not muted. */
  readonly mutedUntil?: Millis;
  /** Names of those who type or record now. */
  readonly typing: readonly string[];
  readonly recording: boolean;
  readonly online: boolean;
  /** Someone unknown wrote first: no receipts, no media, until accepted. */
  readonly isRequest: boolean;
}

export interface Chats {
  /** Pinned first, then newest; archived ones too (the app filters). */
  readonly list: Live<readonly ChatView[] | undefined>;
  one(id: ChatId): Live<ChatView | undefined>;
  pin(id: ChatId, on: boolean): Promise<void>;
  archive(id: ChatId, on: boolean): Promise<void>;
  /** `undefined` unmutes. */
  mute(id: ChatId, until: Millis | undefined): Promise<void>;
  markUnread(id: ChatId, on: boolean): Promise<void>;
  /** Removes the messages from this account's devices. */
  clear(id: ChatId): Promise<void>;
  remove(id: ChatId): Promise<void>;
  acceptRequest(id: ChatId): Promise<void>;
}

// --- Messages ----------------------------------------------------------------------------------------------

export interface MediaView {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly width?: number;
  readonly height?: number;
  /** Tiny blurred preview, `data:` URL. */
  readonly preview?: string;
  /** What the picture shows, as its sender wrote it. */
  readonly alt?: string;
  /** It lies open at the host of a business, which knows already that we have it. */
  readonly hosted?: boolean;
  /** On our own server, from somebody we talk to: fetching it unasked tells nobody anything. */
  readonly near?: boolean;
  readonly transfer:
    | { readonly state: "remote" } // not here yet
    | { readonly state: "down" | "up"; readonly done: number }
    | { readonly state: "paused"; readonly done: number }
    | { readonly state: "here" }
    | { readonly state: "failed"; readonly code: ErrorCode };
}

export type SystemEvent =
  | { readonly kind: "encrypted" }
  | { readonly kind: "key-changed" | "new-device"; readonly who: ChatId; readonly name: string }
  | { readonly kind: "verified"; readonly who: ChatId; readonly name: string }
  | { readonly kind: "group-created"; readonly by: string }
  | { readonly kind: "group-renamed"; readonly by: string; readonly to: string }
  | { readonly kind: "group-picture"; readonly by: string }
  | { readonly kind: "joined" | "left" | "removed" | "added"; readonly who: string; readonly by?: string }
  | { readonly kind: "role"; readonly who: string; readonly role: GroupRole }
  | { readonly kind: "timer"; readonly by: string; readonly seconds: number }
  | {
      readonly kind: "call";
      readonly video: boolean;
      /** We called. */
      readonly own: boolean;
      readonly outcome: CallOutcome;
      /** How long they talked. */
      readonly seconds: number;
    };

export type LockReason =
  | "healing" // keys are being renewed; it comes by itself
  | "before-device" // sent before this device was linked
  | "not-for-device" // the sender's app did not know this device
  | "keys-lost";

/** Somebody named in a group: [begin, end) of the text, in UTF-16 units, the "@" included. */
export interface Mention {
  readonly id: ChatId;
  readonly begin: number;
  readonly end: number;
}

export type Content =
  | { readonly kind: "text"; readonly text: string; readonly mentions?: readonly Mention[] }
  | {
      readonly kind: "image" | "video";
      readonly media: MediaView;
      readonly caption: string;
      /** A small picture without a bubble. */
      readonly sticker?: boolean;
    }
  | {
      readonly kind: "voice";
      readonly media: MediaView;
      readonly seconds: number;
      readonly wave: readonly number[];
      readonly heard: boolean;
      readonly transcript?: string;
    }
  | { readonly kind: "file"; readonly media: MediaView; readonly caption: string }
  | {
      readonly kind: "location";
      readonly latitude: number;
      readonly longitude: number;
      readonly name?: string;
      readonly address?: string;
    }
  | {
      readonly kind: "business";
      readonly text: string;
      readonly payload: BusinessPayload;
      readonly answer?: string;
      /** Which button it was, where one was pressed: "card.button", the message itself being card 0. */
      readonly pressed?: string;
    }
  | { readonly kind: "deleted"; readonly by: "me" | "sender" | "admin" }
  | { readonly kind: "locked"; readonly reason: LockReason }
  | { readonly kind: "system"; readonly event: SystemEvent }
  | { readonly kind: "unsupported"; readonly text: string };

export interface Quote {
  /** Absent when the quoted message is not on this device. */
  readonly id?: MessageId;
  readonly name: string;
  readonly own: boolean;
  readonly kind: PreviewKind;
  readonly text: string;
}

export interface ReactionView {
  readonly emoji: string;
  readonly count: number;
  readonly own: boolean;
  readonly names: readonly string[];
}

export interface MessageView {
  readonly id: MessageId;
  readonly chat: ChatId;
  readonly own: boolean;
  /** Bare JID (or the group occupant's real one) and the name to show. */
  readonly sender: { readonly id: ChatId; readonly name: string; readonly avatar: AvatarRef };
  readonly at: Millis;
  readonly content: Content;
  readonly tick?: Tick;
  readonly failure?: { readonly code: ErrorCode; readonly canRetry: boolean };
  readonly quote?: Quote;
  readonly reactions: readonly ReactionView[];
  readonly edited: boolean;
  readonly forwarded: boolean;
  readonly starred: boolean;
  readonly expiresAt?: Millis;
  /** In the clear from somebody who used to encrypt; or from a device that nobody agreed to yet. */
  readonly doubt?: "clear" | "unconfirmed";
  /** May still be edited, or deleted for all. */
  readonly canEdit: boolean;
  readonly canDeleteForAll: boolean;
}

/** A stretch of one chat, oldest first. It grows by `older`/`newer` and follows the end while `hasNewer` is false. */
export interface ConversationView {
  readonly messages: readonly MessageView[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  /** First unread message at the time of opening; stays while open. */
  readonly firstUnread?: MessageId;
  /** Seconds; 0 is off. */
  readonly timer: number;
  readonly encryption: "end-to-end" | "hosted" | "none";
  /** Why nothing can be written here, if so. */
  readonly closed?: "blocked" | "left" | "not-allowed" | "request" | "deleted";
}

export interface AttachmentDraft {
  readonly kind: "image" | "video" | "voice" | "file";
  readonly blob: BlobLike;
  readonly name: string;
  readonly width?: number;
  readonly height?: number;
  readonly preview?: string;
  readonly alt?: string;
  readonly caption?: string;
  readonly seconds?: number;
  readonly wave?: readonly number[];
}

/** What a person answers to a business message: the webhook's own object. */
export type BusinessReply =
  | { readonly type: "button_reply"; readonly button_reply: { readonly id: string; readonly title: string } }
  | {
      readonly type: "list_reply";
      readonly list_reply: { readonly id: string; readonly title: string; readonly description?: string };
    }
  | { readonly type: "button"; readonly button: { readonly payload: string; readonly text: string } }
  | {
      readonly type: "nfm_reply";
      readonly nfm_reply: {
        readonly name: "flow" | "address_message";
        readonly body: string;
        readonly response_json: string;
      };
    }
  | {
      readonly type: "order";
      readonly order: {
        readonly catalog_id: string;
        readonly text?: string;
        readonly product_items: readonly {
          readonly product_retailer_id: string;
          readonly quantity: number;
          readonly item_price: number;
          readonly currency: string;
        }[];
      };
    }
  | {
      readonly type: "location";
      readonly location: { readonly latitude: number; readonly longitude: number };
    }
  | {
      readonly type: "contacts";
      readonly contacts: readonly {
        readonly origin: "contact_request";
        readonly name: { readonly formatted_name: string };
        readonly phones: readonly { readonly phone: string; readonly wa_id: string; readonly type: string }[];
      }[];
    }
  | {
      readonly type: "call_permission_reply";
      readonly call_permission_reply: { readonly response: "accept" | "reject" };
    };

/** What the app asks a business about one of its forms. */
export type FormRequest =
  | { readonly action: "definition" }
  | {
      readonly action: "INIT" | "BACK" | "data_exchange";
      readonly screen: string;
      readonly data: Readonly<Record<string, unknown>>;
    };

export interface Draft {
  readonly text: string;
  readonly replyTo?: MessageId;
  readonly editing?: MessageId;
}

/** One open chat. Same id, same live value; `open` twice is fine. */
export interface Conversation extends Live<ConversationView | undefined> {
  older(): Promise<void>;
  newer(): Promise<void>;
  /** Moves the stretch so that it holds the message; resolves false if it is not on this device. */
  reveal(message: MessageId): Promise<boolean>;
  /** Back to the newest. */
  latest(): Promise<void>;
  /** Everything up to and including this message was seen by the person. */
  seen(message: MessageId): void;
  send(text: string, options?: { replyTo?: MessageId; mentions?: readonly Mention[] }): Promise<MessageId>;
  attach(draft: AttachmentDraft, options?: { replyTo?: MessageId }): Promise<MessageId>;
  edit(message: MessageId, text: string, mentions?: readonly Mention[]): Promise<void>;
  /** Empty string takes the reaction back. */
  react(message: MessageId, emoji: string): Promise<void>;
  remove(messages: readonly MessageId[], scope: "me" | "all"): Promise<void>;
  star(messages: readonly MessageId[], on: boolean): Promise<void>;
  forward(messages: readonly MessageId[], to: readonly ChatId[]): Promise<void>;
  retry(message: MessageId): Promise<void>;
  cancel(message: MessageId): Promise<void>;
  heard(message: MessageId): void;
  /** `said` is what this chat shows of an answer that has no words of its own, `pressed` as in the message. */
  answer(
    message: MessageId,
    reply: BusinessReply,
    options?: { said?: string; pressed?: string },
  ): Promise<void>;
  /** Asks whoever sent a form. Rejects: offline, timeout, not-found, gone. */
  form(message: MessageId, offer: FormOffer, ask: FormRequest): Promise<Readonly<Record<string, unknown>>>;
  /** Chat state: shown to the other side only if both settings allow. */
  typing(state: "composing" | "recording" | "paused"): void;
  setTimer(seconds: number): Promise<void>;
  readonly draft: Live<Draft>;
  saveDraft(draft: Draft): void;
  details(message: MessageId): Live<MessageDetails | undefined>;
  /** Newest first. */
  media(kind: "visual" | "files" | "links"): Promise<readonly MessageView[]>;
  search(text: string): Promise<readonly MessageId[]>;
  /** Everything of this chat on this device, oldest first: for keeping it elsewhere. */
  all(): Promise<readonly MessageView[]>;
}

/** "Where is my message?" */
export interface MessageDetails {
  readonly message: MessageView;
  /** When the server had it safe (or all receivers had it). */
  readonly sentAt?: Millis;
  readonly deliveredAt?: Millis;
  readonly readAt?: Millis;
  /** Whether they share read receipts at all. */
  readonly sharesReceipts: boolean;
  readonly receivers: readonly {
    readonly id: ChatId;
    readonly name: string;
    readonly avatar: AvatarRef;
    readonly tick: Tick;
    readonly deliveredAt?: Millis;
    readonly readAt?: Millis;
    readonly devices: readonly DeviceDelivery[];
  }[];
}

export interface DeviceDelivery {
  readonly id: string;
  readonly name?: string;
  readonly kind: "phone" | "computer" | "browser" | "other";
  readonly deliveredAt?: Millis;
  readonly offlineSince?: Millis;
  /** Until when the server keeps it for that device. */
  readonly keptUntil?: Millis;
}

// --- Business payloads (the Cloud API's objects, as sent; what is shown of them was read with care) -----------

export type BusinessPayload =
  | { readonly type: "interactive"; readonly interactive: Interactive }
  | { readonly type: "template"; readonly template: RenderedTemplate }
  | { readonly type: "contacts"; readonly contacts: readonly BusinessContact[] }
  | { readonly type: string; readonly [key: string]: unknown };

export interface BusinessHeader {
  readonly type: "text" | "image" | "video" | "document" | "location";
  readonly text?: string;
  readonly link?: string;
  readonly filename?: string;
  readonly place?: { readonly latitude: number; readonly longitude: number };
}

export interface InteractiveCard {
  readonly header?: BusinessHeader;
  readonly body?: { readonly text: string };
  readonly action: InteractiveAction;
}

export interface Interactive extends InteractiveCard {
  /** `button`, `list`, `product` … as the Cloud API has them. */
  readonly type: string;
  readonly footer?: { readonly text: string };
}

export interface InteractiveAction {
  readonly buttons?: readonly {
    readonly type: "reply";
    readonly reply: { readonly id: string; readonly title: string };
  }[];
  readonly button?: string;
  readonly sections?: readonly {
    readonly title?: string;
    readonly rows: readonly {
      readonly id: string;
      readonly title: string;
      readonly description?: string;
    }[];
  }[];
  readonly name?: string;
  readonly parameters?: { readonly display_text?: string; readonly url?: string };
  readonly form?: FormOffer;
  readonly shop?: Shop;
  readonly cards?: readonly InteractiveCard[];
  readonly bill?: Bill;
  readonly address?: AddressRequest;
}

/** What is for sale in one message. */
export interface Shop {
  readonly catalogId: string;
  readonly shelves: readonly { readonly title?: string; readonly products: readonly Product[] }[];
}

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  /** In hundredths of the currency; absent where the catalogue does not say. */
  readonly price?: number;
  readonly currency?: string;
  readonly available: boolean;
  readonly picture?: string;
}

/** A flow that the person can fill in. */
export interface FormOffer {
  readonly id?: string;
  readonly name?: string;
  readonly token: string;
  readonly label: string;
  /** Whether the first screen comes from the business's endpoint. */
  readonly exchanges: boolean;
  readonly screen?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** A bill (`order_details`) or what became of an order (`order_status`). Amounts in hundredths of the currency. */
export interface Bill {
  readonly reference: string;
  readonly status: string;
  readonly description?: string;
  readonly currency?: string;
  readonly items: readonly { readonly name: string; readonly quantity: number; readonly amount: number }[];
  readonly more: readonly {
    readonly kind: "subtotal" | "tax" | "shipping" | "discount";
    readonly amount: number;
  }[];
  readonly total?: number;
  /** Ways to pay that need nothing but a copy or a tap: a PIX code, a boleto's line, a page. */
  readonly ways: readonly { readonly kind: "pix" | "boleto" | "link"; readonly value: string }[];
}

export interface AddressRequest {
  readonly country: string;
  readonly values: Readonly<Record<string, string>>;
  readonly saved: readonly { readonly id: string; readonly value: Readonly<Record<string, string>> }[];
  readonly errors: Readonly<Record<string, string>>;
}

export interface BusinessContact {
  readonly name: string;
  readonly work?: string;
  readonly birthday?: string;
  readonly phones: readonly { readonly phone: string; readonly kind?: string }[];
  readonly emails: readonly string[];
  readonly urls: readonly string[];
  readonly addresses: readonly string[];
}

export interface TemplateButton {
  readonly type: "quick_reply" | "url" | "phone_number" | "copy_code" | "otp" | "flow" | "shop";
  readonly text: string;
  readonly payload?: string;
  readonly url?: string;
  readonly phone_number?: string;
  readonly code?: string;
  readonly form?: FormOffer;
  readonly shop?: Shop;
}

export interface TemplateCard {
  readonly header?: BusinessHeader;
  readonly body: string;
  readonly buttons: readonly TemplateButton[];
}

export interface RenderedTemplate extends TemplateCard {
  readonly name: string;
  readonly language: string;
  readonly footer?: string;
  readonly cards?: readonly TemplateCard[];
  /** Limited-time offer. */
  readonly offer?: { readonly text: string; readonly expires_at?: Millis };
  /** It asks for the person's contact card, or whether it may call. */
  readonly asks?: "contact" | "call";
}

// --- Groups ------------------------------------------------------------------------------------------------

export type GroupRole = "owner" | "admin" | "member";

export interface GroupMember {
  readonly id: ChatId;
  readonly name: string;
  readonly avatar: AvatarRef;
  readonly role: GroupRole;
  readonly isMe: boolean;
  readonly online: boolean;
}

export interface GroupView {
  readonly id: ChatId;
  readonly name: string;
  readonly about: string;
  readonly avatar: AvatarRef;
  readonly createdAt?: Millis;
  readonly members: readonly GroupMember[];
  readonly myRole: GroupRole | "none";
  readonly inviteLink?: string;
  readonly whoMayWrite: "all" | "admins";
  readonly whoMayEdit: "all" | "admins";
}

export interface Groups {
  one(id: ChatId): Live<GroupView | undefined>;
  create(options: { name: string; members: readonly ChatId[]; avatar?: BlobLike }): Promise<ChatId>;
  update(
    id: ChatId,
    change: {
      name?: string;
      about?: string;
      avatar?: BlobLike;
      whoMayWrite?: "all" | "admins";
      whoMayEdit?: "all" | "admins";
    },
  ): Promise<void>;
  add(id: ChatId, members: readonly ChatId[]): Promise<void>;
  removeMember(id: ChatId, member: ChatId): Promise<void>;
  setRole(id: ChatId, member: ChatId, role: GroupRole): Promise<void>;
  inviteLink(id: ChatId): Promise<string>;
  resetInviteLink(id: ChatId): Promise<string>;
  leave(id: ChatId): Promise<void>;
}

// --- Calls -------------------------------------------------------------------------------------------------

/** What a call came to, as the chat keeps it. `declined`: by us; an own call that is not taken is `unanswered`. */
export type CallOutcome = "talked" | "missed" | "declined" | "unanswered" | "failed";

/** Why a call is over, as the screen says it for a moment. */
export type CallEnd =
  | "hung-up"
  | "they-hung-up"
  | "declined"
  | "busy" // they talk to somebody else
  | "unanswered"
  | "missed"
  | "elsewhere" // taken (or declined) on another device of ours
  | "failed"
  | "insecure"; // the fingerprints of the media do not agree: somebody stands between

/**
 * What an end of the media says to the other: made by one `RTCPeerConnection`, taken by the other. Once they talk, an offer
 * asks for pictures or begins ICE anew; `rollback` takes the last offer back, or says that it was refused.
 */
export type CallSignal =
  | { readonly kind: "offer" | "answer"; readonly sdp: string }
  | { readonly kind: "rollback"; readonly why?: "declined" | "failed" }
  | {
      readonly kind: "candidate";
      readonly mid: string;
      readonly line: string;
      readonly ufrag?: string | undefined;
    };

export interface CallView {
  readonly id: string;
  readonly chat: ChatId;
  readonly name: string;
  readonly avatar: AvatarRef;
  readonly video: boolean;
  /** We called. */
  readonly own: boolean;
  /** `calling`: no device of theirs is known to ring yet. `connecting`: both agreed, media does not flow yet. */
  readonly phase: "calling" | "ringing" | "connecting" | "talking" | "over";
  /** The page that has the media, by the name it gave. */
  readonly page?: string;
  /** Since when they talk. */
  readonly startedAt?: Millis;
  /** Whether the media is known to be end-to-end encrypted: its key was confirmed inside OMEMO. */
  readonly proof: "pending" | "proven" | "none";
  readonly end?: CallEnd;
  /** What the other side said, in order: the last of all, and how many came before these. */
  readonly signals: readonly CallSignal[];
  readonly earlier: number;
  /** What the other side says of its microphone and camera. */
  readonly theirs: CallDevices;
  /** They ask to go on with pictures: `consent` is due. */
  readonly asked: boolean;
}

export interface CallDevices {
  readonly muted: boolean;
  readonly filming: boolean;
}

export interface CallRecord {
  readonly id: MessageId;
  readonly chat: ChatId;
  readonly name: string;
  readonly avatar: AvatarRef;
  readonly at: Millis;
  readonly video: boolean;
  readonly own: boolean;
  readonly outcome: CallOutcome;
  readonly seconds: number;
}

/** An `RTCIceServer`. */
export interface RelayServer {
  readonly urls: string;
  readonly username?: string;
  readonly credential?: string;
}

export interface Calls {
  /** The call there is now; `undefined` when there is none. */
  readonly current: Live<CallView | undefined>;
  /** Newest first. */
  readonly log: Live<readonly CallRecord[] | undefined>;
  /** Missed since the log was looked at. */
  readonly missed: Live<number | undefined>;
  logSeen(): Promise<void>;
  relays(): Promise<readonly RelayServer[]>;
  /** Rejects: offline, conflict (there is a call), blocked. `page` is a name the caller makes up for itself. */
  start(chat: ChatId, video: boolean, page: string): Promise<string>;
  answer(id: string, page: string): Promise<void>;
  /** Ends, declines or takes back, whatever is due. */
  hangUp(id: string): Promise<void>;
  /** Rejects: offline, conflict (an offer is out already). */
  signal(id: string, signal: CallSignal): Promise<void>;
  /** Whether to go on with pictures, as they ask. */
  consent(id: string, yes: boolean): Promise<void>;
  /** Says what is off and on here. */
  tell(id: string, devices: CallDevices): Promise<void>;
  connected(id: string): Promise<void>;
  failed(id: string, why: "media" | "connection"): Promise<void>;
}

// --- Me ----------------------------------------------------------------------------------------------------

export interface Me {
  readonly id: ChatId;
  readonly name: string;
  readonly about: string;
  readonly number?: string;
  readonly avatar: AvatarRef;
  readonly hasPin: boolean;
}

export type Audience = "everyone" | "contacts" | "nobody";

export interface Privacy {
  readonly lastSeen: Audience;
  readonly online: Audience;
  readonly avatar: Audience;
  readonly about: Audience;
  readonly addToGroups: Audience;
  readonly findByNumber: boolean;
  readonly readReceipts: boolean;
  readonly typing: boolean;
  /** Seconds for new chats; 0 is off. */
  readonly defaultTimer: number;
}

export interface Profile {
  readonly me: Live<Me | undefined>;
  readonly privacy: Live<Privacy | undefined>;
  update(change: { name?: string; about?: string; avatar?: BlobLike | null }): Promise<void>;
  setPrivacy(change: Partial<Privacy>): Promise<void>;
  setPin(pin: string | null): Promise<void>;
  /** What others scan to open a chat with me. */
  qr(): Promise<string>;
}

export interface DeviceView {
  readonly id: string;
  readonly name: string;
  readonly kind: "phone" | "computer" | "browser" | "other";
  readonly current: boolean;
  readonly linkedAt?: Millis;
  readonly lastActive?: Millis;
  readonly online: boolean;
}

/** The new device shows `qr`; the old one approves it. */
export interface LinkOffer {
  readonly qr: string;
  readonly expiresAt: Millis;
  /** `failed`: linked, but the history will not come. */
  readonly state: "waiting" | "approved" | "receiving" | "done" | "refused" | "failed";
  /** Messages of the history that came over so far. */
  readonly progress?: { readonly done: number; readonly total: number };
}

export interface Devices {
  readonly list: Live<readonly DeviceView[] | undefined>;
  rename(id: string, name: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** On the new device, signed out. A fresh offer replaces one that ran out. */
  offer(deviceName: string): Live<LinkOffer | undefined>;
  /** On the old device: read what was scanned or pasted. Rejects: not-found, gone. */
  inspect(qr: string): Promise<{ readonly deviceName: string }>;
  approve(qr: string, options: { history: boolean }): Promise<void>;
}

export interface BackupView {
  readonly state: "off" | "on";
  readonly lock?: "password" | "code";
  readonly lastAt?: Millis;
  readonly bytes?: number;
  readonly running?: { readonly done: number; readonly total: number };
  readonly lastProblem?: ErrorCode;
}

export interface Backup {
  readonly state: Live<BackupView | undefined>;
  /** Resolves with the 64 digits when `lock` is "code". They are shown once. */
  enable(lock: { kind: "password"; password: string } | { kind: "code" }): Promise<string | undefined>;
  now(): Promise<void>;
  disable(): Promise<void>;
  /** Rejects: wrong-secret (`triesLeft`), not-found. */
  restore(secret: { password: string } | { code: string }): Promise<{ messages: number }>;
}

// --- The rest ----------------------------------------------------------------------------------------------

export interface SearchResults {
  readonly chats: readonly ChatView[];
  readonly contacts: readonly ContactView[];
  /** Newest first; `marks` are [start, end) ranges in `text`. */
  readonly messages: readonly {
    readonly message: MessageView;
    readonly chatName: string;
    readonly text: string;
    readonly marks: readonly (readonly [number, number])[];
  }[];
}

export interface Media {
  /** Fetches and decrypts if need be; progress shows in the message's `transfer`. */
  open(message: MessageView): Promise<BlobLike>;
  stop(message: MessageView): Promise<void>;
  /** Bytes used on this device. */
  usage(): Promise<{
    readonly messages: number;
    readonly media: number;
    readonly quota?: number;
    readonly persisted: boolean;
    readonly byChat: readonly { readonly chat: ChatId; readonly name: string; readonly bytes: number }[];
  }>;
  /** Forgets downloaded media (of one chat); they can be fetched again while the server has them. */
  free(chat?: ChatId): Promise<void>;
}

export interface NotificationSettings {
  readonly enabled: boolean;
  readonly showText: boolean;
  readonly sound: boolean;
  readonly groups: boolean;
}

export interface PushHop {
  /** "subscription", "push service" … as the server names it. */
  readonly hop: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface Notifications {
  readonly settings: Live<NotificationSettings | undefined>;
  set(change: Partial<NotificationSettings>): Promise<void>;
  /** The server's VAPID public key, base64url; absent if the server has no push. */
  vapidKey(): Promise<string | undefined>;
  /** What `PushManager.subscribe` gave, as JSON; `null` ends push on this device. */
  register(subscription: { endpoint: string; keys: { p256dh: string; auth: string } } | null): Promise<void>;
  /** Rings this device by way of its push service, and tells what each hop said. Rejects: not-found, offline. */
  test(): Promise<readonly PushHop[]>;
  /** Calls back for each message that deserves attention. */
  onMessage(
    listener: (event: {
      chat: ChatId;
      chatName: string;
      text: string;
      message: MessageId;
      avatar: AvatarRef;
    }) => void,
  ): () => void;
}

/**
 * The business platform's API for people, `/api/v1/business…`, called as this device. Its answers are JSON that the
 * business screens know; the credential stays where the store is.
 */
export interface Business {
  /** `path` is what follows `/business`: empty or beginning with a slash. Rejects: refused, not-allowed, not-found. */
  call<T>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: BusinessBody): Promise<T>;
  /** A file: an invoice, an export. */
  download(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Sends a file's bytes; the answer is JSON, or nothing. */
  upload<T>(method: "POST" | "PUT", path: string, bytes: Uint8Array<ArrayBuffer>): Promise<T>;
}

export type BusinessBody = Readonly<Record<string, unknown>>;

export interface PlauderClient {
  readonly session: Session;
  readonly chats: Chats;
  readonly contacts: Contacts;
  readonly groups: Groups;
  readonly profile: Profile;
  readonly devices: Devices;
  readonly backup: Backup;
  readonly media: Media;
  readonly notifications: Notifications;
  readonly business: Business;
  readonly calls: Calls;
  conversation(id: ChatId): Conversation;
  /** Newest first, across chats. */
  readonly starred: Live<readonly MessageView[] | undefined>;
  search(text: string): Promise<SearchResults>;
  /** Frees the worker or the connection. */
  close(): Promise<void>;
}
