"""Young accounts meet few strangers a day; friends and those who answer are none."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from plauder.core.people import Relations
from plauder.features.strangers import feature
from plauder.features.strangers.rules import Trust, opens
from tests.features.fakes import FakeServer, FakeSession, read


class Friends:
    """Everybody called friend… has Ana in the roster."""

    async def of(self, account: str) -> Relations:
        return Relations(known=frozenset({"ana@example.org"})) if account.startswith("friend") else Relations()


@pytest.fixture(autouse=True)
def _registered(server: FakeServer) -> None:
    born = server.clock.now()

    async def since(local: str) -> datetime | None:
        return born if local == "ana" else born - timedelta(days=100)

    server.people.contacts = Friends()  # type: ignore[assignment]
    feature.register(server, since, trust=Trust(first_day=2, growth=1, most=4))


async def write(server: FakeServer, session: FakeSession, to: str, inner: str = "<body>Hi</body>") -> str | None:
    error = await server.say(session, f"<message to='{to}@example.org' type='chat'>{inner}</message>")
    return error.error.condition if error is not None and error.error is not None else None


async def test_a_young_account_meets_few_and_more_as_it_ages(server: FakeServer):
    ana = await server.login("ana")
    assert [await write(server, ana, f"s{n}") for n in range(4)] == [None, None, *["policy-violation"] * 2]
    server.clock.advance(days=1)  # type: ignore[attr-defined]
    assert [await write(server, ana, f"t{n}") for n in range(4)] == [None, None, None, "policy-violation"]
    server.clock.advance(days=10)  # type: ignore[attr-defined]
    assert [await write(server, ana, f"u{n}") for n in range(5)] == [None] * 4 + ["policy-violation"]


async def test_partners_friends_and_answers_are_free(server: FakeServer):
    ana = await server.login("ana")
    for _ in range(3):
        assert await write(server, ana, "s0") is None
    for n in range(9):
        assert await write(server, ana, f"friend{n}") is None
    for n in range(3):
        assert await write(server, await server.login(f"x{n}"), "ana") is None
        assert await write(server, ana, f"x{n}") is None
    assert [await write(server, ana, f"s{n}") for n in (1, 2)] == [None, "policy-violation"]


async def test_what_catches_no_eye_is_free(server: FakeServer):
    ana = await server.login("ana")
    for n in range(9):
        assert await write(server, ana, f"s{n}", "<received xmlns='urn:xmpp:receipts' id='1'/>") is None


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        ("<message type='chat'><body>Hi</body></message>", True),
        ("<message><encrypted xmlns='urn:xmpp:omemo:2'/></message>", True),
        ("<message><propose xmlns='urn:xmpp:jingle-message:0' id='1'/></message>", True),
        ("<message type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>", False),
        ("<message type='error'><body>Hi</body></message>", False),
    ],
)
def test_what_opens_a_conversation(xml: str, expected: bool):
    assert opens(read(xml)) is expected
