/** Blocking (XEP-0191), with the reason where it's a report (XEP-0377). */
import { StanzaError } from "./errors.ts";
import { NS } from "./ns.ts";
import type { Session } from "./session.ts";
import { el } from "./xml.ts";

export type ReportReason = "urn:xmpp:reporting:spam" | "urn:xmpp:reporting:abuse";

export async function blockList(session: Session): Promise<string[]> {
  const answer = await session.request("get", el("blocklist", NS.blocking));
  return (
    answer
      .get("blocklist", NS.blocking)
      ?.all("item")
      .flatMap((item) => item.attr("jid") ?? []) ?? []
  );
}

export async function block(
  session: Session,
  jid: string,
  report?: {
    reason: ReportReason;
    text?: string | undefined;
    evidence?: readonly { by: string; id: string }[];
  },
): Promise<void> {
  const evidence = report?.evidence?.map(({ by, id }) => el("stanza-id", NS.sid, { by, id })) ?? [];
  const text = report?.text && el("text", NS.reporting, {}, report.text);
  const reported = report && el("report", NS.reporting, { reason: report.reason }, ...evidence, text);
  await session.request("set", el("block", NS.blocking, {}, el("item", NS.blocking, { jid }, reported)));
}

export async function unblock(session: Session, jid: string): Promise<void> {
  await session.request("set", el("unblock", NS.blocking, {}, el("item", NS.blocking, { jid })));
}

/** Hear about changes made by any of our devices. `unblocked` with no addresses: the whole list was cleared. */
export function onBlockPush(
  session: Session,
  changed: (change: { blocked: string[] } | { unblocked: string[] }) => void,
): void {
  for (const name of ["block", "unblock"] as const) {
    session.onRequest(name, NS.blocking, (request, payload) => {
      const from = request.attr("from");
      if (from !== undefined && from !== session.account)
        throw new StanzaError("cancel", "service-unavailable");
      const jids = payload.all("item").flatMap((item) => item.attr("jid") ?? []);
      changed(name === "block" ? { blocked: jids } : { unblocked: jids });
      return undefined;
    });
  }
}
