/** Calls of this window: between the client, which knows who rings whom, and the media, which only a window can have. */
import { type CallView, ClientError, type PlauderClient } from "@plauder/client/api";
import { capture, type Facing, openCamera, openMicrophone } from "./devices.ts";
import { CallMedia, type Line } from "./media.ts";

/** Why a call cannot be made or taken here. */
export type Problem = "microphone" | "camera" | "no-device" | "offline" | "busy" | "blocked" | "unsupported";
/** What is worth a sentence for a moment, while the call goes on. */
export type Hint = "declined" | "no-pictures" | "camera-refused" | "no-camera";

export interface DeskView {
  readonly call?: CallView;
  /** Whether this window has the call's media. */
  readonly here: boolean;
  readonly problem?: Problem;
  readonly hint?: Hint;
  readonly local?: MediaStream;
  readonly remote?: MediaStream;
  readonly muted: boolean;
  readonly filming: boolean;
  /** We asked them to go on with pictures. */
  readonly asking: boolean;
  /** Their camera is on, and something of it is here. */
  readonly seen: boolean;
  readonly line: Line;
  /** The chosen speaker; the system's if empty. */
  readonly speaker: string;
}

const IDLE: DeskView = {
  here: false,
  muted: false,
  filming: false,
  asking: false,
  seen: false,
  line: "good",
  speaker: "",
};
const ASKS = 30_000;
const HINTS = 6_000;

export class CallDesk {
  readonly #client: PlauderClient;
  readonly #page = crypto.randomUUID();
  readonly #listeners = new Set<() => void>();
  #view: DeskView = IDLE;
  #local: MediaStream | undefined;
  #media: { id: string; ends: CallMedia } | undefined;
  #facing: Facing = "user";
  #asking: ReturnType<typeof setTimeout> | undefined;
  #hinting: ReturnType<typeof setTimeout> | undefined;

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
      if (call && here) void this.#client.calls.hangUp(call.id).catch(ignore);
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

  #hint(hint: Hint): void {
    clearTimeout(this.#hinting);
    this.#show({ hint });
    this.#hinting = setTimeout(() => this.#show({ hint: undefined }), HINTS);
  }

  // ---------------------------------------------------------------------------------------------- what people do

