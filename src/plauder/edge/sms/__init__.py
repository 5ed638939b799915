"""Gateways that carry verification codes to phones; `build` makes the one that the operator chose."""

from __future__ import annotations

import httpx

from plauder.edge.sms.console import Console
from plauder.edge.sms.generic import Generic
from plauder.edge.sms.twilio import Twilio
from plauder.features.accounts.parts import SmsGateway
from plauder.kit.clock import Clock
from plauder.kit.config import Config


def build(config: Config, clock: Clock, http: httpx.AsyncClient) -> SmsGateway:
    """The gateway of `[sms]`; `http` is closed by its owner."""
    settings = config.sms
    if settings.gateway == "twilio":
        return Twilio(settings, http)
    if settings.gateway == "http":
        return Generic(settings, http)
    return Console(clock)
