import { useLingui } from "@lingui/react/macro";
import { useEffect, useRef, useState } from "react";
import { useClient, useLive } from "../../lib/client.ts";
import { Dialog } from "../../ui/Dialog.tsx";
import { CallBar } from "./CallBar.tsx";
import { CallScreen } from "./CallScreen.tsx";
import { useDesk, useDeskView } from "./context.ts";
import type { Problem } from "./desk.ts";
import { ring } from "./ring.ts";
import { float, Sound } from "./Streams.tsx";
import "./calls.css";

/** The call there is now, over whatever screen is open. */
export default function CallLayer() {
  const { t } = useLingui();
  const desk = useDesk();
  const view = useDeskView();
  const [small, setSmall] = useState(false);
  const { call, here, problem } = view;
  const id = call?.id;
  const rings = call?.phase === "ringing" && !call.own;
  useRinging(rings ? call.name : undefined, call?.video ?? false);
  useWaitingTone(here && call?.own === true && call.phase === "ringing");
  // biome-ignore lint/correctness/useExhaustiveDependencies: another call comes to the front again
  useEffect(() => setSmall(false), [id]);
  // What they ask is not asked of a bar in a corner.
  const asked = call?.asked === true;
  useEffect(() => {
    if (asked) setSmall(false);
  }, [asked]);
  const sink = useRef<() => void>(undefined);
  useEffect(() => {
    if (!view.remote) sink.current?.();
  }, [view.remote]);
  const rise = async (): Promise<void> => {
    if (!view.remote) return;
    try {
      sink.current = await float(view.remote);
      setSmall(true);
    } catch {
      // The browser will not: the call stays where it is.
    }
  };

  return (
    <>
      {problem && (
        <Dialog title={t`No call`} onClose={() => desk.dismiss()}>
          <ProblemText problem={problem} />
        </Dialog>
      )}
      {view.remote && <Sound stream={view.remote} speaker={view.speaker} />}
      {call &&
        (small || (call.page !== undefined && !here) ? (
          <CallBar view={view} onOpen={() => setSmall(false)} />
        ) : (
          <CallScreen view={view} onSmall={() => setSmall(true)} onFloat={() => void rise()} />
        ))}
    </>
  );
}

function ProblemText({ problem }: { problem: Problem }) {
  const { t } = useLingui();
  const text = {
    microphone: t`Your browser does not let Plauder use the microphone. Allow it beside the address, then call again.`,
    camera: t`Your browser does not let Plauder use microphone and camera. Allow them beside the address, then call again.`,
    "no-device": t`There is no microphone (or, for video, no camera) on this device.`,
    offline: t`There is no connection right now. Try again when you are online.`,
    busy: t`You are in a call already.`,
    blocked: t`You blocked this person. Unblock them to call.`,
    unsupported: t`This browser cannot make calls.`,
  }[problem];
  return <p className="text-md text-ink-2">{text}</p>;
}

/** Sound, and a notice while the window is hidden; of all windows one does it. */
function useRinging(name: string | undefined, video: boolean): void {
  const { t } = useLingui();
  const client = useClient();
  const settings = useLive(client.notifications.settings);
  const sound = settings?.sound !== false;
  const notify = settings?.enabled === true;
  const title = name === undefined ? "" : video ? t`Video call from ${name}` : t`Voice call from ${name}`;
  useEffect(() => {
    if (!title) return;
    const over = new AbortController();
    const begin = (): Promise<void> => {
      const silence = sound ? ring("ringing") : () => undefined;
      const notice = notify && document.visibilityState === "hidden" ? show(title) : undefined;
      return new Promise((resolve) => {
        over.signal.addEventListener("abort", () => {
          silence();
          notice?.close();
          resolve();
        });
      });
    };
    void navigator.locks.request("plauder-ringing", { ifAvailable: true }, (lock) =>
      lock && !over.signal.aborted ? begin() : undefined,
    );
    return () => over.abort();
  }, [title, sound, notify]);
}

function show(title: string): Notification | undefined {
  if (typeof Notification === "undefined" || Notification.permission !== "granted") return undefined;
  const notice = new Notification(title, {
    tag: "plauder-call",
    icon: "/icon-192.png",
    requireInteraction: true,
  });
  notice.onclick = () => {
    window.focus();
    notice.close();
  };
  return notice;
}

function useWaitingTone(on: boolean): void {
  useEffect(() => (on ? ring("waiting") : undefined), [on]);
}
