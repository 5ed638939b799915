"""Logging in: the exchanges of SCRAM, PLAIN and HT (FAST tokens), both sides. Who is asked for keys is not known here.

The server's exchange is fed what the client sends and answers with the next step: a challenge to send, or a question to
whoever keeps credentials, whose answer is given back by a method of the same name. No step blocks, sleeps or draws
random numbers.

    exchange = ServerExchange(mechanism, offer, nonce=…)
    match exchange.receive(initial):
        case AskKeys(username, hash_name): step = exchange.keys(salt, iterations, devices)
        case AskPassword(username, password): step = exchange.password(device)
        case AskTokens(username): step = exchange.tokens(tokens)
        case Challenge(data): …
        case Proved(username, authzid, device, data): …
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal, NamedTuple, final

from plauder.wire import scram
from plauder.wire.jid import InvalidJid, Jid, prepare_local
from plauder.wire.sasl_error import SaslFailure
from plauder.wire.scram import DeviceKeys

# Channel-binding types: RFC 9266 (TLS 1.3) and RFC 5929 §4, and the letters that HT mechanisms have for them.
TLS_EXPORTER: Final = "tls-exporter"
TLS_SERVER_END_POINT: Final = "tls-server-end-point"
_HT_BINDING: Final = {"NONE": "", "EXPR": TLS_EXPORTER, "ENDP": TLS_SERVER_END_POINT}

PASSWORD_MAX: Final = 1023


@dataclass(frozen=True, slots=True)
class Mechanism:
    """What the name of a SASL mechanism means."""

    name: str
    family: Literal["SCRAM", "PLAIN", "HT"]
    hash_name: str = ""
    plus: bool = False
    binding: str = ""  # of an HT mechanism: the one type that it uses


def _mechanisms() -> dict[str, Mechanism]:
    found = [Mechanism("PLAIN", "PLAIN")]
    for hash_name in ("sha-512", "sha-256", "sha-1"):
        name = f"SCRAM-{hash_name.upper()}"
        found += [Mechanism(f"{name}-PLUS", "SCRAM", hash_name, plus=True), Mechanism(name, "SCRAM", hash_name)]
    found += [Mechanism(f"HT-SHA-256-{end}", "HT", "sha-256", binding=kind) for end, kind in _HT_BINDING.items()]
    return {mechanism.name: mechanism for mechanism in found}


MECHANISMS: Final = _mechanisms()

# What a server offers, it offers to many.
_downgrade_hash: Final = lru_cache(maxsize=64)(scram.downgrade_hash)


def offered(hashes: Iterable[str], bindings: Iterable[str], *, plain: bool) -> tuple[str, ...]:
    """The names of the mechanisms to offer for passwords, strongest first.

    -PLUS where a channel can be bound; PLAIN only where the caller says that the connection is encrypted.
    """
    can_bind = any(True for _ in bindings)
    wanted = frozenset(hashes)
    names = [
        mechanism.name
        for mechanism in MECHANISMS.values()
        if mechanism.family == "SCRAM" and mechanism.hash_name in wanted and (can_bind or not mechanism.plus)
    ]
    names.sort(key=lambda name: not name.endswith("-PLUS"))
    return (*names, "PLAIN") if plain else tuple(names)


def offered_for_tokens(bindings: Iterable[str]) -> tuple[str, ...]:
    """The names of the mechanisms to offer for FAST tokens (XEP-0484 §3)."""
    usable = {"", *bindings}
    return tuple(
        mechanism.name for mechanism in MECHANISMS.values() if mechanism.family == "HT" and mechanism.binding in usable
    )


@dataclass(frozen=True, slots=True)
class Offer:
    """What the server offered on this connection.

    `bindings` maps the channel-binding types that were announced (XEP-0440) to this connection's data for them.
    """

    mechanisms: tuple[str, ...]
    bindings: Mapping[str, bytes] = field(default_factory=dict)
    token_mechanisms: tuple[str, ...] = ()


class Challenge(NamedTuple):
    """Send this to the client."""

    data: bytes


class AskKeys(NamedTuple):
    """Look up the SCRAM keys of this user, then call `keys`; for nobody, with `scram.fake_salt` and no keys."""

    username: str
    hash_name: str


class AskPassword(NamedTuple):
    """Check this password (as sent; `jid.prepare_password` it if a person chose it), then call `password`."""

    username: str
    password: str


class AskTokens(NamedTuple):
    """Look up the FAST tokens of this user that were issued for `mechanism`, then call `tokens`."""

    username: str
    mechanism: str


class Proved(NamedTuple):
    """The client is who it says. `data` goes with the success; `device` is whose credential was used, "" for none's.

    `token` is the FAST token that was used, if one was. Whether the account may log in is not decided here, nor whether
    `authzid` is allowed: call `authorized`.
    """

    username: str
    authzid: str
    device: str
    data: bytes | None
    token: bytes | None = None


Step = Challenge | AskKeys | AskPassword | AskTokens | Proved


class Token(NamedTuple):
    """A FAST token as the server keeps it."""

    device: str
    token: bytes


@final
class ServerExchange:
    """One login as the server sees it. Every method may raise `SaslFailure`; then the exchange is over."""

    def __init__(self, mechanism: str, offer: Offer, *, nonce: str) -> None:
        known = MECHANISMS.get(mechanism)
        if known is None or mechanism not in (*offer.mechanisms, *offer.token_mechanisms):
            raise SaslFailure("invalid-mechanism")
        self._mechanism = known
        self._offer = offer
        self._username = ""
        self._authzid = ""
        self._proof = b""
        self._scram: scram.Server | None = None
        self._devices: Sequence[DeviceKeys] | None = None
        self._waits = True  # for the client, as opposed to an answer about credentials
        if known.family == "SCRAM":
            self._scram = scram.Server(
                known.hash_name,
                nonce=nonce,
                plus=known.plus,
                bindings=offer.bindings,
                downgrade=_downgrade_hash(known.hash_name, offer.mechanisms, tuple(offer.bindings)),
            )

    @property
    def mechanism(self) -> str:
        return self._mechanism.name

    def receive(self, data: bytes | None) -> Step:
        """What the client sent: the initial response (None if it sent none), or a response."""
        if not self._waits:
            raise SaslFailure("malformed-request", "a response that nobody asked for")
        if data is None:
            return Challenge(b"")  # all our mechanisms begin with the client (RFC 4422 §5)
        self._waits = False
        if self._mechanism.family == "PLAIN":
            self._authzid, self._username, password = parse_plain(data)
            return AskPassword(self._username, password)
        if self._mechanism.family == "HT":
            self._username, self._proof = parse_token_message(data)
            return AskTokens(self._username, self._mechanism.name)
        assert self._scram is not None
        if self._devices is None:
            first = self._scram.first(data)
            self._username, self._authzid = _prepared(first.username), first.authzid
            return AskKeys(self._username, self._mechanism.hash_name)
        device, verifier = self._scram.final(data, self._devices)
        return Proved(self._username, self._authzid, device, verifier)

    def keys(self, salt: bytes, iterations: int, devices: Sequence[DeviceKeys]) -> Challenge:
        """The answer to `AskKeys`."""
        assert self._scram is not None
        self._devices = devices
        self._waits = True
        return Challenge(self._scram.challenge(salt, iterations))

    def password(self, device: str | None) -> Proved:
        """The answer to `AskPassword`: the device whose password it is, None if it is wrong."""
        if device is None:
            raise SaslFailure("not-authorized")
        return Proved(self._username, self._authzid, device, None)

    def tokens(self, tokens: Iterable[Token]) -> Proved:
        """The answer to `AskTokens`. All are tried, so that the time tells nothing."""
        binding = self._offer.bindings.get(self._mechanism.binding, b"")
        matched: Token | None = None
        for token in tokens:
            if hmac.compare_digest(token_proof(token.token, binding), self._proof):
                matched = token
        if matched is None:
            raise SaslFailure("not-authorized")
        answer = token_answer(matched.token, binding)
        return Proved(self._username, "", matched.device, answer, matched.token)


def authorized(proved: Proved, domain: str) -> Jid:
    """The account that the client may act for: its own and no other; raises `SaslFailure`.

    RFC 6120 §6.3.8: an authorization identity is a bare JID. Nobody here may act for somebody else.
    """
    try:
        own = Jid.of(proved.username, domain)
        wanted = Jid.parse(proved.authzid) if proved.authzid else own
    except InvalidJid:
        raise SaslFailure("invalid-authzid") from None
    if wanted != own:
        raise SaslFailure("invalid-authzid", "you may log in as yourself only")
    return own


def parse_plain(data: bytes) -> tuple[str, str, str]:
    """RFC 4616 §2: authorization identity, user name, password; raises `SaslFailure`."""
    if len(data) > 2 * 3071 + PASSWORD_MAX:
        raise SaslFailure("malformed-request", "too long")
    try:
        parts = data.decode().split("\0")
    except UnicodeDecodeError:
        raise SaslFailure("malformed-request", "not UTF-8") from None
    if len(parts) != 3 or not parts[1] or not parts[2]:
        raise SaslFailure("malformed-request", "not the form of PLAIN")
    return parts[0], _prepared(parts[1]), parts[2]


def plain(username: str, password: str) -> bytes:
    """The client's message of PLAIN."""
    return f"\0{username}\0{password}".encode()


