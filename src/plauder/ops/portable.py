"""Accounts as a file that any XMPP server reads (XEP-0227 1.1): `plauder export` writes it, `plauder import` reads it.

Taken along: names, passwords as SCRAM keys (or in plain, where another server gives them so), contacts and requests of
others, block lists, private data, cards, and everything in nodes (XEP-0163): avatars, bookmarks, keys. Messages that
wait belong to devices, which stay where they are; groups and files belong to the network. Devices log in anew.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final
from xml.etree.ElementTree import Element

from plauder.features.accounts import events, scram
from plauder.features.accounts import store as accounts
from plauder.features.accounts.devices import Devices
from plauder.features.accounts.scram import Keys
from plauder.features.blocking import store as blocking
from plauder.features.private import store as private
from plauder.features.pubsub import store as pubsub
from plauder.features.pubsub.config import BadConfig, NodeConfig
from plauder.features.roster import store as roster
from plauder.features.roster.rules import Item
from plauder.features.roster.states import State
from plauder.features.vcard import store as vcard
from plauder.kit.errors import BadInput, PlauderError
from plauder.ops.desk import Desk
from plauder.store.database import UnitOfWork
from plauder.wire.forms import Form, MalformedForm
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.xml import E, InvalidXml, parse, serialize

PIE: Final = "urn:xmpp:pie:0"
SCRAM: Final = "urn:xmpp:pie:0#scram"
_INCLUDE: Final = "{http://www.w3.org/2001/XInclude}include"
_ROSTER, _PRIVATE, _BLOCKING = "jabber:iq:roster", "jabber:iq:private", "urn:xmpp:blocking"
_PUBSUB, _OWNER = "http://jabber.org/protocol/pubsub", "http://jabber.org/protocol/pubsub#owner"
_MECHANISMS: Final = {f"SCRAM-{name.upper()}": name for name in scram.HASHES}
LARGEST_FILE: Final = 1_073_741_824
MOST_ITERATIONS: Final = 10_000_000


@dataclass(slots=True)
class Told:
    """What an import did, for the operator."""

    made: int = 0
    warnings: list[str] = field(default_factory=list)


# ── out ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def export(desk: Desk, out: Path, names: Iterable[str] = ()) -> int:
    """Write the accounts with these localparts, or all; return how many. The file must not be there yet, and nobody
    but its owner can read it. Raises FileExistsError."""
    count = 0
    with _new_file(out) as file:
        host = desk.config.domain
        file.write(f"<?xml version='1.0' encoding='UTF-8'?>\n<server-data xmlns='{PIE}'>\n".encode())
        file.write(f"<host jid='{host}'>\n".encode())
        async for local in _locals(desk, list(names)):
            blocked = await blocking.load(desk.database, f"{local}@{host}")
            async with desk.database.read() as uow:
                user = await _user(uow, local, f"{local}@{host}", blocked)
            if user is not None:
                file.write(serialize(user, PIE) + b"\n")
                count += 1
        file.write(b"</host>\n</server-data>\n")
    return count


def _new_file(path: Path) -> BinaryIO:
    path.touch(mode=0o600, exist_ok=False)
    return path.open("wb")


async def _locals(desk: Desk, names: list[str]) -> AsyncIterator[str]:
    if names:
        for name in names:
            yield name
        return
    after = ""
    while True:
        async with desk.database.read() as uow:
            rows = await accounts.page(uow, after=after)
        for row in rows:
            yield row.local
        if not rows:
            return
        after = rows[-1].local


async def _user(uow: UnitOfWork, local: str, bare: str, blocked: Iterable[str]) -> Element | None:
    account = await accounts.get(uow, local)
    if account is None:
        return None
    user = E(f"{{{PIE}}}user", {"name": local})
    keys = await accounts.password_keys(uow, local)
    for mechanism, name in _MECHANISMS.items():
        if keys is None:
            break
        parts = {"iter-count": str(account.iterations), "salt": _b64(account.salt)}
        parts |= {"server-key": _b64(keys[name].server_key), "stored-key": _b64(keys[name].stored_key)}
        children = (E(part, {}, text) for part, text in parts.items())
        user.append(E(f"{{{SCRAM}}}scram-credentials", {"mechanism": mechanism}, *children))
    items = await roster.load(uow, bare)
    user.append(E(f"{{{_ROSTER}}}query", {}, *(item.element() for item in items if item.is_listed)))
    for item in items:
        if item.state.is_asked:
            inside = parse(b"<presence xmlns='jabber:client'>%b</presence>" % item.request)
            user.append(E("{jabber:client}presence", {"type": "subscribe", "from": item.contact}, *inside))
    rows = [E("item", {"jid": jid}) for jid in blocked]
    if rows:
        user.append(E(f"{{{_BLOCKING}}}blocklist", {}, *rows))
    kept = await private.load(uow, bare)
    if kept:
        user.append(E(f"{{{_PRIVATE}}}query", {}, *map(parse, kept)))
    card = await vcard.find(uow, bare)
    if card:
        user.append(parse(card))
    await _add_nodes(uow, bare, user)
    return user


async def _add_nodes(uow: UnitOfWork, bare: str, user: Element) -> None:
    owned, published = E(f"{{{_OWNER}}}pubsub"), E(f"{{{_PUBSUB}}}pubsub")
    for node in await pubsub.list_nodes(uow, bare):
        owned.append(E(f"{{{_OWNER}}}configure", {"node": node.name}, node.config.form().element()))
        affiliations = await pubsub.list_affiliations(uow, node)
        if affiliations:
            rows = (E("affiliation", {"jid": jid, "affiliation": what}) for jid, what in affiliations.items())
            owned.append(E(f"{{{_OWNER}}}affiliations", {"node": node.name}, *rows))
        items = await pubsub.latest(uow, node, node.config.max_items)
        inside = (E("item", {"id": one.id}, parse(one.payload) if one.payload else None) for one in items)
        published.append(E(f"{{{_PUBSUB}}}items", {"node": node.name}, *inside))
    if len(owned):
        user.append(owned)
        user.append(published)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


# ── in ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def take(desk: Desk, path: Path, *, host: str = "") -> Told:
    """Open the accounts of a file. One that is here already is left as it is, and said.

    `host`: the domain that the users had before, where that is not ours: their addresses become ours. Raises BadInput
    for what is no such file.
    """
    told = Told()
    known = host or desk.config.domain
    hosts: list[str] = []
    root = _read(path)
    for one in [root] if root.tag == f"{{{PIE}}}host" else _children(root, path.parent):  # ejabberd: a file for each
        if one.tag != f"{{{PIE}}}host":
            continue
        hosts.append(one.get("jid", ""))
        if one.get("jid") == known:
            for user in _children(one, path.parent):
                if user.tag == f"{{{PIE}}}user":
                    await _take_user(desk, user, _Move(known, desk.config.domain), told)
    if known not in hosts:
        raise BadInput(f"The file has {', '.join(hosts) or 'no hosts'}, not {known}. Name one with --host.")
    return told


def _read(path: Path) -> Element:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput(f"{path} is larger than {LARGEST_FILE} bytes; split it (XEP-0227 §5).")
        data = path.read_bytes().lstrip()
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror}.") from None
    if data.startswith(b"<?xml"):
        data = data.partition(b"?>")[2].lstrip()
    try:
        return parse(data, max_bytes=LARGEST_FILE)
    except InvalidXml as problem:
        raise BadInput(f"{path} is no file of accounts (XEP-0227): {problem}.") from None


def _children(element: Element, directory: Path) -> Iterator[Element]:
    """The children, with files in the place of XInclude's elements (§5): below the first file's directory only."""
    for child in element:
        if child.tag != _INCLUDE:
            yield child
            continue
        path = (directory / child.get("href", "")).resolve()
        if not path.is_relative_to(directory.resolve()):
            raise BadInput(f"{child.get('href', '')!r:.80} lies outside of {directory}.")
        yield _read(path)


@dataclass(frozen=True, slots=True)
class _Move:
    """Addresses at the old domain are at ours now."""

    old: str
    new: str

    def jid(self, text: str) -> str:
        """The address in our form. Raises InvalidJid."""
        jid = Jid.parse(text)
        return (Jid.of(jid.local, self.new, jid.resource) if jid.domain == self.old else jid).text


async def _take_user(desk: Desk, user: Element, move: _Move, told: Told) -> None:
    name = user.get("name", "")
    try:
        jid = Jid.of(name, move.new)
        if not jid.local:
            raise BadInput("no name for an account")
        made = await _open(desk.devices, user, jid.local)
        async with desk.database.begin() as uow:
            if not await accounts.create(uow, made.account):
                told.warnings.append(f"{jid.local}: is here already, left as it is")
                return
            if made.keys is not None:
                await desk.devices.save_password(uow, made.account, made.keys)
            uow.announce(events.CREATED, {"account": jid.local}, key=jid.local)
            await _take_contacts(uow, user, jid, move, told)
            await _take_data(uow, user, jid, told)
    except (InvalidJid, PlauderError) as problem:
        told.warnings.append(f"{name!r:.60}: {getattr(problem, 'message', 'no name for an account')}")
        return
    told.made += 1
    if made.why:
        told.warnings.append(f"{jid.local}: {made.why}")


@dataclass(frozen=True, slots=True)
class _Made:
    account: accounts.Account
    keys: Mapping[str, Keys] | None
    why: str = ""


async def _open(devices: Devices, user: Element, local: str) -> _Made:
    """The account with its keys. Raises BadInput for a password that is none."""
    account = devices.new_account(local, "")
    password = user.get("password")
    if password:
        return _Made(account, await devices.password_keys(account, password, is_new=False))
    given: dict[str, tuple[bytes, int, Keys]] = {}
    for element in user.iterfind(f"{{{SCRAM}}}scram-credentials"):
        name = _MECHANISMS.get(element.get("mechanism", ""))
        found = _keys(element)
        if name is not None and found is not None:
            given[name] = found
    if not given:
        return _Made(account, None, "no password: set one with `plauder account password`")
    # One salt serves all mechanisms of an account, so those go along that have the strongest one's.
    best = max(given, key=scram.HASHES.index)
    salt, iterations, _ = given[best]
    fitting = {name: keys for name, (its_salt, count, keys) in given.items() if (its_salt, count) == (salt, iterations)}
    missing = [name for name in scram.HASHES if name not in fitting]
    filler = {name: Keys(secrets.token_bytes(32), secrets.token_bytes(32)) for name in missing}
    why = f"logs in with {', '.join(f'SCRAM-{name.upper()}' for name in fitting)} alone" if missing else ""
    return _Made(replace(account, salt=salt, iterations=iterations), fitting | filler, why)


def _keys(element: Element) -> tuple[bytes, int, Keys] | None:
    def part(name: str) -> bytes:
        return base64.b64decode((element.findtext(f"{{{SCRAM}}}{name}") or "").strip(), validate=True)

    count = (element.findtext(f"{{{SCRAM}}}iter-count") or "").strip()
    try:
        salt, keys = part("salt"), Keys(part("stored-key"), part("server-key"))
    except (binascii.Error, ValueError):
        return None
    is_good = count.isascii() and count.isdigit() and len(count) < 10 and 1 <= int(count) <= MOST_ITERATIONS
    return (salt, int(count), keys) if is_good and salt and keys.stored_key and keys.server_key else None


async def _take_contacts(uow: UnitOfWork, user: Element, jid: Jid, move: _Move, told: Told) -> None:
    items: dict[str, Item] = {}
    for element in user.iterfind(f"{{{_ROSTER}}}query/{{{_ROSTER}}}item"):
        try:
            contact = move.jid(element.get("jid", ""))
        except InvalidJid:
            told.warnings.append(f"{jid.local}: a contact {element.get('jid', '')!r:.60} is no address")
            continue
        kind, asks = element.get("subscription", "none"), element.get("ask") == "subscribe"
        out = "/out" if asks and kind in ("none", "from") else ""
        state = State(kind + out) if kind in ("none", "to", "from", "both") else State.NONE
        groups = tuple(group.text for group in element.iterfind(f"{{{_ROSTER}}}group") if group.text)
        name, is_approved = element.get("name", "")[:1_023], element.get("approved") in ("true", "1")
        items[contact] = Item(contact, state, name, groups[:32], is_approved, is_listed=True)
    for presence in user.iterfind("{jabber:client}presence"):
        if presence.get("type") == "subscribe":
            contact = move.jid(presence.get("from", "")).partition("/")[0]
            item = items.get(contact, Item(contact))
            asked = {State.NONE: State.NONE_IN, State.NONE_OUT: State.NONE_OUT_IN, State.TO: State.TO_IN}
            if item.state in asked:
                request = b"".join(map(serialize, presence))[:4_096] if len(presence) else b""
                items[contact] = replace(item, state=asked[item.state], request=request)
    version = await roster.advance(uow, jid.text)
    for item in items.values():
        await roster.save(uow, jid.text, replace(item, version=version))
    blocked = [one.get("jid", "") for one in user.iterfind(f"{{{_BLOCKING}}}blocklist/{{{_BLOCKING}}}item")]
    if blocked:
        await blocking.add(uow, jid.text, [move.jid(one) for one in blocked])


async def _take_data(uow: UnitOfWork, user: Element, jid: Jid, told: Told) -> None:
    for element in user.iterfind(f"{{{_PRIVATE}}}query/*"):
        await private.save(uow, jid.text, element.tag, serialize(element))
    card = user.find("{vcard-temp}vCard")
    if card is not None:
        await vcard.save(uow, jid.text, serialize(card))
    configured: dict[str, NodeConfig] = {}
    for element in user.iterfind(f"{{{_OWNER}}}pubsub/{{{_OWNER}}}configure"):
        name = element.get("node", "")
        try:
            form = Form.within(element)
            configured[name] = NodeConfig().changed(form) if form is not None else NodeConfig()
        except (MalformedForm, BadConfig) as problem:
            # Better closed than open to everybody.
            configured[name] = NodeConfig(access_model="whitelist")
            told.warnings.append(
                f"{jid.local}: {name!r:.60} is for its owner alone; its settings are not ours: {problem}"
            )
    for element in user.iterfind(f"{{{_PUBSUB}}}pubsub/{{{_PUBSUB}}}items"):
        name = element.get("node", "")
        node = await pubsub.create(uow, jid.text, name, configured.get(name, NodeConfig())) if name else None
        for item in element if node is not None else ():
            assert node is not None
            payload = serialize(item[0]) if len(item) else b""
            key, now = item.get("id") or secrets.token_hex(8), datetime.now(UTC)
            await pubsub.publish(uow, node, key, payload, publisher=jid.text, published=now)
