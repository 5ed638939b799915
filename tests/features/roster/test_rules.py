"""Roster requests are read strictly; subscription stanzas do what RFC 6121 §3 says."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from plauder.features.roster.rules import Item, Wish, read, receive, removal, send
from plauder.features.roster.states import State
from plauder.wire.jid import Jid
from plauder.wire.stanza_error import StanzaError

ANA = Jid.parse("ana@example.org")
BRUNO = Jid.parse("bruno@example.org")


def query(inner: str):
    return fromstring(f"<query xmlns='jabber:iq:roster'>{inner}</query>")


def test_a_set_is_read():
    wish = read(query("<item jid='bruno@example.org/x' name='B'><group>A</group><group>C</group></item>"), ANA)
    assert wish == Wish(BRUNO, "B", ("A", "C"))


def test_a_removal_is_read():
    assert read(query("<item jid='bruno@example.org' subscription='remove'/>"), ANA) == Wish(BRUNO, removes=True)


@pytest.mark.parametrize(
    ("inner", "condition"),
    [
        ("", "bad-request"),
        ("<item jid='a@b'/><item jid='c@d'/>", "bad-request"),
        ("<item/>", "bad-request"),
        ("<item jid='@'/>", "bad-request"),
        ("<item jid='ana@example.org'/>", "not-allowed"),
        (f"<item jid='a@b' name='{'x' * 1024}'/>", "not-acceptable"),
        ("<item jid='a@b'><group>A</group><group>A</group></item>", "bad-request"),
        ("<item jid='a@b'><group/></item>", "not-acceptable"),
        (f"<item jid='a@b'><group>{'x' * 1024}</group></item>", "not-acceptable"),
        (f"<item jid='a@b'>{''.join(f'<group>{i}</group>' for i in range(33))}</item>", "not-acceptable"),
    ],
)
def test_improper_sets_are_refused(inner: str, condition: str):
    with pytest.raises(StanzaError) as refused:
        read(query(inner), ANA)
    assert refused.value.condition == condition


def test_asking_lists_the_contact():
    after = send(Item("b"), "subscribe")
    assert after.passes
    assert after.item.is_listed
    assert after.item.element().get("ask") == "subscribe"


def test_a_request_waits_unlisted():
    after = receive(Item("b"), "subscribe", b"<status>Hi</status>")
    assert after.passes
    assert not after.item.is_listed
    assert after.item.request == b"<status>Hi</status>"
    assert not after.item.is_empty


def test_an_overlong_request_waits_without_its_words():
    assert receive(Item("b"), "subscribe", b"x" * 5_000).item.request == b""


def test_granting_lists_and_forgets_the_request():
    after = send(Item("b", State.NONE_IN, request=b"x"), "subscribed")
    assert (after.passes, after.item.state, after.item.is_listed, after.item.request) == (True, State.FROM, True, b"")


def test_approval_in_advance_answers_the_request():
    approved = send(Item("b"), "subscribed")
    assert not approved.passes
    assert approved.item.is_approved
    assert approved.item.element().get("approved") == "true"
    after = receive(approved.item, "subscribe")
    assert (after.passes, after.reply, after.item.state) == (False, "subscribed", State.FROM)
    assert not after.item.is_approved


def test_an_approval_in_advance_can_be_taken_back():
    approved = send(Item("b"), "subscribed").item
    assert not send(approved, "unsubscribed").item.is_approved


def test_granting_again_is_no_approval_in_advance():
    assert not send(Item("b", State.BOTH, is_listed=True), "subscribed").item.is_approved


def test_a_repeated_request_is_answered_for_the_user():
    assert receive(Item("b", State.BOTH), "subscribe").reply == "subscribed"


def test_unsubscribing_is_confirmed():
    after = receive(Item("b", State.BOTH), "unsubscribe")
    assert (after.passes, after.reply, after.item.state) == (True, "unsubscribed", State.TO)


@pytest.mark.parametrize(
    ("state", "kinds"),
    [
        (State.NONE, ()),
        (State.NONE_OUT, ("unsubscribe",)),
        (State.TO_IN, ("unsubscribe", "unsubscribed")),
        (State.FROM, ("unsubscribed",)),
        (State.BOTH, ("unsubscribe", "unsubscribed")),
    ],
)
def test_a_removed_contact_is_told(state: State, kinds: tuple[str, ...]):
    assert removal(Item("b", state)) == kinds


def test_a_plain_item_says_little():
    element = Item("b@c", State.BOTH, "Bê", ("G",)).element()
    assert dict(element.items()) == {"jid": "b@c", "name": "Bê", "subscription": "both"}
    assert [group.text for group in element] == ["G"]
