"""Decisions about registration and devices. Pure: they take what is known and the time, and say yes or no and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from plauder.kit.config import Registration

PUMPING_SAMPLE = 20
"""Codes to one country in a day before their success is looked at."""
PUMPING_PERCENT = 5
"""Below this share of codes that somebody typed in, texts go to a machine that earns from them (SMS pumping)."""
PIN_FREE_TRIES = 3
LONGEST_PIN_WAIT = timedelta(days=1)
SEEN_EVERY = timedelta(hours=1)
"""Last use is kept no finer than this: enough for PIN and idle rules, useless as a record of someone's day."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision and its reason. `wait` seconds until it may turn out otherwise; 0 when waiting does not help."""

    allowed: bool
    why: str
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Sends:
    """What was sent lately. Windows are 24 hours for the number and country, one hour for address and total."""

    to_number: int = 0
    last_to_number: datetime | None = None
    oldest_to_number: datetime | None = None
    from_network: int = 0
    in_total: int = 0
    to_country: int = 0
    typed_in_country: int = 0
    """How many of `to_country` were verified."""


def may_send_code(country: str, sends: Sends, policy: Registration, now: datetime) -> Verdict:
    """Whether one more code may be sent to a number of `country`.

    Order matters: what the asker can do nothing about comes first, so the answer tells nothing about a number.
    """
    if country in policy.blocked_countries or (policy.countries and country not in policy.countries):
        return Verdict(False, "country")
    if sends.in_total >= policy.codes_per_hour:
        return Verdict(False, "total", 600)
    if sends.to_country >= policy.country_caps.get(country, policy.codes_per_country_per_day):
        return Verdict(False, "country-cap", 3_600)
    if sends.to_country >= PUMPING_SAMPLE and sends.typed_in_country * 100 < sends.to_country * PUMPING_PERCENT:
        return Verdict(False, "pumping", 3_600)
    if sends.from_network >= policy.codes_per_address_per_hour:
        return Verdict(False, "address", 600)
    if sends.to_number >= policy.codes_per_number_per_day and sends.oldest_to_number is not None:
        return Verdict(False, "number", _seconds(sends.oldest_to_number + timedelta(days=1) - now))
    if sends.last_to_number is not None:
        wait = _seconds(sends.last_to_number + timedelta(seconds=wait_after(sends.to_number, policy)) - now)
        if wait > 0:
            return Verdict(False, "too-soon", wait)
    return Verdict(True, "ok")


def wait_after(sent: int, policy: Registration) -> float:
    """Seconds to wait after the `sent`-th code to a number: doubles each time."""
    return policy.first_wait_seconds * float(2 ** min(max(sent - 1, 0), 20))


@dataclass(frozen=True, slots=True)
class PinState:
    """What an account's PIN has been through."""

    failures: int = 0
    blocked_until: datetime | None = None
    last_used: datetime | None = None
    """When any device of the account last logged in."""


def may_try_pin(state: PinState, now: datetime) -> Verdict:
    """Guesses at a PIN get slower: three are free, then a minute, two, four … up to a day."""
    if state.blocked_until is not None and state.blocked_until > now:
        return Verdict(False, "pin-blocked", _seconds(state.blocked_until - now))
    return Verdict(True, "ok")


def pin_block_after(failures: int, now: datetime) -> datetime | None:
    """Until when guessing stops after this many failures in a row."""
    if failures < PIN_FREE_TRIES:
        return None
    return now + min(timedelta(minutes=2 ** min(failures - PIN_FREE_TRIES, 20)), LONGEST_PIN_WAIT)


def pin_is_needed(state: PinState, policy: Registration, now: datetime) -> Verdict:
    """Whether the PIN still guards the number: until nobody has used the account for `pin_wait_days`.

    Somebody who uses the account keeps it for ever; a number that changed hands comes free.
    """
    free_at = (state.last_used or now) + timedelta(days=policy.pin_wait_days)
    if now >= free_at:
        return Verdict(False, "unused")
    return Verdict(True, "in-use", _seconds(free_at - now))


def is_same_person(has_pin: bool, gave_pin: bool, last_used: datetime | None, now: datetime) -> Verdict:
    """Whether somebody who verified a registered number gets what belonged to it, or a new account.

    Operators hand numbers out again after some months. The PIN proves continuity; without one, recent use makes it
    likely.
    """
    if gave_pin:
        return Verdict(True, "pin")
    if has_pin:
        return Verdict(False, "pin-passed-over")
    if last_used is None or now - last_used > timedelta(days=RECYCLED_DAYS):
        return Verdict(False, "number-recycled")
    return Verdict(True, "recent")


RECYCLED_DAYS = 45
"""Unused for so long, a number may have a new owner: operators rest numbers for 45 days or more (FCC 18-177)."""

_PIN = re.compile(r"[0-9]{4,12}")


def is_good_pin(pin: str) -> Verdict:
    """Four to twelve digits that are not the first thing a thief tries."""
    if not _PIN.fullmatch(pin):
        return Verdict(False, "not-digits")
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        return Verdict(False, "too-simple")
    return Verdict(True, "ok")


_NAME = re.compile(r"[a-z][a-z0-9._-]{2,31}")
RESERVED_NAMES = frozenset(
    {"abuse", "admin", "administrator", "anonymous", "billing", "help", "hostmaster", "info", "moderator", "noc"}
    | {"operator", "plauder", "postmaster", "root", "security", "server", "service", "staff", "status", "support"}
    | {"system", "team", "test", "webmaster", "www", "xmpp"}
)


def is_good_name(name: str) -> Verdict:
    """A name for an account without a number: small letters, digits, dots, hyphens; none that looks official."""
    if not _NAME.fullmatch(name) or name[-1] in "._-":
        return Verdict(False, "form")
    if name.rstrip("0123456789._-") in RESERVED_NAMES:
        return Verdict(False, "reserved")
    return Verdict(True, "ok")


LONGEST_DEVICE_NAME = 64


def device_name(text: str) -> str:
    """What a person sees in the list of devices: printable, bounded, never empty."""
    clean = "".join(character if character.isprintable() else " " for character in text[: LONGEST_DEVICE_NAME * 4])
    return " ".join(clean.split())[:LONGEST_DEVICE_NAME] or "Device"


def lookups_per_day(age: timedelta, first: int, growth: int, most: int) -> int:
    """How many contacts an account may look up in a day: few when it is new, so that making accounts does not pay."""
    return max(0, min(first + growth * max(age.days, 0), most))


def _seconds(span: timedelta) -> float:
    return max(0.0, span.total_seconds())
