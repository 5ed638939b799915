import { fileURLToPath } from "node:url";
import { lingui } from "@lingui/vite-plugin";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { integrity } from "./build/integrity.ts";
import { serviceWorker } from "./build/service-worker.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** `--mode fake` builds the app around the demo world in memory: for browser tests, never shipped. */
export default defineConfig(({ mode }) => ({
  root: here("."),
  plugins: [
    lingui({ macroTransform: true, failOnMissing: mode === "production", cwd: here(".") }),
    react(),
    tailwindcss(),
    serviceWorker(here("src/worker/service-worker.ts")),
    integrity(),
  ],
  resolve: {
    alias: {
      "#connect": here(mode === "fake" ? "src/app/connect-fake.ts" : "src/app/connect.ts"),
      // The page never scrolls as a whole, so dialogs need no scroll lock, and a strict CSP forbids the style
      // element that this package would insert.
      "react-remove-scroll": here("src/ui/remove-scroll.tsx"),
    },
  },
  build: {
    outDir: mode === "fake" ? "../dist-fake" : "../dist",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
  },
  worker: { format: "es" },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
}));
