import { describe, expect, it } from "vitest";
import { whatIsLacking } from "./CannotRun.tsx";

const WHOLE = {
  isSecureContext: true,
  navigator: { locks: {}, storage: { getDirectory: () => undefined } },
  crypto: { subtle: {} },
  BroadcastChannel: class {},
  WebAssembly: {},
};
const browser = (less: object) => ({ ...WHOLE, ...less }) as unknown as typeof globalThis;

describe("what the app cannot do without", () => {
  it("is there in a current browser on a secure page", () => {
    expect(whatIsLacking(browser({}))).toBeUndefined();
  });

  it("asks for https first", () => {
    expect(whatIsLacking(browser({ isSecureContext: false, crypto: {} }))).toBe("secure-connection");
  });

  it.each([
    { navigator: { storage: WHOLE.navigator.storage } },
    { navigator: { locks: {} } },
    { crypto: {} },
    { BroadcastChannel: undefined },
    { WebAssembly: undefined },
  ])("misses %j", (less) => {
    expect(whatIsLacking(browser(less))).toBe("newer-browser");
  });
});
