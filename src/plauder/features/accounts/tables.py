"""Tables of accounts.

No password, code, PIN, token or network address lies here in the clear; a number that is no account only for the
minutes that its code is good for.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table

from plauder.store.schema import BigKey, Bytes, Instant, Text, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("local", Text, primary_key=True),  # the digits of the number, or a chosen name
    Column("country", Text, nullable=False),  # two letters; "" for a chosen name
    Column("salt", Bytes, nullable=False),
    Column("iterations", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("discoverable", Boolean, nullable=False),
    Column("pin_hash", Text),
    Column("pin_failures", Integer, nullable=False),
    Column("pin_blocked_until", Instant),
    Column("created", Instant, nullable=False),
    Column("seen", Instant, nullable=False),  # to the hour
)

devices = Table(
    "account_devices",
    metadata,
    Column("local", Text, ForeignKey("accounts.local", ondelete="CASCADE", onupdate="CASCADE"), primary_key=True),
    Column("id", Text, primary_key=True),  # "" for a password that a person chose and may use anywhere
    Column("name", Text, nullable=False),
    Column("created", Instant, nullable=False),
    Column("seen", Instant, nullable=False),  # to the hour
    Column("digest", Bytes),  # SHA-256 of a random password, for quick checks; null for a chosen one
    Column("stored_key_sha1", Bytes, nullable=False),
    Column("server_key_sha1", Bytes, nullable=False),
    Column("stored_key_sha256", Bytes, nullable=False),
    Column("server_key_sha256", Bytes, nullable=False),
    Column("stored_key_sha512", Bytes, nullable=False),
    Column("server_key_sha512", Bytes, nullable=False),
)

fast_tokens = Table(
    "fast_tokens",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("local", Text, ForeignKey("accounts.local", ondelete="CASCADE", onupdate="CASCADE"), nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("token", Bytes, nullable=False),  # sealed with the server's secret
    Column("mechanism", Text, nullable=False),
    Column("expires", Instant, nullable=False),
    Column("counter", BigKey, nullable=False),
    Index("ix_fast_tokens_agent", "local", "user_agent"),
    Index("ix_fast_tokens_expires", "expires"),
)

registrations = Table(
    "registrations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False),
    Column("account", Text),  # whose number is to change; null for a registration
    Column("code_hash", Bytes, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("send_id", BigKey, nullable=False),
    Column("expires", Instant, nullable=False),
    Index("ix_registrations_expires", "expires"),
)

code_sends = Table(
    "code_sends",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("number", Bytes, nullable=False),  # pseudonym
    Column("network", Bytes, nullable=False),  # pseudonym
    Column("country", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("verified", Boolean, nullable=False),
    Index("ix_code_sends_number", "number", "at"),
    Index("ix_code_sends_at", "at"),
)

invites = Table(
    "invites",
    metadata,
    Column("token_hash", Bytes, primary_key=True),
    Column("by", Text),  # the inviting account; null for the operator
    Column("uses_left", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("name", Text, nullable=False),  # the account it is for, which is kept free for it; "" for any
    Column("created", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
)

links = Table(
    "device_links",
    metadata,
    Column("token_hash", Bytes, primary_key=True),
    Column("local", Text, ForeignKey("accounts.local", ondelete="CASCADE", onupdate="CASCADE"), nullable=False),
    Column("expires", Instant, nullable=False),
)

lookups = Table(
    "contact_lookups",
    metadata,
    Column("local", Text, ForeignKey("accounts.local", ondelete="CASCADE", onupdate="CASCADE"), primary_key=True),
    Column("day", Text, primary_key=True),
    Column("used", Integer, nullable=False),
)
