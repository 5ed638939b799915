"""Whether other servers can find and believe us, and whether those on the list can be found (`plauder check`)."""

from __future__ import annotations

from datetime import datetime

from plauder.core.link import Unreachable
from plauder.edge import certificates
from plauder.edge.federation.names import Dns, Lookup, Names
from plauder.edge.federation.service import EVERYBODY
from plauder.edge.federation.trust import Trust
from plauder.kit.config import OFF, Config, ConfigError
from plauder.ops.finding import Finding

PART = "federation"


async def check(config: Config, now: datetime, *, lookup: Lookup | None = None) -> list[Finding]:
    """Look at certificate, ports and the listed servers. `lookup` is DNS unless another is given."""
    settings = config.federation
    if not settings.enabled:
        return []
    found = [*_certificate(config, now)]
    if settings.port == OFF and settings.tls_port == OFF:
        fix = "Set federation.port = 5269."
        found.append(Finding("error", PART, "Both ports are off: other servers cannot reach this one.", fix))
    if settings.dialback:
        what = "Servers without a trusted certificate are talked to (federation.dialback)."
        found.append(Finding("warning", PART, what, "Set it to false, unless one of them needs it."))
    names = Names(lookup or Dns(), settings.places)
    return found + [await _server(names, domain) for domain in settings.allow if domain != EVERYBODY]


def _certificate(config: Config, now: datetime) -> list[Finding]:
    try:
        trust = Trust(lambda: now, extra=config.federation.authorities)
        path = config.tls.certificate or config.data_dir / "tls" / "server.pem"
        if not path.exists():
            return []  # said elsewhere
        chain = certificates.chain(path)
    except ConfigError as error:
        return [Finding("error", PART, error.message, "Name a PEM file that can be read.")]
    found = []
    for domain in (config.domain, f"groups.{config.domain}"):
        why = trust.problem(chain, domain)
        if why:
            fix = f"Get a certificate that names {domain}, and set tls.certificate and tls.key."
            what = f"Other servers will not believe that we are {domain}: {why}."
            found.append(Finding("warning" if config.federation.dialback else "error", PART, what, fix))
    return found or [Finding("ok", PART, f"the certificate proves {config.domain} and its groups")]


async def _server(names: Names, domain: str) -> Finding:
    try:
        targets = await names.targets(domain)
    except Unreachable as problem:
        fix = "Correct federation.allow, or write its place down in federation.places."
        return Finding("error" if problem.is_final else "warning", PART, f"{domain}: {problem.why}.", fix)
    first = targets[0] if targets else None
    if first is None:
        return Finding("error", PART, f"{domain}: its place has no address.", "Correct federation.places.")
    return Finding("ok", PART, f"{domain} is at {first.address}, port {first.port}")
