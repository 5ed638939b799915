/** Service discovery (XEP-0030) and entity capabilities (XEP-0115): asking, and answering for ourselves. */
import { toBase64, utf8 } from "./bytes.ts";
import { StanzaError } from "./errors.ts";
import { readForm } from "./forms.ts";
import { NS } from "./ns.ts";
import type { Platform } from "./platform.ts";
import type { Session } from "./session.ts";
import { type Element, el } from "./xml.ts";

export interface Identity {
  readonly category: string;
  readonly type: string;
  readonly name?: string | undefined;
}

export interface DiscoInfo {
  readonly identities: readonly Identity[];
  readonly features: ReadonlySet<string>;
  /** Extended information (XEP-0128), by FORM_TYPE. */
  readonly forms: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
}

export async function discoInfo(session: Session, jid: string, node?: string): Promise<DiscoInfo> {
  const answer = await session.request("get", el("query", NS.discoInfo, { node }), { to: jid });
  return readInfo(answer.get("query", NS.discoInfo));
}

export function readInfo(query: Element | undefined): DiscoInfo {
  const forms = new Map<string, Map<string, string[]>>();
  for (const form of query?.all("x", NS.data) ?? []) {
    const fields = readForm(form);
    const type = fields.get("FORM_TYPE")?.[0];
    if (type) forms.set(type, fields);
  }
  return {
    identities: (query?.all("identity") ?? []).map(({ attrs }) => ({
      category: attrs.category ?? "",
      type: attrs.type ?? "",
      name: attrs.name,
    })),
    features: new Set(query?.all("feature").map((feature) => feature.attr("var") ?? "")),
    forms,
  };
}

export async function discoItems(
  session: Session,
  jid: string,
): Promise<{ jid: string; name?: string | undefined }[]> {
  const answer = await session.request("get", el("query", NS.discoItems), { to: jid });
  const items = answer.get("query", NS.discoItems)?.all("item") ?? [];
  return items.flatMap(({ attrs }) => (attrs.jid ? [{ jid: attrs.jid, name: attrs.name }] : []));
}

/** What we answer about ourselves, and its hash for presence. */
export class OwnCapabilities {
  readonly #node: string;
  readonly #identity: Identity;
  readonly #features: readonly string[];
  #ver = "";

  constructor(node: string, identity: Identity, features: readonly string[]) {
    this.#node = node;
    this.#identity = identity;
    this.#features = [...new Set([NS.discoInfo, NS.caps, ...features])].sort(byOctets);
  }

  /** Compute the hash and answer queries on this session. */
  async install(session: Session): Promise<void> {
    this.#ver = await this.hash(session.platform);
    session.onRequest("query", NS.discoInfo, (_, query) => this.#answer(query));
    session.onRequest("query", NS.discoItems, () => el("query", NS.discoItems));
    session.onRequest("ping", NS.ping, () => undefined);
  }

  /** XEP-0115 §5.1: category/type/lang/name, then features, each followed by "<", hashed. */
  async hash(platform: Platform): Promise<string> {
    const { category, type, name } = this.#identity;
    const text = `${category}/${type}//${name ?? ""}<${this.#features.map((feature) => `${feature}<`).join("")}`;
    return toBase64(await platform.hash("SHA-1", utf8(text)));
  }

  /** The `<c/>` for presence. */
  element(): Element {
    return el("c", NS.caps, { hash: "sha-1", node: this.#node, ver: this.#ver });
  }

  #answer(query: Element): Element {
    const node = query.attr("node");
    if (node !== undefined && node !== `${this.#node}#${this.#ver}`)
      throw new StanzaError("cancel", "item-not-found");
    return el(
      "query",
      NS.discoInfo,
      { node },
      el("identity", NS.discoInfo, { ...this.#identity }),
      ...this.#features.map((feature) => el("feature", NS.discoInfo, { var: feature })),
    );
  }
}

/** XEP-0115 §5.1 sorts by i;octet; all our names are ASCII, where code units are octets. */
function byOctets(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
