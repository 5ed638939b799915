"""Whether a certificate proves a domain: a chain to an authority we trust, in time, and the name (RFC 5280, RFC 6125).

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
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from plauder.kit.config import ConfigError

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
        try:
            name = domain.encode("idna").decode()
            verifier = PolicyBuilder().store(self._store).time(self._now()).build_server_verifier(x509.DNSName(name))
            verifier.verify(chain[0], list(chain[1:]))
        except VerificationError as error:
            return str(error).partition(" (encountered")[0]
        except (ValueError, UnicodeError) as error:
            return f"it cannot be judged: {error}"
        return ""


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
