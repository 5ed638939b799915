/**
 * One end of a call's media: microphone and camera into an `RTCPeerConnection`, what it says to the other end, and back.
 *
 * While they talk, pictures can come to a call that began with voices, and ICE begins anew when the way to the other end
 * breaks off; whoever called tries first, so that seldom both do at once.
 */
import type { CallSignal, RelayServer } from "@plauder/client/api";

/** How the line is, in words a person understands. */
export type Line = "good" | "weak" | "lost";

export interface Ends {
  /** We called. */
  readonly own: boolean;
  /** For the other end. Rejects while there is no way to say it. */
  say(signal: CallSignal): Promise<void>;
  /** Media flows. */
  connected(): void;
  /** No way to the other end, or none any more. */
  failed(why: "media" | "connection"): void;
  /** What we asked for was refused, by a person or by their app. */
  refused(why: "declined" | "failed"): void;
  /** Something to show changed. */
  changed(): void;
}

const LOOKS = 3000;
/** Share of packets lost, and seconds there and back, from which people notice. */
const LOSSY = 0.05;
const SLOW = 0.5;
/** A line that breaks off often comes back by itself; then it is begun anew, and again, until nobody waits any more. */
const PATIENCE = { own: 1500, theirs: 4000, again: 6000, over: 40_000 };

export class CallMedia {
  readonly remote = new MediaStream();
  line: Line = "good";
  readonly #ends: Ends;
  readonly #connection: RTCPeerConnection;
  readonly #local: MediaStream;
  readonly #looking: ReturnType<typeof setInterval>;
  #restarting: ReturnType<typeof setTimeout> | undefined;
  #lostAt: number | undefined;
  /**
   * The offer that asks for pictures. It is set only once it is accepted, and what was refused is kept for the next time:
   * browsers do not forget a media line they once offered.
   */
  #asking: { offer: RTCSessionDescriptionInit; video: RTCRtpTransceiver } | undefined;
  #taken = 0;
  /** One step after the other: a description must be in place before its candidates. */
  #steps: Promise<void> = Promise.resolve();
  #before = { lost: 0, got: 0 };

