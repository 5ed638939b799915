/** Slots for files (XEP-0363). The bytes themselves go over HTTP, which is the caller's part. */

import { discoInfo, discoItems } from "./disco.ts";
import { ProtocolViolation } from "./errors.ts";
import { NS } from "./ns.ts";
import type { Session } from "./session.ts";
import { el } from "./xml.ts";

export interface UploadService {
  readonly jid: string;
  /** Bytes; undefined: not said. */
  readonly limit: number | undefined;
}

export interface Slot {
  readonly put: string;
  readonly get: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** XEP-0363 §5: other headers a server names must not be passed on to its HTTP server. */
const ALLOWED_HEADERS: ReadonlySet<string> = new Set(["authorization", "cookie", "expires"]);

export async function findUploadService(session: Session): Promise<UploadService | undefined> {
  const items = await discoItems(session, session.domain);
  for (const jid of [session.domain, ...items.map((item) => item.jid)]) {
    const info = await discoInfo(session, jid).catch(() => undefined);
    if (!info?.features.has(NS.upload)) continue;
    const limit = Number(info.forms.get(NS.upload)?.get("max-file-size")?.[0]);
    return { jid, limit: limit > 0 ? limit : undefined };
  }
  return undefined;
}

export async function requestSlot(
  session: Session,
  service: UploadService,
  file: { name: string; size: number; type: string },
): Promise<Slot> {
  const request = el("request", NS.upload, {
    filename: file.name,
    size: file.size,
    "content-type": file.type,
  });
  const answer = await session.request("get", request, { to: service.jid });
  const slot = answer.get("slot", NS.upload);
  const put = slot?.get("put");
  const url = put?.attr("url");
  const get = slot?.get("get")?.attr("url");
  if (!put || !url || !get) throw new ProtocolViolation("a slot without addresses");
  const headers: Record<string, string> = {};
  for (const header of put.all("header")) {
    const name = header.attr("name") ?? "";
    if (ALLOWED_HEADERS.has(name.toLowerCase())) headers[name] = header.text().replace(/[\r\n]/g, "");
  }
  return { put: url, get, headers };
}
