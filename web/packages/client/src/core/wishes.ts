/**
 * Who may see what of us, as it is published at our own node `urn:plauder:privacy:0`, so that all our devices hold to it. The
 * server carries out `last-seen`, `online` and `groups`; the others are the apps' own affair.
 */
import { NS } from "@plauder/protocol/ns";
import { type Element, el } from "@plauder/protocol/xml";
import type { Privacy } from "../api.ts";

/** What the server is told otherwise, by HTTP. */
type Wishes = Omit<Privacy, "findByNumber">;
type Read = (said: string) => unknown;

const audience: Read = (said) => (["everyone", "contacts", "nobody"].includes(said) ? said : undefined);
const flag: Read = (said) => ({ true: true, false: false })[said];
const YEAR = 366 * 86_400;
const seconds: Read = (said) => (/^\d{1,8}$/.test(said) && Number(said) <= YEAR ? Number(said) : undefined);

const WORDS: Readonly<Record<keyof Wishes, readonly [name: string, read: Read]>> = {
  lastSeen: ["last-seen", audience],
  online: ["online", audience],
  addToGroups: ["groups", audience],
  avatar: ["avatar", audience],
  about: ["about", audience],
  readReceipts: ["receipts", flag],
  typing: ["typing", flag],
  defaultTimer: ["timer", seconds],
};
const WISHES = Object.keys(WORDS) as (keyof Wishes)[];

/** Whether a change concerns our other devices. */
export function isWish(change: Partial<Privacy>): boolean {
  return WISHES.some((wish) => change[wish] !== undefined);
}

export function writeWishes(privacy: Privacy): Element {
  const said = Object.fromEntries(WISHES.map((wish) => [WORDS[wish][0], String(privacy[wish])]));
  return el("privacy", NS.privacy, said);
}

/** What is not understood is as if it were not there. */
export function readWishes(payload: Element | undefined): Partial<Wishes> {
  if (!payload?.is("privacy", NS.privacy)) return {};
  const found: Record<string, unknown> = {};
  for (const wish of WISHES) {
    const [name, read] = WORDS[wish];
    const said = payload.attr(name);
    const value = said === undefined ? undefined : read(said);
    if (value !== undefined) found[wish] = value;
  }
  return found;
}
