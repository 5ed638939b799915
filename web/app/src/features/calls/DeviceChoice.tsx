import { useLingui } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { Dialog } from "../../ui/Dialog.tsx";
import { useDesk } from "./context.ts";
import type { DeskView } from "./desk.ts";
import { canChooseSpeaker, choices, type DeviceKind } from "./devices.ts";

/** Which microphone, camera and speaker this call uses, where there is a choice. */
export function DeviceChoice({ view, onClose }: { view: DeskView; onClose: () => void }) {
  const { t } = useLingui();
  const desk = useDesk();
  const microphones = useChoices("audioinput");
  const cameras = useChoices("videoinput");
  const speakers = useChoices("audiooutput");
  const inUse = (kind: "audio" | "video"): string =>
    view.local
      ?.getTracks()
      .find((track) => track.kind === kind)
      ?.getSettings().deviceId ?? "";
  const nothing =
    microphones?.length === 0 && cameras?.length === 0 && (speakers?.length === 0 || !canChooseSpeaker());
  return (
    <Dialog title={t`Microphone, camera and speaker`} onClose={onClose} over>
      <div className="flex flex-col gap-4">
        {nothing && (
          <p className="text-md text-ink-2">{t`There is one of each on this device: nothing to choose.`}</p>
        )}
        <Choice
          label={t`Microphone`}
          all={microphones}
          value={inUse("audio")}
          onChange={(id) => void desk.pickMicrophone(id)}
        />
        {view.filming && (
          <Choice
            label={t`Camera`}
            all={cameras}
            value={inUse("video")}
            onChange={(id) => void desk.pickCamera(id)}
          />
        )}
        {canChooseSpeaker() && (
          <Choice
            label={t`Speaker`}
            all={speakers}
            value={view.speaker || "default"}
            onChange={(id) => desk.pickSpeaker(id)}
          />
        )}
      </div>
    </Dialog>
  );
}

interface ChoiceProps {
  label: string;
  all: readonly MediaDeviceInfo[] | undefined;
  value: string;
  onChange: (id: string) => void;
}

function Choice({ label, all, value, onChange }: ChoiceProps) {
  if (!all?.length) return null;
  return (
    <label className="flex flex-col gap-1.5 text-sm font-[600]">
      {label}
      <select className="input" defaultValue={value} onChange={(event) => onChange(event.target.value)}>
        {all.map((one) => (
          <option key={one.deviceId} value={one.deviceId}>
            {one.label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Devices as they come and go. */
function useChoices(kind: DeviceKind): readonly MediaDeviceInfo[] | undefined {
  const [all, setAll] = useState<readonly MediaDeviceInfo[]>();
  useEffect(() => {
    const look = (): void => void choices(kind).then(setAll);
    look();
    navigator.mediaDevices.addEventListener("devicechange", look);
    return () => navigator.mediaDevices.removeEventListener("devicechange", look);
  }, [kind]);
  return all;
}
