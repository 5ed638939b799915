"""Addresses: RFC 7622 (localpart@domainpart/resourcepart), prepared with PRECIS (RFC 8265) and IDNA2008.

A `Jid` is made only by `Jid.parse`, `Jid.of` or by changing another one, so whoever holds one holds a valid, normalised
address and compares by equality. Parsing is cached: on the hot path an address costs one look-up.
"""

from __future__ import annotations

import ipaddress
import re
import warnings
from functools import lru_cache
from typing import Final, Never, final

import idna
from precis_i18n import get_profile

from plauder.kit.errors import BadInput

# RFC 7622 §3.1: each part is at most 1023 octets of UTF-8; with the separators that makes 3071.
PART_MAX: Final = 1023
JID_MAX: Final = 3071

# What needs no preparation at all, which is nearly every address there is. Only a shortcut: the long way agrees.
_PLAIN_LOCAL: Final = re.compile(r"[a-z0-9!#$%()*+,\-.;=?\[\\\]^_`{|}~]{1,1023}")
_PLAIN_DOMAIN: Final = re.compile(
    r"(?=.{1,253}\Z)(?!.*xn--)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?!\d+\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_PLAIN_RESOURCE: Final = re.compile(r"[ -~]{1,1023}")

# RFC 7622 §3.3.1: allowed by the UsernameCaseMapped profile, but not in a localpart.
_NOT_IN_LOCAL: Final = frozenset("\"&'/:<>@")

# Longer texts are parsed every time, so that hostile ones cannot fill the cache with megabytes.
_CACHED_MAX: Final = 256
_CACHE_SIZE: Final = 16_384

with warnings.catch_warnings():  # the profiles are built once; their tables may warn about the Unicode version
    warnings.simplefilter("ignore")
    _USERNAME: Final = get_profile("UsernameCaseMapped")
    _OPAQUE: Final = get_profile("OpaqueString")


class InvalidJid(BadInput, ValueError):
    """That is not an address (RFC 7622)."""

    code = "jid-malformed"


@final
class Jid:
    """One address. Immutable, hashable, equal when the normalised text is equal, ordered by that text.

    `local` and `resource` are empty strings where the part is absent; `domain` never is. `bare` is the address without
    its resource (itself where there is none), `text` the whole address.
    """

    __slots__ = ("_hash", "bare", "domain", "local", "resource", "text")

    local: str
    domain: str
    resource: str
    text: str
    bare: Jid

    def __init__(self) -> None:
        raise TypeError("use Jid.parse(text) or Jid.of(local, domain, resource)")

    @staticmethod
    def parse(text: str) -> Jid:
        """The address that `text` stands for; raises `InvalidJid`."""
        return _parse_cached(text) if len(text) <= _CACHED_MAX else _parse(text)

    @staticmethod
    def of(local: str, domain: str, resource: str = "") -> Jid:
        """An address from its parts, which are prepared and checked; raises `InvalidJid`."""
        return _build(
            prepare_local(local) if local else "",
            prepare_domain(domain),
            prepare_resource(resource) if resource else "",
        )

    def with_resource(self, resource: str) -> Jid:
        """The same account's address at another device; raises `InvalidJid`."""
        return _build(self.local, self.domain, prepare_resource(resource))

    @property
    def is_bare(self) -> bool:
        return not self.resource

    @property
    def domain_jid(self) -> Jid:
        """The server's own address."""
        return _build("", self.domain, "") if self.local or self.resource else self

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError(f"Jid is immutable: {name}")

    def __delattr__(self, name: str) -> Never:
        raise AttributeError(f"Jid is immutable: {name}")

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Jid({self.text!r})"

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Jid) and self.text == other.text)

    def __lt__(self, other: Jid) -> bool:
        return self.text < other.text

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return _parse, (self.text,)

    _hash: int


def _build(local: str, domain: str, resource: str) -> Jid:
    """A Jid of prepared parts."""
    bare_text = f"{local}@{domain}" if local else domain
    bare = _new(local, domain, "", bare_text, None)
    return _new(local, domain, resource, f"{bare_text}/{resource}", bare) if resource else bare


def _new(local: str, domain: str, resource: str, text: str, bare: Jid | None) -> Jid:
    jid = object.__new__(Jid)
    put = object.__setattr__
    put(jid, "local", local)
    put(jid, "domain", domain)
    put(jid, "resource", resource)
    put(jid, "text", text)
    put(jid, "bare", jid if bare is None else bare)
    put(jid, "_hash", hash(text))
    return jid


def _parse(text: str) -> Jid:
    # RFC 7622 §3.2: cut at the first "/", then at the first "@" before it; what follows a "/" may hold both again.
    address, slash, resource = text.partition("/")
    local, at, domain = address.partition("@")
    if not at:
        local, domain = "", address
    elif not local:
        raise InvalidJid("An address must have something before its @.")
    if slash and not resource:
        raise InvalidJid("An address must have something after its /.")
    return Jid.of(local, domain, resource)


_parse_cached: Final = lru_cache(maxsize=_CACHE_SIZE)(_parse)


def prepare_local(text: str) -> str:
    """A localpart, normalised (RFC 7622 §3.3: UsernameCaseMapped less eight characters)."""
    if _PLAIN_LOCAL.fullmatch(text):
        return text
    prepared = _enforce(_USERNAME, text, "name before the @")
    if not _NOT_IN_LOCAL.isdisjoint(prepared):
        raise InvalidJid("The name before the @ holds a character that is not allowed there.")
    return prepared


def prepare_resource(text: str) -> str:
    """A resourcepart, normalised (RFC 7622 §3.4: OpaqueString)."""
    return text if _PLAIN_RESOURCE.fullmatch(text) else _enforce(_OPAQUE, text, "resource after the /")


def prepare_password(text: str) -> str:
    """A password that a person chose, normalised (RFC 8265 §4.2: OpaqueString); raises `InvalidJid`."""
    return text if text.isascii() and text.isprintable() and text else _enforce(_OPAQUE, text, "password")


def prepare_domain(text: str) -> str:
    """A domainpart, normalised (RFC 7622 §3.2): U-labels in lower case, or an IP address."""
    if _PLAIN_DOMAIN.fullmatch(text):
        return text
    text = text.removesuffix(".")  # §3.2: a final dot is stripped before anything else
    if text.startswith("["):
        return _ipv6_literal(text)
    if _is_ipv4(text):
        return text
    try:
        prepared = idna.decode(text, strict=True, uts46=True)
        idna.encode(prepared, strict=True)  # each label and the whole must fit the DNS
    except (idna.IDNAError, UnicodeError, ValueError, IndexError) as problem:
        raise InvalidJid("The part after the @ is not a domain name.") from problem
    return prepared


def _ipv6_literal(text: str) -> str:
    inside = text[1:-1] if text.endswith("]") and "%" not in text else ""
    try:
        return f"[{ipaddress.IPv6Address(inside).compressed}]"
    except ValueError as problem:
        raise InvalidJid("The part after the @ is not an IPv6 address.") from problem


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _enforce(profile: object, text: str, part: str) -> str:
    if len(text) > PART_MAX:
        raise InvalidJid(f"The {part} is too long.")
    try:
        prepared: str = profile.enforce(text)  # type: ignore[attr-defined]
        size = len(prepared.encode())
    except UnicodeError as problem:
        raise InvalidJid(f"The {part} holds a character that is not allowed there, or is empty.") from problem
    if size > PART_MAX:
        raise InvalidJid(f"The {part} is too long.")
    return prepared
