"""Who is knocking: the client's address behind the reverse proxies that the operator named, and no others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import Scope

from plauder.kit.config import ConfigError

HIDDEN = ""
"""The address of a request that came through a proxy nobody named: it could be anyone."""


class Proxies:
    """The reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.

    Raises ConfigError for what is neither an address nor a network.
    """

    def __init__(self, trusted: Iterable[str]) -> None:
        try:
            self._trusted: list[IPv4Network | IPv6Network] = [ip_network(text) for text in trusted]
        except ValueError as error:
            raise ConfigError(f"http.trusted_proxies: {error}") from None

    def trusts(self, address: str) -> bool:
        """Whether the address is one of them."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        mapped = getattr(parsed, "ipv4_mapped", None)
        return any((mapped or parsed) in network for network in self._trusted)

    def client(self, scope: Scope) -> str:
        """The client's address; HIDDEN when a proxy that nobody named stands between.

        The list grows to the right, so it is read from there; the first entry that is no trusted proxy is the client,
        and what stands left of it is the client's own claim.
        """
        peer = scope["client"][0] if scope.get("client") else HIDDEN
        return self._behind(peer, Headers(scope=scope).getlist("x-forwarded-for"))

    def of_upgrade(self, peer: str, headers: Mapping[str, str]) -> tuple[str, bool]:
        """The same for a WebSocket (header names in lower case), and whether the client speaks TLS to the proxy."""
        forwarded = headers.get("x-forwarded-for")
        is_safe = self.trusts(peer) and headers.get("x-forwarded-proto", "").strip().lower() == "https"
        return self._behind(peer, [forwarded] if forwarded is not None else []), is_safe

    def _behind(self, peer: str, forwarded: Sequence[str]) -> str:
        if not forwarded:
            return peer
        if not self.trusts(peer):
            return HIDDEN
        hops = [hop.strip() for line in forwarded for hop in line.split(",")]
        for hop in reversed(hops):
            if not self.trusts(hop):
                return _as_address(hop)
        return _as_address(hops[0])


def _as_address(text: str) -> str:
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        return HIDDEN
