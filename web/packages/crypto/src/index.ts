export * from "./api.ts";
export { newAtRestKey, SealedStorage } from "./at-rest.ts";
export { openEngine } from "./engine.ts";
export { MemoryStorage } from "./memory.ts";
export { connectEngine, engineLock } from "./remote.ts";
