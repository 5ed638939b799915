"""Whether a certificate proves a domain: a chain to an authority we trust, in time, and the name (RFC 5280, RFC 6125).

The name is a DNS name, as public authorities write it, or one of those made for XMPP: an SRVName of the service
`xmpp-server` (RFC 4985), or an id-on-xmppAddr (RFC 6120 §13.7.1.4).

OpenSSL completes the handshake with any certificate; the verdict is made here, because it is about several names and
because certificates of servers are shown by the side that connects too: public authorities issue them for servers
only, so the purpose "client" must not be asked for.
"""

from __future__ import annotations

import re
import ssl
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import certifi
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from plauder.kit.config import ConfigError

_SRV_NAME: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.7")
_XMPP_ADDR: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.5")
_USES: Final = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
_UTF8_STRING: Final = b"\x0c"
_IA5_STRING: Final = b"\x16"
_CERTIFICATE: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


class Trust:
    """The authorities we believe."""

    def __init__(self, now: Callable[[], datetime], *, extra: Path | None = None) -> None:
        """The system's authorities, and those in the PEM file `extra`. Raises ConfigError when that cannot be read."""
        self._now = now
        self._store = Store(_system() + (_read(extra) if extra is not None else []))

    def problem(self, chain: Sequence[x509.Certificate], domain: str) -> str:
        """Why the chain, the peer's own certificate first, does not prove `domain`; "" where it does."""
        if not chain:
            return "no certificate was shown"
        policy = PolicyBuilder().store(self._store).time(self._now())
        try:
            name = domain.encode("idna").decode()
            if _is_for_xmpp(chain[0], domain, name):
                # There may be no DNS name in it, as the rules for web servers ask: only the way up is judged.
                policy = policy.extension_policies(
                    ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all()
                )
                policy.build_client_verifier().verify(chain[0], list(chain[1:]))
            else:
                policy.build_server_verifier(x509.DNSName(name)).verify(chain[0], list(chain[1:]))
        except VerificationError as error:
            return str(error).partition(" (encountered")[0]
        except (ValueError, UnicodeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
            return f"it cannot be judged: {error}"
        return ""


def _is_for_xmpp(certificate: x509.Certificate, domain: str, ascii_domain: str) -> bool:
    """Whether it names the domain in a way of XMPP's own, and may be used by a server. Raises ValueError."""
    extensions = certificate.extensions
    try:
        others = extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
            x509.OtherName
        )
    except x509.ExtensionNotFound:
        return False
    names = {(one.type_id, text.lower()) for one in others if (text := _text(one.value)) is not None}
    named = {(_SRV_NAME, f"_xmpp-server.{ascii_domain}"), (_XMPP_ADDR, domain), (_XMPP_ADDR, ascii_domain)} & names
    try:
        uses = set(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        uses = _USES
    return bool(named) and bool(uses & _USES)


def _text(der: bytes) -> str | None:
    """A UTF8String or IA5String in DER, up to 255 bytes (no domain is longer); None for anything else."""
    if der[:1] not in (_UTF8_STRING, _IA5_STRING):
        return None
    length, text = der[1:2], der[2:]
    if length == b"\x81":
        length, text = text[:1], text[1:]
    elif length > b"\x7f":
        return None
    if length != bytes((min(len(text), 255),)):
        return None
    try:
        return text.decode()
    except UnicodeDecodeError:
        return None


def _system() -> list[x509.Certificate]:
    bundle = ssl.get_default_verify_paths().cafile or certifi.where()
    found = []
    for pem in _CERTIFICATE.findall(Path(bundle).read_bytes()):
        # One odd certificate among a system's hundreds is no reason not to start: it is not believed, that is all.
        with suppress(ValueError, Warning), warnings.catch_warnings():
            warnings.simplefilter("error")
            found.append(x509.load_pem_x509_certificate(pem))
    return found


def _read(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"federation.authorities: {path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise ConfigError(f"federation.authorities: {path} has no certificates in PEM format.") from None
