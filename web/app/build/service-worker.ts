/** Builds the service worker to `/sw.js` with the list of files it keeps for offline use. */

import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { build, type Plugin, type ResolvedConfig } from "vite";

/** Kept when first used: emoji names of five languages, reading of QR codes, catalogues. */
const LATER = /\/(?:compact|jsQR|de|es|hi|pt-BR)-[\w-]{8}\.js$/u;

export function serviceWorker(entry: string): Plugin {
  let config: ResolvedConfig;
  return {
    name: "plauder-service-worker",
    apply: "build",
    configResolved(resolved) {
      config = resolved;
    },
    async writeBundle(_options, bundle) {
      const built = Object.keys(bundle)
        .filter(
          (name) =>
            !name.startsWith(".") && name !== "index.html" && !name.endsWith(".map") && !LATER.test(name),
        )
        .map((name) => `/${name}`);
      const fixed = readdirSync(config.publicDir).map((name) => `/${name}`);
      const shell = [...built, ...fixed, "/"].sort();
      const version = createHash("sha256").update(shell.join("\n")).digest("hex").slice(0, 12);
      await build({
        configFile: false,
        logLevel: "error",
        define: { __SHELL__: JSON.stringify(shell), __VERSION__: JSON.stringify(version) },
        build: {
          outDir: `${config.root}/${config.build.outDir}`,
          emptyOutDir: false,
          copyPublicDir: false,
          target: "es2023",
          rolldownOptions: { input: entry, output: { entryFileNames: "sw.js", format: "es" } },
        },
      });
    },
  };
}
