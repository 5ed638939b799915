"""What the engine asks at login: `core.ports.Credentials` on the accounts' tables."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, insert, select, update

from plauder.core.ports import NEVER_COUNTED, DeviceKeys, FastToken, ScramKeys
from plauder.features.accounts import scram, store
from plauder.features.accounts.devices import ANYWHERE
from plauder.features.accounts.parts import Parts
from plauder.features.accounts.tables import accounts, devices, fast_tokens
from plauder.wire.jid import InvalidJid, prepare_password

TOKENS = "fast-tokens"
NOBODYS_SALT = bytes(scram.SALT_BYTES)
TOKENS_PER_AGENT = 4
MOST_SEEN = 100_000

_local = accounts.c.local == bindparam("local")
_ENABLED = select(accounts.c.enabled).where(_local)
_HAS_DEVICE = (
    select(accounts.c.enabled)
    .join(devices, devices.c.local == accounts.c.local)
    .where(_local, devices.c.id == bindparam("device"))
)
_KEYS = {
    name: select(accounts.c.enabled, accounts.c.salt, accounts.c.iterations, devices.c.id, stored, server)
    .outerjoin(devices, devices.c.local == accounts.c.local)
    .where(_local)
    for name, stored, server in (
        ("sha-1", devices.c.stored_key_sha1, devices.c.server_key_sha1),
        ("sha-256", devices.c.stored_key_sha256, devices.c.server_key_sha256),
        ("sha-512", devices.c.stored_key_sha512, devices.c.server_key_sha512),
    )
}
"""(enabled, salt, iterations, device, StoredKey, ServerKey) for each device of an account; one row without a device
where it has none."""
_DIGESTS = (
    select(
        accounts.c.enabled,
        accounts.c.salt,
        accounts.c.iterations,
        devices.c.id,
        devices.c.digest,
        devices.c.stored_key_sha256,
    )
    .outerjoin(devices, devices.c.local == accounts.c.local)
    .where(_local)
)
"""(enabled, salt, iterations, device, SHA-256 of a random password or null, StoredKey) in the same way."""


class AccountCredentials:
    """Accounts as the engine sees them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._database = parts.database
        self._seen: dict[tuple[str, str], datetime] = {}

    async def _rows(self, statement: Select[Any], **values: str) -> Sequence[Any]:
        """A look-up by key: at once where the database is a file beside us, else through it."""
        found = self._database.peek(statement, **values)
        if found is not None:
            return found
        async with self._database.read() as uow:
            return (await uow.execute(statement, values)).all()

    async def lookup(self, local: str, hash_name: str) -> ScramKeys | None:
        statement = _KEYS.get(hash_name)
        rows = await self._rows(statement, local=local) if statement is not None else []
        if not rows or not rows[0][0]:
            return None
        _, salt, iterations, *_ = rows[0]
        devices = [DeviceKeys(*row[3:]) for row in rows if row[3] is not None]
        return ScramKeys(salt, iterations, devices)

    async def check_password(self, local: str, password: str) -> str | None:
        rows = await self._rows(_DIGESTS, local=local)
        if not rows or not rows[0][0]:
            rows = []
        given = hashlib.sha256(password.encode()).digest()
        found = [row[3] for row in rows if row[4] is not None and hmac.compare_digest(row[4], given)]
        if found:
            return str(found[0])
        for _, salt, iterations, device, _, stored_key in rows:
            if device != ANYWHERE:
                continue
            try:
                normalised = prepare_password(password)
            except InvalidJid:
                return None
            keys = await asyncio.to_thread(scram.keys, normalised, salt, iterations, "sha-256")
            return ANYWHERE if hmac.compare_digest(keys.stored_key, stored_key) else None
        # As much work for whoever is not here, or has no such password: the time tells nobody which.
        await asyncio.to_thread(scram.keys, "", NOBODYS_SALT, scram.ITERATIONS, "sha-256")
        return None

    async def exists(self, local: str) -> bool:
        return bool(await self._rows(_ENABLED, local=local))

    async def is_enabled(self, local: str) -> bool:
        rows = await self._rows(_ENABLED, local=local)
        return bool(rows) and bool(rows[0][0])

    async def has_device(self, local: str, device: str) -> bool:
        """Whether the enabled account has this device still: what a bearer token stands for."""
        rows = await self._rows(_HAS_DEVICE, local=local, device=device)
        return bool(rows) and bool(rows[0][0])

    def saw(self, local: str, device: str) -> None:
        """A device logged in. Written with others by `write_seen`, to the hour: a login costs no commit."""
        self._seen[local, device] = self._parts.clock.now()
        if len(self._seen) >= MOST_SEEN:
            self._seen.pop(next(iter(self._seen)))

    async def write_seen(self) -> int:
        """Write what was seen since the last time, in one transaction; return how many devices."""
        seen, self._seen = self._seen, {}
        if seen:
            async with self._database.begin() as uow:
                for (local, device), at in seen.items():
                    await store.saw(uow, local, device, at)
        return len(seen)

    async def fast_tokens(self, local: str, user_agent: str) -> Sequence[FastToken]:
        now = self._parts.clock.now()
        statement = (
            select(fast_tokens)
            .where(fast_tokens.c.local == local, fast_tokens.c.user_agent == user_agent, fast_tokens.c.expires > now)
            .order_by(fast_tokens.c.id.desc())
        )
        async with self._database.read() as uow:
            rows = (await uow.execute(statement)).all()
        found = []
        for row in rows:
            token = self._parts.keyring.unseal(TOKENS, row.token)
            if token is not None:
                found.append(FastToken(token, row.device, row.mechanism, row.expires, row.counter))
        return found

    async def save_fast_token(self, local: str, user_agent: str, token: FastToken) -> None:
        values = {
            "local": local,
            "user_agent": user_agent,
            "device": token.device,
            "token": self._parts.keyring.seal(TOKENS, token.token),
            "mechanism": token.mechanism,
            "expires": token.expires,
            "counter": token.counter,
        }
        async with self._database.begin() as uow:
            await uow.execute(insert(fast_tokens).values(values))
            mine = select(fast_tokens.c.id).where(fast_tokens.c.local == local, fast_tokens.c.user_agent == user_agent)
            surplus = (await uow.execute(mine.order_by(fast_tokens.c.id.desc()).offset(TOKENS_PER_AGENT))).scalars()
            await uow.execute(delete(fast_tokens).where(fast_tokens.c.id.in_(list(surplus))))

    async def use_fast_token(self, local: str, user_agent: str, token: bytes, counter: int | None) -> bool:
        table = fast_tokens.c
        mine = (table.local == local, table.user_agent == user_agent)
        async with self._database.begin() as uow:
            rows = (await uow.execute(select(table.id, table.token).where(*mine))).all()
            used = [row.id for row in rows if self._parts.keyring.unseal(TOKENS, row.token) == token]
            if not used:
                return False
            is_new = table.counter == NEVER_COUNTED if counter is None else table.counter < counter
            changed = (
                update(fast_tokens)
                .where(table.id == used[0], is_new)
                .values(counter=NEVER_COUNTED if counter is None else counter)
            )
            if (await uow.execute(changed)).rowcount != 1:
                return False
            await uow.execute(delete(fast_tokens).where(*mine, table.id < used[0]))
        return True

    async def drop_fast_tokens(self, local: str, user_agent: str) -> None:
        table = fast_tokens.c
        async with self._database.begin() as uow:
            await uow.execute(delete(fast_tokens).where(table.local == local, table.user_agent == user_agent))
