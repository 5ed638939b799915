"""The server's certificate: the operator's, or one of a private authority that is made at first start.

The private authority serves a laptop and tests: its `ca.pem` can be trusted by clients, unlike a lone self-signed
certificate. On a public server `plauder check` asks for a real one.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from plauder.kit.config import Config, ConfigError

CA_DAYS = 3_650
LEAF_DAYS = 397
"""The longest that platforms accept (CA/Browser Forum, until the shorter terms of 2026)."""
RENEW_DAYS = 30
_USES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
"""It is shown to other servers by the side that connects, too; ejabberd refuses it there without the second."""
SUBDOMAINS = ("groups", "conference", "upload", "business")


@dataclass(frozen=True, slots=True)
class Files:
    """PEM files. `ca` is there only where we made the certificate ourselves."""

    certificate: Path
    key: Path
    ca: Path | None


def files(config: Config, now: datetime) -> Files:
    """Where certificate and key are; made, or renewed when near their end, unless the operator named their own.

    Raises ConfigError when the operator's cannot be read or do not fit together.
    """
    if config.tls.certificate is not None and config.tls.key is not None:
        _check_pair(config.tls.certificate, config.tls.key)
        return Files(config.tls.certificate, config.tls.key, None)
    directory = config.data_dir / "tls"
    made = Files(directory / "server.pem", directory / "server.key", directory / "ca.pem")
    if not _is_good(made.certificate, (config.domain, *config.business.api_hosts), now):
        _make(directory, config.domain, now, config.business.api_hosts)
    return made


def read(path: Path) -> x509.Certificate:
    """The first certificate of a PEM file. Raises ConfigError."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"The certificate {path} cannot be read: {_reason(error)}.") from None


def chain(path: Path) -> list[x509.Certificate]:
    """All certificates of a PEM file, in their order. Raises ConfigError."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"The certificate {path} cannot be read: {_reason(error)}.") from None


def covers(certificate: x509.Certificate, domain: str) -> bool:
    """Whether the certificate names the domain (or a wildcard above it, or its address)."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    dns = {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    return domain in dns | addresses or f"*.{domain.partition('.')[2]}" in dns


def _check_pair(certificate: Path, key: Path) -> None:
    public = read(certificate).public_key()
    try:
        private = serialization.load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"The private key {key} cannot be read: {_reason(error)}.") from None
    spki = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if public.public_bytes(*spki) != private.public_key().public_bytes(*spki):
        raise ConfigError(f"The private key {key} does not belong to the certificate {certificate}.")


def _reason(error: Exception) -> str:
    return error.strerror or "unknown" if isinstance(error, OSError) else "it is not in PEM format, or has a password"


def _is_good(path: Path, domains: Sequence[str], now: datetime) -> bool:
    if not path.exists():
        return False
    try:
        certificate = read(path)
    except ConfigError:
        return False
    covers_all = all(covers(certificate, domain) for domain in domains)
    return covers_all and certificate.not_valid_after_utc > now + timedelta(days=RENEW_DAYS)


def _make(directory: Path, domain: str, now: datetime, api_hosts: Sequence[str] = ()) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    ca_key, ca = _authority(directory, now)
    key = ec.generate_private_key(ec.SECP256R1())
    names = [*_names(domain), *(x509.DNSName(name) for name in api_hosts)]
    leaf = (
        x509.CertificateBuilder()
        .subject_name(_name(domain[:64]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=LEAF_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(_USES), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    _write(directory / "server.key", _key_pem(key), private=True)
    _write(directory / "server.pem", leaf.public_bytes(pem) + ca.public_bytes(pem))


def _authority(directory: Path, now: datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """The private authority: kept, so that clients who trust it do so after a renewal too."""
    key_path, path = directory / "ca.key", directory / "ca.pem"
    if key_path.exists() and path.exists():
        key = serialization.load_pem_private_key(key_path.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key, read(path)
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Plauder private authority")
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    ca = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(key_path, _key_pem(key), private=True)
    _write(path, ca.public_bytes(serialization.Encoding.PEM))
    return key, ca


def _names(domain: str) -> list[x509.GeneralName]:
    try:
        return [x509.IPAddress(ipaddress.ip_address(domain))]
    except ValueError:
        pass
    ascii_domain = domain.encode("idna").decode()
    names: list[x509.GeneralName] = [x509.DNSName(ascii_domain)]
    names += [x509.DNSName(f"{sub}.{ascii_domain}") for sub in SUBDOMAINS]
    if domain == "localhost":
        names += [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", "::1")]
    return names


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, *, private: bool = False) -> None:
    """Whole or not at all; a private key is never readable by others, not even for a moment."""
    temporary = path.with_suffix(path.suffix + ".new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o644)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    temporary.replace(path)
