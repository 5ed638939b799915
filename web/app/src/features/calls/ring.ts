/** What a call sounds like before anybody speaks: made here, so that nothing has to be downloaded. */

interface Pattern {
  /** Hertz, sounded together. */
  readonly tones: readonly number[];
  /** Seconds of [from, to) in one turn, and how long a turn is. */
  readonly beats: readonly (readonly [number, number])[];
  readonly turn: number;
  readonly loud: number;
}

const RINGING: Pattern = {
  tones: [523.25, 659.25],
  beats: [
    [0, 0.4],
    [0.55, 0.95],
  ],
  turn: 2.6,
  loud: 0.12,
};
/** What a caller hears: ITU-T E.180 has 425 Hz, one second in five. */
const WAITING: Pattern = { tones: [425], beats: [[0, 1]], turn: 5, loud: 0.05 };
const RAMP = 0.03;

/** Sound until the returned function is called. A browser that wants a gesture first stays silent. */
export function ring(kind: "ringing" | "waiting"): () => void {
  if (typeof AudioContext === "undefined") return () => undefined;
  const pattern = kind === "ringing" ? RINGING : WAITING;
  const context = new AudioContext();
  const play = (): void => {
    const start = context.currentTime + 0.05;
    for (const [from, to] of pattern.beats)
      for (const tone of pattern.tones) beat(tone, start + from, start + to);
  };
  const beat = (tone: number, from: number, to: number): void => {
    const gain = context.createGain();
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(pattern.loud, from + RAMP);
    gain.gain.setValueAtTime(pattern.loud, to - RAMP);
    gain.gain.linearRampToValueAtTime(0, to);
    const oscillator = context.createOscillator();
    oscillator.frequency.value = tone;
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(from);
    oscillator.stop(to);
  };
  play();
  const timer = setInterval(play, pattern.turn * 1000);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}
