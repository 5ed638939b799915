/**
 * Writes `vectors.json`: a device's records and messages sealed to it, once, by the version of the day. Later versions
 * have to read them. Run it only to add something: `node test/make-vectors.ts`.
 */

import { writeFileSync } from "node:fs";
import type { XmlElement } from "../src/api.ts";
import {
  BackupReader,
  keyFromCode,
  newArchiveKey,
  newBackupCode,
  sealBackup,
  wrapArchiveKey,
} from "../src/backup.ts";
import { concat, toBase64, utf8 } from "../src/bytes.ts";
import { toXml } from "../src/elements.ts";
import { newMediaKey, sealMedia, toAesgcm } from "../src/media.ts";
import { safetyNumber } from "../src/trust.ts";
import { couple, PROTOCOLS } from "./people.ts";

async function conversation(protocol: (typeof PROTOCOLS)[number]): Promise<object> {
  const { ana, bruno, server } = await couple([protocol]);
  const before = new Map(bruno.storage.records);
  const messages: { text: string; elements: string[] }[] = [];
  const say = async (text: string): Promise<void> => {
    const { elements } = await ana.say(bruno.ref.jid, text);
    messages.push({ text, elements: elements.map((element: XmlElement) => toXml(element)) });
  };
  for (const text of ["oi", "tudo bem?", "ą 🦜 <&>", "four", "five"]) await say(text);
  const { elements } = await ana.say(bruno.ref.jid, "not kept");
  await bruno.engine.decrypt({ from: ana.ref.jid, elements }, bruno.commit);
  // Of the prekeys the one that was used is enough.
  const records = [...before].filter(
    ([key]) => !key.startsWith("prekey/") || !bruno.storage.records.has(key),
  );
  const order = [2, 0, 4, 1, 3];
  return {
    protocol,
    now: server.clock.now(),
    jid: bruno.ref.jid,
    from: ana.ref.jid,
    fingerprint: bruno.engine.fingerprint,
    records: Object.fromEntries(records.map(([key, value]) => [key, toBase64(value)])),
    messages: order.map((at) => messages[at]),
  };
}

async function backup(): Promise<object> {
  const code = newBackupCode();
  const archiveKey = newArchiveKey();
  const wrapping = await wrapArchiveKey("code", keyFromCode(code) as Uint8Array, archiveKey);
  const parts: Uint8Array[] = [];
  for await (const part of sealBackup(archiveKey, [wrapping], [utf8("a history")])) parts.push(part);
  await BackupReader.begin(parts);
  return { code, container: toBase64(concat(...parts)), content: "a history" };
}

async function media(): Promise<object> {
  const key = newMediaKey();
  const sealed = await sealMedia(key, utf8("a picture"));
  return {
    link: toAesgcm("https://up.example.org/a.jpg", key),
    sealed: toBase64(sealed),
    content: "a picture",
  };
}

const people = [
  {
    jid: "ana@example.org",
    keys: [
      { deviceId: 1, fingerprint: "01".repeat(32) },
      { deviceId: 2, fingerprint: "02".repeat(32) },
    ],
  },
  { jid: "bruno@example.org", keys: [{ deviceId: 3, fingerprint: "03".repeat(32) }] },
] as const;

const vectors = {
  conversations: await Promise.all(PROTOCOLS.map(conversation)),
  backup: await backup(),
  media: await media(),
  safetyNumber: { people, digits: safetyNumber(people[0], people[1]).digits },
};
writeFileSync(new URL("./vectors.json", import.meta.url), `${JSON.stringify(vectors, null, 2)}\n`);
