import { defineConfig } from "@lingui/cli";
import { formatter } from "@lingui/format-po";

export default defineConfig({
  sourceLocale: "en",
  locales: ["en", "de", "pt-BR", "es", "hi"],
  catalogs: [{ path: "<rootDir>/locales/{locale}", include: ["src"], exclude: ["**/*.test.*"] }],
  // Line numbers would change with every edit, and conflict with everybody's.
  format: formatter({ lineNumbers: false }),
});
