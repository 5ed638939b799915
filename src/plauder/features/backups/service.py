"""What may be done with backups: keep, fetch and forget an archive; set and try its password."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import opaquepy

from plauder.features.backups.store import Archive, Backups
from plauder.kit import ids
from plauder.kit.clock import Clock
from plauder.kit.errors import BadInput, NotFound
from plauder.store.blobs import Blobs
from plauder.store.database import Database

MOST_TRIES = 10
LOGIN_SECONDS = 120.0
LONGEST_MESSAGE = 4_096
_MOST_LOGINS = 10_000


class NoBackup(NotFound):
    """There is no backup of this account."""

    code = "no-backup"


class VaultDestroyed(NoBackup):
    """Too many wrong passwords: the vault and the backup were destroyed."""


@dataclass(frozen=True, slots=True)
class Login:
    """An answer to a try. `login` names it for `confirm`."""

    login: str
    response: str
    tries_left: int


def open_setup(path: Path) -> str:
    """The server's side of OPAQUE, made at first use, readable by its owner alone. Losing it loses every password."""
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        setup: str = opaquepy.create_setup()
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(setup)
        return setup


class BackupService:
    """One sealed archive for each account. `setup` is OPAQUE's."""

    def __init__(self, database: Database, blobs: Blobs, clock: Clock, *, setup: str, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._setup = setup
        self._registering: dict[str, str] = {}
        self._logins: dict[str, tuple[str, str, float]] = {}

    # ── the archive ───────────────────────────────────────────────────────────────────────────────────────────────

    async def find(self, local: str) -> Archive:
        """Raises NoBackup."""
        async with self._database.read() as uow:
            archive = await Backups(uow).archive(local)
        if archive is None:
            raise NoBackup()
        return archive

    async def keep(self, local: str, lock: str, pieces: AsyncIterator[bytes]) -> Archive:
        """Take a whole archive in place of the one before. Raises TooLarge, DiskFull; then the one before stays."""
        blob = f"backup-{ids.new_token(24)}"
        try:
            await self._blobs.receive(blob, 0, pieces, limit=self.max_bytes)
            stored = await self._blobs.commit(blob)
        except BaseException:
            self._blobs.abandon(blob)
            raise
        archive = Archive(local, blob, lock, stored.size, self._clock.now())
        async with self._database.begin() as uow:
            before = await Backups(uow).archive(local)
            await Backups(uow).keep(archive)
        if before is not None:
            await self._blobs.delete(before.blob)
        return archive

    async def read(self, local: str) -> tuple[Archive, AsyncIterator[bytes]]:
        archive = await self.find(local)
        return archive, await self._blobs.read(archive.blob)

    async def forget(self, local: str) -> None:
        """Delete archive and vault; what is not there is deleted already."""
        async with self._database.begin() as uow:
            archive = await Backups(uow).archive(local)
            await Backups(uow).forget(local)
        if archive is not None:
            await self._blobs.delete(archive.blob)

    async def rename(self, old: str, new: str) -> None:
        """The account goes on under another number."""
        async with self._database.begin() as uow:
            await Backups(uow).rename(old, new)

    # ── the password ──────────────────────────────────────────────────────────────────────────────────────────────

    def begin_registration(self, local: str, request: str) -> str:
        """The first of two messages that set a password. Raises BadInput."""
        name = ids.new_token(16)
        try:
            response = str(opaquepy.register(self._setup, _bounded(request), name))
        except ValueError:
            raise BadInput("That is no registration request of OPAQUE.") from None
        while len(self._registering) >= _MOST_LOGINS:
            self._registering.pop(next(iter(self._registering)))
        self._registering[local] = name
        return response

    async def register(self, local: str, upload: str) -> None:
        """Keep the record that the client made of the password. Raises BadInput."""
        try:
            record = str(opaquepy.register_finish(_bounded(upload)))
        except ValueError:
            raise BadInput("That is no registration record of OPAQUE.") from None
        name = self._registering.pop(local, None)
        if name is None:
            raise BadInput("No registration is under way.")
        async with self._database.begin() as uow:
            await Backups(uow).set_record(local, name, record)

    async def begin_login(self, local: str, request: str) -> Login:
        """Answer a try, which counts as a failure until it is confirmed. Raises NoBackup, VaultDestroyed, BadInput."""
        async with self._database.begin() as uow:
            kept = await Backups(uow).record(local)
            # Counted and committed before anything is answered: whoever hangs up has had the try all the same.
            tries = await Backups(uow).count_try(local)
        if kept is None:
            raise NoBackup()
        name, record = kept
        if tries > MOST_TRIES:
            await self.forget(local)
            raise VaultDestroyed()
        try:
            response, state = opaquepy.login(self._setup, record, _bounded(request), name)
        except ValueError:
            raise BadInput("That is no login request of OPAQUE.") from None
        self._drop_old()
        login = ids.new_token(16)
        self._logins[login] = (local, str(state), self._clock.monotonic() + LOGIN_SECONDS)
        return Login(login, str(response), MOST_TRIES - tries)

    async def confirm(self, local: str, login: str, finish: str) -> None:
        """The client proves that the password was right, so the try does not count. Raises BadInput."""
        owner, state, expires = self._logins.pop(login, ("", "", 0.0))
        if owner != local or expires < self._clock.monotonic():
            raise BadInput("There is no such login under way.")
        try:
            opaquepy.login_finish(_bounded(finish), state)
        except ValueError:
            raise BadInput("The proof is wrong.") from None
        async with self._database.begin() as uow:
            await Backups(uow).settled(local)

    def _drop_old(self) -> None:
        now = self._clock.monotonic()
        self._logins = {name: login for name, login in self._logins.items() if login[2] >= now}
        while len(self._logins) >= _MOST_LOGINS:
            self._logins.pop(next(iter(self._logins)))


def _bounded(message: str) -> str:
    if len(message) > LONGEST_MESSAGE:
        raise BadInput("That is too long to be a message of OPAQUE.")
    return message
