"""The engine, scene by scene."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.harness import World
from tests.play import SceneFailed, play

SCENES = {
    "a message reaches a phone that was offline": """
        Bruno's phone connects
        Bruno's phone disconnects
        Ana connects
        Ana sends: <message to="bruno" type="chat" id="1"><body>Oi!</body></message>
        5 minutes pass
        Bruno's phone connects
        Bruno's phone receives:
            <message from="ana" id="1"><body>Oi!</body>
            <delay xmlns="urn:xmpp:delay" from="plauder.example" stamp="{any}"/>
            <stanza-id xmlns="urn:xmpp:sid:0" by="bruno" id="{any}"/></message>
        Ana receives nothing
        """,
    "each device gets its own copy, whenever it comes": """
        Bruno's phone connects
        Bruno's laptop connects
        Bruno's laptop disconnects
        Ana connects
        Ana sends: <message to="bruno" type="chat"><body>Oi!</body></message>
        Bruno's phone receives: <message from="ana"><body>Oi!</body></message>
        Bruno's phone disconnects
        Bruno's laptop connects
        Bruno's laptop receives:
            <message from="ana"><body>Oi!</body><delay xmlns="urn:xmpp:delay" stamp="{any}"/></message>
        Bruno's phone connects
        Bruno's phone receives nothing
        """,
    "a client that comes by another name each time leaves no queue behind": """
        Bruno connects
        Bruno disconnects
        Ana connects
        Ana sends: <message to="bruno" type="chat"><body>Oi!</body></message>
        Bruno connects
        Bruno receives: <message from="ana"><body>Oi!</body></message>
        Bruno disconnects
        Bruno connects
        Bruno receives nothing
        """,
    "what a client without a lasting name has not acknowledged waits for whoever comes next": """
        Bruno connects with stream management
        Bruno falls silent
        Ana connects with stream management
        Ana sends: <message to="bruno" type="chat"><body>Oi!</body></message>
        Bruno receives: <message from="ana"><body>Oi!</body></message>
        1 second passes
        Bruno disconnects
        Bruno connects
        Bruno receives: <message from="ana"><body>Oi!</body></message>
        """,
    "a client without a lasting name gets what is sent while the devices are away": """
        Bruno's phone connects
        Bruno's phone disconnects
        Bruno's laptop connects
        Bruno's laptop disconnects
        Bruno connects
        Ana connects
        Ana sends: <message to="bruno" type="chat"><body>Oi!</body></message>
        Bruno receives: <message from="ana"><body>Oi!</body></message>
        Bruno disconnects
        Bruno's phone connects
        Bruno's phone receives: <message from="ana"><body>Oi!</body></message>
        """,
    "a phone in a tunnel resumes and misses nothing": """
        Ana connects with stream management
        Bruno's phone connects with stream management
        Ana sends: <message to="bruno" type="chat" id="1"><body>one</body></message>
        Bruno's phone receives: <message><body>one</body></message>
        Bruno's phone falls silent
        Ana sends: <message to="bruno" type="chat" id="2"><body>two</body></message>
        Bruno's phone receives: <message><body>two</body></message>
        Bruno's phone vanishes
        Ana sends: <message to="bruno" type="chat" id="3"><body>three</body></message>
        1 second passes
        Ana is told that 4 are safe
        Bruno's phone resumes
        Bruno's phone receives: <message id="3"><body>three</body></message>
        Bruno's phone receives nothing
        """,
    "a phone that does not come back is gone, and its messages wait": """
        Bruno's phone connects with stream management
        Ana connects
        Bruno's phone falls silent
        Ana sends: <message to="bruno" type="chat"><body>Oi!</body></message>
        Bruno's phone receives: <message><body>Oi!</body></message>
        Bruno's phone vanishes
        20 minutes pass
        Bruno's phone connects
        Bruno's phone receives: <message><body>Oi!</body><delay xmlns="urn:xmpp:delay" stamp="{any}"/></message>
        """,
    "a connection that answers nothing is given up": """
        Bruno's phone connects with stream management
        Bruno's phone falls silent
        Ana connects
        Ana sends: <message to="bruno" type="chat"><body>Oi!</body></message>
        2 minutes pass
        Bruno's phone resumes
        Bruno's phone receives: <message><body>Oi!</body></message>
        Bruno's phone receives nothing
        """,
    "headlines are for now, chat states are for now, errors come back to nobody": """
        Ana connects
        Ana sends: <message to="bruno" type="headline"><body>News</body></message>
        Ana sends: <message to="bruno" type="error" id="1"><body>?</body></message>
        Ana sends: <message to="bruno" type="chat"><composing xmlns="http://jabber.org/protocol/chatstates"/></message>
        Ana receives nothing
        Bruno connects
        Bruno receives nothing
        Ana sends: <message to="bruno" type="headline"><body>News</body></message>
        Bruno receives: <message type="headline"><body>News</body></message>
        """,
    "what may not be stored is refused, if somebody would miss it": """
        Ana connects
        Ana sends: <message to="bruno" type="chat" id="1"><body>psst</body><no-store xmlns="urn:xmpp:hints"/></message>
        Ana receives: <message type="error" id="1" from="bruno"><error type="cancel" code="503">
            <service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>
        """,
    "nobody forges the server's stanza-id": """
        Ana connects
        Bruno connects
        Ana sends: <message to="bruno" type="chat"><body>x</body>
            <stanza-id xmlns="urn:xmpp:sid:0" by="bruno" id="forged"/></message>
        Bruno receives: <message><body>x</body><stanza-id xmlns="urn:xmpp:sid:0" by="bruno" id="{any}"/></message>
        """,
    "a note to oneself": """
        Ana's phone connects
        Ana's laptop connects
        Ana's phone sends: <message type="chat"><body>milk</body></message>
        Ana's phone receives: <message from="ana/phone"><body>milk</body></message>
        Ana's laptop receives: <message from="ana/phone"><body>milk</body></message>
        """,
    "presence for one, and its end": """
        Ana connects
        Bruno's phone connects
        Ana sends: <presence to="bruno/phone"><status>for you</status></presence>
        Bruno's phone receives: <presence from="ana"><status>for you</status></presence>
        Ana disconnects
        Bruno's phone receives: <presence from="ana" type="unavailable"/>
        """,
    "a request that nobody answers": """
        Ana connects
        Ana sends: <iq type="get" id="1" to="bruno/phone"><ping xmlns="urn:xmpp:ping"/></iq>
        Ana receives: <iq type="error" id="1"><error type="cancel">
            <service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></iq>
        Ana sends: <iq type="get" id="2"><query xmlns="urn:unknown"/></iq>
        Ana receives: <iq type="error" id="2"><error/></iq>
        Ana sends: <iq type="set" id="3"/>
        Ana receives: <iq type="error" id="3"><error type="modify"/></iq>
        Ana sends: <message to="x@elsewhere.example" id="4"><body>?</body></message>
        Ana receives: <message type="error" id="4"><error type="cancel">
            <remote-server-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>
        Ana sends: <message to="@nowhere" id="5"><body>?</body></message>
        Ana receives: <message type="error" id="5"><error><jid-malformed xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>
            </error></message>
        """,
}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    made.server.start()
    yield made
    await made.close()


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES.keys())
async def test_scene(world: World, scene: str) -> None:
    await play(world, scene)


@pytest.mark.parametrize(
    "scene",
    [
        "Ana connects\nAna receives: <message/>",
        "Ana connects\nAna dances",
        "nobody here",
        "Ana connects\nAna sends: <message><body>a</body></message>\nAna receives: <message><body>b</body></message>",
        "Ana connects\nAna sends: <message type='chat'><body>a</body></message>\nAna receives nothing",
    ],
)
async def test_a_scene_that_goes_another_way_fails(world: World, scene: str) -> None:
    with pytest.raises(SceneFailed, match="line"):
        await play(world, scene)
