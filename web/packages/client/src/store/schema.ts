/**
 * The tables of this device, and how an older store becomes the present one.
 *
 * Times are epoch milliseconds; flags are 0 or 1; JSON where a value has a shape only its reader knows.
 */
import type { Sql } from "./sql.ts";

/** Each entry runs once, in order; never edit one that was released. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE secret (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE omemo (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

  CREATE TABLE person (
    jid TEXT PRIMARY KEY,
    roster_name TEXT, nick TEXT, card_name TEXT, about TEXT,
    kind TEXT NOT NULL DEFAULT 'person', hosted INTEGER NOT NULL DEFAULT 0,
    avatar_hash TEXT, is_contact INTEGER NOT NULL DEFAULT 0,
    subscription TEXT NOT NULL DEFAULT 'none', asking INTEGER NOT NULL DEFAULT 0,
    blocked INTEGER NOT NULL DEFAULT 0, last_seen INTEGER, card_at INTEGER, plain INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE TABLE avatar (hash TEXT PRIMARY KEY, type TEXT NOT NULL, data BLOB NOT NULL) WITHOUT ROWID;

  CREATE TABLE chat (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL DEFAULT 'person', name TEXT, about TEXT, avatar_hash TEXT,
    pinned INTEGER NOT NULL DEFAULT 0, archived INTEGER NOT NULL DEFAULT 0, muted_until REAL,
    marked_unread INTEGER NOT NULL DEFAULT 0, draft TEXT, timer INTEGER NOT NULL DEFAULT 0,
    read_up_to INTEGER NOT NULL DEFAULT 0, unread INTEGER NOT NULL DEFAULT 0, mentioned INTEGER NOT NULL DEFAULT 0,
    is_request INTEGER NOT NULL DEFAULT 0, last_seq INTEGER, last_at INTEGER, closed TEXT,
    room_nick TEXT, room_settings TEXT, created_at INTEGER, hidden INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE TABLE member (
    room TEXT NOT NULL, jid TEXT NOT NULL, affiliation TEXT NOT NULL, nick TEXT, PRIMARY KEY (room, jid)
  ) WITHOUT ROWID;

  CREATE TABLE message (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, chat TEXT NOT NULL, sender TEXT NOT NULL,
    own INTEGER NOT NULL, at INTEGER NOT NULL,
    stanza_id TEXT NOT NULL, room_id TEXT,
    kind TEXT NOT NULL, content TEXT NOT NULL, text TEXT NOT NULL DEFAULT '',
    quote TEXT, edited INTEGER NOT NULL DEFAULT 0, forwarded INTEGER NOT NULL DEFAULT 0,
    starred INTEGER NOT NULL DEFAULT 0, timer INTEGER NOT NULL DEFAULT 0, expires_at INTEGER,
    tick TEXT, failure TEXT, sent_at INTEGER, device TEXT, wants_receipt INTEGER NOT NULL DEFAULT 0
  );
  CREATE UNIQUE INDEX message_known ON message (chat, sender, stanza_id);
  CREATE INDEX message_order ON message (chat, at, seq);
  CREATE INDEX message_stanza_id ON message (stanza_id);
  CREATE INDEX message_starred ON message (at) WHERE starred;
  CREATE INDEX message_expiring ON message (expires_at) WHERE expires_at IS NOT NULL;
  CREATE INDEX message_room_id ON message (chat, room_id) WHERE room_id IS NOT NULL;

  CREATE TABLE reaction (
    chat TEXT NOT NULL, target TEXT NOT NULL, sender TEXT NOT NULL, emojis TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (chat, target, sender)
  ) WITHOUT ROWID;
  CREATE TABLE receipt (
    message TEXT NOT NULL, jid TEXT NOT NULL, device TEXT NOT NULL, delivered_at INTEGER, read_at INTEGER,
    PRIMARY KEY (message, jid, device)
  ) WITHOUT ROWID;
  CREATE TABLE retracted (chat TEXT NOT NULL, sender TEXT NOT NULL, target TEXT NOT NULL, PRIMARY KEY (chat, sender, target)) WITHOUT ROWID;

  CREATE TABLE job (
    seq INTEGER PRIMARY KEY, chat TEXT NOT NULL, kind TEXT NOT NULL, message TEXT, stanza_id TEXT NOT NULL,
    content TEXT NOT NULL, legacy TEXT, attempts INTEGER NOT NULL DEFAULT 0, held TEXT
  );
  CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, xml TEXT NOT NULL, stream TEXT, number INTEGER, message TEXT
  );

  CREATE TABLE media (
    id TEXT PRIMARY KEY, message TEXT NOT NULL, chat TEXT NOT NULL, share TEXT, slot TEXT, state TEXT NOT NULL,
    done INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, failure TEXT
  ) WITHOUT ROWID;
  CREATE INDEX media_message ON media (message);

  CREATE VIRTUAL TABLE message_text USING fts5 (
    text, content = 'message', content_rowid = 'seq', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
  );
  CREATE TRIGGER message_text_insert AFTER INSERT ON message BEGIN
    INSERT INTO message_text (rowid, text) VALUES (new.seq, new.text);
  END;
  CREATE TRIGGER message_text_delete AFTER DELETE ON message BEGIN
    INSERT INTO message_text (message_text, rowid, text) VALUES ('delete', old.seq, old.text);
  END;
  CREATE TRIGGER message_text_update AFTER UPDATE OF text ON message BEGIN
    INSERT INTO message_text (message_text, rowid, text) VALUES ('delete', old.seq, old.text);
    INSERT INTO message_text (rowid, text) VALUES (new.seq, new.text);
  END;
  `,
  "CREATE INDEX message_events ON message (at) WHERE kind = 'system'",
  `
  -- How a message came: 0 in the clear, 1 its body encrypted (0.3), 2 all of it (omemo:2); NULL: ours, or from before.
  ALTER TABLE message ADD COLUMN sealed INTEGER;
  -- Why it is not to be taken for granted: 'clear' where they used to encrypt, 'unconfirmed' by a device not agreed to.
  ALTER TABLE message ADD COLUMN doubt TEXT;
  -- The most they have encrypted so far, as in message.sealed.
  ALTER TABLE person ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX outbox_stream ON outbox (stream);
  `,
  `
  -- Vowel signs (Mn, Mc) are part of a word: without them the index takes Indian scripts apart into single letters.
  DROP TABLE message_text;
  CREATE VIRTUAL TABLE message_text USING fts5 (
    text, content = 'message', content_rowid = 'seq', prefix = '2 3',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
  );
  INSERT INTO message_text (message_text) VALUES ('rebuild');
  `,
  // Words of messages that are gone would stay in the index until it is merged some day.
  "INSERT INTO message_text (message_text, rank) VALUES ('secure-delete', 1)",
];

/** Bring the store to the present shape. A store from a newer app is refused rather than damaged. */
export function migrate(sql: Sql): void {
  const version = sql.value<number>("PRAGMA user_version") ?? 0;
  if (version > MIGRATIONS.length) throw new Error(`the store is of a newer version (${version})`);
  // What is deleted must be gone from the file too: messages, and the ratchets' old keys.
  sql.exec("PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON");
  sql.transaction(() => {
    for (const migration of MIGRATIONS.slice(version)) sql.exec(migration);
    sql.exec(`PRAGMA user_version=${MIGRATIONS.length}`);
  });
}