  async start(chat: string, video: boolean): Promise<void> {
    if (this.#view.call && this.#view.call.phase !== "over") return this.#show({ problem: "busy" });
    await this.#withMedia(video, () => this.#client.calls.start(chat, video, this.#page));
  }

  /** Take it; a call with pictures can be taken with the voice alone. */
  async answer(filming = true): Promise<void> {
    const { call } = this.#view;
    if (!call) return;
    await this.#withMedia(call.video && filming, () => this.#client.calls.answer(call.id, this.#page), true);
  }

  /** First the microphone, then the call: nobody shall wait at the other end while a browser asks. */
  async #withMedia(video: boolean, act: () => Promise<unknown>, canDoWithout = false): Promise<void> {
    this.#show({ problem: undefined });
    if (!navigator.mediaDevices || typeof RTCPeerConnection === "undefined")
      return this.#show({ problem: "unsupported" });
    let filming = video;
    try {
      this.#dropLocal();
      this.#facing = "user";
      this.#local = await capture(video).catch(async (error: unknown) => {
        if (!video || !canDoWithout) throw error;
        const voice = await capture(false);
        filming = false;
        this.#hint(isMissing(error) ? "no-camera" : "camera-refused");
        return voice;
      });
    } catch (error) {
      return this.#show({ problem: problemOf(error, video) });
    }
    this.#show({ local: this.#local, muted: false, filming });
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
    if (call) void this.#client.calls.hangUp(call.id).catch(ignore);
  }

  dismiss(): void {
    this.#show({ problem: undefined });
  }

  mute(on: boolean): void {
    for (const track of this.#local?.getAudioTracks() ?? []) track.enabled = !on;
    this.#show({ muted: on });
    this.#tell();
  }

  /** Camera on or off; where the call has been voices only, they are asked first. */
  async film(on: boolean): Promise<void> {
    const { call } = this.#view;
    if (!call || this.#view.asking) return on ? undefined : this.#stopAsking();
    if (!on) return await this.#unfilm();
    const track = await this.#openCamera({ facing: this.#facing });
    if (!track) return;
    const ends = this.#media?.ends;
    if (!ends || ends.isPictured || call.phase !== "talking") {
      await ends?.replace("video", track);
      this.#tell();
    } else {
      this.#show({ asking: true });
      this.#asking = setTimeout(() => this.#stopAsking(), ASKS);
      ends.askForPictures(track);
    }
  }

  async #openCamera(wanted: Parameters<typeof openCamera>[0]): Promise<MediaStreamTrack | undefined> {
    const local = this.#local;
    if (!local) return undefined;
    try {
      const track = await openCamera(wanted).catch((error: unknown) => {
        // There may be one camera that says nothing of where it looks.
        if (isMissing(error) && wanted.facing) return openCamera({});
        throw error;
      });
      for (const before of local.getVideoTracks()) {
        before.stop();
        local.removeTrack(before);
      }
      local.addTrack(track);
      this.#show({ local, filming: true });
      return track;
    } catch (error) {
      this.#hint(isMissing(error) ? "no-camera" : "camera-refused");
      return undefined;
    }
  }

  /** The camera's light goes out: nothing looks that nobody sees. */
  async #unfilm(): Promise<void> {
    for (const track of this.#local?.getVideoTracks() ?? []) {
      track.stop();
      this.#local?.removeTrack(track);
    }
    this.#show({ filming: false });
    await this.#media?.ends.replace("video", null);
    this.#tell();
  }

  #stopAsking(): void {
    if (!this.#view.asking) return;
    clearTimeout(this.#asking);
    this.#media?.ends.takeBack();
    this.#show({ asking: false });
    void this.#unfilm();
  }

  /** They asked for pictures: show ourselves too, only look, or go on as before. */
  async consent(how: "show" | "look" | "no"): Promise<void> {
    const { call } = this.#view;
    if (!call) return;
    if (how === "show") await this.#openCamera({ facing: this.#facing });
    await this.#client.calls.consent(call.id, how !== "no").catch(ignore);
  }

  #tell(): void {
    const { call, muted, filming } = this.#view;
    if (call) void this.#client.calls.tell(call.id, { muted, filming }).catch(ignore);
  }

  /** From the front camera of a phone to the one at its back, or back. */
  async flip(): Promise<void> {
    const facing: Facing = this.#facing === "user" ? "environment" : "user";
    const track = await this.#openCamera({ facing });
    if (!track) return;
    this.#facing = facing;
    await this.#media?.ends.replace("video", track);
  }

  async pickCamera(id: string): Promise<void> {
    const track = await this.#openCamera({ id });
    if (track) await this.#media?.ends.replace("video", track);
  }

  async pickMicrophone(id: string): Promise<void> {
    const local = this.#local;
    if (!local) return;
    try {
      const track = await openMicrophone(id);
      for (const before of local.getAudioTracks()) {
        before.stop();
        local.removeTrack(before);
      }
      track.enabled = !this.#view.muted;
      local.addTrack(track);
      await this.#media?.ends.replace("audio", track);
      this.#show({ local });
    } catch {
      // It was pulled out meanwhile: the one before stays.
    }
  }

  pickSpeaker(id: string): void {
    this.#show({ speaker: id });
  }

  // ---------------------------------------------------------------------------------------------- what happens

  #follow(call: CallView | undefined): void {
    const here = call?.page === this.#page;
    if (!call || call.phase === "over" || (this.#media && this.#media.id !== call.id)) this.#closeMedia();
    const isIdle = !call || call.phase === "over" || (call.page !== undefined && !here);
    if (isIdle) this.#dropLocal();
    const { asking, seen, line } = IDLE;
    this.#show({ call, here, ...(isIdle ? { muted: false, filming: false, asking, seen, line } : {}) });
    if (call && here && (call.phase === "connecting" || call.phase === "talking")) void this.#serve(call);
  }

  async #serve(call: CallView): Promise<void> {
    if (!this.#media) {
      const local = this.#local;
      if (!local) return void this.#client.calls.failed(call.id, "media").catch(ignore);
      const relays = await this.#client.calls.relays().catch(() => []);
      // Another change may have been quicker.
      const now = this.#client.calls.current.get();
      if (this.#media || now?.id !== call.id || now.phase === "over") return;
      this.#media = { id: call.id, ends: this.#connect(call, local, relays) };
      this.#show({ remote: this.#media.ends.remote });
      if (call.own) this.#media.ends.offer(call.video);
    }
    const { signals = [], earlier = 0 } = this.#client.calls.current.get() ?? {};
    this.#media.ends.take(signals, earlier);
    this.#look();
  }

  #connect(
    { id, own }: CallView,
    local: MediaStream,
    relays: ConstructorParameters<typeof CallMedia>[1],
  ): CallMedia {
    const { calls } = this.#client;
    return new CallMedia(local, relays, {
      own,
      say: async (signal) => {
        await calls.signal(id, signal);
        // They take for granted that we film where pictures are agreed on.
        if (signal.kind === "answer" && !this.#view.filming) this.#tell();
      },
      connected: () => {
        void calls.connected(id).catch(ignore);
        if (own && this.#view.call?.video && !this.#view.filming) this.#tell();
      },
      failed: (why) => void calls.failed(id, why).catch(ignore),
      refused: (why) => this.#refused(why),
      changed: () => this.#look(),
    });
  }

  #refused(why: "declined" | "failed"): void {
    if (!this.#view.asking) return;
    clearTimeout(this.#asking);
    this.#show({ asking: false });
    this.#hint(why === "declined" ? "declined" : "no-pictures");
    void this.#unfilm();
  }

  /** How the media stands now. */
  #look(): void {
    const { call, asking } = this.#view;
    const ends = this.#media?.ends;
    if (!ends || !call) return;
    const agreed = asking && ends.isPictured;
    if (agreed) clearTimeout(this.#asking);
    const seen = ends.isSeen && call.theirs.filming;
    this.#show({ line: ends.line, remote: ends.remote, seen, ...(agreed && { asking: false }) });
  }

  #closeMedia(): void {
    clearTimeout(this.#asking);
    this.#media?.ends.close();
    this.#media = undefined;
    if (this.#view.remote) this.#show({ remote: undefined, line: "good", hint: undefined });
  }

  #dropLocal(): void {
    for (const track of this.#local?.getTracks() ?? []) track.stop();
    this.#local = undefined;
    if (this.#view.local) this.#show({ local: undefined });
  }
}

function ignore(): void {}

function isMissing(error: unknown): boolean {
  const name = error instanceof DOMException ? error.name : "";
  return name === "NotFoundError" || name === "OverconstrainedError";
}

function problemOf(error: unknown, video: boolean): Problem {
  if (isMissing(error)) return "no-device";
  return video ? "camera" : "microphone";
}
