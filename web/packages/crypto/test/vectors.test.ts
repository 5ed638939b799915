/** What earlier versions wrote has to be read for good. `make-vectors.ts` made the file, once. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { BackupReader, keyFromCode, unwrapArchiveKey } from "../src/backup.ts";
import { fromBase64, fromUtf8 } from "../src/bytes.ts";
import { fromXml } from "../src/elements.ts";
import { openEngineWith } from "../src/engine.ts";
import { nobleCurve } from "../src/keys.ts";
import { fromAesgcm, type MediaKey, openMedia } from "../src/media.ts";
import { MemoryStorage } from "../src/memory.ts";
import { type Keyed, safetyNumber } from "../src/trust.ts";
import { bodyOf } from "./people.ts";

interface Vectors {
  readonly conversations: readonly {
    readonly protocol: string;
    readonly now: number;
    readonly jid: string;
    readonly from: string;
    readonly fingerprint: string;
    readonly records: Readonly<Record<string, string>>;
    readonly messages: readonly { readonly text: string; readonly elements: readonly string[] }[];
  }[];
  readonly backup: { readonly code: string; readonly container: string; readonly content: string };
  readonly media: { readonly link: string; readonly sealed: string; readonly content: string };
  readonly safetyNumber: {
    readonly people: readonly [Person, Person];
    readonly digits: string;
  };
}

interface Person {
  readonly jid: string;
  readonly keys: readonly Keyed[];
}

const vectors = JSON.parse(readFileSync(new URL("./vectors.json", import.meta.url), "utf8")) as Vectors;
const bytes = (text: string) => fromBase64(text, 1 << 20) as Uint8Array;

describe.each(vectors.conversations)("$protocol", ({ now, jid, from, fingerprint, records, messages }) => {
  test("a device's records and the messages sealed to it", async () => {
    const storage = new MemoryStorage();
    for (const [key, value] of Object.entries(records)) storage.records.set(key, bytes(value));
    const engine = await openEngineWith(nobleCurve, { jid, storage, now: () => now }, storage.commit);
    expect(engine.fingerprint).toBe(fingerprint);
    for (const { text, elements } of messages) {
      expect(bodyOf(await engine.decrypt({ from, elements: elements.map(fromXml) }, storage.commit))).toBe(
        text,
      );
    }
  });
});

test("a backup by its code", async () => {
  const { code, container, content } = vectors.backup;
  const reader = await BackupReader.begin([bytes(container)]);
  const key = await unwrapArchiveKey(reader.wrappings, "code", keyFromCode(code) as Uint8Array);
  for await (const part of reader.read(key)) expect(fromUtf8(part)).toBe(content);
});

test("a file by its link", async () => {
  const { link, sealed, content } = vectors.media;
  expect(fromUtf8((await openMedia(fromAesgcm(link) as MediaKey, bytes(sealed))) as Uint8Array)).toBe(
    content,
  );
});

test("a safety number", () => {
  const { people, digits } = vectors.safetyNumber;
  expect(safetyNumber(people[0], people[1]).digits).toBe(digits);
});
