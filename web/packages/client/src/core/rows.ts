/** Messages as they lie in the store. */

import type { FileShare } from "@plauder/protocol/content";
import type { Content, Quote, Tick } from "../api.ts";

/** A message's content without what changes by itself (transfers live in the table of media). */
export type StoredContent =
  | Exclude<Content, { kind: "image" | "video" | "voice" | "file" }>
  | {
      readonly kind: "image" | "video" | "file";
      readonly media: StoredMedia;
      readonly caption: string;
      readonly sticker?: boolean;
    }
  | {
      readonly kind: "voice";
      readonly media: StoredMedia;
      readonly seconds: number;
      readonly wave: readonly number[];
      readonly heard: boolean;
    };

export interface StoredMedia {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly preview?: string | undefined;
  readonly alt?: string | undefined;
  readonly hosted?: boolean | undefined;
}

export interface StoredQuote {
  /** The id the other side knows the message by, and who wrote it. */
  readonly target: string;
  readonly sender: string | undefined;
  readonly snapshot?: Pick<Quote, "kind" | "text"> | undefined;
}

export interface MessageRow {
  readonly seq: number;
  readonly id: string;
  readonly chat: string;
  readonly sender: string;
  readonly own: number;
  readonly at: number;
  /** The id its author gave it. */
  readonly stanza_id: string;
  /** The id the room gave it. */
  readonly room_id: string | null;
  readonly kind: Content["kind"];
  readonly content: string;
  readonly text: string;
  readonly quote: string | null;
  readonly edited: number;
  readonly forwarded: number;
  readonly starred: number;
  readonly timer: number;
  readonly expires_at: number | null;
  readonly tick: Tick | null;
  readonly failure: string | null;
  readonly sent_at: number | null;
  readonly device: string | null;
  readonly wants_receipt: number;
  readonly sealed: Sealing | null;
  readonly doubt: Doubt | null;
}

/** 0 in the clear, 1 its body encrypted (0.3), 2 all of it (omemo:2). */
export type Sealing = 0 | 1 | 2;

/** In the clear from somebody who used to encrypt; or by a device that nobody agreed to yet. */
export type Doubt = "clear" | "unconfirmed";

export interface ChatRow {
  readonly id: string;
  readonly kind: "person" | "business" | "group";
  readonly name: string | null;
  readonly about: string | null;
  readonly avatar_hash: string | null;
  readonly pinned: number;
  readonly archived: number;
  readonly muted_until: number | null;
  readonly marked_unread: number;
  readonly draft: string | null;
  readonly timer: number;
  readonly read_up_to: number;
  readonly unread: number;
  readonly mentioned: number;
  readonly is_request: number;
  readonly last_seq: number | null;
  readonly last_at: number | null;
  readonly closed: string | null;
  readonly room_nick: string | null;
  readonly room_settings: string | null;
  readonly created_at: number | null;
  readonly hidden: number;
}

export interface MediaRow {
  readonly id: string;
  readonly message: string;
  readonly chat: string;
  /** Where it lies and how to open it, once it lies there. */
  readonly share: string | null;
  /** An upload under way: `PendingUpload` as JSON. */
  readonly slot: string | null;
  readonly state: "remote" | "down" | "up" | "paused" | "here" | "failed";
  readonly done: number;
  readonly bytes: number;
  readonly failure: string | null;
}

/** Enough to go on with an upload after the page was gone: the same key gives the same bytes. */
export interface PendingUpload {
  readonly put: string;
  readonly get: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly key: string;
  readonly iv: string;
}

/** A `FileShare` as JSON: bytes as hexadecimal. */
export type StoredShare = Omit<FileShare, "key" | "iv"> & { readonly key: string; readonly iv: string };

/** Plain text of a message, for search, previews and notifications. */
export function textOf(content: StoredContent): string {
  switch (content.kind) {
    case "text":
    case "business":
    case "unsupported":
      return content.text;
    case "image":
    case "video":
      return content.caption;
    case "file":
      return content.caption || content.media.name;
    case "location":
      return [content.name, content.address].filter(Boolean).join(", ");
    default:
      return "";
  }
}
