"""Backups: one archive, replaced as a whole; a password that is tried ten times at most."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import opaquepy
import pytest
from opaquepy import lib as opaque

from plauder.features.backups.service import LOGIN_SECONDS, MOST_TRIES, BackupService, NoBackup, open_setup
from plauder.kit.clock import FakeClock
from plauder.kit.errors import BadInput, TooLarge
from plauder.store.blobs import Blobs
from tests import databases


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def backups(tmp_path: Path, clock: FakeClock) -> AsyncIterator[BackupService]:
    database = databases.fresh(tmp_path / "plauder.db")
    setup = open_setup(tmp_path / "vault.setup")
    yield BackupService(database, Blobs(tmp_path / "blobs"), clock, setup=setup, max_bytes=1_000)
    await database.close()


async def content(backups: BackupService, local: str) -> bytes:
    _, stream = await backups.read(local)
    return b"".join([piece async for piece in stream])


async def set_password(backups: BackupService, local: str, password: str) -> None:
    request, state = opaque.register_client(password)
    response = backups.begin_registration(local, request)
    await backups.register(local, opaque.register_client_finish(state, password, response))


async def log_in(backups: BackupService, local: str, password: str) -> int:
    """One try; the tries left. Raises ValueError on the client when the password is wrong."""
    request, state = opaque.login_client(password)
    login = await backups.begin_login(local, request)
    finish, _, *_ = opaque.login_client_finish(state, password, login.response)
    await backups.confirm(local, login.login, finish)
    return login.tries_left


async def test_an_archive_is_replaced_as_a_whole(backups: BackupService) -> None:
    with pytest.raises(NoBackup):
        await backups.find("ana")
    await backups.keep("ana", "code", pieces(b"one", b"two"))
    first = await backups.find("ana")
    assert (first.size, first.lock, await content(backups, "ana")) == (6, "code", b"onetwo")
    with pytest.raises(TooLarge):
        await backups.keep("ana", "code", pieces(b"x" * 1_001))
    assert await content(backups, "ana") == b"onetwo"
    await backups.keep("ana", "password", pieces(b"three"))
    assert await content(backups, "ana") == b"three"
    await backups.rename("ana", "anna")
    await backups.forget("anna")
    await backups.forget("anna")
    with pytest.raises(NoBackup):
        await backups.read("anna")


async def test_the_right_password_is_proved_and_costs_no_try(backups: BackupService) -> None:
    await set_password(backups, "ana", "correct horse")
    assert await log_in(backups, "ana", "correct horse") == MOST_TRIES - 1
    await backups.rename("ana", "anna")
    assert await log_in(backups, "anna", "correct horse") == MOST_TRIES - 1


async def test_ten_wrong_passwords_destroy_vault_and_archive(backups: BackupService) -> None:
    await set_password(backups, "ana", "correct horse")
    await backups.keep("ana", "password", pieces(b"history"))
    for _ in range(MOST_TRIES):
        with pytest.raises(ValueError, match=r".+"):
            await log_in(backups, "ana", "wrong")
    with pytest.raises(NoBackup):
        await log_in(backups, "ana", "correct horse")
    with pytest.raises(NoBackup):
        await backups.find("ana")


async def test_a_login_is_for_its_account_once_and_for_minutes(backups: BackupService, clock: FakeClock) -> None:
    await set_password(backups, "ana", "correct horse")
    request, state = opaque.login_client("correct horse")
    login = await backups.begin_login("ana", request)
    finish, _, *_ = opaque.login_client_finish(state, "correct horse", login.response)
    with pytest.raises(BadInput):
        await backups.confirm("eve", login.login, finish)
    with pytest.raises(BadInput):
        await backups.confirm("ana", login.login, finish)
    late = await backups.begin_login("ana", request)
    clock.advance(LOGIN_SECONDS + 1)
    with pytest.raises(BadInput):
        await backups.confirm("ana", late.login, finish)


@pytest.mark.parametrize("junk", ["", "!", "AAAA", "A" * 5_000])
async def test_junk_is_refused(backups: BackupService, junk: str) -> None:
    await set_password(backups, "ana", "correct horse")
    with pytest.raises(BadInput):
        backups.begin_registration("ana", junk)
    with pytest.raises(BadInput):
        await backups.register("ana", junk)
    with pytest.raises(BadInput):
        await backups.begin_login("ana", junk)
    request, _ = opaque.login_client("correct horse")
    login = await backups.begin_login("ana", request)
    with pytest.raises(BadInput):
        await backups.confirm("ana", login.login, junk)


def test_the_setup_is_made_once_and_kept_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "vault.setup"
    assert open_setup(path) == open_setup(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert opaquepy.create_setup() != open_setup(path)
