"""Number → code → device, and everybody who tries something else."""

import asyncio
from collections.abc import Awaitable

import pytest
from sqlalchemy import select

from plauder.features.accounts import events, store
from plauder.features.accounts.parts import (
    CountryNotServed,
    NoAccount,
    NotSent,
    PinNeeded,
    RegistrationClosed,
    TooManyCodes,
    WrongCode,
    WrongPin,
)
from plauder.features.accounts.tables import code_sends, registrations
from plauder.kit.clock import FakeClock
from plauder.kit.errors import Conflict, TooMany
from plauder.store import outbox
from plauder.store.database import Database, UnitOfWork
from tests.features.accounts.conftest import ANA, ANA_DIGITS, BRUNO, BRUNO_DIGITS, HOME, Office


async def announced(database: Database, topic: str) -> list[bytes]:
    async with database.read() as uow:
        rows = await uow.execute(select(outbox.table.c.payload).where(outbox.table.c.topic == topic))
        return list(rows.scalars())


async def test_a_number_becomes_an_account(office: Office) -> None:
    given = await office.register(ANA)
    assert (given.local, given.is_new) == (ANA_DIGITS, True)
    assert await office.credentials.check_password(ANA_DIGITS, given.password) == given.device
    account = await office.devices.account(ANA_DIGITS)
    assert (account.country, account.discoverable, account.pin_hash) == ("BR", False, None)
    assert len(await announced(office.parts.database, events.CREATED)) == 1


async def test_the_text_carries_the_code_for_eyes_and_browsers(office: Office) -> None:
    await office.registration.request_code(ANA, HOME)
    to, text = office.sms.sent[0]
    assert to.digits == ANA_DIGITS
    assert text.startswith(office.sms.code)
    assert text.splitlines()[-1] == f"@localhost #{office.sms.code}"


async def test_nothing_of_it_is_stored_in_the_clear(office: Office) -> None:
    await office.registration.request_code(ANA, HOME)
    async with office.parts.database.read() as uow:
        rows = [*(await uow.execute(select(registrations))).all(), *(await uow.execute(select(code_sends))).all()]
    text = repr(rows)
    assert office.sms.code not in text
    assert HOME not in text
    assert ANA_DIGITS not in repr([row for row in rows if "verified" in row._mapping])


async def test_wrong_codes_are_counted_and_the_right_one_dies_with_them(office: Office) -> None:
    asked = await office.registration.request_code(ANA, HOME)
    wrong = "000000" if office.sms.code != "000000" else "111111"
    for _ in range(5):
        with pytest.raises(WrongCode):
            await office.registration.verify(asked.registration, wrong, pin=None, device_name="")
    with pytest.raises(WrongCode):
        await office.registration.verify(asked.registration, office.sms.code, pin=None, device_name="")


async def test_guesses_in_parallel_share_no_try(office: Office) -> None:
    asked = await office.registration.request_code(ANA, HOME)
    guesses = [f"{n:06d}" for n in range(20) if f"{n:06d}" != office.sms.code]
    tries: list[Awaitable[object]] = [
        office.registration.verify(asked.registration, guess, pin=None, device_name="") for guess in guesses
    ]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert all(isinstance(result, WrongCode) for result in results)
    async with office.parts.database.read() as uow:
        assert (await uow.execute(select(registrations.c.attempts))).scalar_one() == 5


