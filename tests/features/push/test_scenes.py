"""When devices ring."""

from collections.abc import AsyncIterator, Sequence

import pytest

from plauder.features.push.feature import register
from plauder.features.push.service import PATIENCE, RETRIES, Push, Report, Ring
from plauder.features.push.store import WEB, Target
from plauder.store.database import Database
from tests.harness import Client, World

APP = "push.example.net"


class Bell:
    """A sender that only counts."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, str]] = []
        self.answer = Report("bell", ok=True, detail="rang")

    async def ring(self, target: Target, ring: Ring) -> Sequence[Report]:
        self.rung.append((target.device, ring.chat))
        return [self.answer]


class Scene:
    def __init__(self, database: Database) -> None:
        self.bell = Bell()
        self.pushes: list[Push] = []
        self.world = World(
            accounts=("ana", "bruno", "carla"),
            register=[lambda server: self.pushes.append(register(server, {WEB: self.bell}, chat_name=b"k" * 32))],
            database=database,
        )

    @property
    def push(self) -> Push:
        return self.pushes[0]

    async def phone_of_bruno(self) -> Client:
        """Bruno's phone, which has asked to be woken, and is away."""
        phone = await self.world.connect("bruno", "phone", sm=True)
        await self.push.enable(Target(str(phone.jid.bare), phone.session.device, WEB, "https://push", {}))
        await phone.disconnect()
        return phone


@pytest.fixture
async def scene(database: Database) -> AsyncIterator[Scene]:
    scene = Scene(database)
    yield scene
    await scene.world.close()


async def say(client: Client, text: str = "Oi!", to: str = "bruno") -> None:
    await client.send(f"<message to='{to}@plauder.example' type='chat'><body>{text}</body></message>")
    await client.world.advance(PATIENCE + 0.1)


async def test_a_device_that_is_away_rings_once_per_chat(scene: Scene) -> None:
    await scene.phone_of_bruno()
    ana, carla = await scene.world.connect("ana"), await scene.world.connect("carla")
    await say(ana)
    await say(ana, "and again")
    await say(carla)
    assert [device for device, _ in scene.bell.rung] == ["device:phone", "device:phone"]
    assert len({chat for _, chat in scene.bell.rung}) == 2


async def test_names_of_chats_tell_nothing(scene: Scene) -> None:
    await scene.phone_of_bruno()
    await say(await scene.world.connect("ana"), "secret plan")
    [(_, chat)] = scene.bell.rung
    assert "ana" not in chat
    assert "secret" not in chat
    assert len(chat) <= 32  # RFC 8030 §5.4


async def test_who_comes_back_can_ring_again(scene: Scene) -> None:
    await scene.phone_of_bruno()
    ana = await scene.world.connect("ana")
    await say(ana)
    back = await scene.world.connect("bruno", "phone", sm=True)
    await back.disconnect()
    await say(ana)
    assert len(scene.bell.rung) == 2


async def test_a_device_that_is_here_does_not_ring(scene: Scene) -> None:
    await scene.phone_of_bruno()
    await scene.world.connect("bruno", "phone", sm=True)
    await say(await scene.world.connect("ana"))
    assert scene.bell.rung == []


async def test_a_phone_that_lost_its_connection_rings(scene: Scene) -> None:
    await scene.phone_of_bruno()
    phone = await scene.world.connect("bruno", "phone", sm=True)
    await phone.vanish()
    await say(await scene.world.connect("ana"))
    assert len(scene.bell.rung) == 1


async def test_typing_rings_nobody(scene: Scene) -> None:
    await scene.phone_of_bruno()
    ana = await scene.world.connect("ana")
    await ana.send(
        "<message to='bruno@plauder.example' type='chat'>"
        "<composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
    )
    await scene.world.advance(PATIENCE + 1)
    assert scene.bell.rung == []


async def test_a_dead_address_is_forgotten(scene: Scene) -> None:
    await scene.phone_of_bruno()
    scene.bell.answer = Report("bell", ok=False, detail="ended", gone=True)
    ana, carla = await scene.world.connect("ana"), await scene.world.connect("carla")
    await say(ana)
    await say(carla)
    assert len(scene.bell.rung) == 1


