/** What this device knows of people and businesses. The only SQL about them. */
import { localOf } from "@plauder/protocol/jid";
import type { AvatarRef, ContactView, Presence } from "../api.ts";
import type { Store } from "../store/store.ts";
import { tidyName } from "./names.ts";
import type { WriteNumber } from "./numbers.ts";
import type { Sealing } from "./rows.ts";

export interface PersonRow {
  readonly jid: string;
  readonly roster_name: string | null;
  readonly nick: string | null;
  readonly card_name: string | null;
  readonly about: string | null;
  readonly kind: "person" | "business";
  readonly hosted: number;
  readonly avatar_hash: string | null;
  readonly is_contact: number;
  readonly subscription: string;
  readonly asking: number;
  readonly blocked: number;
  readonly last_seen: number | null;
  readonly card_at: number | null;
  /** They wrote in the clear and have no device that can read encrypted messages. */
  readonly plain: number;
  /** The most they have encrypted so far; what once was is not given up because somebody leaves it out. */
  readonly sealed: Sealing;
}

type Change = Partial<Omit<PersonRow, "jid">>;

const COLORS = 12;

export class People {
  readonly #store: Store;
  readonly #online = new Map<string, Set<string>>();
  readonly #urls = new Map<string, string>();
  /** Ours; set at login. */
  own = "";
  ownName = "";
  #write: WriteNumber = (e164) => e164;

  constructor(store: Store) {
    this.#store = store;
  }

  row(jid: string): PersonRow | undefined {
    return this.#store.sql.get<PersonRow>("SELECT * FROM person WHERE jid = ?", jid);
  }

  change(jid: string, change: Change): void {
    this.#store.jot(() => {
      this.#store.sql.run("INSERT INTO person (jid) VALUES (?) ON CONFLICT DO NOTHING", jid);
      for (const [column, value] of Object.entries(change)) {
        // Column names are keys of a type, never anything from outside.
        this.#store.sql.run(
          `UPDATE person SET ${column} = ? WHERE jid = ?`,
          value as string | number | null,
          jid,
        );
      }
      this.#store.touch("people", `person:${jid}`);
    });
  }

  contacts(): ContactView[] {
    return this.#views("SELECT * FROM person WHERE is_contact = 1");
  }

  blocked(): ContactView[] {
    return this.#views("SELECT * FROM person WHERE blocked = 1");
  }

  all(): PersonRow[] {
    return this.#store.sql.all<PersonRow>("SELECT * FROM person");
  }

  #views(query: string): ContactView[] {
    const views = this.#store.sql.all<PersonRow>(query).map((row) => this.#view(row));
    return views.sort((a, b) => a.name.localeCompare(b.name));
  }

  /** The view of anybody, known or not. */
  view(jid: string): ContactView {
    return this.#view(this.row(jid) ?? { ...UNKNOWN, jid });
  }

  #view(row: PersonRow): ContactView {
    const name = this.#nameOf(row);
    const number = numberOf(row.jid);
    return {
      id: row.jid,
      name,
      ...(number && { number }),
      ...(row.about && { about: row.about }),
      avatar: this.avatar(row.jid, name, row.avatar_hash),
      kind: row.kind,
      isContact: row.is_contact === 1,
      isBlocked: row.blocked === 1,
      presence: this.presence(row),
    };
  }

  name(jid: string): string {
    if (jid === this.own && this.ownName) return this.ownName;
    return this.#nameOf(this.row(jid) ?? { ...UNKNOWN, jid });
  }

  /** Who has no name is named by their number, as people write it. */
  #nameOf(row: PersonRow): string {
    const name = tidyName(row.roster_name || row.nick || row.card_name || "");
    if (name) return name;
    const number = numberOf(row.jid);
    return number ? this.#write(number) : localOf(row.jid) || row.jid;
  }

  /** The tables of numbers are here: all names may read otherwise now. */
  writeNumbers(write: WriteNumber): void {
    this.#write = write;
    this.#store.touchAll();
  }

  // ---------------------------------------------------------------------------------------------- presence

  isOnline(jid: string): boolean {
    return (this.#online.get(jid)?.size ?? 0) > 0;
  }

  presence(row: PersonRow): Presence {
    if (this.isOnline(row.jid)) return { kind: "online" };
    return row.last_seen ? { kind: "last-seen", at: row.last_seen } : { kind: "hidden" };
  }

  setPresence(jid: string, resource: string, isHere: boolean): void {
    const resources = this.#online.get(jid) ?? new Set();
    const before = resources.size;
    if (isHere) resources.add(resource);
    else resources.delete(resource);
    this.#online.set(jid, resources);
    // When they went is for them to tell: the server is asked where somebody wants to know.
    if (before > 0 && resources.size === 0) this.change(jid, { last_seen: null });
    else if (before === 0 && resources.size > 0) this.#store.touch("people", `person:${jid}`);
  }

  /** The connection is gone: nobody is known to be here. */
  forgetPresence(): void {
    if (this.#online.size === 0) return;
    const topics = [...this.#online.keys()].map((jid) => `person:${jid}`);
    this.#online.clear();
    this.#store.touch("people", ...topics);
  }

  // ---------------------------------------------------------------------------------------------- pictures

  avatar(id: string, name: string, hash: string | null): AvatarRef {
    const url = hash ? this.#url(hash) : undefined;
    return { initials: initials(name), color: colorOf(id), ...(hash && { hash }), ...(url && { url }) };
  }

  saveAvatar(hash: string, type: string, data: Uint8Array): void {
    this.#store.sql.run("INSERT INTO avatar VALUES (?, ?, ?) ON CONFLICT DO NOTHING", hash, type, data);
  }

  hasAvatar(hash: string): boolean {
    return this.#store.sql.value("SELECT 1 FROM avatar WHERE hash = ?", hash) !== undefined;
  }

  #url(hash: string): string | undefined {
    let url = this.#urls.get(hash);
    if (url) return url;
    const row = this.#store.sql.get<{ type: string; data: Uint8Array<ArrayBuffer> }>(
      "SELECT type, data FROM avatar WHERE hash = ?",
      hash,
    );
    if (!row) return undefined;
    url = URL.createObjectURL(new Blob([row.data], { type: row.type }));
    this.#urls.set(hash, url);
    return url;
  }
}

const UNKNOWN: Omit<PersonRow, "jid"> = {
  roster_name: null,
  nick: null,
  card_name: null,
  about: null,
  kind: "person",
  hosted: 0,
  avatar_hash: null,
  is_contact: 0,
  subscription: "none",
  asking: 0,
  blocked: 0,
  last_seen: null,
  card_at: null,
  plain: 0,
  sealed: 0,
};

/** Accounts whose name is all digits are phone numbers; E.164. */
export function numberOf(jid: string): string | undefined {
  const local = localOf(jid);
  return /^\d{6,15}$/.test(local) ? `+${local}` : undefined;
}

export function initials(name: string): string {
  // Numbers of one country begin alike.
  if (/^\+[\d\s()-]+$/.test(name)) return name.replace(/\D/g, "").slice(-2);
  const words = name.split(/[\s@._-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = words.map((word) => Array.from(word).find((char) => /[\p{L}\p{N}]/u.test(char)) ?? "");
  return ((letters[0] ?? "") + (words.length > 1 ? letters.at(-1) : "")).toUpperCase() || "?";
}

export function colorOf(id: string): number {
  let hash = 0;
  for (const char of id) hash = (hash * 31 + (char.codePointAt(0) as number)) >>> 0;
  return hash % COLORS;
}
