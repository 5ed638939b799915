import { fromBase64, toBase64, utf8 } from "@plauder/protocol/bytes";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LinkOffer } from "../api.ts";
import { memoryStore } from "../testing/store.ts";
import type { Household } from "./household.ts";
import { Linking } from "./linking.ts";

const PLACE = "0123456789abcdef".repeat(2);
const SECRET = toBase64(new Uint8Array(32).fill(7)).replaceAll("/", "_").replaceAll("=", "");

describe("a code that was scanned", () => {
  const read = (text: string) => new Linking({} as Household).read(text);

  it("names the meeting and the device", () => {
    const offer = read(`plauder-link:${PLACE}.${SECRET}.Caf%C3%A9`);
    expect(offer).toMatchObject({ place: PLACE, deviceName: "Café" });
    expect(read(`plauder-link:${PLACE}.${SECRET}.${"x".repeat(5000)}`)?.deviceName).toHaveLength(100);
  });

  it.each([
    ["nothing", ""],
    ["a link", "https://evil.example/#plauder-link:"],
    ["another scheme", `plauder:${PLACE}.${SECRET}.x`],
    ["no secret", `plauder-link:${PLACE}`],
    ["a short secret", `plauder-link:${PLACE}.${SECRET.slice(0, 20)}.x`],
    ["a secret of other letters", `plauder-link:${PLACE}.${"!".repeat(43)}.x`],
    ["a place that leads elsewhere", `plauder-link:../../account?x=${PLACE}.${SECRET}.x`],
    ["a name that is none", `plauder-link:${PLACE}.${SECRET}.%E0%A4%A`],
    ["a lot", `plauder-link:${"0".repeat(1_000_000)}`],
  ])("is refused when it is %s", (_, text) => {
    expect(read(text)).toBeUndefined();
  });
});

describe("a note at the meeting place", () => {
  let offer: LinkOffer | undefined;
  let notes: Map<string, string>;
  let accepted: unknown[];
  let stop: () => void;

  beforeEach(async () => {
    vi.useFakeTimers();
    notes = new Map();
    accepted = [];
    const store = await memoryStore();
    const api = {
      call: async (_method: string, path: string) => {
        const note = notes.get(path);
        if (note === undefined) throw new Error("not there");
        return { note };
      },
      acceptLink: async (token: unknown) => {
        accepted.push(token);
        return {};
      },
    };
    const household = { around: { api }, store, signIn: async () => undefined } as unknown as Household;
    const live = new Linking(household).offer("Laptop");
    stop = live.subscribe(() => {
      offer = live.get();
    });
    offer = live.get();
  });

  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  /** Left at the place of the code that is shown, sealed under its secret unless told otherwise. */
  async function leave(plain: unknown, spoil: (sealed: Uint8Array) => Uint8Array = (sealed) => sealed) {
    const [place = "", secret = ""] = offer?.qr.slice("plauder-link:".length).split(".") ?? [];
    const raw = fromBase64(secret.replaceAll("-", "+").replaceAll("_", "/"));
    const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt"]);
    const iv = new Uint8Array(12);
    const how = { name: "AES-GCM", iv, additionalData: utf8(place) };
    const text = typeof plain === "string" ? plain : JSON.stringify(plain);
    const sealed = new Uint8Array(await crypto.subtle.encrypt(how, key, utf8(text)));
    notes.set(`/meetings/${place}`, toBase64(spoil(Uint8Array.from([...iv, ...sealed]))));
    await vi.advanceTimersByTimeAsync(2500);
    await vi.waitFor(() => expect(offer?.state !== "waiting" || !offer.qr.includes(place)).toBe(true));
  }

  it("lets the device in, with or without a history", async () => {
    await leave({ token: "t" });
    expect([offer?.state, accepted]).toEqual(["done", ["t"]]);
  });

  it("waits for the history that was promised", async () => {
    await leave({ token: "t", history: "mark" });
    expect([offer?.state, accepted]).toEqual(["receiving", ["t"]]);
  });

  it.each<[string, unknown, ((sealed: Uint8Array) => Uint8Array)?]>([
    [
      "was changed on the way",
      { token: "t" },
      (sealed) => sealed.map((byte, at) => (at === 20 ? byte ^ 1 : byte)),
    ],
    ["was cut off", { token: "t" }, (sealed) => sealed.slice(0, -4)],
    ["is empty", { token: "t" }, () => new Uint8Array()],
    ["is huge", { token: "t" }, () => new Uint8Array(2_000_000)],
    ["is no JSON", "{"],
    ["has no token", {}],
    ["has a token of another kind", { token: { toString: "x" } }],
  ])("is not followed when it %s: a new code is shown", async (_, plain, spoil) => {
    const before = offer?.qr;
    await leave(plain, spoil);
    expect(offer).toMatchObject({ state: "waiting" });
    expect(offer?.qr).not.toBe(before);
    expect(accepted).toEqual([]);
  });
});
