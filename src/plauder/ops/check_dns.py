"""What the world is told of where this server is: addresses, SRV records (RFC 6120 §3.2, XEP-0368), host-meta
(XEP-0156)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import httpx

from plauder.core.link import Unreachable
from plauder.edge.federation.names import Dns, Lookup, Record
from plauder.kit.config import OFF, Config
from plauder.ops.finding import Finding

SECONDS: Final = 5.0
ANSWER_MAX: Final = 65_536
_WEBSOCKET: Final = "urn:xmpp:alt-connections:websocket"


@dataclass(frozen=True, slots=True)
class Service:
    """One kind of SRV record. `usual`: the port that is tried without one; 0 where none is."""

    name: str
    port: int
    usual: int
    setting: str


async def check(
    config: Config, *, lookup: Lookup | None = None, http: httpx.AsyncClient | None = None
) -> list[Finding]:
    """Look everything up as a client would. `lookup` and `http` are the world's unless others are given."""
    if config.is_local:
        return []
    lookup = lookup or Dns()
    try:
        addresses = await lookup.addresses(config.domain)
        findings = [_address(config.domain, addresses)]
        for service in _services(config):
            findings += await _service(config, service, lookup, has_address=bool(addresses))
    except Unreachable as error:
        fix = "See /etc/resolv.conf, and that port 53 is let out."
        return [Finding("warning", "dns", f"Cannot ask: {error}.", fix)]
    if http is not None:
        return [*findings, await _host_meta(config, http)]
    async with httpx.AsyncClient(timeout=SECONDS, follow_redirects=True) as own:
        return [*findings, await _host_meta(config, own)]


def _services(config: Config) -> list[Service]:
    found = [
        Service("_xmpp-client", config.xmpp.port, 5222, "xmpp.port"),
        Service("_xmpps-client", config.xmpp.tls_port, 0, "xmpp.tls_port"),
    ]
    if config.federation.enabled:
        found.append(Service("_xmpp-server", config.federation.port, 5269, "federation.port"))
    return found


def _address(domain: str, addresses: list[str]) -> Finding:
    if addresses:
        return Finding("ok", "dns", f"{domain} is {', '.join(sorted(addresses))}")
    return Finding("error", "dns", f"{domain} does not resolve.", f"Publish an A and AAAA record for {domain}.")


async def _service(config: Config, service: Service, lookup: Lookup, *, has_address: bool) -> list[Finding]:
    name = f"{service.name}._tcp.{config.domain}"
    wanted = f"{name}. SRV 5 1 {service.port} {config.domain}."
    records = await lookup.services(name)
    if service.port == OFF:
        if not records or not any(record.target for record in records):
            return []
        return [
            Finding("error", "dns", f"{name} leads to a port that is off.", f"Remove it, or set {service.setting}.")
        ]
    if records is None:
        return _without(service, wanted, has_address=has_address)
    if not any(record.target for record in records):
        return [Finding("error", "dns", f'{name} is ".": it says there is no such service.', f"Publish {wanted}")]
    return [await _record(name, wanted, record, service, lookup) for record in records if record.target]


def _without(service: Service, wanted: str, *, has_address: bool) -> list[Finding]:
    if service.usual == 0:
        what = "Clients are not told of direct TLS, which works where STARTTLS is blocked."
        return [Finding("note", "dns", what, f"Publish {wanted}")]
    if service.port != service.usual:
        what = f"There is no {service.name} record, so port {service.usual} is tried; ours is {service.port}."
        return [Finding("error", "dns", what, f"Publish {wanted}")]
    if not has_address:
        return []
    return [Finding("ok", "dns", f"{service.name}: no record is needed, the usual port is served")]


async def _record(name: str, wanted: str, record: Record, service: Service, lookup: Lookup) -> Finding:
    where = f"{record.target}:{record.port}"
    if not await lookup.addresses(record.target):
        return Finding("error", "dns", f"{name} leads to {where}, which does not resolve.", f"Publish {wanted}")
    if record.port != service.port:
        fix = f"Publish {wanted} Or let that port through to ours."
        return Finding("warning", "dns", f"{name} leads to {where}; {service.setting} is {service.port}.", fix)
    return Finding("ok", "dns", f"{name} leads to {where}")


async def _host_meta(config: Config, http: httpx.AsyncClient) -> Finding:
    """XEP-0156 §3: browsers cannot ask DNS; they read this at the domain itself, wherever the app is."""
    url = f"https://{config.domain}/.well-known/host-meta.json"
    wanted = f"ws{config.public_url.removeprefix('http')}/ws"
    fix = f"Let https://{config.domain}/.well-known/host-meta and host-meta.json be answered by {config.public_url}."
    try:
        async with asyncio.timeout(SECONDS), http.stream("GET", url) as answer:
            if answer.status_code != 200:
                what = f"{url} answers {answer.status_code}: clients in browsers cannot find this server."
                return Finding("warning", "host-meta", what, fix)
            body = b""
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > ANSWER_MAX:
                    return Finding("warning", "host-meta", f"{url} is not a host-meta file.", fix)
            is_open = answer.headers.get("access-control-allow-origin") == "*"
        links = [
            link["href"] for link in httpx.Response(200, content=body).json()["links"] if link["rel"] == _WEBSOCKET
        ]
    except (httpx.HTTPError, OSError, TimeoutError) as error:
        what = f"{url} cannot be fetched ({type(error).__name__}): clients in browsers cannot find this server."
        return Finding("warning", "host-meta", what, fix)
    except (ValueError, KeyError, TypeError):
        return Finding("warning", "host-meta", f"{url} is not a host-meta file.", fix)
    if wanted not in links:
        said = ", ".join(map(str, links)) or "no WebSocket"
        return Finding("warning", "host-meta", f"{url} names {said}, not {wanted}.", fix)
    if not is_open:
        what = f"{url} lacks Access-Control-Allow-Origin: *, so other origins cannot read it."
        return Finding("warning", "host-meta", what, "Let the proxy keep the header, or add it.")
    return Finding("ok", "host-meta", f"leads to {wanted}")
