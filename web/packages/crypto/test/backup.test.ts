import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as backup from "../src/backup.ts";
import { concat, randomBytes, toHex } from "../src/bytes.ts";

const archiveKey = backup.newArchiveKey();
const code = backup.newBackupCode();
const codeKey = backup.keyFromCode(code) as Uint8Array;
const wrapping = await backup.wrapArchiveKey("code", codeKey, archiveKey);
const content = Uint8Array.from({ length: 200_000 }, (_, at) => at ^ (at >> 8));

async function sealed(plain: Iterable<Uint8Array>, wrappings = [wrapping]): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of backup.sealBackup(archiveKey, wrappings, plain)) parts.push(part);
  return concat(...parts);
}

async function opened(container: Iterable<Uint8Array>, key = archiveKey): Promise<Uint8Array> {
  const reader = await backup.BackupReader.begin(container);
  const parts: Uint8Array[] = [];
  for await (const part of reader.read(key)) parts.push(part);
  return concat(...parts);
}

async function reason(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: unknown) => (error instanceof backup.BackupUnreadable ? error.reason : String(error)),
  );
}

test("a code has 64 digits in 16 groups, each another", () => {
  expect(code).toMatch(/^(\d{4} ){15}\d{4}$/);
  expect(backup.newBackupCode()).not.toBe(code);
  expect(backup.keyFromCode(code.replaceAll(" ", "-"))).toEqual(codeKey);
});

test.each(["", "1234", "x".repeat(64), "1".repeat(63), "1".repeat(65), "１".repeat(64)])(
  "%j is no code",
  (text) => {
    expect(backup.keyFromCode(text)).toBeUndefined();
  },
);

test("code, password and passkey each open the same archive, and only theirs", async () => {
  const passwordKey = backup.keyFromExportKey(randomBytes(64));
  const passkeyKey = backup.keyFromPasskey(randomBytes(32));
  const all = [
    wrapping,
    await backup.wrapArchiveKey("password", passwordKey, archiveKey),
    await backup.wrapArchiveKey("passkey", passkeyKey, archiveKey),
  ];
  const { wrappings } = await backup.BackupReader.begin([await sealed([content], all)]);
  expect(wrappings.map(({ kind }) => kind)).toEqual(["code", "password", "passkey"]);
  expect(await backup.unwrapArchiveKey(wrappings, "code", codeKey)).toEqual(archiveKey);
  expect(await backup.unwrapArchiveKey(wrappings, "password", passwordKey)).toEqual(archiveKey);
  expect(await backup.unwrapArchiveKey(wrappings, "passkey", passkeyKey)).toEqual(archiveKey);
  expect(await reason(backup.unwrapArchiveKey(wrappings, "code", passwordKey))).toBe("wrong-key");
  expect(await reason(backup.unwrapArchiveKey([wrapping], "password", passwordKey))).toBe("wrong-key");
  expect(() => backup.keyFromExportKey(new Uint8Array(8))).toThrow(RangeError);
  expect(() => backup.keyFromPasskey(new Uint8Array(8))).toThrow(RangeError);
});

test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])(
  "%d bytes there and back, in any pieces",
  async (length) => {
    const plain = content.subarray(0, length);
    const container = await sealed([plain.subarray(0, 10), plain.subarray(10)]);
    expect(toHex(await opened([container])) === toHex(plain)).toBe(true);
    const pieces = Array.from({ length: Math.ceil(container.length / 999) }, (_, at) =>
      container.subarray(at * 999, at * 999 + 999),
    );
    expect(toHex(await opened(pieces)) === toHex(plain)).toBe(true);
  },
);

describe("damage is found", async () => {
  const container = await sealed([content]);
  const header = 5 + 32 + 1 + 61;
  const chunk = 65_536 + 16;

  test("wherever a bit was flipped", async () => {
    for (const at of [0, 4, 6, 40, header, header + 70_000, container.length - 1]) {
      const wrong = Uint8Array.from(container);
      wrong[at] = (wrong[at] as number) ^ 1;
      expect(["damaged", "newer-version"]).toContain(await reason(opened([wrong])));
    }
  });

  test("cut at any chunk, or in the header", async () => {
    for (const length of [
      0,
      3,
      20,
      header - 1,
      header,
      header + chunk,
      header + 2 * chunk,
      container.length - 1,
    ]) {
      expect(await reason(opened([container.subarray(0, length)]))).toBe("damaged");
    }
  });

  test("lengthened, reordered, repeated", async () => {
    const part = (at: number) => container.subarray(header + at * chunk, header + (at + 1) * chunk);
    expect(await reason(opened([container, randomBytes(20)]))).toBe("damaged");
    expect(await reason(opened([container.subarray(0, header), part(1), part(0), part(2), part(3)]))).toBe(
      "damaged",
    );
    expect(await reason(opened([container.subarray(0, header), part(0), part(0), part(2), part(3)]))).toBe(
      "damaged",
    );
  });

  test("mixed with another archive of the same key", async () => {
    const other = await sealed([content]);
    expect(
      await reason(opened([container.subarray(0, header + chunk), other.subarray(header + chunk)])),
    ).toBe("damaged");
    expect(await reason(opened([other.subarray(0, header), container.subarray(header)]))).toBe("damaged");
  });

  test("and another key opens nothing", async () => {
    expect(await reason(opened([container], backup.newArchiveKey()))).toBe("damaged");
  });

  test("any bytes at all are refused in a typed way", async () => {
    const start = container.subarray(0, 5);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect(["damaged", "newer-version"]).toContain(await reason(opened([bytes])));
        expect(await reason(opened([start, bytes]))).toBe("damaged");
      }),
    );
  });
});

test("nothing is sealed for nobody", async () => {
  await expect(sealed([content], [])).rejects.toThrow(RangeError);
});
