"""What the engine asks at login: `core.ports.Credentials` on the accounts' tables."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update

from plauder.core.ports import DeviceKeys, FastToken, ScramKeys
from plauder.features.accounts import scram, store
from plauder.features.accounts.devices import ANYWHERE
from plauder.features.accounts.parts import Parts
from plauder.features.accounts.tables import fast_tokens
from plauder.wire.jid import InvalidJid, prepare_password

TOKENS = "fast-tokens"


class AccountCredentials:
    """Accounts as the engine sees them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._database = parts.database

    async def lookup(self, local: str, hash_name: str) -> ScramKeys | None:
        if hash_name not in scram.HASHES:
            return None
        async with self._database.read() as uow:
            account = await store.get(uow, local)
            if account is None or not account.enabled:
                return None
            rows = await store.keys_of(uow, local, hash_name)
        return ScramKeys(account.salt, account.iterations, [DeviceKeys(*row) for row in rows])

    async def check_password(self, local: str, password: str) -> str | None:
        async with self._database.read() as uow:
            account = await store.get(uow, local)
            digests = await store.digests_of(uow, local) if account else []
            chosen = (
                [row for row in await store.keys_of(uow, local, "sha-256") if row[0] == ANYWHERE] if account else []
            )
        if account is None or not account.enabled:
            return None
        given = hashlib.sha256(password.encode()).digest()
        found = [device for device, digest in digests if hmac.compare_digest(digest, given)]
        if found:
            return found[0]
        for device, stored_key, _ in chosen:
            try:
                keys = await scram.all_keys(prepare_password(password), account.salt, account.iterations)
            except InvalidJid:
                return None
            if hmac.compare_digest(keys["sha-256"].stored_key, stored_key):
                return device
        return None

    async def exists(self, local: str) -> bool:
        async with self._database.read() as uow:
            return await store.get(uow, local) is not None

    async def is_enabled(self, local: str) -> bool:
        async with self._database.read() as uow:
            account = await store.get(uow, local)
        return account is not None and account.enabled

    async def has_device(self, local: str, device: str) -> bool:
        """Whether the enabled account has this device still: what a bearer token stands for."""
        async with self._database.read() as uow:
            return await store.has_device(uow, local, device)

    async def saw(self, local: str, device: str) -> None:
        """A device logged in: its last use, to the hour."""
        async with self._database.begin() as uow:
            await store.saw(uow, local, device, self._parts.clock.now())

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

    async def use_fast_token(self, local: str, user_agent: str, token: bytes, counter: int | None) -> None:
        table = fast_tokens.c
        mine = (table.local == local, table.user_agent == user_agent)
        async with self._database.begin() as uow:
            rows = (await uow.execute(select(table.id, table.token).where(*mine))).all()
            used = [row.id for row in rows if self._parts.keyring.unseal(TOKENS, row.token) == token]
            if not used:
                return
            await uow.execute(delete(fast_tokens).where(*mine, table.id < used[0]))
            if counter is not None:
                await uow.execute(update(fast_tokens).where(table.id == used[0]).values(counter=counter))

    async def drop_fast_tokens(self, local: str, user_agent: str) -> None:
        table = fast_tokens.c
        async with self._database.begin() as uow:
            await uow.execute(delete(fast_tokens).where(table.local == local, table.user_agent == user_agent))
