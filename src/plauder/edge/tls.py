"""TLS for XMPP: contexts and the memory-lean engine that sits between a plain transport and a stream.

The engine is an OpenSSL connection over memory BIOs. Against the event loop's own TLS it gives what SCRAM-…-PLUS needs
(the exporter of RFC 9266), hands its buffers back while idle (SSL_MODE_RELEASE_BUFFERS), and STARTTLS is nothing but
putting it in place; docs/decisions/ has the measurements.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from OpenSSL import SSL

EXPORTER_LABEL: Final = b"EXPORTER-Channel-Binding"  # RFC 9266 §4.2
CHUNK: Final = 65_536
RECORD: Final = 16_384
_SUITES: Final = b"ECDHE+AESGCM:ECDHE+CHACHA20"


class TlsFailed(Exception):
    """The handshake or a record was wrong; the connection is of no more use."""


class TlsContext:
    """A certificate and how to speak with it. `reload` takes a renewed one without a restart."""

    _METHOD = SSL.TLS_SERVER_METHOD

    def __init__(self, certificate: Path, key: Path) -> None:
        self._paths = (certificate, key)
        self.end_point = b""
        self.context = self._load()

    def reload(self) -> None:
        """Read the files again; connections that are open go on with what they had."""
        self.context = self._load()

    def _load(self) -> SSL.Context:
        certificate, key = self._paths
        context = SSL.Context(self._METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)  # RFC 7590 by way of RFC 9325 §3.1.1
        context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_RENEGOTIATION)
        context.set_cipher_list(_SUITES)
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        context.use_certificate_chain_file(str(certificate))
        context.use_privatekey_file(str(key))
        context.check_privatekey()
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_alpn_select_callback(_select_protocol)
        self.end_point = end_point_hash(x509.load_pem_x509_certificate(certificate.read_bytes()))
        return context


def _select_protocol(_connection: SSL.Connection, offered: list[bytes]) -> Any:
    """XEP-0368 §4: clients of direct TLS name the protocol."""
    return b"xmpp-client" if b"xmpp-client" in offered else SSL.NO_OVERLAPPING_PROTOCOLS


def end_point_hash(certificate: x509.Certificate) -> bytes:
    """RFC 5929 §4.1: the hash of the certificate, with SHA-256 in the place of weaker ones."""
    algorithm = certificate.signature_hash_algorithm
    if algorithm is None or algorithm.name in ("md5", "sha1"):
        algorithm = hashes.SHA256()
    return certificate.fingerprint(algorithm)


class TlsEngine:
    """One side of one TLS connection: ciphertext in, plaintext out, and back. Raises TlsFailed."""

    __slots__ = ("_connection", "_is_ready")

    def __init__(self, context: TlsContext) -> None:
        self._connection = SSL.Connection(context.context, None)
        self._connection.set_accept_state()
        self._is_ready = False

    @property
    def is_ready(self) -> bool:
        """Whether the handshake is done."""
        return self._is_ready

    def receive(self, data: bytes) -> tuple[list[bytes], bytes, bool]:
        """Take ciphertext. Returns plaintext, ciphertext to send back, and whether the peer closed its side."""
        connection = self._connection
        plain: list[bytes] = []
        closed = False
        try:
            view = memoryview(data)
            while view:
                view = view[connection.bio_write(view.tobytes() if len(view) != len(data) else data) :]
                closed = self._advance(plain) or closed
        except SSL.Error as problem:
            raise TlsFailed(str(problem)) from None
        return plain, self._pending(), closed

    def _advance(self, plain: list[bytes]) -> bool:
        connection = self._connection
        try:
            if not self._is_ready:
                connection.do_handshake()
                self._is_ready = True
            while True:
                plain.append(connection.recv(CHUNK))
        except SSL.WantReadError:
            return False
        except SSL.ZeroReturnError:
            return True

    def encrypt(self, data: bytes) -> bytes:
        """Plaintext to ciphertext."""
        connection = self._connection
        try:
            if len(data) <= RECORD:
                connection.send(data)
                return self._pending()
            out = []
            for at in range(0, len(data), RECORD):
                connection.send(data[at : at + RECORD])
                out.append(self._pending())
            return b"".join(out)
        except SSL.Error as problem:
            raise TlsFailed(str(problem)) from None

    def close(self) -> bytes:
        """The closing alert to send."""
        try:
            self._connection.shutdown()
        except SSL.Error:
            return b""
        return self._pending()

    def _pending(self) -> bytes:
        connection = self._connection
        out = []
        try:
            while True:
                out.append(connection.bio_read(CHUNK))
        except SSL.WantReadError:
            pass
        return b"".join(out) if len(out) != 1 else out[0]

    def exporter(self) -> bytes:
        """The channel binding of RFC 9266."""
        return self._connection.export_keying_material(EXPORTER_LABEL, 32, b"")

    @property
    def can_export(self) -> bool:
        """RFC 9266 §3: on TLS 1.2 the exporter binds only with the extended master secret, so only 1.3 is offered."""
        return self._is_ready and self._connection.get_protocol_version() >= SSL.TLS1_3_VERSION
