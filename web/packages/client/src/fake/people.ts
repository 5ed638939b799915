/** Who lives in the demo world. */

import type { AvatarRef, ContactView, Presence } from "../api.ts";
import { faces } from "./art.ts";

export const DOMAIN = "plauder.example";
export const ME = `5511912345678@${DOMAIN}`;

export const jid = (local: string): string => `${local}@${DOMAIN}`;

export function avatar(name: string, url?: string): AvatarRef {
  const initials = name
    .split(/\s+/u)
    .map((word) => word[0] ?? "")
    .filter((letter) => /\p{L}/u.test(letter))
    .slice(0, 2)
    .join("")
    .toUpperCase();
  let color = 0;
  for (const letter of name) color = (color * 31 + (letter.codePointAt(0) ?? 0)) % 12;
  return url ? { url, initials, color } : { initials, color };
}

function person(local: string, name: string, number: string, about: string, face?: string): ContactView {
  const presence: Presence = local === "bruno" ? { kind: "online" } : { kind: "hidden" };
  return {
    id: jid(local),
    name,
    number,
    about,
    avatar: avatar(name, face),
    kind: "person",
    isContact: true,
    isBlocked: false,
    presence,
  };
}

function business(local: string, name: string, about: string, face: string): ContactView {
  return {
    id: jid(local),
    name,
    about,
    avatar: avatar(name, face),
    kind: "business",
    isContact: false,
    isBlocked: false,
    presence: { kind: "hidden" },
  };
}

export const PEOPLE: readonly ContactView[] = [
  person("bruno", "Bruno Keller", "+4915112345678", "Mostly on mountains", faces.bruno),
  person("mae", "Mãe", "+5511998765432", "Liga quando puder", faces.mae),
  person("livia", "Lívia Prado", "+5511987651234", "Fotografia e café", faces.livia),
  person("kenji", "Kenji Mori", "+81312345678", "", faces.kenji),
  person("meera", "Meera Joshi", "+919812345678", "नमस्ते", faces.meera),
  person("rahul", "Rahul Deshpande", "+919898989898", "At work", faces.rahul),
  person("jonas", "Jonas Weber", "+4915198765432", "", faces.jonas),
  person("thiago", "Thiago Alves", "+5511955554444", "Bora!", faces.thiago),
  person("sofia", "Sofia Ribeiro", "+5511944443333", ""),
];

export const BUSINESSES: readonly ContactView[] = [
  business("kolibri", "Kolibri Air", "Verified airline · Lisbon", faces.kolibri),
  business("zugvogel", "Zugvogel Parcel", "Parcels · Berlin", faces.zugvogel),
  business("atelie", "Ateliê Ipê", "Replies in about 5 minutes", faces.atelie),
  business("deccan", "Deccan Looms", "Pune · open until 20:00", faces.deccan),
];