async def test_a_code_is_good_once_even_twice_at_once(office: Office) -> None:
    asked = await office.registration.request_code(ANA, HOME)
    code = office.sms.code
    tries = [office.registration.verify(asked.registration, code, pin=None, device_name="") for _ in range(3)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert len(await office.devices.devices_of(ANA_DIGITS)) == 1


@pytest.mark.parametrize("code", ["", " ", "1", "12345٦", "1234567", "x" * 10_000, "\0"])
async def test_hostile_codes(office: Office, code: str) -> None:
    asked = await office.registration.request_code(ANA, HOME)
    for registration in (asked.registration, "", "unknown", "'; DROP TABLE accounts; --"):
        with pytest.raises(WrongCode):
            await office.registration.verify(registration, code, pin=None, device_name="")


async def test_people_type_codes_with_spaces(office: Office) -> None:
    asked = await office.registration.request_code(ANA, HOME)
    spaced = f" {office.sms.code[:3]} {office.sms.code[3:]} "
    assert (await office.registration.verify(asked.registration, spaced, pin=None, device_name="")).is_new


async def test_a_code_grows_old(office: Office, clock: FakeClock) -> None:
    asked = await office.registration.request_code(ANA, HOME)
    clock.advance(600)
    with pytest.raises(WrongCode):
        await office.registration.verify(asked.registration, office.sms.code, pin=None, device_name="")


async def test_the_wait_doubles(office: Office, clock: FakeClock) -> None:
    for wait in (60, 120, 240, 480):
        asked = await office.registration.request_code(ANA, HOME)
        assert asked.retry_after == wait
        clock.advance(wait - 1)
        with pytest.raises(TooManyCodes) as caught:
            await office.registration.request_code(ANA, HOME)
        assert caught.value.retry_after == pytest.approx(1)
        clock.advance(1)
    await office.registration.request_code(ANA, HOME)
    clock.advance(4_000)
    with pytest.raises(TooManyCodes) as caught:
        await office.registration.request_code(ANA, HOME)
    assert caught.value.details["why"] == "number"


async def test_one_ipv6_subscriber_is_one_asker(database: Database, clock: FakeClock) -> None:
    office = Office(database, clock, registration={"codes_per_address_per_hour": 2})
    await office.registration.request_code("+49 1511 2345670", "2001:db8::1")
    await office.registration.request_code("+49 1511 2345671", "2001:db8::2")
    with pytest.raises(TooManyCodes):
        await office.registration.request_code("+49 1511 2345672", "2001:db8::ffff")
    await office.registration.request_code("+49 1511 2345672", "2001:db8:0:1::1")


async def test_askers_at_once_do_not_slip_through(database: Database, clock: FakeClock) -> None:
    office = Office(database, clock, registration={"codes_per_address_per_hour": 3})
    asks = [office.registration.request_code(f"+49 1511 23456{n:02d}", HOME) for n in range(10)]
    results = await asyncio.gather(*asks, return_exceptions=True)
    assert sum(isinstance(result, TooManyCodes) for result in results) == 7
    assert len(office.sms.sent) == 3


async def test_countries_that_are_not_served(database: Database, clock: FakeClock) -> None:
    office = Office(database, clock, registration={"countries": ["BR"]})
    with pytest.raises(CountryNotServed):
        await office.registration.request_code(BRUNO, HOME)
    assert not office.sms.sent


async def test_a_gateway_that_fails_is_told(office: Office) -> None:
    office.sms.broken = True
    with pytest.raises(NotSent):
        await office.registration.request_code(ANA, HOME)


async def test_no_numbers_where_the_operator_wants_none(database: Database, clock: FakeClock) -> None:
    office = Office(database, clock, registration={"ways": ["invite"]})
    with pytest.raises(RegistrationClosed):
        await office.registration.request_code(ANA, HOME)


async def test_a_new_phone_replaces_the_old_one(office: Office, clock: FakeClock) -> None:
    old = await office.register(ANA)
    clock.advance(days=1)
    new = await office.register(ANA)
    assert not new.is_new
    assert [device.id for device in await office.devices.devices_of(ANA_DIGITS)] == [new.device]
    assert await office.credentials.check_password(ANA_DIGITS, old.password) is None
    revoked = await announced(office.parts.database, events.REVOKED)
    assert any(old.device.encode() in payload for payload in revoked)


async def test_a_recycled_number_begins_anew(office: Office, clock: FakeClock) -> None:
    erased: list[str] = []

    async def forget(local: str) -> None:
        erased.append(local)

    await office.register(ANA)
    await office.devices.set_discoverable(ANA_DIGITS, True)
    office.parts.forget.append(forget)
    clock.advance(days=50)
    assert (await office.register(ANA)).is_new
    assert erased == [ANA_DIGITS]
    assert not (await office.devices.account(ANA_DIGITS)).discoverable


async def test_a_pin_blocks_whoever_got_the_code(office: Office, clock: FakeClock) -> None:
    mine = await office.register(ANA)
    await office.devices.set_pin(ANA_DIGITS, "271828")
    clock.advance(days=1)
    asked = await office.registration.request_code(ANA, HOME)
    with pytest.raises(PinNeeded) as caught:
        await office.registration.verify(asked.registration, office.sms.code, pin=None, device_name="")
    assert caught.value.details["reset_in"] == pytest.approx(6 * 86_400)
    for _ in range(3):
        with pytest.raises(WrongPin):
            await office.registration.verify(asked.registration, office.sms.code, pin="1111", device_name="")
    with pytest.raises(TooMany):
        await office.registration.verify(asked.registration, office.sms.code, pin="271828", device_name="")
    clock.advance(61)
    again = await office.registration.verify(
        asked.registration, office.sms.code, pin="271828", device_name="", keep_devices=True
    )
    ids = {device.id for device in await office.devices.devices_of(ANA_DIGITS)}
    assert ids == {mine.device, again.device}


async def test_a_forgotten_pin_can_be_passed_over_after_disuse(office: Office, clock: FakeClock) -> None:
    await office.register(ANA)
    await office.devices.set_pin(ANA_DIGITS, "271828")
    clock.advance(days=7)
    assert (await office.register(ANA)).is_new
    assert (await office.devices.account(ANA_DIGITS)).pin_hash is None


async def test_use_keeps_the_pin_in_force(office: Office, clock: FakeClock) -> None:
    given = await office.register(ANA)
    await office.devices.set_pin(ANA_DIGITS, "271828")
    for _ in range(4):
        clock.advance(days=5)
        office.credentials.saw(ANA_DIGITS, given.device)
        await office.credentials.write_seen()
    with pytest.raises(PinNeeded):
        await office.register(ANA)


async def test_a_shut_account_stays_shut(office: Office, clock: FakeClock) -> None:
    await office.register(ANA)
    await office.devices.set_enabled(ANA_DIGITS, False)
    clock.advance(days=100)
    with pytest.raises(NoAccount, match="operator"):
        await office.register(ANA)


async def test_a_business_number_cannot_be_registered(office: Office) -> None:
    async def hosted(uow: UnitOfWork, local: str) -> bool:
        return local == ANA_DIGITS

    office.parts.reserved.append(hosted)
    with pytest.raises(Conflict):
        await office.register(ANA)
    assert (await office.register(BRUNO)).is_new


async def test_the_account_moves_to_a_new_number(office: Office, clock: FakeClock) -> None:
    moved: list[tuple[str, str]] = []

    async def rename(uow: UnitOfWork, old: str, new: str) -> None:
        moved.append((old, new))

    office.parts.renamers.append(rename)
    given = await office.register(ANA)
    asked = await office.registration.request_code(BRUNO, HOME, account=ANA_DIGITS)
    with pytest.raises(WrongCode):  # a code for a change registers nothing
        await office.registration.verify(asked.registration, office.sms.code, pin=None, device_name="")
    with pytest.raises(WrongCode):  # nor does it serve somebody else
        await office.registration.verify_change(asked.registration, office.sms.code, account="1", pin=None)
    new = await office.registration.verify_change(asked.registration, office.sms.code, account=ANA_DIGITS, pin=None)
    assert new == BRUNO_DIGITS
    assert moved == [(ANA_DIGITS, BRUNO_DIGITS)]
    assert await office.credentials.check_password(BRUNO_DIGITS, given.password) == given.device
    assert not await office.credentials.exists(ANA_DIGITS)
    assert (await office.devices.account(BRUNO_DIGITS)).country == "DE"


async def test_moving_onto_a_taken_number_needs_its_pin(office: Office) -> None:
    await office.register(ANA)
    await office.register(BRUNO)
    await office.devices.set_pin(BRUNO_DIGITS, "271828")
    office.clock.advance(60)
    asked = await office.registration.request_code(BRUNO, HOME, account=ANA_DIGITS)
    with pytest.raises(PinNeeded):
        await office.registration.verify_change(asked.registration, office.sms.code, account=ANA_DIGITS, pin=None)
    await office.registration.verify_change(asked.registration, office.sms.code, account=ANA_DIGITS, pin="271828")
    async with office.parts.database.read() as uow:
        assert await store.count(uow) == 1


async def test_tidying_leaves_nothing_old(office: Office, clock: FakeClock) -> None:
    await office.registration.request_code(ANA, HOME)
    clock.advance(days=1.1)
    async with office.parts.database.begin() as uow:
        assert await store.forget_old(uow, clock.now()) == 2
    async with office.parts.database.read() as uow:
        assert not (await uow.execute(select(code_sends))).all()
