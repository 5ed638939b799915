"""Both sides of a stream between servers, with no wire between them; and hostile peers."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.wire import dialback, s2s
from plauder.wire.framer import Framer
from plauder.wire.s2s import Act, State
from plauder.wire.s2s_initiating import Initiating, Question
from plauder.wire.s2s_receiving import Receiving
from plauder.wire.stream_error import StreamError

OUR_SECRET, THEIR_SECRET = b"ours", b"theirs"
HEADER = (
    "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
    "xmlns:db='jabber:server:dialback' from='{from_}' to='ours.example' version='1.0'>"
)
STARTTLS = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
EXTERNAL = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>{0}</auth>"


@dataclass
class Policy:
    dialback: bool = True
    domains: tuple[str, ...] = ("ours.example", "rooms.ours.example")
    friends: tuple[str, ...] = ("theirs.example", "rooms.theirs.example")

    def serves(self, domain: str) -> bool:
        return domain in self.domains

    def allows(self, domain: str) -> bool:
        return domain in self.friends


def ours(**changes: object) -> Policy:
    return Policy(**changes)  # type: ignore[arg-type]


def theirs(*, dialback: bool = True) -> Policy:
    return Policy(dialback, ("theirs.example", "rooms.theirs.example"), ("ours.example", "rooms.ours.example"))


def ids() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"stream-{next(numbers)}"


@dataclass
class Wire:
    """A receiving and an initiating side, bytes carried between them, acts collected."""

    receiving: Receiving
    initiating: Initiating
    receiving_sees: bool = True
    """Whether the receiving side trusts the other's certificate."""
    initiating_sees: bool = True
    step: int = 0
    got: dict[str, list[Act]] = field(default_factory=lambda: {"receiving": [], "initiating": []})

    def __post_init__(self) -> None:
        limit = 100_000
        self.framers = {name: Framer(content=s2s.SERVER, limit=limit) for name in ("receiving", "initiating")}

    def run(self, acts: list[Act] | None = None, by: str = "initiating") -> None:
        waiting = deque([(by, self.initiating.start() if acts is None else acts)])
        while waiting:
            side, doing = waiting.popleft()
            other = "receiving" if side == "initiating" else "initiating"
            machine = self.receiving if other == "receiving" else self.initiating
            for act in doing:
                if isinstance(act, s2s.Write):
                    step = self.step or len(act.data)
                    for at in range(0, len(act.data), step):
                        for event in self.framers[other].feed(act.data[at : at + step]):
                            waiting.append((other, machine.take(event)))
                elif isinstance(act, s2s.StartTls):
                    self.framers[side].clear()
                    waiting.append((side, self._handshake(side)))
                else:
                    self.got[side].append(act)

    def _handshake(self, side: str) -> list[Act]:
        if side == "initiating":
            return self.initiating.tls_done(self.initiating_sees)
        return self.receiving.tls_done(lambda domain: self.receiving_sees and domain == self.initiating.local)

    def conditions(self, side: str) -> list[str]:
        return [act.error.condition for act in self.got[side] if isinstance(act, s2s.Fail)]


