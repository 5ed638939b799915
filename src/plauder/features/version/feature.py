"""Registers software version."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

from plauder import __version__
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.wire.stanza import Stanza
from plauder.wire.xml import E

NS: Final = "jabber:iq:version"


def register(server: Server, *, shows_version: bool = True) -> None:
    def tell(_session: Session, _iq: Stanza, _payload: Element) -> Element:
        # XEP-0092 §4: <version/> is required; who hides it says so.
        version = __version__ if shows_version else "hidden"
        return E(f"{{{NS}}}query", None, E("name", None, "Plauder"), E("version", None, version))

    server.advertise(NS)
    server.on_iq("get", NS, "query", to="server", do=tell, from_elsewhere=True)
