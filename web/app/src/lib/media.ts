/** Object URLs of attachments, shared and forgotten when nobody shows them. */

import type { MessageView } from "@plauder/client/api";
import { useEffect, useState } from "react";
import { useClient } from "./client.ts";

/** `undefined` until the bytes are here; fetched only when `wanted`. */
export function useMediaUrl(message: MessageView, wanted: boolean): string | undefined {
  const client = useClient();
  const [url, setUrl] = useState<string>();
  const id = "media" in message.content ? message.content.media.id : "";
  // biome-ignore lint/correctness/useExhaustiveDependencies: the attachment is the same as long as its id is
  useEffect(() => {
    if (!wanted || !id) return;
    let gone = false;
    let made: string | undefined;
    client.media
      .open(message)
      .then((blob) => {
        if (gone) return;
        made = URL.createObjectURL(blob as Blob);
        setUrl(made);
      })
      .catch(() => {
        // The message's own `transfer` says what went wrong.
      });
    return () => {
      gone = true;
      if (made) URL.revokeObjectURL(made);
      setUrl(undefined);
    };
  }, [client, id, wanted]);
  return url;
}

/** Saves an attachment under its own name. */
export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
