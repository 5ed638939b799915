"""The certificate: made, kept, renewed; the operator's own is checked before it is used."""

import contextlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plauder.edge import certificates
from plauder.kit.config import Config, ConfigError

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def config(tmp_path: Path, **settings: Any) -> Config:
    return Config(data_dir=tmp_path, **settings)


def test_it_is_made_once_and_the_key_is_private(tmp_path: Path) -> None:
    made = certificates.files(config(tmp_path), NOW)
    first = made.certificate.read_bytes()
    assert made.key.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "tls" / "ca.key").stat().st_mode & 0o777 == 0o600
    assert certificates.files(config(tmp_path), NOW + timedelta(days=300)).certificate.read_bytes() == first


def test_clients_that_trust_the_authority_accept_it(tmp_path: Path) -> None:
    made = certificates.files(config(tmp_path, domain="chat.example"), datetime.now(UTC))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.certificate, made.key)
    client = ssl.create_default_context(cafile=made.ca)
    for name in ("chat.example", "conference.chat.example"):
        sides = [ssl.MemoryBIO() for _ in range(4)]
        one = client.wrap_bio(sides[0], sides[1], server_hostname=name)
        other = server.wrap_bio(sides[2], sides[3], server_side=True)
        for _ in range(3):
            for mine, out, theirs in ((one, sides[1], sides[2]), (other, sides[3], sides[0])):
                with contextlib.suppress(ssl.SSLWantReadError):
                    mine.do_handshake()
                theirs.write(out.read())
        one.do_handshake()
        assert one.version() == "TLSv1.3"


def test_it_is_renewed_by_the_same_authority(tmp_path: Path) -> None:
    first = certificates.files(config(tmp_path), NOW)
    assert first.ca
    authority, leaf = first.ca.read_bytes(), first.certificate.read_bytes()
    certificates.files(config(tmp_path), NOW + timedelta(days=380))
    assert first.ca.read_bytes() == authority
    assert first.certificate.read_bytes() != leaf
    renewed = certificates.files(config(tmp_path, domain="other.example"), NOW + timedelta(days=380))
    assert certificates.covers(certificates.read(renewed.certificate), "other.example")


@pytest.mark.parametrize("domain", ["localhost", "127.0.0.1", "bücher.example"])
def test_domains_of_every_kind(tmp_path: Path, domain: str) -> None:
    made = certificates.read(certificates.files(config(tmp_path, domain=domain), NOW).certificate)
    assert certificates.covers(made, domain.encode("idna").decode())
    assert not certificates.covers(made, "evil.example")


def test_the_operator_s_own_is_checked(tmp_path: Path) -> None:
    own = certificates.files(config(tmp_path / "a"), NOW)
    other = certificates.files(config(tmp_path / "b"), NOW)
    good = config(tmp_path, tls={"certificate": own.certificate, "key": own.key})
    assert certificates.files(good, NOW).ca is None
    junk = tmp_path / "junk.pem"
    junk.write_bytes(b"\x00junk")
    for certificate, key, says in [
        (own.certificate, other.key, "does not belong"),
        (junk, own.key, "certificate .* cannot be read"),
        (own.certificate, junk, "key .* cannot be read"),
        (tmp_path / "none.pem", own.key, "No such file"),
    ]:
        with pytest.raises(ConfigError, match=says):
            certificates.files(config(tmp_path, tls={"certificate": certificate, "key": key}), NOW)
