"""Who calls the API: a device, by HTTP Basic with its JID and password, or by a bearer token made from that.

Every route of ours that needs a login says so by its argument:

    @routes.get("/api/v1/things")
    async def things(caller: Authenticated) -> …
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated

import orjson
from fastapi import Depends, Request, Security
from fastapi.openapi.models import HTTPBase, HTTPBearer
from fastapi.security.base import SecurityBase

from plauder.features.accounts.credentials import AccountCredentials
from plauder.kit.clock import Clock
from plauder.kit.config import Config
from plauder.kit.errors import TooMany, Unauthenticated
from plauder.kit.keyring import Keyring
from plauder.kit.limits import Allowance, network_of
from plauder.wire.jid import InvalidJid, Jid

TOKEN_SECONDS = 3_600
LONGEST_HEADER = 4_096


@dataclass(frozen=True, slots=True)
class Caller:
    """The device that calls. `device` is "" when a password was used that a person chose."""

    local: str
    device: str
    jid: str
    """Bare JID."""


class Auth:
    """Tells the caller of a request. Raises Unauthenticated; TooMany after too many failures from one network."""

    def __init__(self, credentials: AccountCredentials, keyring: Keyring, config: Config, clock: Clock) -> None:
        self._credentials = credentials
        self._key = keyring.derive("bearer")
        self._domain = config.domain
        self._clock = clock
        self._failures = Allowance(clock, config.limits.logins_per_minute, 60)

    async def __call__(self, request: Request) -> Caller:
        network = network_of(request.state.address)
        wait = self._failures.wait(network)
        if wait:
            raise TooMany("Too many failed logins from your network; wait a little.", retry_after=wait)
        header = request.headers.get("authorization", "")
        if not header:
            raise Unauthenticated("Log in with your device's credential.")
        scheme, _, value = header[:LONGEST_HEADER].partition(" ")
        caller = None
        if scheme.lower() == "basic":
            caller = await self._basic(value.strip())
        elif scheme.lower() == "bearer":
            caller = await self._bearer(value.strip())
        if caller is None:
            self._failures.take(network)
            raise Unauthenticated("The credential is wrong, or the device was removed.")
        return caller

    async def _basic(self, value: str) -> Caller | None:
        try:
            text = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        # RFC 7617 §2: the user-id holds no colon; nor does a bare JID.
        name, _, password = text.partition(":")
        local = self._local(name)
        if local is None:
            return None
        device = await self._credentials.check_password(local, password)
        if device is None:
            return None
        self._credentials.saw(local, device)
        return self._caller(local, device)

    def _local(self, name: str) -> str | None:
        try:
            jid = Jid.parse(name if "@" in name else f"{name}@{self._domain}")
        except InvalidJid:
            return None
        return jid.local if jid.domain == self._domain and jid.local else None

    def _caller(self, local: str, device: str) -> Caller:
        return Caller(local, device, f"{local}@{self._domain}")

    def token(self, caller: Caller) -> tuple[str, int]:
        """A bearer token of this device and its seconds; dies with the device, too."""
        expires = int(self._clock.now().timestamp()) + TOKEN_SECONDS
        claims = orjson.dumps([caller.local, caller.device, expires])
        return f"{_encode(claims)}.{_encode(self._mac(claims))}", TOKEN_SECONDS

    async def _bearer(self, value: str) -> Caller | None:
        claims_text, _, mac_text = value.partition(".")
        try:
            claims, mac = _decode(claims_text), _decode(mac_text)
        except (binascii.Error, ValueError):
            return None
        if not hmac.compare_digest(mac, self._mac(claims)):
            return None
        local, device, expires = orjson.loads(claims)
        if expires <= self._clock.now().timestamp() or not await self._credentials.has_device(local, device):
            return None
        return self._caller(local, device)

    def _mac(self, claims: bytes) -> bytes:
        return hmac.digest(self._key, claims, hashlib.sha256)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


class _Documented(SecurityBase):
    """Puts a way to log in into the OpenAPI document; `Auth` does the work for all of them."""

    def __init__(self, model: HTTPBase, scheme_name: str) -> None:
        self.model = model
        self.scheme_name = scheme_name

    async def __call__(self) -> None:
        return None


_basic = _Documented(HTTPBase(scheme="basic", description="JID and password of the device."), "device")
_bearer = _Documented(HTTPBearer(description="From POST /api/v1/token."), "token")


async def authenticate(
    request: Request, _by_device: Annotated[None, Security(_basic)], _by_token: Annotated[None, Security(_bearer)]
) -> Caller:
    """The caller, as the application's `Auth` tells."""
    auth: Auth = request.app.state.auth
    return await auth(request)


Authenticated = Annotated[Caller, Depends(authenticate)]
"""The type of an argument that makes a route need a login."""
