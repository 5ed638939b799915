"""Whether a certificate proves a domain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from plauder.edge.federation.trust import Trust
from plauder.kit.clock import FakeClock
from plauder.kit.config import ConfigError

CLOCK = FakeClock()


class Authority:
    """One that signs what it is told."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test")])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        identifier = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        self.certificate = (
            self._builder(self.name, self.key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(identifier, critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, days: float = 30) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(CLOCK.now() - timedelta(days=1))
            .not_valid_after(CLOCK.now() + timedelta(days=days))
        )

    def issue(
        self,
        *domains: str,
        days: float = 30,
        common: str = "a.example",
        others: Sequence[tuple[str, bytes]] = (),
        use: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    ) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
        builder = self._builder(name, ec.generate_private_key(ec.SECP256R1()), days)
        if domains or others:
            names: list[x509.GeneralName] = [x509.DNSName(domain) for domain in domains]
            names += [x509.OtherName(x509.ObjectIdentifier(kind), value) for kind, value in others]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def trust(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Trust:
    path = tmp_path_factory.mktemp("trust") / "ca.pem"
    path.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    return Trust(CLOCK.now, extra=path)


def test_a_chain_to_a_trusted_authority_proves_the_names_in_it(trust: Trust, authority: Authority) -> None:
    chain = [authority.issue("a.example", "*.a.example"), authority.certificate]
    assert trust.problem(chain, "a.example") == ""
    assert trust.problem(chain[:1], "rooms.a.example") == ""


@pytest.mark.parametrize(
    "domain", ["b.example", "a.example.evil", "x.y.a.example", "example", "", "*.a.example", "a" * 300]
)
def test_it_proves_no_other(trust: Trust, authority: Authority, domain: str) -> None:
    assert trust.problem([authority.issue("a.example", "*.a.example")], domain)


def test_the_common_name_is_no_proof(trust: Trust, authority: Authority) -> None:
    assert trust.problem([authority.issue()], "a.example")


def test_time_passes(trust: Trust, authority: Authority) -> None:
    assert "valid" in trust.problem([authority.issue("a.example", days=-0.5)], "a.example")


def test_another_authority_of_the_same_name_is_another(trust: Trust) -> None:
    other = Authority()
    assert trust.problem([other.issue("a.example"), other.certificate], "a.example")


def test_nothing_shown_proves_nothing(trust: Trust) -> None:
    assert trust.problem([], "a.example")


def test_authorities_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Trust(CLOCK.now, extra=tmp_path / "none.pem")
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(ConfigError, match="PEM"):
        Trust(CLOCK.now, extra=tmp_path / "empty.pem")


SRV, ADDR = "1.3.6.1.5.5.7.8.7", "1.3.6.1.5.5.7.8.5"


def der(tag: int, text: str) -> bytes:
    data = text.encode()
    return bytes((tag, len(data))) + data if len(data) < 128 else bytes((tag, 0x81, len(data))) + data


LONG = ".".join(["a" * 60] * 3) + ".example"


@pytest.mark.parametrize(
    ("other", "domain"),
    [
        ((SRV, der(0x16, "_xmpp-server.a.example")), "a.example"),
        ((SRV, der(0x16, "_XMPP-Server.A.example")), "a.example"),
        ((SRV, der(0x16, f"_xmpp-server.{LONG}")), LONG),
        ((ADDR, der(0x0C, "a.example")), "a.example"),
        ((ADDR, der(0x0C, "bücher.example")), "bücher.example"),
        ((SRV, der(0x16, "_xmpp-server.xn--bcher-kva.example")), "bücher.example"),
    ],
)
def test_names_made_for_xmpp_prove_a_domain(
    trust: Trust, authority: Authority, other: tuple[str, bytes], domain: str
) -> None:
    assert trust.problem([authority.issue(others=[other])], domain) == ""
    assert trust.problem([authority.issue("web.example", others=[other])], domain) == ""
    assert trust.problem([authority.issue(others=[other])], "b.example") != ""
    assert trust.problem([authority.issue(others=[other], days=-0.5)], domain) != ""
    assert trust.problem([Authority().issue(others=[other])], domain) != ""
    signing_code = authority.issue(others=[other], use=ExtendedKeyUsageOID.CODE_SIGNING)
    assert trust.problem([signing_code], domain) != ""


@pytest.mark.parametrize(
    "other",
    [
        (SRV, der(0x16, "_xmpp-client.a.example")),
        (SRV, der(0x16, "a.example")),
        (SRV, der(0x16, "_xmpp-server.*.example")),
        (ADDR, der(0x0C, "ana@a.example")),
        (ADDR, der(0x04, "a.example")),
        (ADDR, b"\x0c\x02\xff\xff"),
        (ADDR, b"\x05\x00"),
        ("1.3.6.1.5.5.7.8.9", der(0x0C, "a.example")),
    ],
)
def test_other_names_prove_nothing(trust: Trust, authority: Authority, other: tuple[str, bytes]) -> None:
    assert trust.problem([authority.issue(others=[other])], "a.example") != ""
    assert trust.problem([authority.issue("a.example", others=[other])], "a.example") == ""
