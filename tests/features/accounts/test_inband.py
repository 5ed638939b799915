"""In-band registration, before and after the login."""

import orjson
import pytest
from sqlalchemy import select

from plauder.core.hooks import Visitor
from plauder.core.server import Server
from plauder.features.accounts.inband import NS, PARS, InBand, register
from plauder.features.accounts.invites import Invites
from plauder.features.roster.feature import register as roster
from plauder.kit.clock import FakeClock
from plauder.kit.limits import Allowance
from plauder.store import outbox
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
    await inband.create(Visitor("192.0.2.1"), stanza, stanza.payloads[0])


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


# ── with an invitation (XEP-0445, XEP-0379) ───────────────────────────────────────────────────────────────────────


@pytest.fixture
def office(database: Database, clock: FakeClock) -> Office:
    """One that lets people in by invitation too."""
    return Office(database, clock, registration={"ways": ["phone", "invite"]})


@pytest.fixture
def invites(office: Office) -> Invites:
    return office.invites


@pytest.fixture
def closed(database: Database, office: Office, clock: FakeClock, invites: Invites) -> InBand:
    """In-band registration for the invited alone."""
    world = World(database=database, clock=clock)
    return InBand(world.server, office.devices, Allowance(clock, 3, 60), is_open=False, invites=invites)


async def show(inband: InBand, visitor: Visitor, token: str) -> None:
    stanza = Stanza.build("iq", {"type": "set", "id": "p"}, E(f"{{{PARS}}}preauth", {"token": token}))
    await inband.show_token(visitor, stanza, stanza.payloads[0])


async def create(inband: InBand, visitor: Visitor, name: str) -> None:
    stanza = query(username=name, password="correct horse")
    await inband.create(visitor, stanza, stanza.payloads[0])


async def test_who_was_invited_opens_an_account(closed: InBand, invites: Invites, office: Office) -> None:
    await office.devices.create_with_password("ana", "correct horse")
    token, _ = await invites.create("ana")
    visitor = Visitor("192.0.2.1")
    await show(closed, visitor, token)
    form = await closed.form(visitor, query(), query().payloads[0])
    assert form.findtext(f"{{{NS}}}username") == ""
    await create(closed, visitor, "bruno")
    assert await office.credentials.check_password("bruno", "correct horse") == ""
    async with office.parts.database.read() as uow:
        waiting = [orjson.loads(row.payload) for row in await uow.execute(select(outbox.table))]
    assert ("bruno", "ana") in [(payload.get("account"), payload.get("by")) for payload in waiting]
    with pytest.raises(StanzaError, match="forbidden"):  # the invite had one use
        await create(closed, visitor, "carla")


async def test_who_was_not_invited_opens_none(closed: InBand) -> None:
    visitor = Visitor("192.0.2.1")
    with pytest.raises(StanzaError, match="forbidden"):
        await closed.form(visitor, query(), query().payloads[0])
    with pytest.raises(StanzaError, match="forbidden"):
        await create(closed, visitor, "bruno")
    for token in ("", "x" * 5_000, "'; DROP TABLE invites"):
        with pytest.raises(StanzaError, match="item-not-found"):
            await show(closed, visitor, token)
    with pytest.raises(StanzaError, match="resource-constraint"):  # nor does anybody guess tokens
        await show(closed, visitor, "once more")


async def test_a_token_that_was_good_stays_good_while_somebody_types(
    closed: InBand, invites: Invites, office: Office, clock: FakeClock
) -> None:
    token, _ = await invites.create(None, days=1)
    visitor, late = Visitor("192.0.2.1"), Visitor("192.0.2.1")
    clock.advance(86_390)
    await show(closed, visitor, token)
    clock.advance(60)
    with pytest.raises(StanzaError, match="item-not-found"):
        await show(closed, late, token)
    await create(closed, visitor, "bruno")
    assert await office.credentials.check_password("bruno", "correct horse") == ""


async def test_a_name_can_be_kept_for_who_is_invited(closed: InBand, invites: Invites, office: Office) -> None:
    token, _ = await invites.create(None, name="carla")
    other, _ = await invites.create(None)
    stranger, carla = Visitor("192.0.2.1"), Visitor("192.0.2.2")
    await show(closed, stranger, other)
    with pytest.raises(StanzaError, match="conflict"):
        await create(closed, stranger, "carla")
    await show(closed, carla, token)
    form = await closed.form(carla, query(), query().payloads[0])
    assert form.findtext(f"{{{NS}}}username") == "carla"
    with pytest.raises(StanzaError, match="not-acceptable"):
        await create(closed, carla, "dirk")
    await create(closed, carla, "carla")
    assert await office.credentials.check_password("carla", "correct horse") == ""


async def test_who_has_an_account_becomes_a_contact_by_the_invitation(
    database: Database, office: Office, clock: FakeClock, invites: Invites
) -> None:
    def invited(server: Server) -> None:
        register(server, office.devices, Allowance(clock, 3, 60), is_open=False, invites=invites)

    world = World(accounts=("ana", "bruno", "carla"), database=database, clock=clock, register=[roster, invited])
    ana, bruno, carla = [await world.connect(name) for name in ("ana", "bruno", "carla")]
    token, _ = await invites.create("ana")
    wish = f"<presence type='subscribe' to='ana@plauder.example'><preauth xmlns='{PARS}' token='{token}'/></presence>"
    await bruno.send(wish)
    relations = await world.server.people.contacts.of("bruno@plauder.example")
    assert relations.subscribers == relations.subscriptions == {"ana@plauder.example"}
    assert not [p for p in ana.presences() if p.type == "subscribe"]
    await carla.send(wish)  # used up: an ordinary request
    assert [p.type for p in ana.presences() if p.sender == world.jid("carla")] == ["subscribe"]
    await world.close()