def wire(
    *, mine: Policy | None = None, other: Policy | None = None, question: Question | None = None, **changes: object
) -> Wire:
    receiving = Receiving(other or theirs(), secret=THEIR_SECRET, new_id=ids())
    initiating = Initiating("ours.example", "theirs.example", mine or ours(), secret=OUR_SECRET, question=question)
    return Wire(receiving, initiating, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("step", [0, 1, 7, 64])
def test_a_certificate_proves_a_domain(step: int) -> None:
    between = wire(step=step)
    between.run()
    assert between.got["initiating"] == [
        s2s.Counting(),
        s2s.Ready("theirs.example", "ours.example", "certificate", True),
    ]
    assert between.got["receiving"] == [
        s2s.Ready("ours.example", "theirs.example", "certificate", True),
        s2s.Counting(),
    ]
    assert between.receiving.proved == {"ours.example"}
    assert between.initiating.state is between.receiving.state is State.RUNNING


def test_dialback_proves_a_domain() -> None:
    between = wire(receiving_sees=False, initiating_sees=False)
    between.run()
    (asked,) = between.got["receiving"]
    assert isinstance(asked, s2s.Verify)
    assert (asked.remote, asked.local) == ("ours.example", "theirs.example")
    assert not between.receiving.proved

    # They call back: the same secret answers on another stream.
    back = Wire(
        Receiving(ours(), secret=OUR_SECRET, new_id=ids()),
        Initiating(
            "theirs.example",
            "ours.example",
            theirs(),
            secret=THEIR_SECRET,
            question=Question(asked.stream_id, asked.key),
        ),
        False,
        False,
    )
    back.run()
    assert s2s.Verified("valid") in back.got["initiating"]

    between.run(between.receiving.verified("ours.example", "theirs.example", "valid"), "receiving")
    assert between.receiving.proved == {"ours.example"}
    assert between.got["initiating"][-1] == s2s.Ready("theirs.example", "ours.example", "dialback", False)


def test_a_certificate_answers_a_dialback_request_without_a_call_back() -> None:
    receiving = Receiving(theirs(dialback=False), secret=THEIR_SECRET, new_id=ids(), is_direct=True)
    receiving.tls_done(lambda domain: domain == "ours.example")
    header = HEADER.format(from_="ours.example").replace("to='ours.example'", "to='theirs.example'")
    acts = speak(receiving, header + "<db:result from='ours.example' to='theirs.example'>key</db:result>")
    assert s2s.Ready("ours.example", "theirs.example", "certificate", False) in acts


@pytest.mark.parametrize("answer", ["invalid", "error"])
def test_a_key_that_is_not_good_ends_it(answer: dialback.Answer) -> None:
    between = wire(receiving_sees=False, initiating_sees=False)
    between.run()
    between.run(between.receiving.verified("ours.example", "theirs.example", answer), "receiving")
    assert not between.receiving.proved
    assert between.conditions("initiating") == ["not-authorized"]


def test_an_answer_nobody_asked_for_proves_nothing() -> None:
    between = wire(receiving_sees=False, initiating_sees=False)
    between.run()
    assert between.receiving.verified("rooms.ours.example", "theirs.example", "valid") == []
    assert not between.receiving.proved


def test_without_dialback_a_certificate_is_needed_on_both_sides() -> None:
    between = wire(other=theirs(dialback=False), receiving_sees=False)
    between.run()
    assert between.conditions("initiating") == ["not-authorized"]
    between = wire(mine=ours(dialback=False), initiating_sees=False)
    between.run()
    assert between.conditions("initiating") == ["not-authorized"]
    assert between.receiving.state is not State.RUNNING


def test_a_forged_question_is_answered_with_invalid() -> None:
    forged = Question("stream-1", "0" * 64)
    between = wire(question=forged)
    between.run()
    assert between.got["initiating"] == [s2s.Verified("invalid"), s2s.Close()]


def test_stanzas_go_both_ways_only_where_that_was_agreed() -> None:
    between = wire()
    between.run()
    message = b"<message from='a@theirs.example' to='b@ours.example'><body>hi</body></message>"
    between.run([s2s.Write(message)], "receiving")
    assert isinstance(between.got["initiating"][-1], s2s.Take)

    between = wire()
    between.initiating = Initiating("ours.example", "theirs.example", ours(), secret=OUR_SECRET, both_ways=False)
    between.run()
    between.run([s2s.Write(message)], "receiving")
    assert between.conditions("initiating") == ["not-authorized"]


def test_acknowledgements_pass_through() -> None:
    between = wire()
    between.run()
    between.run([s2s.Write(b"<r xmlns='urn:xmpp:sm:3'/>")])
    assert between.got["receiving"][-1] == s2s.AckWanted()
    between.run([s2s.Write(b"<a xmlns='urn:xmpp:sm:3' h='3'/>")], "receiving")
    assert between.got["initiating"][-1] == s2s.Acked(3)
    between.run([s2s.Write(b"<a xmlns='urn:xmpp:sm:3' h='many'/>")], "receiving")
    assert between.conditions("initiating") == ["undefined-condition"]


# ── hostile peers ─────────────────────────────────────────────────────────────────────────────────────────────────


def speak(receiving: Receiving, text: str, framer: Framer | None = None) -> list[Act]:
    framer = framer or Framer(content=s2s.SERVER, limit=20_000)
    acts: list[Act] = []
    for event in framer.feed(text.encode()):
        acts += receiving.take(event)
    return acts


def failure(acts: list[Act]) -> str:
    found = [act.error.condition for act in acts if isinstance(act, s2s.Fail)]
    return found[0] if found else ""


def secured(policy: Policy | None = None, certified: tuple[str, ...] = ()) -> Receiving:
    receiving = Receiving(policy or ours(), secret=OUR_SECRET, new_id=ids(), is_direct=True)
    receiving.tls_done(lambda domain: domain in certified)
    return receiving


FRIEND = HEADER.format(from_="theirs.example")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        (FRIEND + "<message from='a@theirs.example' to='b@ours.example'/>", "not-authorized"),
        (FRIEND + "<iq from='a@theirs.example' to='b@ours.example' type='get' id='1'/>", "not-authorized"),
        (FRIEND + "<a xmlns='urn:xmpp:sm:3' h='1'/>", "not-authorized"),
        (FRIEND + "<enable xmlns='urn:xmpp:sm:3'/>", "not-authorized"),
        (FRIEND + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "not-authorized"),
        (FRIEND + "<db:result from='x@theirs.example' to='ours.example'>k</db:result>", "improper-addressing"),
        (FRIEND + "<db:result from='theirs.example' to='ours.example' type='valid'/>", "improper-addressing"),
        (FRIEND + FRIEND, "bad-format"),
        (HEADER.format(from_="evil.example"), "policy-violation"),
        (HEADER.format(from_="a@theirs.example"), "improper-addressing"),
        (FRIEND.replace("to='ours.example'", "to='other.example'"), "host-unknown"),
        (FRIEND.replace("to='ours.example'", ""), "host-unknown"),
        (FRIEND.replace(" version='1.0'>", ">"), "unsupported-version"),
        (FRIEND.replace("jabber:server'", "jabber:client'", 1), "invalid-namespace"),
        (FRIEND + "<message>" + "x" * 30_000, "policy-violation"),
        (FRIEND + "<message", ""),
        (FRIEND + "</stream:stream>", ""),
    ],
)
def test_a_stranger_gets_nowhere(text: str, condition: str) -> None:
    receiving = secured()
    acts = speak(receiving, text)
    assert failure(acts) == condition
    assert not receiving.proved
    assert not any(isinstance(act, (s2s.Take, s2s.Ready)) for act in acts)


