/** Entry of the Worker: `new Worker(new URL("…/worker.ts", import.meta.url), { type: "module" })`. */

import { serveEngine } from "./remote.ts";
import type { Port } from "./rpc.ts";

serveEngine(globalThis as unknown as Port);
