"""Who is it? One connection's logins: what is offered, whose keys are asked for, how often one may fail.

The exchanges themselves are in `wire.sasl`; this asks the credentials what they ask for, and decides what a proof is
worth: an account that is enabled, a device, a token that was not used before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from xml.etree.ElementTree import Element

from plauder.core.ports import FastToken
from plauder.kit import ids
from plauder.wire import negotiation, sasl, scram
from plauder.wire.jid import Jid
from plauder.wire.negotiation import Authenticate
from plauder.wire.sasl_error import SaslFailure
from plauder.wire.stream_error import StreamError
from plauder.wire.xml import serialize

if TYPE_CHECKING:
    from plauder.core.connection import Connection
    from plauder.core.door import Door

HASHES: Final = ("sha-512", "sha-256", "sha-1")
FAKE_ITERATIONS: Final = 10_000
SLOW_DOWN: Final = "There were too many failed logins from your network. Wait a minute and try again."


@dataclass(frozen=True, slots=True)
class Identity:
    """Who has logged in."""

    account: Jid
    device: str
    """Names the queue: the credential's device, or the user agent's; "" if neither is known."""
    user_agent: str = ""


class Step(NamedTuple):
    """Where an exchange stands: `data` for the client, and who it is once that is proved."""

    data: bytes | None
    identity: Identity | None


class Authentication:
    """The logins of one connection: several may fail before one succeeds."""

    def __init__(self, door: Door, connection: Connection) -> None:
        self._door = door
        self._connection = connection
        self._server = door.server
        bindings = {}
        for name in (sasl.TLS_EXPORTER, sasl.TLS_SERVER_END_POINT):
            data = connection.channel_binding(name)
            if data is not None:
                bindings[name] = data
        mechanisms, tokens = _mechanisms(tuple(bindings), plain=connection.is_encrypted)
        self._offer = sasl.Offer(mechanisms, bindings, tokens)
        self._failures = 0

    def features(self, bind2: tuple[str, ...]) -> bytes:
        """What the client may log in with, as it is sent."""
        return _features(self._offer.mechanisms, self._offer.token_mechanisms, tuple(self._offer.bindings), bind2)

    def begin(self, mechanism: str, wish: Authenticate | None = None) -> Exchange:
        """Start a login. Raises SaslFailure."""
        if not self._door.may_try(self._connection.address):
            raise SaslFailure("temporary-auth-failure", SLOW_DOWN)
        if wish is None and mechanism in self._offer.token_mechanisms:
            raise SaslFailure("invalid-mechanism")  # XEP-0484: tokens are for SASL2
        exchange = sasl.ServerExchange(mechanism, self._offer, nonce=ids.new_token(18))
        return Exchange(self._door, exchange, wish)

    async def failed(self, failure: SaslFailure) -> None:
        """A login failed: the next one is answered later, and too many end the stream (RFC 6120 §6.4.5)."""
        self._failures += 1
        self._server.metrics.count("logins_failed", 1, why=failure.condition)
        if failure.condition in ("not-authorized", "temporary-auth-failure"):
            self._door.failed(self._connection.address)
        if self._failures >= self._server.limits.login_attempts:
            raise StreamError("policy-violation", "Too many failed logins.")
        if self._failures > 1:
            await asyncio.sleep(0.5 * 2 ** (self._failures - 2))

    async def token(self, identity: Identity, wish: Authenticate) -> Element | None:
        """XEP-0484 §3.3: a fresh token for a client that asked for one and has a lasting name."""
        credentials, local = self._server.credentials, identity.account.local
        agent = identity.user_agent
        if wish.fast is not None and wish.fast.invalidate and agent:
            await credentials.drop_fast_tokens(local, agent)
        if wish.request_token is None or not agent or wish.request_token not in self._offer.token_mechanisms:
            return None
        text = ids.new_token(32)
        expires = self._server.clock.now() + timedelta(days=self._server.limits.fast_token_days)
        token = FastToken(text.encode(), identity.device, wish.request_token, expires)
        await credentials.save_fast_token(local, agent, token)
        return negotiation.fast_token(text, expires)


@lru_cache(maxsize=16)
def _mechanisms(bindings: tuple[str, ...], *, plain: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """For passwords, and for tokens."""
    return sasl.offered(HASHES, bindings, plain=plain), sasl.offered_for_tokens(bindings)


@lru_cache(maxsize=64)
def _features(
    mechanisms: tuple[str, ...], tokens: tuple[str, ...], bindings: tuple[str, ...], bind2: tuple[str, ...]
) -> bytes:
    """The same for everybody who comes in the same way."""
    found = [
        negotiation.sasl_feature(mechanisms),
        negotiation.sasl2_feature(mechanisms, bind_features=bind2, token_mechanisms=tokens, resume=True),
    ]
    if bindings:
        found.append(negotiation.channel_binding_feature(bindings))
    return b"".join([serialize(one) for one in found])


class Exchange:
    """One login under way."""

    def __init__(self, door: Door, exchange: sasl.ServerExchange, wish: Authenticate | None) -> None:
        self._door = door
        self._server = door.server
        self._exchange = exchange
        agent = wish.user_agent.id if wish is not None and wish.user_agent is not None else None
        self._user_agent = agent or ""
        self._count = wish.fast.count if wish is not None and wish.fast is not None else None
        self._tokens: Sequence[FastToken] = ()

    async def receive(self, data: bytes | None) -> Step:
        """Take what the client sent. Raises SaslFailure."""
        step = self._exchange.receive(data)
        while True:
            if isinstance(step, sasl.Challenge):
                return Step(step.data, None)
            if isinstance(step, sasl.Proved):
                return Step(step.data, await self._identify(step))
            if isinstance(step, sasl.AskKeys):
                step = await self._keys(step)
            elif isinstance(step, sasl.AskPassword):
                device = await self._server.credentials.check_password(self._local(step.username), step.password)
                step = self._exchange.password(device)
            else:
                step = await self._find_tokens(step)

    def _local(self, username: str) -> str:
        """The localpart of a user name; some clients send their whole address."""
        return username.removesuffix(f"@{self._server.domain}")

    async def _keys(self, asked: sasl.AskKeys) -> sasl.Challenge:
        keys = await self._server.credentials.lookup(self._local(asked.username), asked.hash_name)
        if keys is None:
            # RFC 5802 §9: nobody learns from the challenge which accounts exist.
            salt = scram.fake_salt(self._door.secret, self._local(asked.username))
            return self._exchange.keys(salt, self._door.iterations, ())
        self._door.iterations = keys.iterations
        devices = [scram.DeviceKeys(one.device, one.stored_key, one.server_key) for one in keys.devices]
        return self._exchange.keys(keys.salt, keys.iterations, devices)

    async def _find_tokens(self, asked: sasl.AskTokens) -> sasl.Proved:
        if not self._user_agent:
            raise SaslFailure("malformed-request", "a token is used with the user agent it was given to")
        found = await self._server.credentials.fast_tokens(self._local(asked.username), self._user_agent)
        self._tokens = [token for token in found if token.mechanism == asked.mechanism]
        return self._exchange.tokens(sasl.Token(token.device, token.token) for token in self._tokens)

    async def _identify(self, proved: sasl.Proved) -> Identity:
        proved = proved._replace(username=self._local(proved.username))
        account = sasl.authorized(proved, self._server.domain)
        if proved.token is not None:
            # Of a disabled account, the credentials give out no password; its tokens are still there.
            if not await self._server.credentials.is_enabled(account.local):
                raise SaslFailure("account-disabled")
            await self._use_token(account.local, proved.token)
        device = proved.device or (f"agent:{self._user_agent}" if self._user_agent else "")
        return Identity(account, device, self._user_agent)

    async def _use_token(self, local: str, token: bytes) -> None:
        """XEP-0484 §3.4: a count must rise, or the message may be somebody's recording.

        The count is not part of the proof: a recording must not get in by leaving it out, either.
        """
        if not await self._server.credentials.use_fast_token(local, self._user_agent, token, self._count):
            raise SaslFailure("not-authorized", "the count of the token did not rise, or the token is gone")
