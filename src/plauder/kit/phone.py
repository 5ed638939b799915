"""Phone numbers: what people type, as the digits that are an account's address.

Numbers are checked against the numbering plans of libphonenumber, so nobody pays for a text to a number that
cannot exist, nor to a premium line.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from plauder.kit.errors import BadInput

LONGEST_INPUT = 64

_REFUSED_TYPES = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
        PhoneNumberType.PAGER,
    }
)


class BadNumber(BadInput):
    """That is not a phone number."""

    code = "bad-number"


@dataclass(frozen=True, slots=True)
class Phone:
    """A valid number. `digits` is E.164 without the plus and the local part of the JID; `country` two letters."""

    digits: str
    country: str

    @property
    def e164(self) -> str:
        return f"+{self.digits}"

    @property
    def international(self) -> str:
        """For eyes: +49 1511 2345678."""
        return phonenumbers.format_number(phonenumbers.parse(self.e164), PhoneNumberFormat.INTERNATIONAL)

    def __str__(self) -> str:
        return self.e164


def parse(text: str, default_region: str = "") -> Phone:
    """Read a number in any usual notation; without a country code it is one of `default_region` ("DE").

    Raises BadNumber, whose text a person can act on.
    """
    if len(text) > LONGEST_INPUT:
        raise BadNumber("A phone number is not that long.")
    try:
        number = phonenumbers.parse(text, default_region or None)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            raise BadNumber("Write the number with its country code, as +49 1511 2345678.") from None
        raise BadNumber("That does not look like a phone number.") from None
    _check(number)
    return Phone(
        phonenumbers.format_number(number, PhoneNumberFormat.E164).removeprefix("+"),
        phonenumbers.region_code_for_number(number) or "",
    )


def _check(number: PhoneNumber) -> None:
    if number.extension:
        raise BadNumber("A number with an extension cannot receive a text.")
    if not phonenumbers.is_valid_number(number):
        raise BadNumber("There is no such phone number. Check the country code and the digits.")
    if phonenumbers.number_type(number) in _REFUSED_TYPES:
        raise BadNumber("Premium, shared-cost and service numbers cannot register.")


def parse_digits(digits: str) -> Phone:
    """From the local part of a JID. Raises BadNumber."""
    if not (digits.isascii() and digits.isdecimal()):
        raise BadNumber()
    return parse(f"+{digits}")


@lru_cache(maxsize=16_384)
def country_of(digits: str) -> str:
    """The two letters of the country of E.164 digits, or "" where none is known. Never raises."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(f"+{digits}")) or ""
    except NumberParseException:
        return ""


@lru_cache(maxsize=16_384)
def calling_code_of(digits: str) -> str:
    """The country calling code at the start of E.164 digits ("49"), or "" where there is none. Never raises."""
    try:
        return str(phonenumbers.parse(f"+{digits}").country_code)
    except NumberParseException:
        return ""


def example_of(country: str) -> str:
    """Digits that begin as numbers of a country do (`DE` → `490000000`); "" for what is no country."""
    code = phonenumbers.country_code_for_region(country)
    return f"{code}0000000" if code else ""
