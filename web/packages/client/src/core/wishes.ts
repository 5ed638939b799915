/** What the server has to know of who may see what, as it is published at our own node `urn:plauder:privacy:0`. */
import { NS } from "@plauder/protocol/ns";
import { type Element, el } from "@plauder/protocol/xml";
import type { Audience, Privacy } from "../api.ts";

const NAMES = { lastSeen: "last-seen", online: "online", addToGroups: "groups" } as const;
type Wish = keyof typeof NAMES;
const WISHES = Object.keys(NAMES) as Wish[];
const AUDIENCES: ReadonlySet<string> = new Set(["everyone", "contacts", "nobody"]);

/** Whether the server carries a change of this out. */
export function isWish(change: Partial<Privacy>): boolean {
  return WISHES.some((wish) => change[wish] !== undefined);
}

export function writeWishes(privacy: Privacy): Element {
  const said = Object.fromEntries(WISHES.map((wish) => [NAMES[wish], privacy[wish]]));
  return el("privacy", NS.privacy, said);
}

export function readWishes(payload: Element | undefined): Partial<Record<Wish, Audience>> {
  if (!payload?.is("privacy", NS.privacy)) return {};
  return Object.fromEntries(
    WISHES.flatMap((wish) => {
      const said = payload.attr(NAMES[wish]);
      return said !== undefined && AUDIENCES.has(said) ? [[wish, said]] : [];
    }),
  );
}
