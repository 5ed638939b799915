"""Registers entity time."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

from plauder.core.server import Server
from plauder.core.session import Session
from plauder.wire.stanza import Stanza
from plauder.wire.xml import E

NS: Final = "urn:xmpp:time"


def register(server: Server) -> None:
    def tell(_session: Session, _iq: Stanza, _payload: Element) -> Element:
        # Where the server stands says nothing about people, so it lives in UTC.
        utc = server.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        return E(f"{{{NS}}}time", None, E("tzo", None, "+00:00"), E("utc", None, utc))

    server.advertise(NS)
    server.on_iq("get", NS, "time", to="any", do=tell, from_elsewhere=True)