  constructor(local: MediaStream, relays: readonly RelayServer[], ends: Ends) {
    this.#ends = ends;
    this.#local = local;
    // "balanced", for there are clients that do not bundle.
    const connection = new RTCPeerConnection({ iceServers: [...relays], bundlePolicy: "balanced" });
    this.#connection = connection;
    connection.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate && candidate.sdpMid !== null)
        this.#say({
          kind: "candidate",
          mid: candidate.sdpMid,
          line: candidate.candidate,
          ...(candidate.usernameFragment && { ufrag: candidate.usernameFragment }),
        });
    };
    connection.ontrack = ({ track }) => {
      for (const event of ["mute", "unmute"]) track.addEventListener(event, () => ends.changed());
      this.remote.addTrack(track);
      ends.changed();
    };
    connection.onconnectionstatechange = () => this.#state(connection.connectionState);
    window.addEventListener("online", this.#moved);
    this.#looking = setInterval(() => void this.#look(), LOOKS);
  }

  #say(signal: CallSignal): void {
    void this.#ends.say(signal).catch(() => undefined);
  }

  /** The caller begins; `pictures` even if the camera is off by now. */
  offer(pictures: boolean): void {
    this.#step(async () => {
      this.#addLocal();
      if (pictures && this.#local.getVideoTracks().length === 0)
        this.#connection.addTransceiver("video", { direction: "sendrecv", streams: [this.#local] });
      const offer = await this.#connection.createOffer();
      this.#say({ kind: "offer", sdp: offer.sdp ?? "" });
      await this.#connection.setLocalDescription(offer);
    });
  }

  /** The last of what the other end said, and how much came before; what was taken already is left out. */
  take(signals: readonly CallSignal[], earlier: number): void {
    const fresh = signals.slice(Math.max(0, this.#taken - earlier));
    this.#taken = earlier + signals.length;
    for (const signal of fresh) this.#step(() => this.#hear(signal));
  }

  async #hear(signal: CallSignal): Promise<void> {
    const connection = this.#connection;
    if (signal.kind === "candidate") {
      const { line: candidate, mid: sdpMid, ufrag } = signal;
      // A candidate of a kind that this browser does not know is one way less, not the end.
      await connection
        .addIceCandidate({ candidate, sdpMid, ...(ufrag && { usernameFragment: ufrag }) })
        .catch(() => undefined);
      return;
    }
    if (signal.kind === "rollback") {
      await this.#rollback();
      if (signal.why) this.#ends.refused(signal.why);
      return;
    }
    if (signal.kind === "answer") {
      if (this.#asking) {
        await connection.setLocalDescription(this.#asking.offer);
        this.#asking = undefined;
      }
      if (connection.signalingState !== "have-local-offer") return;
      return await connection.setRemoteDescription({ type: "answer", sdp: signal.sdp });
    }
    await this.#rollback();
    await connection.setRemoteDescription({ type: "offer", sdp: signal.sdp });
    await this.#fillIn();
    const answer = await connection.createAnswer();
    this.#say({ kind: "answer", sdp: answer.sdp ?? "" });
    await connection.setLocalDescription(answer);
  }

  async #rollback(): Promise<void> {
    this.#stopAsking();
    if (this.#connection.signalingState === "have-local-offer")
      await this.#connection.setLocalDescription({ type: "rollback" });
  }

  #stopAsking(): void {
    if (this.#asking) this.#asking.video.direction = "inactive";
    this.#asking = undefined;
  }

  #addLocal(): void {
    for (const track of this.#local.getTracks()) this.#connection.addTrack(track, this.#local);
  }

  /** Tracks go where they are wanted. A camera that is off keeps its place, so that it can go on without another offer. */
  async #fillIn(): Promise<void> {
    for (const one of this.#transceivers()) {
      if (one.mid === null) continue;
      const { kind } = one.receiver.track;
      const [track] = kind === "video" ? this.#local.getVideoTracks() : this.#local.getAudioTracks();
      one.direction = "sendrecv";
      if (track && one.sender.track !== track) await one.sender.replaceTrack(track);
    }
  }

  #transceivers(): RTCRtpTransceiver[] {
    return this.#connection.getTransceivers().filter((one) => one.direction !== "stopped");
  }

  /** The place for pictures: one that is agreed on before one that was refused. */
  #video(): RTCRtpTransceiver | undefined {
    const all = this.#transceivers().filter((one) => one.receiver.track.kind === "video");
    return all.find((one) => one.mid !== null) ?? all[0];
  }

  /** Whether both ends agreed on pictures. */
  get isPictured(): boolean {
    const { currentDirection } = this.#video() ?? {};
    return currentDirection !== undefined && currentDirection !== null && currentDirection !== "inactive";
  }

  /** Whether there is something of theirs to look at. */
  get isSeen(): boolean {
    return this.remote.getVideoTracks().some((track) => track.readyState === "live" && !track.muted);
  }

  #step(work: () => Promise<void>): void {
    this.#steps = this.#steps.then(work).catch((error: unknown) => {
      if (this.#connection.signalingState === "closed") return;
      console.error("the call’s media", error);
      this.#ends.failed("media");
    });
  }

  // ---------------------------------------------------------------------------------------------- pictures

  /** Ask the other end to go on with pictures; the track is ours. */
  askForPictures(track: MediaStreamTrack): void {
    this.#step(async () => {
      if (this.#connection.signalingState !== "stable" || this.isPictured || this.#asking) return;
      let video = this.#video();
      if (video) {
        video.direction = "sendrecv";
        await video.sender.replaceTrack(track);
      } else
        video = this.#connection.addTransceiver(track, { direction: "sendrecv", streams: [this.#local] });
      const offer = await this.#connection.createOffer();
      this.#asking = { offer, video };
      try {
        await this.#ends.say({ kind: "offer", sdp: offer.sdp ?? "" });
      } catch {
        this.#stopAsking();
        this.#ends.refused("failed");
      }
    });
  }

  /** Nobody waits for their yes any longer. */
  takeBack(): void {
    this.#step(async () => {
      if (!this.#asking) return;
      this.#say({ kind: "rollback" });
      this.#stopAsking();
    });
  }

  /** Another microphone, or a camera, or none. */
  async replace(kind: "audio" | "video", track: MediaStreamTrack | null): Promise<void> {
    const one =
      kind === "video"
        ? this.#video()
        : this.#transceivers().find(({ receiver }) => receiver.track.kind === kind);
    await one?.sender.replaceTrack(track);
  }

  // ---------------------------------------------------------------------------------------------- the line

  #state(state: RTCPeerConnectionState): void {
    if (state === "connected") {
      this.#ends.connected();
      this.#lostAt = undefined;
      clearTimeout(this.#restarting);
      this.#restarting = undefined;
      return this.#become("good");
    }
    if (state !== "disconnected" && state !== "failed") return;
    if (!this.#connection.currentRemoteDescription) return this.#ends.failed("connection");
    this.#become("lost");
    this.#lostAt ??= Date.now();
    const { own, theirs } = PATIENCE;
    this.#restartSoon(state === "failed" && this.#ends.own ? 0 : this.#ends.own ? own : theirs);
  }

  /** The device is in another network, perhaps: ways that were found from the last one are worth nothing. */
  readonly #moved = (): void => {
    if (!this.#connection.currentRemoteDescription) return;
    this.#restartSoon(this.#ends.own ? 0 : PATIENCE.own);
  };

  #restartSoon(wait: number): void {
    clearTimeout(this.#restarting);
    this.#restarting = setTimeout(() => this.#restart(), wait);
  }

  #restart(): void {
    if (this.#lostAt !== undefined && Date.now() - this.#lostAt > PATIENCE.over)
      return this.#ends.failed("connection");
    this.#step(async () => {
      const connection = this.#connection;
      if (this.#asking || connection.signalingState === "have-local-offer") {
        this.#say({ kind: "rollback" });
        if (this.#asking) this.#ends.refused("failed");
        await this.#rollback();
      }
      if (connection.signalingState !== "stable") return;
      const offer = await connection.createOffer({ iceRestart: true });
      try {
        await this.#ends.say({ kind: "offer", sdp: offer.sdp ?? "" });
        await connection.setLocalDescription(offer);
      } catch {
        // There is no way to say it yet.
        this.#restartSoon(PATIENCE.own);
      }
    });
    if (this.#lostAt !== undefined) this.#restartSoon(PATIENCE.again);
  }

  #become(line: Line): void {
    if (line === this.line) return;
    this.line = line;
    this.#ends.changed();
  }

  /** How much of what they sent came since the last look. */
  async #look(): Promise<void> {
    if (this.#connection.connectionState !== "connected") return;
    let lost = 0;
    let got = 0;
    let slow = false;
    for (const report of (await this.#connection.getStats()).values()) {
      if (report.type === "inbound-rtp") {
        lost += report.packetsLost ?? 0;
        got += report.packetsReceived ?? 0;
      } else if (report.type === "remote-inbound-rtp") slow ||= (report.roundTripTime ?? 0) > SLOW;
    }
    const gone = lost - this.#before.lost;
    const all = gone + got - this.#before.got;
    this.#before = { lost, got };
    if (this.line !== "lost") this.#become(slow || (all > 0 && gone / all > LOSSY) ? "weak" : "good");
  }

  close(): void {
    clearInterval(this.#looking);
    clearTimeout(this.#restarting);
    window.removeEventListener("online", this.#moved);
    this.#connection.onicecandidate = null;
    this.#connection.onconnectionstatechange = null;
    this.#connection.close();
  }
}
