/**
 * One voice note plays at a time, wherever it stands in the chat. Its place is kept when another is played in between, and when
 * it ends, the one right after it follows.
 */
import type { MessageView, PlauderClient } from "@plauder/client/api";
import { useSyncExternalStore } from "react";

export const SPEEDS = [1, 1.5, 2] as const;
export type Speed = (typeof SPEEDS)[number];

export interface Playback {
  readonly state: "still" | "loading" | "playing" | "failed";
  /** Seconds. */
  readonly at: number;
  /** As the file says; 0: not known. */
  readonly length: number;
}

interface Order {
  readonly client: PlauderClient;
  readonly message: MessageView;
  /** Called when it begins. */
  readonly heard: (message: MessageView) => void;
  /** What follows when it is through. */
  readonly next: (message: MessageView) => MessageView | undefined;
}

const STILL: Playback = { state: "still", at: 0, length: 0 };

class Player {
  readonly #known = new Map<string, Playback>();
  readonly #listeners = new Set<() => void>();
  readonly #audio: HTMLAudioElement;
  #order: Order | undefined;
  #url: string | undefined;
  #speed: Speed = 1;

  constructor(audio: HTMLAudioElement) {
    this.#audio = audio;
    audio.onplay = () => this.#set({ state: "playing" });
    // Events come late: this one may be about the note before.
    audio.onpause = () => audio.paused && this.#still();
    audio.ontimeupdate = () => this.#set({ at: audio.currentTime });
    audio.onloadedmetadata = () => Number.isFinite(audio.duration) && this.#set({ length: audio.duration });
    audio.onerror = () => this.#set({ state: "failed" });
    audio.onended = () => this.#ended();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  of(id: string): Playback {
    return this.#known.get(id) ?? STILL;
  }

  get speed(): Speed {
    return this.#speed;
  }

  /** For all that are played from now on. */
  faster(): void {
    this.#speed = SPEEDS[(SPEEDS.indexOf(this.#speed) + 1) % SPEEDS.length] ?? 1;
    this.#audio.playbackRate = this.#speed;
    this.#tell();
  }

  /** Play, pause, or go on. */
  toggle(order: Order): void {
    const isCurrent = this.#order?.message.id === order.message.id && this.#url !== undefined;
    if (!isCurrent) void this.#begin(order);
    else if (this.#audio.paused) void this.#play();
    else this.#audio.pause();
  }

  seek(id: string, at: number): void {
    this.#change(id, { at });
    if (this.#order?.message.id === id && this.#url) this.#audio.currentTime = at;
  }

  pause(): void {
    this.#audio.pause();
  }

  /** Nothing plays any more, and the bytes are let go. */
  stop(): void {
    this.#audio.pause();
    this.#still();
    this.#order = undefined;
    this.#audio.removeAttribute("src");
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = undefined;
  }

  async #begin(order: Order): Promise<void> {
    this.stop();
    this.#order = order;
    const { message, client } = order;
    this.#set({ state: "loading" });
    const blob = await client.media.open(message).catch(() => undefined);
    // Another one was chosen meanwhile, or the chat was left.
    if (this.#order !== order) return this.#change(message.id, { state: "still" });
    // What went wrong with the file, the message says itself.
    if (!blob) return this.#set({ state: "still" });
    this.#url = URL.createObjectURL(blob as Blob);
    this.#audio.src = this.#url;
    this.#audio.currentTime = this.of(message.id).at;
    order.heard(message);
    await this.#play();
  }

  async #play(): Promise<void> {
    this.#audio.playbackRate = this.#speed;
    try {
      await this.#audio.play();
    } catch (error) {
      // Paused or replaced before it began.
      if ((error as DOMException).name !== "AbortError") this.#set({ state: "failed" });
    }
  }

  #still(): void {
    const { id } = this.#order?.message ?? {};
    if (id !== undefined && this.of(id).state === "playing") this.#change(id, { state: "still" });
  }

  #ended(): void {
    const order = this.#order;
    this.#set({ state: "still", at: 0 });
    const message = order?.next(order.message);
    this.stop();
    if (order && message) void this.#begin({ ...order, message });
  }

  #set(change: Partial<Playback>): void {
    if (this.#order) this.#change(this.#order.message.id, change);
  }

  #change(id: string, change: Partial<Playback>): void {
    this.#known.set(id, { ...this.of(id), ...change });
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

export const player = new Player(new Audio());

export function usePlayback(id: string): Playback {
  return useSyncExternalStore(player.subscribe, () => player.of(id));
}

export function useSpeed(): Speed {
  return useSyncExternalStore(player.subscribe, () => player.speed);
}