@pytest.mark.parametrize(
    "text",
    [
        "<db:result from='theirs.example' to='ours.example'>k</db:result>",
        "<db:verify from='theirs.example' to='ours.example' id='1'>k</db:verify>",
        EXTERNAL.format("="),
        "<message from='a@theirs.example' to='b@ours.example'/>",
        "<bidi xmlns='urn:xmpp:bidi'/>",
    ],
)
def test_nothing_but_tls_in_the_clear(text: str) -> None:
    receiving = Receiving(ours(), secret=OUR_SECRET, new_id=ids())
    acts = speak(receiving, FRIEND + text)
    assert failure(acts) in ("policy-violation", "not-authorized")
    assert not any(isinstance(act, (s2s.Take, s2s.Ready, s2s.Verify)) for act in acts)


@pytest.mark.parametrize(
    ("stanza", "condition"),
    [
        ("<message from='a@evil.example' to='b@ours.example'/>", "invalid-from"),
        ("<message from='boss@ours.example' to='b@ours.example'/>", "invalid-from"),
        ("<message from='a@rooms.theirs.example' to='b@ours.example'/>", "invalid-from"),
        ("<message to='b@ours.example'/>", "improper-addressing"),
        ("<message from='a@theirs.example'/>", "improper-addressing"),
        ("<message from='@' to='b@ours.example'/>", "improper-addressing"),
        ("<message from='a@theirs.example' to='b@third.example'/>", "host-unknown"),
        ("<hello xmlns='urn:x'/>", "unsupported-stanza-type"),
    ],
)
def test_one_proved_domain_is_not_another(stanza: str, condition: str) -> None:
    receiving = secured(certified=("theirs.example",))
    framer = Framer(content=s2s.SERVER, limit=20_000)
    speak(receiving, FRIEND + EXTERNAL.format("="), framer)
    acts = speak(receiving, FRIEND, framer)
    assert any(isinstance(act, s2s.Ready) for act in acts)
    assert failure(speak(receiving, stanza, framer)) == condition


def test_a_stream_proved_for_one_domain_cannot_restart_as_another() -> None:
    receiving = secured(certified=("theirs.example",))
    framer = Framer(content=s2s.SERVER, limit=20_000)
    speak(receiving, FRIEND + EXTERNAL.format("="), framer)
    assert failure(speak(receiving, HEADER.format(from_="rooms.theirs.example"), framer)) == "invalid-from"


@pytest.mark.parametrize("said", ["cm9vbXMudGhlaXJzLmV4YW1wbGU=", "/////w==", "QQ==", "###"])
def test_external_is_for_the_domain_of_the_certificate_alone(said: str) -> None:
    receiving = secured(certified=("theirs.example",))
    acts = speak(receiving, FRIEND + EXTERNAL.format(said) * 2)
    assert not receiving.proved
    assert failure(acts) == ""
    assert (
        failure(speak(secured(certified=("theirs.example",)), FRIEND + EXTERNAL.format(said) * 4)) == "not-authorized"
    )


