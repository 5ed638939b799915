/** A chat as a text file: one line a message, files by their names. */

import type { MessageView } from "@plauder/client/api";
import type { Format } from "./format.ts";
import type { Wording } from "./wording.ts";

export function transcript(messages: readonly MessageView[], format: Format, wording: Wording): string {
  return messages
    .map((message) => {
      const { at, content, sender } = message;
      const when = `${format.fullDate(at)}, ${format.exact(at)}`;
      const said = wording.content(content);
      if (content.kind === "system") return `${when} – ${said}\n`;
      const file = "media" in content && content.kind !== "file" ? ` <${content.media.name}>` : "";
      return `${when} – ${sender.name}: ${said}${file}\n`;
    })
    .join("");
}

/** What file systems take: no slashes, no control characters. */
export function fileName(name: string): string {
  return `${name.replace(/[\p{C}/\\:*?"<>|]+/gu, " ").trim() || "chat"}.txt`;
}
