"""Registers client state indication."""

from __future__ import annotations

from typing import Final

from plauder.core.hooks import Hold
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.features.csi.rules import when
from plauder.wire.stanza import Stanza
from plauder.wire.xml import E

NS: Final = "urn:xmpp:csi:0"


def hold(session: Session, stanza: Stanza) -> Hold:
    """Everything goes at once to a client that is looked at."""
    return Hold.NOW if session.is_active else when(stanza)


def register(server: Server) -> None:
    server.stream_feature(lambda: E(f"{{{NS}}}csi"))
    server.on_bind2(f"{{{NS}}}inactive", lambda session, _element: session.set_active(False))
    server.on_nonza(f"{{{NS}}}active", lambda session, _element: session.set_active(True))
    server.on_nonza(f"{{{NS}}}inactive", lambda session, _element: session.set_active(False))
    server.hold_back(hold)