def parse_token_message(data: bytes) -> tuple[str, bytes]:
    """The client's message of an HT mechanism: user name, proof; raises `SaslFailure`."""
    name, cut, proof = data.partition(b"\0")
    if not cut or not name or len(name) > 1023 or len(proof) != 32:
        raise SaslFailure("malformed-request", "not the form of a token mechanism")
    try:
        return _prepared(name.decode()), proof
    except UnicodeDecodeError:
        raise SaslFailure("malformed-request", "not UTF-8") from None


def token_message(username: str, token: bytes, binding: bytes = b"") -> bytes:
    """The client's message of an HT mechanism (draft-schmaus-kitten-sasl-ht-09 §3.1)."""
    return username.encode() + b"\0" + token_proof(token, binding)


def token_proof(token: bytes, binding: bytes) -> bytes:
    return hmac.digest(token, b"Initiator" + binding, "sha256")


def token_answer(token: bytes, binding: bytes) -> bytes:
    """The server's message of an HT mechanism (§3.2): it knows the token, too. The client compares it."""
    return hmac.digest(token, b"Responder" + binding, "sha256")


def _prepared(username: str) -> str:
    """A user name as localparts are written. Some clients send their whole bare address; then that, normalised."""
    try:
        if "@" in username:
            jid = Jid.parse(username)
            return jid.text if jid.local and jid.is_bare else prepare_local(username)
        return prepare_local(username)
    except InvalidJid:
        raise SaslFailure("not-authorized") from None


def choose(mechanisms: Iterable[str], *, bindings: Iterable[str] = (), plain: bool = False) -> Mechanism | None:
    """The mechanism that a client should take of those offered; None if there is none that is good enough."""
    has = frozenset(mechanisms)
    can_bind = any(True for _ in bindings)
    for mechanism in MECHANISMS.values():
        if mechanism.name in has and mechanism.family == "SCRAM" and (can_bind or not mechanism.plus):
            return mechanism
    return MECHANISMS["PLAIN"] if plain and "PLAIN" in has else None
