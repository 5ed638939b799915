"""XMPP in HTTP requests: a whole login, messages both ways, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element

import httpx
import pytest

from plauder.edge.http.address import Proxies
from plauder.edge.http.bosh import PATH, Bosh
from plauder.wire.xml import parse
from tests.live import Live, live

pytestmark = pytest.mark.server

NS = "http://jabber.org/protocol/httpbind"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
FEATURES = "{http://etherx.jabber.org/streams}features"
MESSAGE = "{jabber:client}message"


@dataclass
class Web:
    """A client: it counts its requests and keeps what came."""

    http: httpx.AsyncClient
    name: str
    rid: int = 1_000
    sid: str = ""
    first: Element | None = None
    received: list[Element] = field(default_factory=list)
    held: asyncio.Future[Element] | None = None

    async def post(self, inner: str = "", attrs: str = "", *, rid: int = 0) -> Element:
        if not rid:
            self.rid += 1
            rid = self.rid
        sid = f" sid='{self.sid}'" if self.sid else ""
        answer = await self.http.post(PATH, content=f"<body xmlns='{NS}' rid='{rid}'{sid} {attrs}>{inner}</body>")
        assert answer.status_code == 200
        body = parse(answer.content)
        self.received += list(body)
        return body

    async def open(self, wait: int = 1) -> Element:
        self.first = body = await self.post(attrs=f"to='localhost' wait='{wait}' hold='1' ver='1.6'")
        self.sid = body.get("sid", "")
        return body

    async def login(self, wait: int = 1) -> Web:
        await self.open(wait)
        secret = b64encode(f"\0{self.name}\0secret".encode()).decode()
        body = await self.post(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{secret}</auth>")
        assert body[0].tag == f"{{{SASL}}}success"
        body = await self.post(attrs="xmlns:xmpp='urn:xmpp:xbosh' xmpp:restart='true' to='localhost'")
        assert body[0].tag == FEATURES
        await self.post(f"<iq xmlns='jabber:client' type='set' id='b'>{BIND}</iq>")
        # Nothing answers this one, so it is held until the next request comes.
        self.held = asyncio.ensure_future(self.post("<presence xmlns='jabber:client'/>"))
        await asyncio.sleep(0.01)
        self.received.clear()
        return self

    async def next(self) -> Element:
        """The next message; asks as long as there is none."""
        async with asyncio.timeout(10):
            while not any(child.tag == MESSAGE for child in self.received):
                await self.post()
        found = next(child for child in self.received if child.tag == MESSAGE)
        self.received.remove(found)
        return found


@dataclass
class Scene:
    at: Live
    bosh: Bosh
    http: httpx.AsyncClient

    def web(self, name: str) -> Web:
        return Web(self.http, name)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with live(tmp_path) as at:
        bosh = Bosh(at.door, Proxies([]))
        transport = httpx.ASGITransport(app=bosh, client=("127.0.0.1", 5))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            yield Scene(at, bosh, http)
        bosh.close_all()


def chat(to: str, text: str) -> str:
    return f"<message xmlns='jabber:client' to='{to}' type='chat'><body>{text}</body></message>"


async def test_a_session_is_opened(scene: Scene) -> None:
    body = await scene.web("ana").open()
    assert (body.get("ver"), body.get("hold"), body.get("requests"), body.get("secure")) == ("1.11", "1", "2", "true")
    assert body.get("{urn:xmpp:xbosh}version") == "1.0"
    assert body[0].tag == FEATURES


async def test_two_people_talk(scene: Scene) -> None:
    ana, bruno = await scene.web("ana").login(), await scene.web("bruno").login()
    await ana.post(chat("bruno@localhost", "Oi!"))
    message = await bruno.next()
    assert message.findtext("{jabber:client}body") == "Oi!"
    await bruno.post(chat(message.get("from", ""), "Tudo bem?"))
    assert (await ana.next()).findtext("{jabber:client}body") == "Tudo bem?"


async def test_a_held_request_is_answered_as_soon_as_something_comes(scene: Scene) -> None:
    ana, bruno = await scene.web("ana").login(wait=1), await scene.web("bruno").login(wait=60)
    waiting = asyncio.ensure_future(bruno.post())
    await ana.post(chat("bruno@localhost", "now"))
    async with asyncio.timeout(10):
        body = await waiting
    assert body[0].findtext("{jabber:client}body") == "now"


async def test_a_new_request_frees_the_one_that_is_held(scene: Scene) -> None:
    ana = await scene.web("ana").login(wait=60)
    waiting = asyncio.ensure_future(ana.post())
    await asyncio.sleep(0)
    again = asyncio.ensure_future(ana.post())
    async with asyncio.timeout(10):
        assert len(await waiting) == 0
    await ana.post(attrs="type='terminate'")
    async with asyncio.timeout(10):
        await again


async def test_requests_are_dealt_with_in_order(scene: Scene) -> None:
    ana, bruno = await scene.web("ana").login(), await scene.web("bruno").login()
    late = asyncio.ensure_future(ana.post(chat("bruno@localhost", "second"), rid=ana.rid + 2))
    await asyncio.sleep(0.01)
    early = asyncio.ensure_future(ana.post(chat("bruno@localhost", "first"), rid=ana.rid + 1))
    texts = [(await bruno.next()).findtext("{jabber:client}body") for _ in range(2)]
    assert texts == ["first", "second"]
    await asyncio.gather(early, late)


async def test_a_repeated_request_gets_the_same_answer_and_does_nothing_twice(scene: Scene) -> None:
    ana, bruno = await scene.web("ana").login(), await scene.web("bruno").login()
    await ana.post(chat("bruno@localhost", "once"))
    first = await ana.post(chat("bruno@localhost", "twice?"))
    again = await ana.post(chat("bruno@localhost", "twice?"), rid=ana.rid)
    assert (first.attrib, len(first)) == (again.attrib, len(again))
    await ana.post(chat("bruno@localhost", "end"))
    texts = [(await bruno.next()).findtext("{jabber:client}body") for _ in range(3)]
    assert texts == ["once", "twice?", "end"]


async def test_leaving_in_order(scene: Scene) -> None:
    ana = await scene.web("ana").login()
    body = await ana.post("<presence xmlns='jabber:client' type='unavailable'/>", "type='terminate'")
    assert body.get("type") == "terminate"
    assert scene.bosh.sessions == {}
    assert (await ana.post()).get("condition") == "item-not-found"
    assert scene.at.door.count == 0


async def test_a_request_outside_of_the_window_ends_the_session(scene: Scene) -> None:
    ana = await scene.web("ana").login()
    assert (await ana.post(rid=ana.rid + 9)).get("condition") == "item-not-found"
    assert scene.bosh.sessions == {}


async def test_a_wrong_password_is_refused(scene: Scene) -> None:
    ana = scene.web("ana")
    await ana.open()
    wrong = b64encode(b"\0ana\0wrong").decode()
    body = await ana.post(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{wrong}</auth>")
    assert body[0].tag == f"{{{SASL}}}failure"


async def test_stanzas_before_the_login_end_the_stream(scene: Scene) -> None:
    ana = scene.web("ana")
    await ana.open()
    body = await ana.post(chat("bruno@localhost", "I am nobody"))
    assert (body.get("type"), body.get("condition")) == ("terminate", "remote-stream-error")
    assert body[0].tag == "{http://etherx.jabber.org/streams}error"


@pytest.mark.parametrize(
    ("content", "condition"),
    [
        (b"", "bad-request"),
        (b"<body", "bad-request"),
        (b"<!DOCTYPE x><body/>", "bad-request"),
        (b"<other xmlns='http://jabber.org/protocol/httpbind' rid='1'/>", "bad-request"),
        (b"<body xmlns='http://jabber.org/protocol/httpbind'/>", "bad-request"),
        (b"<body xmlns='http://jabber.org/protocol/httpbind' rid='-1'/>", "bad-request"),
        (b"<body xmlns='http://jabber.org/protocol/httpbind' rid='99999999999999999999'/>", "bad-request"),
        (b"<body xmlns='http://jabber.org/protocol/httpbind' rid='1' to='elsewhere.example'/>", "host-unknown"),
        (b"<body xmlns='http://jabber.org/protocol/httpbind' rid='1'/>", "improper-addressing"),
        (b"<body xmlns='http://jabber.org/protocol/httpbind' rid='1' sid='unknown'/>", "item-not-found"),
        (
            b"<body xmlns='http://jabber.org/protocol/httpbind' rid='1'>" + b"<a>" * 200 + b"</a>" * 200 + b"</body>",
            "bad-request",
        ),
    ],
)
async def test_nonsense_is_refused(scene: Scene, content: bytes, condition: str) -> None:
    answer = await scene.http.post(PATH, content=content)
    body = parse(answer.content)
    assert (body.get("type"), body.get("condition")) == ("terminate", condition)
    assert scene.bosh.sessions == {}


async def test_too_much_is_refused(scene: Scene) -> None:
    assert (await scene.http.post(PATH, content=b"x" * 600_000)).status_code == 413
    ana = scene.web("ana")
    await ana.open()
    assert (await ana.post("x" * 30_000)).get("condition") == "policy-violation"


async def test_browsers_of_other_origins_may_ask(scene: Scene) -> None:
    answer = await scene.http.options(PATH)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
    assert (await scene.http.get(PATH)).status_code == 405


# ── pauses (§10) and key sequences (§15) ──────────────────────────────────────────────────────────────────────────────


async def test_a_pause_answers_at_once_and_lasts_longer(scene: Scene) -> None:
    ana = await scene.web("ana").login(wait=60)
    assert ana.first is not None
    assert ana.first.get("maxpause") == "300"
    assert ana.held is not None
    async with asyncio.timeout(5):
        await ana.post(attrs="pause='200'")
        await ana.held
    session = scene.bosh.sessions[ana.sid]
    assert session._idle is not None
    left = session._idle.when() - asyncio.get_running_loop().time()
    assert 190 < left <= 200
    session.send_now([b"<presence/>"])
    assert (await ana.post())[0].tag == "{jabber:client}presence"  # back again: the pause is over
    assert session._idle is not None
    assert session._idle.when() - asyncio.get_running_loop().time() <= 60


@pytest.mark.parametrize("pause", ["301", "-1", "x", "9" * 40])
async def test_a_pause_that_is_too_long_or_none_changes_nothing(scene: Scene, pause: str) -> None:
    ana = scene.web("ana")
    await ana.open()
    await ana.post(attrs=f"pause='{pause}'")
    idle = scene.bosh.sessions[ana.sid]._idle
    assert idle is not None
    assert idle.when() - asyncio.get_running_loop().time() <= 60


def chain(seed: str, length: int) -> list[str]:
    """The keys of a session, the last one made first."""
    keys = [seed]
    for _ in range(length):
        keys.append(hashlib.sha1(keys[-1].encode(), usedforsecurity=False).hexdigest())
    return keys[::-1]


async def test_each_request_has_the_key_before(scene: Scene) -> None:
    first, *keys = chain("a secret", 3)
    other, *more = chain("another", 2)
    ana = scene.web("ana")
    ana.sid = (await ana.post(attrs=f"to='localhost' wait='1' hold='1' newkey='{first}'")).get("sid", "")
    assert (await ana.post(attrs=f"key='{keys[0]}'")).get("type") is None
    assert (await ana.post(attrs=f"key='{keys[1]}' newkey='{other.upper()}'")).get("type") is None
    assert (await ana.post(attrs=f"key='{more[0]}'")).get("type") is None
    assert (await ana.post(attrs=f"key='{keys[2]}'")).get("condition") == "item-not-found"
    assert ana.sid not in scene.bosh.sessions


@pytest.mark.parametrize("attrs", ["", "key=''", "key='guess'", "newkey='mine'", f"key='{'x' * 5000}'"])
async def test_who_only_overheard_the_sid_ends_the_session(scene: Scene, attrs: str) -> None:
    ana = scene.web("ana")
    ana.sid = (await ana.post(attrs=f"to='localhost' wait='1' hold='1' newkey='{chain('a', 1)[0]}'")).get("sid", "")
    assert (await ana.post(attrs=attrs)).get("type") == "terminate"
    assert ana.sid not in scene.bosh.sessions
