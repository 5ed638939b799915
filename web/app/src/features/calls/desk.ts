/** Calls of this window: between the client, which knows who rings whom, and the media, which only a window can have. */
import { type CallView, ClientError, type PlauderClient } from "@plauder/client/api";
import { CallMedia, capture, type Line } from "./media.ts";

/** Why a call cannot be made or taken here. */
export type Problem = "microphone" | "camera" | "no-device" | "offline" | "busy" | "blocked" | "unsupported";

export interface DeskView {
  readonly call?: CallView;
  /** Whether this window has the call's media. */
  readonly here: boolean;
  readonly problem?: Problem;
  readonly local?: MediaStream;
  readonly remote?: MediaStream;
  readonly muted: boolean;
  readonly filming: boolean;
  readonly line: Line;
}

const IDLE: DeskView = { here: false, muted: false, filming: false, line: "good" };

export class CallDesk {
  readonly #client: PlauderClient;
  readonly #page = crypto.randomUUID();
  readonly #listeners = new Set<() => void>();
  #view: DeskView = IDLE;
  #local: MediaStream | undefined;
  #media: { id: string; ends: CallMedia } | undefined;
  #facing: "user" | "environment" = "user";

  constructor(client: PlauderClient) {
    this.#client = client;
  }

  readonly get = (): DeskView => this.#view;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Serve until the returned function is called. */
  open(): () => void {
    const { current } = this.#client.calls;
    const stop = current.subscribe(() => this.#follow(current.get()));
    const leave = (): void => {
      const { call, here } = this.#view;
      if (call && here) void this.#client.calls.hangUp(call.id).catch(() => undefined);
    };
    window.addEventListener("pagehide", leave);
    return () => {
      stop();
      window.removeEventListener("pagehide", leave);
    };
  }

  #show(change: { [Key in keyof DeskView]?: DeskView[Key] | undefined }): void {
    const next = { ...this.#view, ...change } as Record<string, unknown>;
    for (const key of Object.keys(next)) if (next[key] === undefined) delete next[key];
    this.#view = next as unknown as DeskView;
    for (const listener of [...this.#listeners]) listener();
  }

  // ---------------------------------------------------------------------------------------------- what people do

  async start(chat: string, video: boolean): Promise<void> {
    if (this.#view.call && this.#view.call.phase !== "over") return this.#show({ problem: "busy" });
    await this.#withMedia(video, () => this.#client.calls.start(chat, video, this.#page));
  }

  async answer(): Promise<void> {
    const { call } = this.#view;
    if (call) await this.#withMedia(call.video, () => this.#client.calls.answer(call.id, this.#page));
  }

  /** First the microphone, then the call: nobody shall wait at the other end while a browser asks. */
  async #withMedia(video: boolean, act: () => Promise<unknown>): Promise<void> {
    this.#show({ problem: undefined });
    if (!navigator.mediaDevices || typeof RTCPeerConnection === "undefined")
      return this.#show({ problem: "unsupported" });
    try {
      this.#dropLocal();
      this.#facing = "user";
      this.#local = await capture(video);
    } catch (error) {
      return this.#show({ problem: problemOf(error, video) });
    }
    this.#show({ local: this.#local, muted: false, filming: video });
    try {
      await act();
    } catch (error) {
      this.#dropLocal();
      const code = error instanceof ClientError ? error.code : "internal";
      if (code !== "gone")
        this.#show({ problem: code === "blocked" ? "blocked" : code === "conflict" ? "busy" : "offline" });
    }
  }

  hangUp(): void {
    const { call } = this.#view;
    if (call) void this.#client.calls.hangUp(call.id).catch(() => undefined);
  }

  dismiss(): void {
    this.#show({ problem: undefined });
  }

  mute(on: boolean): void {
    for (const track of this.#local?.getAudioTracks() ?? []) track.enabled = !on;
    this.#show({ muted: on });
  }

  film(on: boolean): void {
    for (const track of this.#local?.getVideoTracks() ?? []) track.enabled = on;
    this.#show({ filming: on });
  }

  /** From the front camera of a phone to the one at its back, or back. */
  async flip(): Promise<void> {
    const local = this.#local;
    const before = local?.getVideoTracks()[0];
    if (!local || !before) return;
    const facing = this.#facing === "user" ? "environment" : "user";
    try {
      const [track] = (
        await navigator.mediaDevices.getUserMedia({ video: { facingMode: { exact: facing } } })
      ).getVideoTracks();
      if (!track) return;
      await this.#media?.ends.replaceVideo(track);
      before.stop();
      local.removeTrack(before);
      local.addTrack(track);
      this.#facing = facing;
    } catch {
      // There is one camera: it stays.
    }
  }

  // ---------------------------------------------------------------------------------------------- what happens

  #follow(call: CallView | undefined): void {
    const here = call?.page === this.#page;
    if (!call || call.phase === "over" || (this.#media && this.#media.id !== call.id)) this.#closeMedia();
    const isIdle = !call || call.phase === "over" || (call.page !== undefined && !here);
    if (isIdle) this.#dropLocal();
    this.#show({ call, here, ...(isIdle ? { muted: false, filming: false, line: "good" as const } : {}) });
    if (call && here && (call.phase === "connecting" || call.phase === "talking")) void this.#serve(call);
  }

  async #serve(call: CallView): Promise<void> {
    if (!this.#media) {
      const local = this.#local;
      if (!local) return void this.#client.calls.failed(call.id, "media").catch(() => undefined);
      const relays = await this.#client.calls.relays().catch(() => []);
      // Another change may have been quicker.
      const now = this.#client.calls.current.get();
      if (this.#media || now?.id !== call.id || now.phase === "over") return;
      this.#media = { id: call.id, ends: this.#connect(call.id, local, relays) };
      this.#show({ remote: this.#media.ends.remote });
      if (call.own) this.#media.ends.offer();
    }
    this.#media.ends.take(this.#client.calls.current.get()?.signals ?? []);
  }

  #connect(id: string, local: MediaStream, relays: ConstructorParameters<typeof CallMedia>[1]): CallMedia {
    const { calls } = this.#client;
    const ignore = (): void => undefined;
    const ends: CallMedia = new CallMedia(local, relays, {
      say: (signal) => void calls.signal(id, signal).catch(ignore),
      connected: () => void calls.connected(id).catch(ignore),
      failed: (why) => void calls.failed(id, why).catch(ignore),
      changed: () => this.#media?.id === id && this.#show({ line: ends.line, remote: ends.remote }),
    });
    return ends;
  }

  #closeMedia(): void {
    this.#media?.ends.close();
    this.#media = undefined;
    if (this.#view.remote) this.#show({ remote: undefined, line: "good" });
  }

  #dropLocal(): void {
    for (const track of this.#local?.getTracks() ?? []) track.stop();
    this.#local = undefined;
    if (this.#view.local) this.#show({ local: undefined });
  }
}

function problemOf(error: unknown, video: boolean): Problem {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "no-device";
  return video ? "camera" : "microphone";
}
