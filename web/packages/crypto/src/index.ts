export * from "./api.ts";
export { openEngine } from "./engine.ts";
