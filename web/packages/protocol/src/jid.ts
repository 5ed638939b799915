/** Addresses (RFC 7622), kept as strings in canonical form; these functions take them apart. */
import { InvalidJid } from "./errors.ts";

export interface JidParts {
  readonly local: string;
  readonly domain: string;
  readonly resource: string;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is forbidden
const FORBIDDEN_LOCAL = /[\u0000-\u0020"&'/:<>@\u007f]/u;

/** Take an address apart, lower-casing what RFC 7622 §3 lower-cases. Throws `InvalidJid`. */
export function parseJid(text: string): JidParts {
  const slash = text.indexOf("/");
  const resource = slash < 0 ? "" : text.slice(slash + 1);
  const bare = slash < 0 ? text : text.slice(0, slash);
  const at = bare.indexOf("@");
  const local = at < 0 ? "" : bare.slice(0, at).normalize("NFC").toLowerCase();
  const domain = (at < 0 ? bare : bare.slice(at + 1)).normalize("NFC").toLowerCase().replace(/\.$/, "");
  if (domain === "" || /[\s@/]/u.test(domain) || (at >= 0 && local === "") || (slash >= 0 && resource === ""))
    throw new InvalidJid(text);
  if (FORBIDDEN_LOCAL.test(local) || Math.max(local.length, domain.length, resource.length) > 1023)
    throw new InvalidJid(text);
  return { local, domain, resource };
}

export function isJid(text: string): boolean {
  try {
    parseJid(text);
    return true;
  } catch {
    return false;
  }
}

export function formatJid({ local, domain, resource }: JidParts): string {
  return (local ? `${local}@` : "") + domain + (resource ? `/${resource}` : "");
}

/** The address without its resource; of an address we were handed by the server, so not parsed again. */
export function bare(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? jid : jid.slice(0, slash);
}

export function resourceOf(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? "" : jid.slice(slash + 1);
}

export function localOf(jid: string): string {
  const at = jid.indexOf("@");
  return at < 0 ? "" : jid.slice(0, at);
}

export function domainOf(jid: string): string {
  const withoutResource = bare(jid);
  return withoutResource.slice(withoutResource.indexOf("@") + 1);
}
