"""The database gateway: one engine for SQLite and PostgreSQL, the unit of work, the outbox, migrations, blobs."""
