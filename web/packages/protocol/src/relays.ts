/** Relays and address servers for calls (XEP-0215). */
import { NS } from "./ns.ts";
import type { Session } from "./session.ts";
import { el } from "./xml.ts";

/** As `RTCIceServer` has it. */
export interface Relay {
  readonly urls: string;
  readonly username?: string;
  readonly credential?: string;
}

/** What our server offers; none where it offers none. */
export async function fetchRelays(session: Session): Promise<Relay[]> {
  const answer = await session.request("get", el("services", NS.extdisco), { to: session.domain });
  const services = answer.get("services", NS.extdisco)?.all("service") ?? [];
  return services.flatMap(({ attrs }) => {
    const { type = "", host = "", port, transport, username, password } = attrs;
    if (!/^(stun|turn)s?$/.test(type) || !host || /[\s?]/.test(host)) return [];
    const place = host.includes(":") ? `[${host}]` : host;
    const query = type.startsWith("turn") && transport ? `?transport=${transport}` : "";
    const urls = `${type}:${place}${port ? `:${port}` : ""}${query}`;
    return [{ urls, ...(username && { username }), ...(password && { credential: password }) }];
  });
}
