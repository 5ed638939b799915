"""`plauder check calls`: whether calls get through firewalls, seen by making a relay carry data.

Each configured STUN and TURN service is used as a client would, with the credentials that clients get (XEP-0215).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from plauder.edge.turn import ProbeFailed, mirror, probe
from plauder.features.calls.rules import Relay, login
from plauder.kit.config import Config
from plauder.ops.finding import Finding

NO_RELAY = (
    "People behind strict firewalls and in mobile networks cannot call each other. See docs/operate/calls.md: install "
    "coturn, then set calls.relays and calls.secret."
)


def settings(config: Config) -> list[Finding]:
    """What the configuration alone says, without asking anybody."""
    uris = config.calls.relays
    try:
        relays = [Relay.parse(uri) for uri in uris]
    except ValueError as problem:
        return [Finding("error", "calls", f"{problem}.", "Correct calls.relays.")]
    if not relays:
        return [Finding("note", "calls", "No relay is set.", "" if config.is_local else NO_RELAY)]
    turns = [relay for relay in relays if relay.needs_login]
    if not turns:
        return [Finding("warning", "calls", "There is a STUN service, but no relay (TURN).", NO_RELAY)]
    if not config.calls.secret.get_secret_value():
        fix = "Set calls.secret (or PLAUDER_CALLS__SECRET) to what coturn has as static-auth-secret."
        return [Finding("error", "calls", "calls.secret is empty, so nobody can log in to the relay.", fix)]
    return [Finding("ok", "calls", f"{len(turns)} of {len(relays)} services relay; `plauder check calls` tries them")]


async def check(config: Config, now: datetime, *, seconds: float = 5.0) -> list[Finding]:
    """Use every service, all at once."""
    found = settings(config)
    if found[0].level != "ok":
        return found
    relays: Sequence[tuple[str, Relay]] = [(uri, Relay.parse(uri)) for uri in config.calls.relays]
    return list(await asyncio.gather(*(_try(config, now, uri, relay, seconds) for uri, relay in relays)))


async def _try(config: Config, now: datetime, uri: str, relay: Relay, seconds: float) -> Finding:
    try:
        if not relay.needs_login:
            seen = await mirror(relay, seconds=seconds)
            return Finding("ok", "calls", f"{uri} sees this machine as {seen}")
        given = login(config.calls.secret.get_secret_value(), "check", now, 300)
        carried = await probe(relay, given, seconds=seconds)
    except ProbeFailed as problem:
        return Finding("error", "calls", f"{uri}: {problem.message}", problem.fix)
    return Finding(
        "ok", "calls", f"{uri} gave {carried.relayed} and carried data there and back in {carried.round_trip_ms:.0f} ms"
    )
