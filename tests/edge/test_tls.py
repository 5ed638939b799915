"""The TLS engine against Python's own TLS, without a wire between them."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from plauder.edge import certificates
from plauder.edge.tls import TlsContext, TlsEngine, TlsFailed
from plauder.kit.clock import SystemClock
from plauder.kit.config import Config


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> certificates.Files:
    config = Config(domain="localhost", data_dir=tmp_path_factory.mktemp("data"))
    return certificates.files(config, SystemClock().now())


@pytest.fixture(scope="module")
def context(files: certificates.Files) -> TlsContext:
    return TlsContext(files.certificate, files.key)


class Peer:
    """A client in memory."""

    def __init__(self, ca: Path | None, *, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> None:
        trust = ssl.create_default_context(cafile=str(ca))
        trust.minimum_version = ssl.TLSVersion.TLSv1_2
        trust.maximum_version = newest
        trust.set_alpn_protocols(["xmpp-client"])
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = trust.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")

    def shake_hands(self, engine: TlsEngine, *, piece: int = 100_000) -> None:
        done = False
        while not (done and engine.is_ready):
            try:
                self.tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                pass
            data = self.outgoing.read()
            for at in range(0, len(data), piece):
                self.incoming.write(engine.receive(data[at : at + piece])[1])

    def send(self, data: bytes) -> bytes:
        self.tls.write(data)
        return self.outgoing.read()


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_both_sides_understand_each_other(
    context: TlsContext, files: certificates.Files, newest: ssl.TLSVersion, piece: int
) -> None:
    engine, peer = TlsEngine(context), Peer(files.ca, newest=newest)
    peer.shake_hands(engine, piece=piece)
    assert peer.tls.selected_alpn_protocol() == "xmpp-client"
    for data in (b"hello", b"x" * 100_000):
        plain, _, closed = engine.receive(peer.send(data))
        assert b"".join(plain) == data
        assert not closed
        peer.incoming.write(engine.encrypt(data))
        got = b""
        while len(got) < len(data):
            got += peer.tls.read(65_536)
        assert got == data


def test_the_channel_can_be_bound(context: TlsContext, files: certificates.Files) -> None:
    engine, peer = TlsEngine(context), Peer(files.ca)
    peer.shake_hands(engine)
    assert engine.can_export
    assert len(engine.exporter()) == 32
    other = TlsEngine(context)
    Peer(files.ca).shake_hands(other)
    assert engine.exporter() != other.exporter()
    assert len(context.end_point) == 32


def test_the_exporter_is_for_tls_1_3(context: TlsContext, files: certificates.Files) -> None:
    engine = TlsEngine(context)
    Peer(files.ca, newest=ssl.TLSVersion.TLSv1_2).shake_hands(engine)
    assert not engine.can_export


def test_a_peer_that_says_goodbye_is_heard(context: TlsContext, files: certificates.Files) -> None:
    engine, peer = TlsEngine(context), Peer(files.ca)
    peer.shake_hands(engine)
    with pytest.raises(ssl.SSLWantReadError):
        peer.tls.unwrap()
    assert engine.receive(peer.outgoing.read())[2]
    peer.incoming.write(engine.close())
    peer.tls.unwrap()  # raises unless our goodbye is one


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\x00" * 5000, b"\x00" * 100])
def test_what_is_no_tls_is_refused(context: TlsContext, data: bytes) -> None:
    with pytest.raises(TlsFailed):
        TlsEngine(context).receive(data)


def test_a_damaged_record_is_refused(context: TlsContext, files: certificates.Files) -> None:
    engine, peer = TlsEngine(context), Peer(files.ca)
    peer.shake_hands(engine)
    record = bytearray(peer.send(b"hello"))
    record[-1] ^= 1
    with pytest.raises(TlsFailed):
        engine.receive(bytes(record))


def test_a_renewed_certificate_is_taken_without_a_restart(files: certificates.Files, tmp_path: Path) -> None:
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    certificate.write_bytes(files.certificate.read_bytes())
    key.write_bytes(files.key.read_bytes())
    context = TlsContext(certificate, key)
    before = context.end_point
    other = certificates.files(Config(domain="localhost", data_dir=tmp_path / "new"), SystemClock().now())
    certificate.write_bytes(other.certificate.read_bytes())
    key.write_bytes(other.key.read_bytes())
    context.reload()
    assert context.end_point != before
    Peer(other.ca).shake_hands(TlsEngine(context))
