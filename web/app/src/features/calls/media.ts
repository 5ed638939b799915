/** One end of a call's media: microphone and camera into an `RTCPeerConnection`, what it says to the other end, and back. */
import type { CallSignal, RelayServer } from "@plauder/client/api";

/** How the line is, in words a person understands. */
export type Line = "good" | "weak" | "lost";

export interface Ends {
  /** For the other end. */
  say(signal: CallSignal): void;
  /** Media flows. */
  connected(): void;
  /** No way to the other end, or none any more. */
  failed(why: "media" | "connection"): void;
  /** Something to show changed. */
  changed(): void;
}

const LOOKS = 3000;
/** Share of packets lost, and seconds there and back, from which people notice. */
const LOSSY = 0.05;
const SLOW = 0.5;

/** Ask for microphone (and camera). Rejects with a `DOMException` that says who refused. */
export function capture(video: boolean, facing: "user" | "environment" = "user"): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    video: video && { facingMode: facing, width: { ideal: 1280 }, height: { ideal: 720 } },
  });
}

export class CallMedia {
  readonly remote = new MediaStream();
  line: Line = "good";
  readonly #ends: Ends;
  readonly #connection: RTCPeerConnection;
  readonly #local: MediaStream;
  readonly #looking: ReturnType<typeof setInterval>;
  #taken = 0;
  /** One step after the other: a description must be in place before its candidates. */
  #steps: Promise<void> = Promise.resolve();
  #before = { lost: 0, got: 0 };

  constructor(local: MediaStream, relays: readonly RelayServer[], ends: Ends) {
    this.#ends = ends;
    this.#local = local;
    const connection = new RTCPeerConnection({ iceServers: [...relays], bundlePolicy: "max-bundle" });
    this.#connection = connection;
    connection.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate && candidate.sdpMid !== null)
        ends.say({
          kind: "candidate",
          mid: candidate.sdpMid,
          line: candidate.candidate,
          ...(candidate.usernameFragment && { ufrag: candidate.usernameFragment }),
        });
    };
    connection.ontrack = ({ track }) => {
      this.remote.addTrack(track);
      ends.changed();
    };
    connection.onconnectionstatechange = () => this.#state(connection.connectionState);
    this.#looking = setInterval(() => void this.#look(), LOOKS);
  }

  /** The caller begins. */
  offer(): void {
    this.#step(async () => {
      this.#addLocal();
      const offer = await this.#connection.createOffer();
      this.#ends.say({ kind: "offer", sdp: offer.sdp ?? "" });
      await this.#connection.setLocalDescription(offer);
    });
  }

  /** Everything the other end said so far; what was taken before is left out. */
  take(signals: readonly CallSignal[]): void {
    const fresh = signals.slice(this.#taken);
    this.#taken = signals.length;
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
    await connection.setRemoteDescription({ type: signal.kind, sdp: signal.sdp });
    if (signal.kind === "answer") return;
    this.#addLocal();
    const answer = await connection.createAnswer();
    this.#ends.say({ kind: "answer", sdp: answer.sdp ?? "" });
    await connection.setLocalDescription(answer);
  }

  #addLocal(): void {
    for (const track of this.#local.getTracks()) this.#connection.addTrack(track, this.#local);
  }

  #step(work: () => Promise<void>): void {
    this.#steps = this.#steps.then(work).catch((error: unknown) => {
      if (this.#connection.signalingState === "closed") return;
      console.error("the call’s media", error);
      this.#ends.failed("media");
    });
  }

  #state(state: RTCPeerConnectionState): void {
    if (state === "failed") return this.#ends.failed("connection");
    if (state === "connected") this.#ends.connected();
    this.#become(state === "disconnected" ? "lost" : "good");
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

  /** The other camera of a phone takes over. */
  async replaceVideo(track: MediaStreamTrack): Promise<void> {
    const sender = this.#connection.getSenders().find((one) => one.track?.kind === "video");
    await sender?.replaceTrack(track);
  }

  close(): void {
    clearInterval(this.#looking);
    this.#connection.onicecandidate = null;
    this.#connection.onconnectionstatechange = null;
    this.#connection.close();
  }
}
