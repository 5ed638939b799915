"""Where another server is: SRV records of both kinds (RFC 6120 §3.2, XEP-0368), then addresses.

A name that somebody wrote must not lead us to our own machine or a private network: such addresses are left out,
unless the operator wrote down where that server is.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import dns.asyncresolver
import dns.exception
import dns.resolver
from dns.rdtypes.IN.SRV import SRV

from plauder.business.webhooks.rules import is_allowed
from plauder.core.link import Unreachable

PORT: Final = 5269
SECONDS: Final = 5.0
TARGETS_MAX: Final = 8
ADDRESSES_MAX: Final = 4


class Target(NamedTuple):
    """One place to try: an IP address and a port; `is_direct`: TLS from the first byte."""

    address: str
    port: int
    is_direct: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """An SRV record. `target` "" says that the service is not offered (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str
    is_direct: bool = False


class Lookup(Protocol):
    """Asks DNS."""

    async def services(self, name: str) -> list[Record] | None:
        """The SRV records of a name; None where there are none. Raises Unreachable when DNS does not answer."""
        ...

    async def addresses(self, host: str) -> list[str]:
        """The addresses of a host; none where there is no such. Raises Unreachable when DNS does not answer."""
        ...


class Dns:
    """The system's resolver, or another that is given."""

    def __init__(self, resolver: dns.asyncresolver.Resolver | None = None) -> None:
        self._resolver = resolver

    async def services(self, name: str) -> list[Record] | None:
        try:
            self._resolver = self._resolver or dns.asyncresolver.Resolver()
            answer = await self._resolver.resolve(name, "SRV", lifetime=SECONDS)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        except (dns.exception.DNSException, OSError) as error:
            raise Unreachable("remote-server-timeout", f"DNS does not answer ({type(error).__name__})") from None
        found = [one for one in answer if isinstance(one, SRV)]
        return [Record(one.priority, one.weight, one.port, one.target.to_text(True).rstrip(".")) for one in found]

    async def addresses(self, host: str) -> list[str]:
        try:
            async with asyncio.timeout(SECONDS):
                rows = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)):
                return []
            raise Unreachable("remote-server-timeout", "DNS does not answer") from None
        except (OSError, TimeoutError, UnicodeError):
            raise Unreachable("remote-server-timeout", "DNS does not answer") from None
        return list(dict.fromkeys(str(row[4][0]) for row in rows))


class Names:
    """Finds servers. `fixed` are places the operator wrote down, by domain, as host:port or host:port/tls."""

    def __init__(
        self, lookup: Lookup, fixed: Mapping[str, str], *, chance: Callable[[], float] = random.random
    ) -> None:
        self._lookup = lookup
        self._fixed = {domain: place(text) for domain, text in fixed.items()}
        self._chance = chance

    async def targets(self, domain: str) -> list[Target]:
        """The places to try for a domain, best first. Raises Unreachable."""
        fixed = self._fixed.get(domain)
        if fixed is not None:
            host, port, is_direct = fixed
            return [Target(address, port, is_direct) for address in await self._lookup.addresses(host)]
        try:
            name = domain.encode("idna").decode()
        except UnicodeError:
            raise Unreachable("remote-server-not-found", "that is no domain name", is_final=True) from None
        found, private = [], False
        for record in (await self._records(name))[:TARGETS_MAX]:
            addresses = await self._lookup.addresses(record.target)
            public = [address for address in addresses if is_allowed(address, ())]
            private = private or len(public) < len(addresses)
            found += [Target(address, record.port, record.is_direct) for address in public[:ADDRESSES_MAX]]
        if not found:
            why = "its address is on a private network" if private else "it does not exist"
            raise Unreachable("remote-server-not-found", why, is_final=True)
        return found

    async def _records(self, name: str) -> list[Record]:
        direct, usual = await asyncio.gather(
            self._lookup.services(f"_xmpps-server._tcp.{name}"), self._lookup.services(f"_xmpp-server._tcp.{name}")
        )
        if direct is None and usual is None:
            return [Record(0, 0, PORT, name)]
        tls = [Record(one.priority, one.weight, one.port, one.target, True) for one in direct or ()]
        offered = [one for one in (*tls, *(usual or ())) if one.target]
        if not offered:
            raise Unreachable("remote-server-not-found", "it offers no service to other servers", is_final=True)
        return self._ordered(offered)

    def _ordered(self, records: Sequence[Record]) -> list[Record]:
        """By priority; among equals by chance, with the weights as odds (RFC 2782). Both kinds count as one set."""
        return sorted(records, key=lambda one: (one.priority, -(self._chance() ** (1 / max(one.weight, 0.1)))))


def place(text: str) -> tuple[str, int, bool]:
    """host, port and whether it speaks direct TLS. Raises ValueError."""
    where, slash, kind = text.partition("/")
    host, colon, port = where.rpartition(":")
    if not colon:
        host, port = where, str(PORT)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdecimal() and 0 < int(port) < 65_536) or (slash and kind != "tls"):
        raise ValueError(f"{text!r} is not a place, as xmpp.example.org:5269")
    return host, int(port), bool(slash)