async def test_a_push_service_that_had_a_bad_moment_is_asked_again(scene: Scene) -> None:
    await scene.phone_of_bruno()
    good, scene.bell.answer = scene.bell.answer, Report("bell", ok=False, detail="503")
    await say(await scene.world.connect("ana"))
    await scene.world.advance(RETRIES[0] + 1)
    assert len(scene.bell.rung) == 2
    scene.bell.answer = good
    for seconds in RETRIES[1:]:
        await scene.world.advance(seconds + 1)
    assert len(scene.bell.rung) == 3


async def test_nobody_is_rung_again_who_has_come_for_the_message(scene: Scene) -> None:
    await scene.phone_of_bruno()
    scene.bell.answer = Report("bell", ok=False, detail="503")
    await say(await scene.world.connect("ana"))
    await scene.world.connect("bruno", "phone", sm=True)
    await scene.world.advance(RETRIES[0] + 1)
    assert len(scene.bell.rung) == 1


async def test_a_push_service_that_never_answers_is_left_alone_in_the_end(scene: Scene) -> None:
    await scene.phone_of_bruno()
    scene.bell.answer = Report("bell", ok=False, detail="503")
    await say(await scene.world.connect("ana"))
    for _ in range(10):
        await scene.world.advance(RETRIES[-1] + 1)
    assert len(scene.bell.rung) == 1 + len(RETRIES)


async def test_the_test_button_reports_every_hop(scene: Scene) -> None:
    await scene.phone_of_bruno()
    reports = await scene.push.test("bruno@plauder.example", "device:phone")
    assert [(r.hop, r.ok) for r in reports] == [("server", True), ("bell", True)]
    [nothing] = await scene.push.test("bruno@plauder.example", "device:other")
    assert not nothing.ok
    await scene.push.enable(Target("ana@plauder.example", "d", "fcm", "token", {}))
    assert "No fcm push is set up" in (await scene.push.test("ana@plauder.example", "d"))[-1].detail


async def test_an_app_server_is_rung_as_xep_0357_says(scene: Scene) -> None:
    heard = []

    async def app_server(session: object, stanza: object) -> None:
        heard.append(stanza)
        scene.world.server.route(stanza.result())  # type: ignore[attr-defined]

    scene.world.server.host(APP, app_server)  # type: ignore[arg-type]
    phone = await scene.world.connect("bruno", "phone", sm=True)
    options = "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub"
    options += "#publish-options</value></field><field var='secret'><value>s3</value></field></x>"
    enable = f"<enable xmlns='urn:xmpp:push:0' jid='{APP}' node='n1'>{options}</enable>"
    assert (await phone.request(enable, type="set")).type == "result"
    await phone.disconnect()
    ana = await scene.world.connect("ana")
    await say(ana, "the secret plan")
    [iq] = heard
    inner = iq.inner.decode()  # type: ignore[attr-defined]
    assert "n1" in inner
    assert "s3" in inner
    assert "urn:xmpp:push:0" in inner
    assert "secret plan" not in inner
    assert "ana@" not in inner

    back = await scene.world.connect("bruno", "phone", sm=True)
    disable = f"<disable xmlns='urn:xmpp:push:0' jid='{APP}'/>"
    assert (await back.request(disable, type="set")).type == "result"
    await back.disconnect()
    await say(ana)
    assert len(heard) == 1


@pytest.mark.parametrize(
    "payload",
    [
        "<enable xmlns='urn:xmpp:push:0'/>",
        "<enable xmlns='urn:xmpp:push:0' jid='@@'/>",
        f"<enable xmlns='urn:xmpp:push:0' jid='{APP}' node='{'n' * 3000}'/>",
        f"<enable xmlns='urn:xmpp:push:0' jid='{APP}'><x xmlns='jabber:x:data' type='nonsense'/></enable>",
    ],
)
async def test_nonsense_is_refused(scene: Scene, payload: str) -> None:
    phone = await scene.world.connect("bruno")
    assert (await phone.request(payload, type="set")).type == "error"
