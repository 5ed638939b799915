"""In-band registration, before and after the login."""

import pytest

from plauder.features.accounts.inband import NS, InBand, register
from plauder.kit.clock import FakeClock
from plauder.kit.limits import Allowance
from plauder.store.database import Database
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E
from tests.features.accounts.conftest import Office
from tests.harness import World


def query(**fields: str) -> Stanza:
    payload = E(f"{{{NS}}}query", {}, *(E(name, {}, text) for name, text in fields.items()))
    return Stanza.build("iq", {"type": "set", "id": "1"}, payload)


@pytest.fixture
def inband(database: Database, office: Office, clock: FakeClock) -> InBand:
    world = World(database=database)
    return InBand(world.server, office.devices, Allowance(clock, 3, 60))


async def make(inband: InBand, **fields: str) -> None:
    stanza = query(**fields)
    await inband.create("192.0.2.1", stanza, stanza.payloads[0])


async def test_an_account_is_made_and_can_be_logged_into(inband: InBand, office: Office) -> None:
    await make(inband, username="Ana", password="correct horse")
    assert await office.credentials.check_password("ana", "correct horse") == ""


@pytest.mark.parametrize(
    ("fields", "condition"),
    [
        ({}, "not-acceptable"),
        ({"username": "ana"}, "not-acceptable"),
        ({"username": "a@b", "password": "correct horse"}, "jid-malformed"),
        ({"username": "a" * 2000, "password": "correct horse"}, "jid-malformed"),
        ({"username": "ana", "password": "short"}, "not-acceptable"),
        ({"username": "ana", "password": "x" * 5000}, "not-acceptable"),
    ],
)
async def test_what_cannot_be_registered_is_said(inband: InBand, fields: dict[str, str], condition: str) -> None:
    with pytest.raises(StanzaError) as caught:
        await make(inband, **fields)
    assert caught.value.condition == condition


async def test_a_name_is_given_once(inband: InBand) -> None:
    await make(inband, username="ana", password="correct horse")
    with pytest.raises(StanzaError) as caught:
        await make(inband, username="ana", password="other horse")
    assert caught.value.condition == "conflict"


async def test_one_network_cannot_register_without_end(inband: InBand) -> None:
    for n in range(3):
        await make(inband, username=f"u{n}", password="correct horse")
    with pytest.raises(StanzaError) as caught:
        await make(inband, username="u3", password="correct horse")
    assert caught.value.condition == "resource-constraint"


async def test_a_password_is_changed_by_its_owner_alone(
    inband: InBand, office: Office, database: Database, clock: FakeClock
) -> None:
    world = World(
        database=database,
        register=[lambda server: register(server, office.devices, Allowance(clock, 3, 60), is_open=False)],
    )
    await make(inband, username="ana", password="correct horse")
    ana = await world.connect("ana")
    other = query(username="bruno", password="stolen horse").inner.decode()
    assert (await ana.request(other, type="set")).type == "error"
    mine = query(username="ana", password="battery staple").inner.decode()
    assert (await ana.request(mine, type="set")).type == "result"
    assert world.server.requests_before_login == {}
    await world.close()
