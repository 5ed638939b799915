"""Groups: server CPU per copy of a message, and memory per person in a room. Each takes a running peer.

Rooms are set alike everywhere: open, kept, presence broadcast for moderators alone (which Plauder does by itself in a
room of more than a hundred). `members` makes everybody a member who manages the stream: for Plauder a message is then
safe for each device, as in 1:1 chats; the others forget it.
"""

from __future__ import annotations

import asyncio
import re

from bench.client import CLIENT, Client
from bench.peers import DOMAIN, Peer
from bench.workloads import TEXT, Result, accounts, online

MUC = "http://jabber.org/protocol/muc"
SELF = re.compile(rb"code=['\"]110['\"]")
CONFIG = {"persistentroom": "1", "membersonly": "0", "presencebroadcast": "moderator", "maxusers": "2000"}


async def join(client: Client, room: str, nick: str) -> None:
    """Enter, and wait until the room says that one is in."""
    inside = client.wait_for(b"110")
    client.write(f"<presence to='{room}/{nick}' {CLIENT}><x xmlns='{MUC}'/></presence>".encode())
    await asyncio.wait_for(inside, 120)


async def ask(client: Client, key: str, to: str, payload: str) -> None:
    """A request of type set; whatever the answer is."""
    iq = f"<iq type='set' id='{key}' to='{to}' {CLIENT}>{payload}</iq>"
    await client.ask(iq.encode(), key.encode())


async def open_room(owner: Client, room: str, members: list[str]) -> None:
    await join(owner, room, "owner")
    fields = "".join(f"<field var='muc#roomconfig_{k}'><value>{v}</value></field>" for k, v in CONFIG.items())
    form = (
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>"
        f"http://jabber.org/protocol/muc#roomconfig</value></field>{fields}</x>"
    )
    await ask(owner, "configure", room, f"<query xmlns='{MUC}#owner'>{form}</query>")
    for start in range(0, len(members), 100):
        items = "".join(f"<item affiliation='member' jid='{name}@{DOMAIN}'/>" for name in members[start : start + 100])
        await ask(owner, f"members{start}", room, f"<query xmlns='{MUC}#admin'>{items}</query>")


async def fan_out(peer: Peer, occupants: int, *, members: bool = False, copies: int = 30_000) -> Result:
    """One message after the other to a room; CPU per copy that arrives."""
    names = await accounts(peer, "g", occupants)
    clients = await online(peer, names, manage=members)
    room = f"bench@{peer.rooms}"
    await open_room(clients[0], room, names[1:] if members else [])
    for start in range(1, occupants, 50):
        await asyncio.gather(*(join(c, room, c.user) for c in clients[start : start + 50]))
    await asyncio.sleep(1.0)
    arrived, complete = [0], asyncio.Event()

    def received(element: bytes) -> None:
        if b"<body>" in element:
            arrived[0] += 1
            if arrived[0] == occupants:
                complete.set()

    for client in clients:
        client.on_stanza = received
    total = max(1, copies // occupants)
    before = peer.cpu_seconds()
    for number in range(total):
        arrived[0] = 0
        complete.clear()
        said = f"<message type='groupchat' to='{room}' id='m{number}' {CLIENT}><body>{TEXT}</body></message>"
        clients[0].write(said.encode())
        await asyncio.wait_for(complete.wait(), 60)
    await asyncio.sleep(0.5)
    spent = peer.cpu_seconds() - before
    for client in clients:
        client.close()
    return Result(spent / (total * occupants) * 1e6, "µs", f"{total} messages")


async def memory(peer: Peer, people: int = 500, rooms: int = 20) -> Result:
    """PSS growth per person in a room: everybody is in every room."""
    names = await accounts(peer, "j", people)
    clients = await online(peer, names)
    await asyncio.sleep(2)
    before = peer.pss_bytes()
    for number in range(rooms):
        room = f"room{number}@{peer.rooms}"
        await open_room(clients[0], room, [])
        for start in range(1, people, 50):
            await asyncio.gather(*(join(c, room, c.user) for c in clients[start : start + 50]))
    await asyncio.sleep(3)
    grown = peer.pss_bytes() - before
    for client in clients:
        client.close()
    return Result(grown / (people * rooms) / 1024, "KiB", f"{people * rooms} in {rooms} rooms")
