/** Proposing a call before any negotiation (XEP-0353): all devices ring, one answers. */
import { NS } from "./ns.ts";
import { message } from "./stanza.ts";
import { type Element, el } from "./xml.ts";

const RTP = "urn:xmpp:jingle:apps:rtp:1";
const ACTS = ["propose", "ringing", "proceed", "reject", "retract", "finish"] as const;
export type CallAct = (typeof ACTS)[number];

export interface CallMessage {
  readonly act: CallAct;
  readonly call: string;
  readonly media: readonly ("audio" | "video")[];
}

export function callMessage(to: string, id: string, act: CallMessage): Element {
  const descriptions = act.media.map((media) => el("description", RTP, { media }));
  const payload = el(act.act, NS.jmi, { id: act.call }, ...(act.act === "propose" ? descriptions : []));
  return message({ to, id, type: "chat" }, payload, el("store", NS.hints));
}

export function readCallMessage(stanza: Element): CallMessage | undefined {
  for (const act of ACTS) {
    const payload = stanza.get(act, NS.jmi);
    const call = payload?.attr("id");
    if (!payload || !call) continue;
    const media = payload.all("description", RTP).flatMap((description): ("audio" | "video")[] => {
      const kind = description.attr("media");
      return kind === "audio" || kind === "video" ? [kind] : [];
    });
    return { act, call, media };
  }
  return undefined;
}
