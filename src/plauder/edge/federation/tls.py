"""TLS between servers: the same engine as for clients, but either side may begin, and both show a certificate."""

from __future__ import annotations

from typing import Any, Final

from cryptography import x509
from OpenSSL import SSL

from plauder.edge.tls import TlsContext, TlsEngine, TlsFailed

PROTOCOL: Final = b"xmpp-server"
"""XEP-0368 §4: what servers name in ALPN."""


class PeerContext(TlsContext):
    """Our certificate, for both directions."""

    _METHOD = SSL.TLS_METHOD

    def _load(self) -> SSL.Context:
        context = super()._load()
        # The peer's certificate is asked for and looked at after the handshake (`trust`), which never fails on it.
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        context.set_alpn_select_callback(_select_protocol)
        return context


def _select_protocol(_connection: SSL.Connection, offered: list[bytes]) -> Any:
    return PROTOCOL if PROTOCOL in offered else SSL.NO_OVERLAPPING_PROTOCOLS


class PeerEngine(TlsEngine):
    """One side of TLS with another server."""

    __slots__ = ()

    def __init__(self, context: PeerContext, *, connects_to: str = "", is_direct: bool = False) -> None:
        """`connects_to`: the domain, where we begin; "" where the peer does."""
        super().__init__(context)
        if connects_to:
            self._connection.set_connect_state()
            self._connection.set_tlsext_host_name(connects_to.encode("idna"))
            if is_direct:
                self._connection.set_alpn_protos([PROTOCOL])

    def begin(self) -> bytes:
        """The first bytes of the handshake, where we begin. Raises TlsFailed."""
        try:
            self._advance([])
        except SSL.Error as problem:
            raise TlsFailed(str(problem)) from None
        return self._pending()

    def chain(self) -> list[x509.Certificate]:
        """What the peer showed, its own certificate first."""
        own = self._connection.get_peer_certificate(as_cryptography=True)
        if own is None:
            return []
        others = self._connection.get_peer_cert_chain(as_cryptography=True) or []
        return [own, *[one for one in others if one != own]]
