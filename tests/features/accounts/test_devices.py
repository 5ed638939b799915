"""Devices, links, passwords, tokens: what the engine and the owner see of them."""

import asyncio
import hashlib
import hmac
from datetime import timedelta

import pytest

from plauder.core.ports import Credentials, FastToken
from plauder.features.accounts import scram
from plauder.features.accounts.credentials import AccountCredentials
from plauder.features.accounts.parts import BadName, BadPin, NoAccount, NoDevice, NoInvite, RegistrationClosed, Taken
from plauder.kit.clock import FakeClock
from plauder.kit.errors import BadInput, TooMany
from plauder.store.database import Database
from tests.features.accounts.conftest import ANA, ANA_DIGITS, BRUNO, BRUNO_DIGITS, Office


def test_keys_are_those_of_rfc_5802_and_7677() -> None:
    """The server signatures of the RFCs' example exchanges."""
    cases = [
        (
            "sha-1",
            "QSXCR+Q6sek8bf92",
            (
                "n=user,r=fyko+d2lbbFgONRv9qkxdawL,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,"
                "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j"
            ),
            "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ),
        (
            "sha-256",
            "W22ZaJ0SNY7soEsUEjb6gQ==",
            (
                "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
            ),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ),
    ]
    from base64 import b64decode, b64encode

    for name, salt, message, signature in cases:
        made = scram.keys("pencil", b64decode(salt), 4096, name)
        found = hmac.digest(made.server_key, message.encode(), name.replace("-", ""))
        assert b64encode(found).decode() == signature


def test_it_is_the_port() -> None:
    port: type[Credentials] = AccountCredentials
    assert port


async def test_all_devices_share_salt_and_have_their_own_keys(office: Office) -> None:
    first = await office.register(ANA)
    second = await office.devices.accept_link(await office.devices.open_link(ANA_DIGITS), "Laptop")
    for name in scram.HASHES:
        keys = await office.credentials.lookup(ANA_DIGITS, name)
        assert keys
        by_device = {device.device: device for device in keys.devices}
        assert set(by_device) == {first.device, second.device}
        for given in (first, second):
            made = scram.keys(given.password, keys.salt, keys.iterations, name)
            assert made == scram.Keys(by_device[given.device].stored_key, by_device[given.device].server_key)


async def test_who_is_not_there_or_shut_has_no_keys(office: Office) -> None:
    await office.register(ANA)
    assert await office.credentials.lookup(BRUNO_DIGITS, "sha-256") is None
    assert await office.credentials.lookup(ANA_DIGITS, "md5") is None
    await office.devices.set_enabled(ANA_DIGITS, False)
    assert await office.credentials.lookup(ANA_DIGITS, "sha-256") is None
    assert await office.credentials.exists(ANA_DIGITS)
    assert not await office.credentials.is_enabled(ANA_DIGITS)
    await office.devices.set_enabled(ANA_DIGITS, True)
    assert await office.credentials.is_enabled(ANA_DIGITS)


async def test_a_chosen_password_is_normalised_and_bound_to_no_device(office: Office) -> None:
    await office.devices.create_with_password("ana", "pa\u00a0ss wörd")
    assert await office.credentials.check_password("ana", "wrong") is None
    assert await office.credentials.check_password("ana", "") is None
    with pytest.raises(Taken):
        await office.devices.create_with_password("ana", "password")
    for bad in ("", "short", "pass\0word", "x" * 1_001):
        with pytest.raises(BadInput):
            await office.devices.set_password("ana", bad)
    # RFC 8265 §4.2: a non-ASCII space counts as a space; composed and decomposed letters are one.
    await office.devices.set_password("ana", "pass wo\u0308rd")
    assert await office.credentials.check_password("ana", "pass\u00a0wörd") == ""
    with pytest.raises(NoAccount):
        await office.devices.set_password("nobody", "password")


@pytest.mark.parametrize(
    "password", ["", "\0", "x" * 100_000, "\ud800".encode("utf-8", "surrogatepass").decode("latin1")]
)
async def test_hostile_passwords(office: Office, password: str) -> None:
    await office.register(ANA)
    assert await office.credentials.check_password(ANA_DIGITS, password) is None
    assert await office.credentials.check_password("nobody", password) is None


async def test_devices_come_and_go(office: Office, clock: FakeClock) -> None:
    first = await office.register(ANA)
    clock.advance(1)
    second = await office.devices.accept_link(await office.devices.open_link(ANA_DIGITS), "  Ana's\nlaptop ")
    listed = await office.devices.devices_of(ANA_DIGITS)
    assert [(d.id, d.name) for d in listed] == [(second.device, "Ana's laptop"), (first.device, "Phone")]
    await office.devices.rename(ANA_DIGITS, second.device, "Work")
    assert (await office.devices.devices_of(ANA_DIGITS))[0].name == "Work"
    await office.devices.revoke(ANA_DIGITS, second.device)
    assert await office.credentials.check_password(ANA_DIGITS, second.password) is None
    assert not await office.credentials.has_device(ANA_DIGITS, second.device)
    for gone in (second.device, "", "nonsense"):
        with pytest.raises(NoDevice):
            await office.devices.revoke(ANA_DIGITS, gone)
        with pytest.raises(NoDevice):
            await office.devices.rename(ANA_DIGITS, gone, "x")


async def test_one_account_cannot_touch_anothers_devices(office: Office) -> None:
    ana, bruno = await office.register(ANA), await office.register(BRUNO)
    with pytest.raises(NoDevice):
        await office.devices.revoke(ANA_DIGITS, bruno.device)
    assert await office.devices.revoke_all(ANA_DIGITS) == 1
    assert not await office.credentials.has_device(ANA_DIGITS, ana.device)
    assert await office.credentials.has_device(BRUNO_DIGITS, bruno.device)


async def test_the_longest_unused_device_makes_room(database: Database, clock: FakeClock) -> None:
    office = Office(database, clock, registration={"max_devices": 2})
    first = await office.register(ANA)
    clock.advance(days=1)
    second = await office.devices.accept_link(await office.devices.open_link(ANA_DIGITS), "2")
    clock.advance(days=1)
    office.credentials.saw(ANA_DIGITS, first.device)
    await office.credentials.write_seen()
    third = await office.devices.accept_link(await office.devices.open_link(ANA_DIGITS), "3")
    assert {device.id for device in await office.devices.devices_of(ANA_DIGITS)} == {first.device, third.device}
    assert not await office.credentials.has_device(ANA_DIGITS, second.device)


async def test_last_use_is_kept_to_the_hour(office: Office, clock: FakeClock) -> None:
    given = await office.register(ANA)
    clock.advance(2 * 3600 + 1234)
    office.credentials.saw(ANA_DIGITS, given.device)
    await office.credentials.write_seen()
    (device,) = await office.devices.devices_of(ANA_DIGITS)
    assert device.seen == clock.now().replace(minute=0, second=0)


async def test_a_link_is_good_once_and_for_minutes(office: Office, clock: FakeClock) -> None:
    await office.register(ANA)
    token = await office.devices.open_link(ANA_DIGITS)
    results = await asyncio.gather(*(office.devices.accept_link(token, "x") for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(result, NoInvite) for result in results) == 2
    late = await office.devices.open_link(ANA_DIGITS)
    clock.advance(300)
    for bad in (late, "", "x" * 1000):
        with pytest.raises(NoInvite):
            await office.devices.accept_link(bad, "x")
    for _ in range(5):
        await office.devices.open_link(ANA_DIGITS)
    with pytest.raises(TooMany):
        await office.devices.open_link(ANA_DIGITS)


async def test_pins_are_hashed_and_judged(office: Office) -> None:
    await office.register(ANA)
    for bad in ("", "1234", "abcd"):
        with pytest.raises(BadPin):
            await office.devices.set_pin(ANA_DIGITS, bad)
    await office.devices.set_pin(ANA_DIGITS, "271828")
    hashed = (await office.devices.account(ANA_DIGITS)).pin_hash
    assert hashed
    assert hashed.startswith("$argon2id$")
    await office.devices.set_pin(ANA_DIGITS, None)
    assert (await office.devices.account(ANA_DIGITS)).pin_hash is None


async def test_deleting_leaves_nothing(office: Office) -> None:
    await office.register(ANA)
    await office.devices.open_link(ANA_DIGITS)
    await office.invites.create(ANA_DIGITS)
    await office.devices.delete(ANA_DIGITS)
    assert not await office.credentials.exists(ANA_DIGITS)
    assert not await office.devices.devices_of(ANA_DIGITS)
    assert not await office.invites.open_of(ANA_DIGITS)
    with pytest.raises(NoAccount):
        await office.devices.delete(ANA_DIGITS)


async def test_tokens_go_with_the_password_that_got_them(office: Office, clock: FakeClock) -> None:
    """A password that is used anywhere is of no device: its tokens name the user agent."""
    await office.devices.create_with_password("ana", "correct horse")
    credentials = office.credentials
    later = clock.now() + timedelta(days=20)
    for revoke in (
        lambda: office.devices.set_password("ana", "another horse"),
        lambda: office.devices.revoke("ana", ""),
    ):
        for n in range(9):
            await credentials.save_fast_token(
                "ana", "phone", FastToken(b"%d" % n, "agent:phone", "HT-SHA-256-NONE", later)
            )
        assert [t.token for t in await credentials.fast_tokens("ana", "phone")] == [b"8", b"7", b"6", b"5"]
        await revoke()
        assert not await credentials.fast_tokens("ana", "phone")


async def test_fast_tokens(office: Office, clock: FakeClock) -> None:
    given = await office.register(ANA)
    credentials = office.credentials

    def token(raw: bytes, days: float = 20) -> FastToken:
        return FastToken(raw, given.device, "HT-SHA-256-NONE", clock.now() + timedelta(days=days))

    await credentials.save_fast_token(ANA_DIGITS, "agent", token(b"first"))
    await credentials.save_fast_token(ANA_DIGITS, "agent", token(b"second"))
    await credentials.save_fast_token(ANA_DIGITS, "other", token(b"third", days=1))
    assert [t.token for t in await credentials.fast_tokens(ANA_DIGITS, "agent")] == [b"second", b"first"]
    assert await credentials.use_fast_token(ANA_DIGITS, "agent", b"second", 7)
    (left,) = await credentials.fast_tokens(ANA_DIGITS, "agent")
    assert (left.token, left.counter, left.device) == (b"second", 7, given.device)
    clock.advance(days=2)
    assert not await credentials.fast_tokens(ANA_DIGITS, "other")
    await credentials.drop_fast_tokens(ANA_DIGITS, "agent")
    assert not await credentials.fast_tokens(ANA_DIGITS, "agent")
    await credentials.save_fast_token(ANA_DIGITS, "agent", token(b"fourth"))
    await office.devices.revoke(ANA_DIGITS, given.device)
    assert not await credentials.fast_tokens(ANA_DIGITS, "agent")


@pytest.mark.parametrize(("counts", "taken"), [([5, 5, 5], 1), ([None, None], 2), ([3, 2, None, 3], 1)])
async def test_a_count_is_good_for_one_of_many_logins_at_once(
    office: Office, clock: FakeClock, counts: list[int | None], taken: int
) -> None:
    await office.register(ANA)
    use, expires = office.credentials.use_fast_token, clock.now() + timedelta(days=1)
    await office.credentials.save_fast_token(ANA_DIGITS, "a", FastToken(b"token", "d", "HT-SHA-256-NONE", expires))
    if counts[0] == 3:
        assert await use(ANA_DIGITS, "a", b"token", 2)
    results = await asyncio.gather(*(use(ANA_DIGITS, "a", b"token", count) for count in counts))
    assert sum(results) == taken
    assert not await use(ANA_DIGITS, "a", b"another token", 9)
    assert not await use(ANA_DIGITS, "another agent", b"token", 9)


async def test_tokens_in_the_database_are_sealed(office: Office, clock: FakeClock) -> None:
    from sqlalchemy import select

    from plauder.features.accounts.tables import fast_tokens

    await office.register(ANA)
    expires = clock.now() + timedelta(days=1)
    await office.credentials.save_fast_token(
        ANA_DIGITS, "a", FastToken(b"sixteen bytes ok", "d", "HT-SHA-256-NONE", expires)
    )
    async with office.parts.database.read() as uow:
        stored = (await uow.execute(select(fast_tokens.c.token))).scalar_one()
    assert b"sixteen" not in stored
    assert hashlib.sha256(b"sixteen bytes ok").digest() != stored


async def test_invites(office: Office, clock: FakeClock) -> None:
    await office.register(ANA)
    token, invite = await office.invites.create(ANA_DIGITS, uses=2, note="the\nfamily")
    assert invite.note == "the family"
    assert (await office.invites.look(token)).by == ANA_DIGITS
    given = await office.invites.accept(token, " Clara ", "Tablet")
    assert (given.local, given.is_new) == ("clara", True)
    with pytest.raises(Taken):
        await office.invites.accept(token, "clara", "x")
    with pytest.raises(BadName):
        await office.invites.accept(token, "4915112345678", "x")
    made_up = await office.invites.accept(token, None, "x")
    assert made_up.local.startswith("u")
    for bad in (token, "", "x" * 1_000):
        with pytest.raises(NoInvite):
            await office.invites.accept(bad, None, "x")
    token, invite = await office.invites.create(None, days=1)
    with pytest.raises(NoInvite):
        await office.invites.withdraw(invite.token_hash.hex(), ANA_DIGITS)
    clock.advance(days=1)
    with pytest.raises(NoInvite):
        await office.invites.look(token)


async def test_the_last_use_of_an_invite_goes_to_one(office: Office) -> None:
    token, _ = await office.invites.create(None)
    results = await asyncio.gather(*(office.invites.accept(token, None, "x") for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(result, NoInvite) for result in results) == 2


async def test_invites_are_withdrawn_and_bounded(office: Office) -> None:
    await office.register(ANA)
    _token, invite = await office.invites.create(ANA_DIGITS)
    await office.invites.withdraw(invite.token_hash.hex(), ANA_DIGITS)
    for bad in (invite.token_hash.hex(), "zz", ""):
        with pytest.raises(NoInvite):
            await office.invites.withdraw(bad, ANA_DIGITS)
    for _ in range(20):
        await office.invites.create(ANA_DIGITS)
    with pytest.raises(TooMany):
        await office.invites.create(ANA_DIGITS)


async def test_the_operator_alone_invites_where_it_says_so(database: Database, clock: FakeClock) -> None:
    office = Office(database, clock, registration={"user_invites": False})
    await office.register(ANA)
    with pytest.raises(RegistrationClosed):
        await office.invites.create(ANA_DIGITS)
    await office.invites.create(None)
