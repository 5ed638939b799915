from __future__ import annotations

import pytest

from plauder.wire import stream_error
from plauder.wire.events import StreamClosed, StreamOpened
from plauder.wire.framer import Framer, FrameReader
from plauder.wire.stream import (
    CLOSE,
    CLOSE_FRAME,
    NEXT,
    Event,
    State,
    close_frame,
    features,
    framed,
    header,
    next_state,
    open_frame,
)
from plauder.wire.stream_error import StreamError
from plauder.wire.xml import E, parse


def test_every_state_has_a_row() -> None:
    assert set(NEXT) == set(State)


def test_every_state_is_reached_and_every_event_used() -> None:
    used = [(event, to) for row in NEXT.values() for event, to in row.items()]
    assert {event for event, _ in used} == set(Event)
    assert {to for _, to in used} | {State.CONNECTED} == set(State)


def test_every_state_but_the_last_can_end() -> None:
    assert all(next_state(state, Event.END) is State.CLOSED for state in State if state is not State.CLOSED)


def test_nobody_sends_stanzas_before_binding() -> None:
    assert [state for state in State if next_state(state, Event.STANZA)] == [State.BOUND]


def test_nobody_logs_in_before_the_channel_is_secured() -> None:
    assert [state for state in State if next_state(state, Event.AUTH)] == [State.READY]
    assert [state for state, row in NEXT.items() if State.READY in row.values()] == [
        State.SECURED,
        State.AUTHENTICATING,
    ]


def walk(*events: Event) -> State | None:
    state: State | None = State.CONNECTED
    for event in events:
        assert state is not None
        state = next_state(state, event)
    return state


def test_the_usual_ways_in() -> None:
    secured = (Event.HEADER, Event.STARTTLS, Event.TLS_DONE, Event.HEADER, Event.AUTH, Event.RESPONSE)
    assert walk(*secured, Event.SASL_SUCCESS, Event.HEADER, Event.BIND, Event.STANZA) is State.BOUND
    assert walk(*secured, Event.SASL2_SUCCESS, Event.BIND, Event.STANZA) is State.BOUND
    assert walk(*secured, Event.SASL_FAILURE, Event.AUTH) is State.AUTHENTICATING


def test_a_header_can_be_read() -> None:
    (opened,) = Framer().feed(header(from_="localhost", id="<x>", to="a@localhost"))
    assert opened == StreamOpened(to="a@localhost", from_="localhost", id="<x>", version="1.0", lang="en")
    (opened,) = Framer(content="jabber:server").feed(header(to="b", lang=None, content="jabber:server"))
    assert opened == StreamOpened(to="b", version="1.0")
    (opened,) = FrameReader().feed(open_frame(from_="localhost", id="x"))
    assert opened == StreamOpened(from_="localhost", id="x", version="1.0", lang="en")


def test_the_end_can_be_read() -> None:
    assert Framer().feed(header(to="a") + CLOSE)[1:] == [StreamClosed()]
    assert FrameReader().feed(CLOSE_FRAME) == [StreamClosed()]
    assert FrameReader().feed(close_frame("wss://a/?b&c")) == [StreamClosed("wss://a/?b&c")]


def test_features_are_written_with_their_prefix() -> None:
    assert features(E("{urn:a}a")) == b"<stream:features><a xmlns='urn:a'/></stream:features>"
    assert features() == b"<stream:features/>"
    assert parse(features(E("{urn:a}a"), declare=True)).tag == f"{{{stream_error.STREAMS}}}features"


def test_stanzas_in_websocket_messages_declare_their_namespace() -> None:
    for name in ("message", "presence", "iq"):
        assert parse(framed(f"<{name} id='1'/>".encode())).tag == f"{{jabber:client}}{name}"
    assert framed(b"<r xmlns='urn:xmpp:sm:3'/>") == b"<r xmlns='urn:xmpp:sm:3'/>"


def test_stream_errors_can_be_read_back() -> None:
    app = E("{urn:app}detail")
    error = StreamError("see-other-host", "go <there>", app, host="[2001:db8::1]:5222")
    framer = Framer()
    framer.feed(header(to="a"))
    (event,) = framer.feed(error.to_bytes())
    for element in (event.element, parse(error.to_bytes(declare=True)), error.element()):  # type: ignore[union-attr]
        read = StreamError.from_element(element)
        assert (read.condition, read.text, read.host) == ("see-other-host", "go <there>", "[2001:db8::1]:5222")
        assert read.app is not None
        assert read.app.tag == "{urn:app}detail"
    assert error == StreamError("see-other-host")
    assert len({error, StreamError("see-other-host"), StreamError("reset")}) == 2


def test_stream_errors_are_those_of_the_rfc() -> None:
    assert len(stream_error.CONDITIONS) == 25
    with pytest.raises(ValueError, match="not a stream error"):
        StreamError("wrong")
    unknown = E(f"{{{stream_error.STREAMS}}}error", None, E(f"{{{stream_error.CONDITIONS_NS}}}brand-new"))
    assert StreamError.from_element(unknown).condition == "undefined-condition"
