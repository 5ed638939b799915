/** Microphones, cameras and speakers of this device. */

export type DeviceKind = "audioinput" | "videoinput" | "audiooutput";
export type Facing = "user" | "environment";

const VOICE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true } as const;
const PICTURE = { width: { ideal: 1280 }, height: { ideal: 720 } } as const;

/** Ask for the microphone, and for the camera. Rejects with a `DOMException` that says who refused. */
export function capture(video: boolean): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia({
    audio: VOICE,
    video: video && { facingMode: "user", ...PICTURE },
  });
}

/** One camera: the one that looks that way, or that one. */
export async function openCamera(wanted: { facing?: Facing; id?: string }): Promise<MediaStreamTrack> {
  const { facing, id } = wanted;
  const stream = await navigator.mediaDevices.getUserMedia({
    video: {
      ...PICTURE,
      ...(facing && { facingMode: { exact: facing } }),
      ...(id && { deviceId: { exact: id } }),
    },
  });
  return stream.getVideoTracks()[0] as MediaStreamTrack;
}

export async function openMicrophone(id: string): Promise<MediaStreamTrack> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { ...VOICE, deviceId: { exact: id } } });
  return stream.getAudioTracks()[0] as MediaStreamTrack;
}

/** What can be chosen; nothing where there is no choice. Chromium names the system's own choice beside the devices. */
export async function choices(kind: DeviceKind): Promise<readonly MediaDeviceInfo[]> {
  const all = await navigator.mediaDevices.enumerateDevices();
  const found = all.filter(
    (one) => one.kind === kind && one.deviceId !== "" && one.deviceId !== "communications",
  );
  return found.length > 1 ? found : [];
}

/** Whether this browser can play through another speaker than the system's. */
export function canChooseSpeaker(): boolean {
  return "setSinkId" in HTMLMediaElement.prototype;
}
