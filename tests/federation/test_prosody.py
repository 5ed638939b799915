"""People of this server and of a real Prosody: encrypted both ways, presence, receipts, groups, errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from plauder.edge.federation.service import Settings
from tests.clients.test_slixmpp_omemo import Phone
from tests.federation.prosody import DOMAIN, Prosody, prosody
from tests.federation.town import Town, authority, free_port, share_authority, town

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

ANA, BRUNO = "ana@ours.test", f"bruno@{DOMAIN}"


@asynccontextmanager
async def both(root: Path, *, dialback: bool = False, **more: Any) -> AsyncIterator[tuple[Town, Prosody]]:
    """Our server with ana, a Prosody with bruno."""
    port = free_port()
    authority(root / "ours", "ours.test")
    if not dialback:
        share_authority(root / "ours", root / "prosody")
    places = {"ours.test": port, "conference.ours.test": port}
    async with prosody(root / "prosody", accounts=["bruno"], places=places, is_secure=not dialback, **more) as theirs:
        place = f"127.0.0.1:{theirs.s2s_port}"
        async with town(
            root / "ours",
            "ours.test",
            accounts=["ana"],
            places={DOMAIN: place, f"conference.{DOMAIN}": place},
            port=port,
            settings=Settings(allow=(DOMAIN,), dialback=dialback),
        ) as ours:
            yield ours, theirs


@pytest.mark.parametrize("dialback", [False, True], ids=["certificate", "dialback"])
async def test_people_of_both_servers_chat_with_omemo(tmp_path: Path, dialback: bool) -> None:
    async with both(tmp_path, dialback=dialback) as (ours, theirs):
        ana, bruno = await Phone(ours, f"{ANA}/phone").come(), await Phone(theirs, f"{BRUNO}/phone").come()
        try:
            for number in range(3):
                await ana.encrypt(BRUNO, f"to Bruno {number}")
                assert await bruno.read() == (ANA, f"to Bruno {number}")
                await bruno.encrypt(ANA, f"to Ana {number}")
                assert await ana.read() == (BRUNO, f"to Ana {number}")
        finally:
            for person in (ana, bruno):
                await person.go()
