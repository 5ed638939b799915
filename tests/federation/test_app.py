"""The whole program, as an operator switches federation on: it talks to another server, and says so."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

import httpx
import pytest
import slixmpp

from plauder import app
from plauder.edge.federation.service import Settings
from tests.federation.town import Person, authority, free_port, share_authority, town
from tests.test_app import config, log_in, register

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

UPLOAD = "{urn:xmpp:http:upload:0}"


async def put(person: slixmpp.ClientXMPP, http: httpx.AsyncClient, data: bytes, at: app.App) -> str:
    """Upload as XEP-0363 says; the address for others."""
    wish = {"filename": "sea.png", "size": str(len(data)), "content-type": "image/png"}
    request = person.make_iq_get(ito="one.test")
    request.append(Element(f"{UPLOAD}request", wish))
    slot = (await request.send(timeout=10)).xml.find(f"{UPLOAD}slot")
    up, down = slot.find(f"{UPLOAD}put"), slot.find(f"{UPLOAD}get")
    headers = {header.get("name"): header.text for header in up}
    where = up.get("url").replace(at.config.public_url, at.local_url)
    done = await http.put(where, content=data, headers={**headers, "content-type": "image/png"})
    assert done.status_code == 201
    return str(down.get("url"))


async def test_switched_on_it_talks_to_whom_it_may(tmp_path: Path) -> None:
    port, theirs = free_port(), free_port()
    authority(tmp_path / "two", "two.test")
    share_authority(tmp_path / "two", tmp_path / "data")
    federation = {
        "enabled": True,
        "allow": ["two.test"],
        "authorities": tmp_path / "data" / "tls" / "ca.pem",
        "places": {"two.test": f"127.0.0.1:{theirs}"},
        "host": "127.0.0.1",
        "port": port,
        "tls_port": 0,
    }
    settings = config(tmp_path / "data", domain="one.test", federation=federation, http={"host": "127.0.0.1"})
    async with (
        app.running(settings) as here,
        town(
            tmp_path / "two",
            "two.test",
            accounts=["bruno"],
            places={"one.test": f"127.0.0.1:{port}"},
            port=theirs,
            settings=Settings(allow=("one.test",)),
        ) as there,
    ):
        assert here.federation_port == port
        assert here.federation_tls_port
        device = await register(here)
        ana = await log_in(here, device["jid"], device["password"])
        bruno = await Person(there, "bruno@two.test/phone").come()
        ana.send_presence()
        ana.send_message("bruno@two.test", "Oi!", mtype="chat")
        assert (await bruno.next(from_=ana.boundjid.bare))["body"] == "Oi!"
        async with httpx.AsyncClient() as http:
            picture = bytes(range(256)) * 40
            link = await put(ana, http, picture, here)
            ana.send_message("bruno@two.test", link, mtype="chat")
            got = str((await bruno.next(from_=ana.boundjid.bare))["body"]).replace(
                here.config.public_url, here.local_url
            )
            page = {"origin": "https://chat.two.test"}  # his client, without any word of who he is
            answer = await http.get(got, headers=page)
            assert (answer.status_code, answer.content) == (200, picture)
            assert answer.headers["access-control-allow-origin"] == "*"
            answer = await http.get(got, headers=page | {"range": "bytes=256-511"})
            assert (answer.status_code, answer.content) == (206, bytes(range(256)))
            assert (await http.head(got, headers=page)).headers["content-length"] == "10240"
            shown = (await http.get(f"{here.local_url}/metrics")).text
        assert "plauder_federation_connections 1.0" in shown
        assert 'plauder_federation_stanzas_total{direction="out",kind="message"} 2.0' in shown
        await ana.disconnect(wait=0.5)
        await bruno.go()