def test_external_without_a_certificate_is_refused() -> None:
    receiving = secured()
    acts = speak(receiving, FRIEND + EXTERNAL.format("="))
    assert not receiving.proved
    assert any(isinstance(act, s2s.Write) and b"not-authorized" in act.data for act in acts)
    assert not any(isinstance(act, s2s.Write) and b"EXTERNAL" in act.data for act in acts)


def test_questions_of_one_stream_are_bounded() -> None:
    receiving = secured(Policy(friends=("theirs.example", *(f"d{n}.example" for n in range(40)))))
    requests = "".join(f"<db:result from='d{n}.example' to='ours.example'>k</db:result>" for n in range(40))
    acts = speak(receiving, FRIEND + requests)
    assert sum(isinstance(act, s2s.Verify) for act in acts) == 8
    assert sum(isinstance(act, s2s.Write) and b"resource-constraint" in act.data for act in acts) == 32


def test_a_dialback_request_is_for_our_domains_from_allowed_ones() -> None:
    for request, condition in (
        ("<db:result from='evil.example' to='ours.example'>k</db:result>", b"policy-violation"),
        ("<db:result from='theirs.example' to='other.example'>k</db:result>", b"item-not-found"),
    ):
        acts = speak(secured(), FRIEND + request)
        assert any(isinstance(act, s2s.Write) and condition in act.data for act in acts)
        assert not any(isinstance(act, s2s.Verify) for act in acts)


@pytest.mark.parametrize(
    "said",
    [
        "<stream:features/>",
        "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
        "<message from='a@theirs.example' to='b@ours.example'/>",
        "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
        "</stream:stream>",
        "<!DOCTYPE x>",
    ],
)
def test_a_server_that_skips_tls_is_left(said: str) -> None:
    initiating = Initiating("ours.example", "theirs.example", ours(), secret=OUR_SECRET)
    framer = Framer(content=s2s.SERVER, limit=20_000)
    header = FRIEND.replace("to='ours.example'", "id='1'")
    acts: list[Act] = []
    for event in framer.feed((header + said).encode()):
        acts += initiating.take(event)
    assert initiating.state is State.CLOSED
    assert not any(isinstance(act, (s2s.Ready, s2s.Take, s2s.Verified)) for act in acts)


def test_a_server_that_answers_for_another_domain_is_left() -> None:
    initiating = Initiating("ours.example", "theirs.example", ours(), secret=OUR_SECRET)
    for event in Framer(content=s2s.SERVER).feed(HEADER.format(from_="evil.example").encode()):
        (act,) = initiating.take(event)
        assert isinstance(act, s2s.Fail)
        assert act.error == StreamError("invalid-from")


def test_every_state_has_a_row() -> None:
    assert set(s2s.NEXT) == set(State)


SAID = [
    FRIEND,
    HEADER.format(from_="rooms.theirs.example"),
    STARTTLS,
    EXTERNAL.format("="),
    "<db:result from='theirs.example' to='ours.example'>k</db:result>",
    "<db:result from='theirs.example' to='ours.example' type='valid'/>",
    "<db:verify from='theirs.example' to='ours.example' id='1'>k</db:verify>",
    "<db:verify from='ours.example' to='theirs.example' id='1' type='valid'/>",
    "<bidi xmlns='urn:xmpp:bidi'/>",
    "<enable xmlns='urn:xmpp:sm:3'/>",
    "<enabled xmlns='urn:xmpp:sm:3'/>",
    "<r xmlns='urn:xmpp:sm:3'/>",
    "<a xmlns='urn:xmpp:sm:3' h='4294967295'/>",
    "<a xmlns='urn:xmpp:sm:3'/>",
    "<stream:features/>",
    "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
    "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
    "<message from='a@theirs.example' to='b@ours.example'/>",
    "<message/>",
    "</stream:stream>",
    "<",
]


@given(st.lists(st.sampled_from(SAID), max_size=12), st.booleans())
def test_whatever_is_said_nothing_is_taken_that_was_not_proved(said: list[str], is_direct: bool) -> None:
    receiving = Receiving(ours(), secret=OUR_SECRET, new_id=ids(), is_direct=is_direct)
    initiating = Initiating("ours.example", "theirs.example", ours(), secret=OUR_SECRET, is_direct=is_direct)
    for machine in (receiving, initiating):
        framer = Framer(content=s2s.SERVER, limit=20_000)
        for event in framer.feed("".join([FRIEND, *said]).encode()):
            assert not any(isinstance(act, s2s.Take) for act in machine.take(event))
    assert not receiving.proved
