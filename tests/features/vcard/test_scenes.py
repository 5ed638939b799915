"""One picture, whichever way it is set, seen by old and new clients."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1

import pytest

from plauder.features.pubsub import feature as pubsub
from plauder.features.vcard import feature
from plauder.features.vcard.rules import BadPicture, Picture, dimensions, picture_in, sniffed
from plauder.wire.xml import parse
from tests.features.fakes import FakeServer, FakeSession

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + (32).to_bytes(4, "big") + (48).to_bytes(4, "big") + b"rest"
HASH = sha1(PNG).hexdigest()
ANA = "ana@example.org"
UPDATE = "{vcard-temp:x:update}"


@pytest.fixture(autouse=True)
def _registered(server: FakeServer) -> None:
    pubsub.register(server)
    feature.register(server)


def card(name: str = "Ana", picture: bytes = b"") -> str:
    photo = f"<PHOTO><TYPE>image/png</TYPE><BINVAL>{b64encode(picture).decode()}</BINVAL></PHOTO>" if picture else ""
    return f"<vCard xmlns='vcard-temp'><FN>{name}</FN>{photo}</vCard>"


def items(node: str) -> str:
    return f"<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{node}'/></pubsub>"


def publish(node: str, id_: str, payload: str) -> str:
    item = f"<item id='{id_}'>{payload}</item>"
    return f"<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='{node}'>{item}</publish></pubsub>"


def announced(session: FakeSession) -> str | None:
    assert session.presence is not None
    x = session.presence.find(f"{UPDATE}x")
    return None if x is None else x.findtext(f"{UPDATE}photo")


async def test_a_card_is_kept_and_shown(server: FakeServer):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    await server.ask(ana, "set", card())
    for who, to in ((ana, None), (bruno, ANA)):
        answer = await server.ask(who, "get", "<vCard xmlns='vcard-temp'/>", to=to)
        assert answer.findtext("{vcard-temp}FN") == "Ana"
    assert len(await server.ask(bruno, "get", "<vCard xmlns='vcard-temp'/>")) == 0
    missing = await server.refused(ana, "get", "<vCard xmlns='vcard-temp'/>", to="bruno@example.org")
    assert missing.condition == "item-not-found"
    nobody = await server.refused(ana, "get", "<vCard xmlns='vcard-temp'/>", to="nobody@example.org")
    assert nobody.condition == "service-unavailable"


async def test_a_picture_in_the_card_is_published(server: FakeServer):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    await server.ask(ana, "set", card(picture=PNG))
    answer = await server.ask(bruno, "get", items("urn:xmpp:avatar:metadata"), to=ANA)
    info = answer.find(".//{urn:xmpp:avatar:metadata}info")
    assert dict(info.attrib) == {"bytes": str(len(PNG)), "id": HASH, "type": "image/png", "width": "32", "height": "48"}
    data = await server.ask(bruno, "get", items("urn:xmpp:avatar:data"), to=ANA)
    assert data.findtext(".//{urn:xmpp:avatar:data}data") == b64encode(PNG).decode()
    assert announced(ana) == HASH
    whole = await server.ask(bruno, "get", "<vCard xmlns='vcard-temp'/>", to=ANA)
    assert whole.findtext("{vcard-temp}PHOTO/{vcard-temp}BINVAL") == b64encode(PNG).decode()


async def test_a_published_picture_is_in_the_card_and_in_presence(server: FakeServer):
    ana, bruno = await server.login("ana"), await server.login("bruno")
    data = f"<data xmlns='urn:xmpp:avatar:data'>{b64encode(PNG).decode()}</data>"
    await server.ask(ana, "set", publish("urn:xmpp:avatar:data", HASH, data))
    info = f"<info id='{HASH}' bytes='{len(PNG)}' type='image/png'/>"
    await server.ask(
        ana,
        "set",
        publish("urn:xmpp:avatar:metadata", HASH, f"<metadata xmlns='urn:xmpp:avatar:metadata'>{info}</metadata>"),
    )
    assert announced(ana) == HASH
    whole = await server.ask(bruno, "get", "<vCard xmlns='vcard-temp'/>", to=ANA)
    assert whole.findtext("{vcard-temp}PHOTO/{vcard-temp}TYPE") == "image/png"
    await server.say(ana, "<presence><show>away</show></presence>")
    assert announced(ana) == HASH
    await server.say(ana, "<presence to='room@groups.example.org/Ana'/>")
    assert server.away[-1].find(f"{UPDATE}x").findtext(f"{UPDATE}photo") == HASH


async def test_taking_the_picture_out_of_the_card_takes_it_away(server: FakeServer):
    ana = await server.login("ana")
    await server.ask(ana, "set", card(picture=PNG))
    await server.ask(ana, "set", card())
    assert announced(ana) == ""
    answer = await server.ask(ana, "get", items("urn:xmpp:avatar:metadata"))
    assert answer.find(".//{urn:xmpp:avatar:metadata}info") is None


async def test_presence_without_a_picture_stays_as_it_is(server: FakeServer):
    ana = await server.login("ana")
    await server.say(ana, "<presence><x xmlns='vcard-temp:x:update'/></presence>")
    assert announced(ana) is None
    await server.say(ana, "<presence><x xmlns='vcard-temp:x:update'><photo>0123</photo></x></presence>")
    assert announced(ana) == ""


async def test_the_hash_is_found_again_after_a_restart(server: FakeServer):
    ana = await server.login("ana")
    await server.ask(ana, "set", card(picture=PNG))
    again = FakeServer(server.database)
    pubsub.register(again)
    feature.register(again)
    assert announced(await again.login("ana")) == HASH


async def test_improper_cards_are_refused(server: FakeServer):
    ana = await server.login("ana")
    wrong = "<vCard xmlns='vcard-temp'><PHOTO><BINVAL>not base64!</BINVAL></PHOTO></vCard>"
    assert (await server.refused(ana, "set", wrong)).condition == "bad-request"
    assert (await server.refused(ana, "set", card("x" * 70_000))).condition == "not-acceptable"
    assert (await server.refused(ana, "set", card(picture=b"x" * 200_000))).condition == "not-acceptable"


async def test_a_removed_account_leaves_no_card(server: FakeServer):
    ana = await server.login("ana")
    await server.ask(ana, "set", card(picture=PNG))
    for forget in server.forgotten_watchers:
        await forget(ana.account)
    assert len(await server.ask(ana, "get", "<vCard xmlns='vcard-temp'/>")) == 0


def test_pictures_are_known_by_their_bytes():
    assert sniffed(PNG) == "image/png"
    assert dimensions(PNG) == (32, 48)
    gif = b"GIF89a" + (5).to_bytes(2, "little") + (6).to_bytes(2, "little")
    assert (sniffed(gif), dimensions(gif)) == ("image/gif", (5, 6))
    assert (sniffed(b"\xff\xd8\xff\xe0"), dimensions(b"\xff\xd8\xff\xe0")) == ("image/jpeg", None)
    assert sniffed(b"RIFF1234WEBP") == "image/webp"
    assert (sniffed(b""), dimensions(b"\x89PNG\r\n\x1a\n")) == ("", None)


def test_a_picture_wrapped_in_lines_is_read():
    binval = b64encode(PNG).decode()
    element = parse(
        f"<vCard xmlns='vcard-temp'><PHOTO><BINVAL>\n{binval[:9]}\n {binval[9:]}</BINVAL></PHOTO></vCard>".encode()
    )
    assert picture_in(element) == Picture(PNG, "image/png")
    with pytest.raises(BadPicture):
        picture_in(parse(b"<vCard xmlns='vcard-temp'><PHOTO><BINVAL>====</BINVAL></PHOTO></vCard>"))
