"""Founds the demo world in a fresh network, or finds it again, and prints the links that lead in."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from plauder.edge.hosted_omemo import OmemoSealer
from plauder.features.groups.config import RoomConfig
from plauder.features.groups.room import Affiliated, Room
from plauder.features.groups.rules import MEMBER, OWNER
from plauder.features.groups.store import Rooms
from plauder.features.roster import store as rosters
from plauder.features.roster.rules import Item
from plauder.features.roster.states import State
from plauder.ops.demo import people
from plauder.ops.demo.businesses import Street
from plauder.ops.demo.friends import Friends
from plauder.ops.demo.people import Person
from plauder.wire.jid import Jid
from plauder.wire.xml import E

if TYPE_CHECKING:
    from plauder.core.server import Server
    from plauder.store.database import Database

LINK_MINUTES = 24 * 60
PASSWORD = "plauder-demo"  # noqa: S105 - everybody may know it: the demo runs on localhost alone
"""Ana's and Bruno's, for any XMPP client."""
NICK = "http://jabber.org/protocol/nick"
VCARD = "urn:ietf:params:xml:ns:vcard-4.0"
BOOKMARKS = "urn:xmpp:bookmarks:1"
PRIVATE = {
    "pubsub#access_model": "whitelist",
    "pubsub#persist_items": "true",
    "pubsub#max_items": "max",
    "pubsub#send_last_published_item": "never",
}
OPEN = {"pubsub#access_model": "open", "pubsub#persist_items": "true"}


async def seed(app: Any, *, pace: float = 1.0) -> str:
    """Fill the network that `app` runs. Doing it again changes nothing; the links are new each time."""
    await found(app)
    sealer = OmemoSealer(app.server, app.database, app.keyring, app.clock)
    friends = Friends(app.server, sealer, pace=pace)
    await friends.arrive()
    shops = ""
    if app.platform is not None and app.http_port > 0:
        street = Street(app)
        await street.open()
        app.before_stop(street.close)
        friends.after_greeting.append(street.greet)
        shops = ", ".join(bot.business.name for bot in street.bots)
    lines = ["The demo world lives. Open, each in a browser window of its own (or a private one):"]
    for human in people.HUMANS:
        token = await app.devices.open_link(human.local, minutes=LINK_MINUTES)
        lines.append(f"  as {human.name:<13} {app.url}/i/device.{token}")
    others = ", ".join(friend.name for friend in people.FRIENDS)
    if shops:
        lines.append(f"Businesses on the public API, which answer too: {shops}.")
    lines.append(f"Who answers: {others}. Each link is good for one browser; a restart prints new ones.")
    addresses = " and ".join(_jid(app.server, human).text for human in people.HUMANS)
    lines.append(f"With any XMPP client: {addresses}, password {PASSWORD}.")
    return "\n".join(lines)


async def found(app: Any) -> None:
    """Accounts, names, contacts and the group, where they are not there yet."""
    for person in people.EVERYBODY:
        if not await app.credentials.exists(person.local):
            password = PASSWORD if person in people.HUMANS else secrets.token_urlsafe(24)
            await app.devices.create_with_password(person.local, password)
            await app.devices.set_discoverable(person.local, True)
            app.server.account_changed(_jid(app.server, person))
            await _introduce(app.server, person)
    await _make_friends(app.server, app.database)
    await _open_group(app.server, app.database, app.clock.now())


def _jid(server: Server, person: Person) -> Jid:
    return Jid.of(person.local, server.domain)


async def _introduce(server: Server, person: Person) -> None:
    """What others see of somebody: name and a line about him."""
    personal, account = server.people.personal, _jid(server, person)
    await personal.publish(account, NICK, "current", E(f"{{{NICK}}}nick", {}, person.name), options=OPEN)
    note = E("note", {}, E("text", {}, person.about)) if person.about else None
    card = E(f"{{{VCARD}}}vcard", {}, E("fn", {}, E("text", {}, person.name)), note)
    await personal.publish(account, "urn:xmpp:vcard4", "current", card, options=OPEN)
    if person in people.GROUP_MEMBERS and person in people.HUMANS:
        room = f"{people.GROUP}@groups.{server.domain}"
        marked = E(
            f"{{{BOOKMARKS}}}conference", {"autojoin": "true", "name": people.GROUP_NAME}, E("nick", {}, person.name)
        )
        await personal.publish(account, BOOKMARKS, room, marked, options=PRIVATE)


async def _make_friends(server: Server, database: Database) -> None:
    """Everybody knows everybody, so nobody is a stranger who asks to write."""
    async with database.begin() as uow:
        for person in people.EVERYBODY:
            account = _jid(server, person).text
            if await rosters.count(uow, account):
                continue
            version = await rosters.advance(uow, account)
            for other in people.EVERYBODY:
                if other is not person:
                    item = Item(
                        _jid(server, other).text, state=State.BOTH, name=other.name, is_listed=True, version=version
                    )
                    await rosters.save(uow, account, item)


async def _open_group(server: Server, database: Database, now: Any) -> None:
    config = RoomConfig(name=people.GROUP_NAME, description=people.GROUP_ABOUT)
    owner, *members = people.GROUP_MEMBERS
    belongs = {_jid(server, owner).text: Affiliated(OWNER, owner.name)}
    belongs |= {_jid(server, member).text: Affiliated(MEMBER, member.name) for member in members}
    async with database.begin() as uow:
        if await Rooms(uow).load(people.GROUP) is None:
            await Rooms(uow).add(Room(people.GROUP, config, belongs, secret=secrets.token_bytes(32)), now)
