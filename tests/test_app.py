"""The whole server on real ports, in this process: it comes up, serves, tells, and goes down in order."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import slixmpp

from plauder import app
from plauder.app import App
from plauder.edge.listen import PortTaken
from plauder.edge.sms.console import Console
from plauder.kit.config import Config
from tests.postgres import Postgres

ANA = "+55 11 96123-4567"


def config(directory: Path, **more: object) -> Config:
    """On one address: on all, each kind of address would have a free port of its own."""
    ports = {"http": {"port": 0, **dict(more.pop("http", {}))}, "xmpp": {"host": "127.0.0.1", "port": 0, "tls_port": 0}}  # type: ignore[call-overload]
    return Config(data_dir=directory, dev={"page": True}, **ports, **more)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[App]:
    async with app.running(config(tmp_path / "data")) as running:
        yield running


async def register(served: App) -> dict[str, str]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.http_port}") as http:
        asked = (await http.post("/api/v1/registration", json={"number": ANA})).json()
        code = (await http.get("/dev/codes.json")).json()[0]["text"].split()[0]
        path = f"/api/v1/registration/{asked['registration_id']}/verify"
        return dict((await http.post(path, json={"code": code, "device_name": "Phone"})).json())


async def log_in(served: App, jid: str, password: str) -> slixmpp.ClientXMPP:
    client = slixmpp.ClientXMPP(jid, password)
    client.ssl_context = ssl.create_default_context(cafile=served.certificate.ca)
    started, failed = asyncio.Event(), asyncio.Event()
    client.add_event_handler("session_start", lambda _: started.set())
    client.add_event_handler("failed_all_auth", lambda _: failed.set())
    client.enable_direct_tls = False
    client.connect("127.0.0.1", served.xmpp_port)
    waits = [asyncio.create_task(one.wait()) for one in (started, failed)]
    async with asyncio.timeout(20):
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in waits:
        task.cancel()
    if failed.is_set():
        client.abort()
        raise PermissionError("the server refused the login")
    return client


@pytest.mark.server
async def test_from_number_to_login_to_revocation(served: App) -> None:
    given = await register(served)
    client = await log_in(served, given["jid"], given["password"])
    gone = asyncio.Event()
    client.add_event_handler("disconnected", lambda _: gone.set())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.http_port}") as http:
        http.auth = (given["jid"], given["password"])
        assert (await http.delete(f"/api/v1/devices/{given['device_id']}")).status_code == 204
    async with asyncio.timeout(20):
        await gone.wait()
    client.abort()
    with pytest.raises(PermissionError):
        await log_in(served, given["jid"], given["password"])


@pytest.mark.server
async def test_health_metrics_and_page(served: App) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.http_port}") as http:
        ready = await http.get("/health/ready")
        assert ready.json() == {"status": "ready", "parts": {"database": "ok", "inbox": "ok", "engine": "ok"}}
        assert "plauder_sessions" in (await http.get("/metrics")).text
        assert (await http.get("/dev")).status_code == 200
        assert "/api/v1/registration" in (await http.get("/api/openapi.json")).json()["paths"]


@pytest.mark.server
async def test_https_with_a_certificate_that_can_be_renewed(tmp_path: Path) -> None:
    async with app.running(config(tmp_path, http={"tls": True})) as served:
        context = ssl.create_default_context(cafile=served.certificate.ca)
        url = f"https://127.0.0.1:{served.http_port}/health/live"
        async with httpx.AsyncClient(verify=context) as http:
            first = await http.get(url)
        assert first.headers["strict-transport-security"]
        before = served.certificate.certificate.read_bytes()
        served.certificate.certificate.unlink()
        served.reload()
        assert served.certificate.certificate.read_bytes() != before
        async with httpx.AsyncClient(verify=context) as http:
            assert (await http.get(url)).status_code == 200


@pytest.mark.server
async def test_a_taken_port_is_told_and_leaves_nothing_open(served: App, tmp_path: Path) -> None:
    for section, name in (("http", "port"), ("xmpp", "port"), ("xmpp", "tls_port")):
        ports = {"http": {"port": 0}, "xmpp": {"host": "127.0.0.1", "port": 0, "tls_port": 0}}
        ports[section][name] = served.xmpp_port
        second = app.build(Config(data_dir=tmp_path / "second", **ports))
        with pytest.raises(PortTaken, match=f"in use by another program.*{section}.{name}"):
            await second.start()


@pytest.mark.server
async def test_it_comes_back_with_what_it_had(tmp_path: Path) -> None:
    async with app.running(config(tmp_path)) as served:
        given = await register(served)
    async with app.running(config(tmp_path)) as served:
        assert isinstance(served.sms, Console)
        client = await log_in(served, given["jid"], given["password"])
        client.abort()


@pytest.mark.server
async def test_xmpp_over_websocket_and_the_graph_share_the_port(served: App) -> None:
    given = await register(served)
    import websockets

    url = f"ws://127.0.0.1:{served.http_port}/ws"
    async with websockets.connect(url, subprotocols=["xmpp"]) as socket:  # type: ignore[list-item]
        await socket.send('<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="localhost" version="1.0"/>')
        assert str(await socket.recv()).startswith("<open ")
        assert "SCRAM-SHA-256" in str(await socket.recv())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.http_port}") as http:
        graph = await http.get("/v23.0/me")
        assert graph.json()["error"]["type"] == "OAuthException"
        vapid = await http.get("/api/v1/push/vapid")
        assert vapid.json()["key"]
        slots = await http.put("/media/none/x", content=b"x")
        assert slots.status_code in (401, 403, 404)
        assert given["jid"]


@pytest.mark.server
async def test_the_whole_on_postgresql(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.create()
    async with app.running(config(tmp_path, database_url=url)) as served:
        given = await register(served)
        client = await log_in(served, given["jid"], given["password"])
        client.abort()
    assert not list(tmp_path.glob("*.db"))
    postgres.drop(url)


async def open_account(served: App, name: str, password: str) -> str:
    """XEP-0077 before login: the empty text, or the condition of the error."""
    client = slixmpp.ClientXMPP(f"{name}@localhost", password)
    client.register_plugin("xep_0077")
    client.ssl_context = ssl.create_default_context(cafile=served.certificate.ca)
    client.enable_direct_tls = False
    outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def fill_in(_form: object) -> None:
        iq = client.Iq()
        iq["type"] = "set"
        iq["register"]["username"] = name
        iq["register"]["password"] = password
        try:
            await iq.send()
        except slixmpp.exceptions.IqError as error:
            outcome.set_result(str(error.condition))
        else:
            outcome.set_result("")

    client.add_event_handler("register", fill_in)
    client.add_event_handler("failed_all_auth", lambda _: outcome.done() or outcome.set_result("not offered"))
    client.connect("127.0.0.1", served.xmpp_port)
    async with asyncio.timeout(20):
        found = await outcome
    client.abort()
    return found


@pytest.mark.server
async def test_in_band_registration_is_off_by_default_and_works_where_it_is_on(served: App, tmp_path: Path) -> None:
    assert await open_account(served, "ana", "correct horse") == "not offered"
    async with app.running(config(tmp_path / "open", registration={"in_band": True})) as open_to_all:
        assert await open_account(open_to_all, "ana", "correct horse") == ""
        assert await open_account(open_to_all, "ana", "correct horse") == "conflict"
        assert await open_account(open_to_all, "admin", "correct horse") == "not-acceptable"
        assert await open_account(open_to_all, "4915112345678", "correct horse") == "not-acceptable"
        assert await open_account(open_to_all, "bruno", "short") == "not-acceptable"
        client = await log_in(open_to_all, "ana@localhost", "correct horse")
        client.register_plugin("xep_0077")
        await client.plugin["xep_0077"].change_password("another horse", jid="localhost")
        client.abort()
        with pytest.raises(PermissionError):
            await log_in(open_to_all, "ana@localhost", "correct horse")
        client = await log_in(open_to_all, "ana@localhost", "another horse")
        client.register_plugin("xep_0077")
        gone = asyncio.Event()
        client.add_event_handler("disconnected", lambda _: gone.set())
        await client.plugin["xep_0077"].cancel_registration(jid="localhost")
        async with asyncio.timeout(20):
            await gone.wait()
        client.abort()
        assert not await open_to_all.credentials.exists("ana")
