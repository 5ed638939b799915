"""People of this server and of a real ejabberd: encrypted both ways, by certificates and by dialback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from plauder.edge.federation.service import Settings
from tests.clients.test_slixmpp_omemo import Phone
from tests.federation.ejabberd import DOMAIN, ejabberd
from tests.federation.town import authority, free_port, share_authority, town

pytestmark = [
    pytest.mark.server,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.skipif(shutil.which("ejabberdctl") is None, reason="ejabberd is not installed"),
]

ANA, BRUNO = "ana@localhost", f"bruno@{DOMAIN}"


@pytest.mark.parametrize("dialback", [False, True], ids=["certificate", "dialback"])
async def test_people_of_both_servers_chat_with_omemo(tmp_path: Path, dialback: bool) -> None:
    port = free_port()
    authority(tmp_path / "ours", "localhost")
    if not dialback:
        share_authority(tmp_path / "ours", tmp_path / "ejabberd")
    async with ejabberd(tmp_path / "ejabberd", accounts=["bruno"], away=port, dialback=dialback) as theirs:
        settings = Settings(allow=(DOMAIN,), dialback=dialback)
        places = {DOMAIN: f"127.0.0.1:{theirs.s2s_port}"}
        async with town(
            tmp_path / "ours", "localhost", accounts=["ana"], places=places, port=port, settings=settings
        ) as ours:
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
