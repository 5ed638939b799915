"""Registers message carbons."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from plauder.core.hooks import Action, Routed
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.core.storing import should_store
from plauder.features.carbons.rules import NS, should_copy, wrap
from plauder.wire.stanza import Stanza

TRAIT = "carbons"
"""What a session and its device remember when copies are wanted."""


class Carbons:
    """Who wants copies, and the making of them."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def enable(self, session: Session, _iq: Stanza, _payload: Element) -> None:
        """XEP-0280 §4."""
        session.remember(TRAIT, True)
        await self._server.remember_device(session, TRAIT, True)

    async def disable(self, session: Session, _iq: Stanza, _payload: Element) -> None:
        """XEP-0280 §5."""
        session.remember(TRAIT, None)
        await self._server.remember_device(session, TRAIT, False)

    def bind2(self, session: Session, _payload: Element) -> None:
        """XEP-0280 §4.2: enabled while binding (XEP-0386)."""
        session.remember(TRAIT, True)
        self._server.spawn(self._server.remember_device(session, TRAIT, True), TRAIT)

    def routed(self, routed: Routed) -> None:
        """Copy a message to the other devices that want it."""
        others = self._others(routed)
        if not others or not should_copy(routed.stanza, routed.direction).makes:
            return
        stored = should_store(routed.stanza).action is Action.PASS
        routed.copy_to(others, wrap(routed.stanza, routed.direction, routed.account, stored=stored))

    def _others(self, routed: Routed) -> list[str]:
        reached = routed.reached
        found: list[str] = []
        devices: set[str] = set()
        for session in self._server.sessions_of(routed.account):
            devices.add(session.device)
            if session.jid.resource not in reached and session.recall(TRAIT):
                found.append(session.jid.resource)
        away = (d for d in self._server.known_devices_of(routed.account) if d.id and TRAIT in d.traits)
        return found + [device.id for device in away if device.id not in devices and device.id not in reached]


def register(server: Server) -> None:
    carbons = Carbons(server)
    server.advertise(NS)
    server.advertise("urn:xmpp:carbons:rules:0")
    server.on_iq("set", NS, "enable", to="self", do=carbons.enable)
    server.on_iq("set", NS, "disable", to="self", do=carbons.disable)
    server.on_bind2(f"{{{NS}}}enable", carbons.bind2)
    server.on_routed_message(do=carbons.routed)
