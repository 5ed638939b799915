"""Codes that prove a business owns its number: over the same gateway as people's."""

from __future__ import annotations

from plauder.features.accounts.parts import SmsGateway
from plauder.kit import phone
from plauder.kit.errors import BadInput


class BusinessCodes:
    """`business.numbers.commands.Codes` by SMS."""

    def __init__(self, gateway: SmsGateway) -> None:
        self._gateway = gateway

    async def send(self, digits: str, code: str, *, voice: bool, language: str) -> None:
        """Raises BadInput for a voice call, BadNumber, NotSent."""
        if voice:
            raise BadInput("This network sends codes by SMS only.")
        await self._gateway.send(phone.parse_digits(digits), f"{code} is your Plauder Business code.")
