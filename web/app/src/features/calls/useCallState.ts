import { useLingui } from "@lingui/react/macro";
import type { CallEnd, CallView } from "@plauder/client/api";
import { useEffect, useState } from "react";
import { useFormat } from "../../lib/format.ts";
import type { DeskView } from "./desk.ts";

/** A call in words: how it stands, how long, what protects it, and what is worth a sentence now. */
export function useCallState(view: DeskView): { text: string; clock: string; proof: string; note: string } {
  const { call, here } = view;
  const { t } = useLingui();
  const format = useFormat();
  const seconds = useSeconds(call);

  // The macro only sees `t` where it was made, so these sentences stay in the hook.
  const ended = (end: CallEnd | undefined): string => {
    switch (end) {
      case "declined":
        return t`Declined`;
      case "busy":
        return t`In another call`;
      case "unanswered":
        return t`No answer`;
      case "missed":
        return t`Missed`;
      case "elsewhere":
        return t`Taken on another device`;
      case "failed":
        return t`The connection failed`;
      case "insecure":
        return t`Ended: somebody tried to get between you`;
      default:
        return t`Call ended`;
    }
  };
  const text = (): string => {
    switch (call?.phase) {
      case "calling":
        return t`Calling…`;
      case "ringing":
        if (call.own) return t`Ringing…`;
        return call.video ? t`Video call` : t`Voice call`;
      case "connecting":
        return here ? t`Connecting…` : "";
      case "over":
        return ended(call.end);
      default:
        return "";
    }
  };
  const note = (): string => {
    if (!call || call.phase === "over") return "";
    if (call.phase === "talking" && view.line === "lost") return t`The line is gone. Reconnecting…`;
    if (view.asking) return t`Asking ${call.name} for a video call…`;
    switch (view.hint) {
      case "declined":
        return t`${call.name} would rather go on without video`;
      case "no-pictures":
        return t`Their app cannot turn this into a video call`;
      case "camera-refused":
        return t`Your browser does not let Plauder use the camera. Allow it beside the address.`;
      case "no-camera":
        return t`There is no camera on this device, or another program uses it.`;
      default:
        return call.phase === "talking" && view.line === "weak" ? t`Your line is weak` : "";
    }
  };
  const proof = {
    proven: t`End-to-end encrypted`,
    pending: t`Encrypted`,
    none: t`Encrypted, but not proven end to end`,
  }[call?.proof ?? "pending"];
  return { text: text(), clock: format.clock(seconds), proof, note: note() };
}

function useSeconds(call: CallView | undefined): number {
  const since = call?.phase === "talking" ? call.startedAt : undefined;
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (since === undefined) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [since]);
  return since === undefined ? 0 : Math.max(0, Math.floor((now - since) / 1000));
}
