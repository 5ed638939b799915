/** Proposing a call before any negotiation (XEP-0353): all devices ring, one answers. */
import { type EndReason, JINGLE, readReason } from "./jingle.ts";
import { NS } from "./ns.ts";
import { message } from "./stanza.ts";
import { type Element, el } from "./xml.ts";

const ACTS = ["propose", "ringing", "proceed", "reject", "retract", "finish"] as const;
export type CallAct = (typeof ACTS)[number];

export interface CallMessage {
  readonly act: CallAct;
  readonly call: string;
  /** What is proposed. */
  readonly media?: readonly ("audio" | "video")[];
  /** Why it is refused, taken back or over; XEP-0353 wants one there. */
  readonly reason?: EndReason | undefined;
  /** §4.1: both called at the same moment, and the lower id goes on. */
  readonly tieBreak?: boolean;
}

/** `to` is the bare address of the other side: all devices of both learn what happens. */
export function callMessage(to: string, id: string, signal: CallMessage): Element {
  const { act, call, media = [], reason, tieBreak } = signal;
  const payload = el(
    act,
    NS.jmi,
    { id: call },
    ...media.map((one) => el("description", JINGLE.rtp, { media: one })),
    reason && el("reason", JINGLE.session, {}, el(reason, JINGLE.session)),
    tieBreak && el("tie-break", NS.jmi),
  );
  return message({ to, id, type: "chat" }, payload, el("store", NS.hints));
}

export function readCallMessage(stanza: Element): CallMessage | undefined {
  for (const act of ACTS) {
    const payload = stanza.get(act, NS.jmi);
    const call = payload?.attr("id");
    if (!payload || !call || call.length > 128) continue;
    const media = payload.all("description", JINGLE.rtp).flatMap((description): ("audio" | "video")[] => {
      const kind = description.attr("media");
      return kind === "audio" || kind === "video" ? [kind] : [];
    });
    const tieBreak = payload.get("tie-break") !== undefined;
    return { act, call, media, reason: readReason(payload), tieBreak };
  }
  return undefined;
}
