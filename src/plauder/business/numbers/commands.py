"""Use cases on numbers. Codes travel through the `Codes` port: SMS, or the console of a laptop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Row, delete, func, select, update

from plauder.business.numbers import rules, store
from plauder.business.shared import nodes
from plauder.business.shared.errors import fail, invalid
from plauder.business.shared.updates import Update, Updates
from plauder.kit import phone
from plauder.kit.ids import new_code
from plauder.store.database import UnitOfWork


class Codes(Protocol):
    """How a verification code reaches a phone."""

    async def send(self, digits: str, code: str, *, voice: bool, language: str) -> None:
        """Deliver `code` to `digits`. Raises PlauderError when no gateway takes it."""
        ...


async def add(
    uow: UnitOfWork,
    *,
    portfolio_id: str,
    waba_id: str,
    number: str,
    verified_name: str,
    at: datetime,
    is_test: bool = False,
) -> str:
    """A number in international form joins a WABA; returns its id."""
    try:
        parsed = phone.parse("+" + number.lstrip("+"))
        digits, display, country = parsed.digits, parsed.international, parsed.country
    except phone.BadNumber as error:
        if not is_test:
            raise invalid(f"{number}: {error.message}", title="Invalid phone number") from None
        digits, display, country = number, f"+{number}", phone.country_of(number)
    if not 1 <= len(verified_name.strip()) <= 128:
        raise invalid("verified_name must have 1 to 128 characters", title="Invalid display name")
    if await store.by_digits(uow, digits):
        raise invalid(
            f"{display} is already on a WhatsApp Business Account of this server",
            subcode=2388091,
            title="Number in use",
        )
    node = await nodes.create(uow, "phone", portfolio_id=portfolio_id, waba_id=waba_id)
    await uow.execute(
        store.numbers.insert().values(
            id=node.id,
            waba_id=waba_id,
            portfolio_id=portfolio_id,
            digits=digits,
            display=display,
            country=country,
            verified_name=verified_name.strip(),
            is_test=is_test,
            name_status="AVAILABLE_WITHOUT_REVIEW" if is_test else "APPROVED",
            created_at=at,
        )
    )
    return node.id


async def request_code(uow: UnitOfWork, number: Row[Any], *, at: datetime) -> str:
    """Make a code for the number; the caller sends it after the commit. Raises 136024."""
    if number.code_verification_status == "VERIFIED":
        raise fail(136024, "The phone number is verified already.")
    kept = (await uow.execute(select(store.codes).where(store.codes.c.number_id == number.id))).one_or_none()
    if kept and at - kept.asked_at < rules.CODE_WAIT:
        raise fail(136024, "A code was sent a moment ago. Wait half a minute before you ask for another.")
    await _limit(uow, number.id, "code", at, rules.REGISTRATIONS, rules.REGISTRATION_SPAN, error=136024)
    code = new_code(6)
    values = {"code_hash": rules.hash_secret(code), "asked_at": at, "tries": 0}
    statement = uow.insert(store.codes).values(number_id=number.id, **values)
    await uow.execute(statement.on_conflict_do_update(index_elements=["number_id"], set_=values))
    return code


async def note_wrong_code(uow: UnitOfWork, number_id: str) -> None:
    """Count a wrong guess, in a transaction of its own that survives the error."""
    await uow.execute(
        update(store.codes).where(store.codes.c.number_id == number_id).values(tries=store.codes.c.tries + 1)
    )


async def verify_code(uow: UnitOfWork, number: Row[Any], code: str, *, at: datetime) -> None:
    kept = (await uow.execute(select(store.codes).where(store.codes.c.number_id == number.id))).one_or_none()
    rules.check_code(kept, code, at)
    await uow.execute(delete(store.codes).where(store.codes.c.number_id == number.id))
    await store.change(uow, number.id, code_verification_status="VERIFIED")


async def register(uow: UnitOfWork, number: Row[Any], pin: str, *, at: datetime, updates: Updates) -> None:
    """Make the number a hosted device. Sets the PIN, or checks it when there is one. Raises 133005, 133006, 133016."""
    rules.check_pin_form(pin)
    if number.code_verification_status != "VERIFIED":
        raise fail(133006, "Verify the number with request_code and verify_code first.")
    await _limit(uow, number.id, "register", at, rules.REGISTRATIONS, rules.REGISTRATION_SPAN, error=133016)
    if number.pin_hash:
        if await _count(uow, number.id, "pin", at - rules.PIN_SPAN) >= rules.PIN_TRIES:
            raise fail(133008, "Too many wrong PINs. Try again in 12 hours.")
        if not rules.is_secret(pin, number.pin_hash):
            raise fail(133005, "The PIN is not the one that was set for this number.")
    values: dict[str, Any] = {"status": "CONNECTED", "registered_at": at}
    if not number.pin_hash:
        values["pin_hash"] = rules.hash_secret(pin)
    await store.change(uow, number.id, **values)
    if number.status != "CONNECTED":
        await updates.publish(uow, [_quality_update(number, "ONBOARDING", at)])


async def note_attempt(uow: UnitOfWork, number_id: str, what: str, at: datetime) -> None:
    """Count a wrong PIN, in a transaction of its own that survives the error."""
    await uow.execute(store.attempts.insert().values(number_id=number_id, what=what, at=at))


async def deregister(uow: UnitOfWork, number: Row[Any]) -> None:
    if number.status != "CONNECTED":
        raise fail(133010, "The number is not registered.")
    await store.change(uow, number.id, status="DISCONNECTED", registered_at=None)


async def give_up(uow: UnitOfWork, number: Row[Any]) -> None:
    """A registered number stops being a hosted device; one that never was is forgotten."""
    if number.is_test:
        raise invalid("The test number stays with the business.")
    if number.status == "CONNECTED":
        await deregister(uow, number)
        return
    if number.registered_at is not None or number.pin_hash:
        raise invalid("The number has messages and bills; it stays listed.")
    await uow.execute(delete(store.codes).where(store.codes.c.number_id == number.id))
    await uow.execute(delete(store.numbers).where(store.numbers.c.id == number.id))
    await nodes.remove(uow, number.id)


async def set_pin(uow: UnitOfWork, number: Row[Any], pin: str, *, at: datetime, updates: Updates) -> None:
    await store.change(uow, number.id, pin_hash=rules.hash_secret(rules.check_pin_form(pin)))
    value = {"display_phone_number": number.digits, "event": "PIN_CHANGED", "requester": number.portfolio_id}
    await updates.publish(uow, [Update(number.waba_id, "security", value, at, key=number.id, phone_id=number.id)])


async def rename(uow: UnitOfWork, number: Row[Any], name: str, *, at: datetime, updates: Updates) -> None:
    """Another display name. On this server names need no review, so it is in force at once."""
    name = name.strip()
    if not 1 <= len(name) <= 128:
        raise invalid("new_display_name must have 1 to 128 characters")
    await store.change(uow, number.id, verified_name=name, name_status="APPROVED")
    value = {
        "display_phone_number": number.digits,
        "decision": "APPROVED",
        "requested_verified_name": name,
        "rejection_reason": "NONE",
    }
    await updates.publish(uow, [Update(number.waba_id, "phone_number_name_update", value, at, key=number.id)])


async def change_settings(uow: UnitOfWork, number: Row[Any], settings: Mapping[str, Any]) -> None:
    await store.change(uow, number.id, settings=dict(number.settings) | rules.check_settings(settings))


async def allow_recipients(
    uow: UnitOfWork, number: Row[Any], recipients: Sequence[str], *, always: Sequence[str] = ()
) -> None:
    """Whom a test number may write to; `always` are not counted. Digits."""
    people = set(recipients) - set(always)
    if len(people) > rules.TEST_RECIPIENTS:
        raise invalid(f"A test number has at most {rules.TEST_RECIPIENTS} recipients")
    await store.change(uow, number.id, recipients=sorted(people | set(always)))


def _quality_update(number: Row[Any], event: str, at: datetime) -> Update:
    value = {
        "display_phone_number": number.digits,
        "event": event,
        "current_limit": "TIER_250",
        "max_daily_conversations_per_business": "TIER_250",
    }
    return Update(number.waba_id, "phone_number_quality_update", value, at, key=number.id)


async def _count(uow: UnitOfWork, number_id: str, what: str, since: datetime) -> int:
    c = store.attempts.c
    statement = select(func.count()).where(c.number_id == number_id, c.what == what, c.at > since)
    return int((await uow.execute(statement)).scalar_one())


async def _limit(
    uow: UnitOfWork, number_id: str, what: str, at: datetime, most: int, span: timedelta, *, error: int
) -> None:
    if await _count(uow, number_id, what, at - span) >= most:
        raise fail(error, f"At most {most} times in {int(span.total_seconds() // 3600)} hours.")
    await note_attempt(uow, number_id, what, at)
