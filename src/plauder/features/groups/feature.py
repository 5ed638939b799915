"""Registers the group service on a sub-domain of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plauder.features.groups.service import MOST_OWNED, MOST_ROOMS, Groups

if TYPE_CHECKING:
    from plauder.core.server import Server
    from plauder.core.session import Session
    from plauder.wire.stanza import Stanza


def register(server: Server, domain: str = "", *, most_owned: int = MOST_OWNED, most_rooms: int = MOST_ROOMS) -> Groups:
    """Serve groups at `domain`, by default `groups.<the server's>`."""
    groups = Groups(server, domain or f"groups.{server.domain}", most_owned=most_owned, most_rooms=most_rooms)

    async def unavailable(session: Session, presence: Stanza, first: bool) -> None:
        await groups.closed(session)

    server.host(groups.domain, groups.handle)
    server.on_bound(groups.bound)
    server.on_closed(groups.closed)
    server.on_unavailable(unavailable)
    server.on_forgotten(groups.forget)
    server.on_renamed(groups.rename)
    return groups
