import { beforeEach, describe, expect, it } from "vitest";
import { memoryStore } from "../testing/store.ts";
import { MIGRATIONS, migrate } from "./schema.ts";
import { openMemory, StoreError } from "./sql.ts";
import type { Store } from "./store.ts";
import { MemoryKeyStore, Vault } from "./vault.ts";

let store: Store;

beforeEach(async () => {
  store = await memoryStore();
});

const put = (id: string, text: string) =>
  store.sql.run(
    "INSERT INTO message (id, chat, sender, own, at, stanza_id, kind, content, text) VALUES (?, 'c', 's', 0, 1, ?, 'text', '{}', ?)",
    id,
    id,
    text,
  );
const found = (query: string) =>
  store.sql.all<{ rowid: number }>("SELECT rowid FROM message_text WHERE message_text MATCH ?", query).length;

describe("the store", () => {
  it("undoes a whole transaction when a part fails, and keeps quiet about it", async () => {
    let heard = 0;
    store.watch(["messages:c"], () => {
      heard += 1;
    });
    expect(() =>
      store.write(() => {
        put("1", "a");
        store.touch("messages:c");
        put("1", "again");
      }),
    ).toThrow(StoreError);
    await Promise.resolve();
    expect(store.sql.value("SELECT count(*) FROM message")).toBe(0);
    expect(heard).toBe(0);
  });

  it("undoes a part of a transaction alone", () => {
    store.write(() => {
      put("1", "a");
      expect(() =>
        store.sql.part(() => {
          put("2", "b");
          throw new Error("no sense");
        }),
      ).toThrow("no sense");
      store.sql.part(() => put("3", "c"));
    });
    expect(store.sql.all("SELECT id FROM message ORDER BY id")).toEqual([{ id: "1" }, { id: "3" }]);
  });

  it("does at the end, once, what was gathered; nothing of a transaction or part that failed", () => {
    const done: (readonly string[])[] = [];
    const gather = (item: string) => store.gather("k", item, (items: readonly string[]) => done.push(items));
    store.write(() => {
      gather("a");
      store.write(() => gather("b"));
      expect(() =>
        store.part(() => {
          gather("lost");
          throw new Error("no sense");
        }),
      ).toThrow("no sense");
      expect(done).toEqual([]);
    });
    expect(done).toEqual([["a", "b"]]);
    const failing = () =>
      store.write(() => {
        gather("lost too");
        throw new Error("no");
      });
    expect(failing).toThrow("no");
    gather("at once");
    expect(done).toEqual([["a", "b"], ["at once"]]);
  });

  it.each([
    ["a small number", 7],
    ["a time in milliseconds", 1_763_820_000_000],
    ["a negative number", -(2 ** 31) - 1],
    ["the largest exact number", Number.MAX_SAFE_INTEGER],
    ["more than that", 2n ** 62n + 1n],
    ["a fraction", 0.1],
    ["for ever", Number.POSITIVE_INFINITY],
    ["nothing", null],
    ["no text", ""],
    ["text beyond the first plane", "नमस्ते 👋\u0000 olá"],
    ["a long text", "ß".repeat(300_000)],
    ["bytes", Uint8Array.of(0, 255, 1)],
    ["no bytes", new Uint8Array()],
  ])("gives back %s as it was", (_what, value) => {
    expect(store.sql.value("SELECT ?", value)).toEqual(value);
    expect(store.sql.get("SELECT ? AS a, ? AS b", value, 1)).toEqual({ a: value, b: 1 });
  });

  it.each([
    ["SQLITE_FULL: database or disk is full", { full: true, damaged: false }],
    ["SQLITE_IOERR: disk I/O error", { full: true, damaged: false }],
    ["QuotaExceededError: no room", { full: true, damaged: false }],
    ["SQLITE_CORRUPT: database disk image is malformed", { full: false, damaged: true }],
    ["SQLITE_NOTADB: file is not a database", { full: false, damaged: true }],
    ["SQLITE_BUSY: database is locked", { full: false, damaged: false }],
  ])("tells from %s what can be done", (said, kind) => {
    expect(new StoreError(said, { cause: undefined })).toMatchObject(kind);
  });

  it("writes nothing of a transaction that SQLite has undone by itself, whoever goes on in it", () => {
    store.setSetting("before", 1);
    const undo = () => store.sql.exec("INSERT OR ROLLBACK INTO setting VALUES ('before', '2')");
    const write = () =>
      store.write(() => {
        store.setSetting("half", 1);
        expect(() => store.part(undo)).toThrow("UNIQUE");
        store.setSetting("other half", 1);
      });
    expect(write).toThrow("UNIQUE");
    expect(store.sql.all("SELECT key FROM setting")).toEqual([{ key: "before" }]);
    store.setSetting("after", 1);
    expect(store.setting("after")).toBe(1);
  });

  it("forgets what was bound before, and says what SQLite said", () => {
    expect(store.sql.all("SELECT ?1 AS a, ?2 AS b", 1, 2)).toEqual([{ a: 1, b: 2 }]);
    expect(store.sql.all("SELECT ?1 AS a, ?2 AS b", 1)).toEqual([{ a: 1, b: null }]);
    expect(() => store.sql.run("INSERT INTO person (jid) VALUES (NULL)")).toThrow(
      /SQLITE_CONSTRAINT.*person.jid/,
    );
    expect(() => store.sql.run("SELECT 1", 1)).toThrow(/SQLITE_RANGE/);
  });

  it("tells each listener once per transaction", async () => {
    let heard = 0;
    const stop = store.watch(["a", "b"], () => {
      heard += 1;
    });
    store.write(() => store.touch("a", "b", "c"));
    await Promise.resolve();
    expect(heard).toBe(1);
    stop();
    store.touch("a");
    await Promise.resolve();
    expect(heard).toBe(1);
  });

  it("finds words whatever their accents and case, and forgets them with the message", () => {
    put("1", "Amanhã na praia");
    expect(found("amanha")).toBe(1);
    store.sql.run("UPDATE message SET text = 'Hoje' WHERE id = '1'");
    expect([found("praia"), found("hoje")]).toEqual([0, 1]);
    store.sql.run("DELETE FROM message");
    expect(found("hoje")).toBe(0);
  });

  it("keeps settings, and secrets only sealed", async () => {
    store.setSetting("k", { a: 1 });
    expect(store.setting("k")).toEqual({ a: 1 });
    store.setSetting("k", undefined);
    expect(store.setting("k")).toBeUndefined();
    await store.setSecret("login", { password: "hunter2" });
    const record = store.sql.value<Uint8Array>("SELECT value FROM secret") as Uint8Array;
    expect(new TextDecoder().decode(record)).not.toContain("hunter2");
    expect(await store.secret("login")).toEqual({ password: "hunter2" });
    expect(await store.secret("none")).toBeUndefined();
  });

  it("finds the words of older messages after the index was made anew", async () => {
    const sql = await openMemory();
    for (const migration of MIGRATIONS.slice(0, 3)) sql.exec(migration);
    sql.exec("PRAGMA user_version=3");
    sql.exec(
      `INSERT INTO message (id, chat, sender, own, at, stanza_id, kind, content, text)
       VALUES ('1', 'c', 's', 0, 1, '1', 'text', '{}', 'हिन्दी में')`,
    );
    migrate(sql);
    const find = (query: string) =>
      sql.value("SELECT count(*) FROM message_text WHERE message_text MATCH ?", query);
    // One word now; the index before knew its consonants alone, and found it by any that begins alike.
    expect([find('"हिन्दी"'), find('"ह"'), find('"न"')]).toEqual([1, 0, 0]);
    sql.exec("DELETE FROM message");
    expect(find('"हिन्दी"')).toBe(0);
  });

  it("refuses a store of a newer app", async () => {
    const sql = await openMemory();
    sql.exec(`PRAGMA user_version=${MIGRATIONS.length + 1}`);
    expect(() => migrate(sql)).toThrow("newer");
  });
});

describe("the vault", () => {
  it("opens what it sealed, in its place alone, and only with its key", async () => {
    const keys = new MemoryKeyStore();
    const vault = await Vault.open(keys);
    const record = await vault.seal("a", new Uint8Array([1, 2, 3]));
    expect(await (await Vault.open(keys)).open("a", record)).toEqual(new Uint8Array([1, 2, 3]));
    await expect(vault.open("b", record)).rejects.toThrow();
    await expect((await Vault.open(new MemoryKeyStore())).open("a", record)).rejects.toThrow();
    record[20] = (record[20] as number) ^ 1;
    await expect(vault.open("a", record)).rejects.toThrow();
    expect((await keys.load())?.extractable).toBe(false);
  });
});
