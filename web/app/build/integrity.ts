/** Writes `integrity.json`: the SHA-384 of every file of the build, and puts it on the entry's tags. */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Plugin, ResolvedConfig } from "vite";

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const sri = (path: string): string =>
  `sha384-${createHash("sha384").update(readFileSync(path)).digest("base64")}`;

export function integrity(): Plugin {
  let config: ResolvedConfig;
  return {
    name: "plauder-integrity",
    apply: "build",
    configResolved(resolved) {
      config = resolved;
    },
    closeBundle: {
      order: "post",
      handler() {
        const folder = join(config.root, config.build.outDir);
        const index = join(folder, "index.html");
        if (!existsSync(index)) return; // the build failed, and has said why
        const html = readFileSync(index, "utf8").replace(
          /<(script|link)\b([^>]*?)\b(src|href)="(\/[^"]+\.(?:js|css))"([^>]*)>/gu,
          (_all, tag, before, attribute, path, after) =>
            `<${tag}${before}${attribute}="${path}" integrity="${sri(join(folder, path))}"${after}>`,
        );
        writeFileSync(index, html);
        const hashes = Object.fromEntries(
          files(folder)
            .map((path) => [`/${relative(folder, path)}`, sri(path)] as const)
            .filter(([path]) => path !== "/integrity.json" && !path.startsWith("/."))
            .sort(([a], [b]) => a.localeCompare(b)),
        );
        writeFileSync(join(folder, "integrity.json"), `${JSON.stringify(hashes, null, 1)}\n`);
      },
    },
  };
}
