"""Reads pubsub requests and writes the answers; decides nothing."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final
from xml.etree.ElementTree import Element

from plauder.core.hooks import Verdict
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.features.pubsub import errors
from plauder.features.pubsub.config import default_for
from plauder.features.pubsub.service import AUTHORIZATION, Found, PersonalEvents
from plauder.features.pubsub.store import Subscription
from plauder.wire import rsm
from plauder.wire.disco import Entry, Identity, Info
from plauder.wire.forms import Form, MalformedForm
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.rsm import MalformedPage, Page
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E, parse

PUBSUB: Final = "http://jabber.org/protocol/pubsub"
OWNER: Final = "http://jabber.org/protocol/pubsub#owner"


def tag(name: str, ns: str = PUBSUB) -> str:
    return f"{{{ns}}}{name}"


class Requests:
    """IQs to an account's pubsub service."""

    def __init__(self, server: Server, service: PersonalEvents) -> None:
        self._server = server
        self._service = service

    # ── `pubsub` ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def get(self, session: Session, iq: Stanza, pubsub: Element) -> Element:
        """Items, subscriptions and affiliations."""
        owner = await self._owner(session, iq)
        for child in pubsub:
            match child.tag:
                case "{http://jabber.org/protocol/pubsub}items":
                    return await self._items(session, owner, pubsub, child)
                case "{http://jabber.org/protocol/pubsub}subscriptions":
                    return await self._subscriptions(session, owner, child)
                case "{http://jabber.org/protocol/pubsub}affiliations":
                    return await self._affiliations(session, owner, child)
                case "{http://jabber.org/protocol/pubsub}options" | "{http://jabber.org/protocol/pubsub}default":
                    raise _unsupported("subscription-options")
                case _:
                    continue
        raise errors.bad()

    async def set(self, session: Session, iq: Stanza, pubsub: Element) -> Element | None:
        """Publish, retract, create, subscribe, unsubscribe."""
        owner = await self._owner(session, iq)
        for child in pubsub:
            match child.tag:
                case "{http://jabber.org/protocol/pubsub}publish":
                    return await self._publish(session, owner, pubsub, child)
                case "{http://jabber.org/protocol/pubsub}retract":
                    await self._retract(session, owner, child)
                    return None
                case "{http://jabber.org/protocol/pubsub}create":
                    return await self._create(session, owner, pubsub, child)
                case "{http://jabber.org/protocol/pubsub}subscribe":
                    return await self._subscribe(session, owner, child)
                case "{http://jabber.org/protocol/pubsub}unsubscribe":
                    await self._unsubscribe(session, owner, child)
                    return None
                case "{http://jabber.org/protocol/pubsub}options":
                    raise _unsupported("subscription-options")
                case _:
                    continue
        raise errors.bad()

    async def _owner(self, session: Session, iq: Stanza) -> Jid:
        """The account that is asked. One that is not there looks like one that blocks."""
        owner = iq.to or session.account
        if owner != session.account and not await self._server.has_account(owner):
            raise StanzaError("cancel", "service-unavailable")
        return owner

    async def _publish(self, session: Session, owner: Jid, pubsub: Element, publish: Element) -> Element:
        name = _node(publish)
        items = publish.findall(tag("item"))
        if len(items) != 1:
            raise errors.bad("item-required" if not items else "max-items-exceeded", "Publish one item at a time.")
        payloads = list(items[0])
        if len(payloads) > 1:
            raise errors.bad("invalid-payload")
        options = pubsub.find(tag("publish-options"))
        form = None if options is None else _form(options)
        id_ = items[0].get("id", "")
        id_ = await self._service.put(owner, session.jid, name, id_, payloads[0] if payloads else None, form)
        return E(tag("pubsub"), None, E(tag("publish"), {"node": name}, E(tag("item"), {"id": id_})))

    async def _retract(self, session: Session, owner: Jid, retract: Element) -> None:
        ids = _ids(retract)
        if not ids:
            raise errors.bad("item-required")
        notify = retract.get("notify") in ("1", "true")
        await self._service.remove(owner, session.jid, _node(retract), ids, notify=notify)

    async def _create(self, session: Session, owner: Jid, pubsub: Element, create: Element) -> Element:
        configure = pubsub.find(tag("configure"))
        form = None if configure is None else _form(configure)
        name = await self._service.create(owner, session.jid, create.get("node", ""), form)
        return E(tag("pubsub"), None, E(tag("create"), {"node": name}))

    async def _items(self, session: Session, owner: Jid, pubsub: Element, items: Element) -> Element:
        name, most = _node(items), _most(items)
        try:
            page = Page.within(pubsub)
        except MalformedPage as error:
            raise errors.bad(text=str(error)) from error
        found = await self._service.get(owner, session.jid, name, _ids(items), most, page)
        return _answer(name, found)

    async def _subscribe(self, session: Session, owner: Jid, subscribe: Element) -> Element:
        name, jid = _node(subscribe), _jid(subscribe)
        subscription = await self._service.subscribe(owner, session.jid, name, jid)
        return E(tag("pubsub"), None, _subscription(name, subscription))

    async def _unsubscribe(self, session: Session, owner: Jid, element: Element) -> None:
        await self._service.unsubscribe(owner, session.jid, _node(element), _jid(element), element.get("subid", ""))

    async def _subscriptions(self, session: Session, owner: Jid, element: Element) -> Element:
        name = element.get("node", "")
        found = await self._service.own_subscriptions(owner, session.jid, name)
        listed = E(tag("subscriptions"), {"node": name or None}, *(_subscription(node, s) for node, s in found))
        return E(tag("pubsub"), None, listed)

    async def _affiliations(self, session: Session, owner: Jid, element: Element) -> Element:
        name = element.get("node", "")
        found = await self._service.own_affiliations(owner, session.jid, name)
        each = [E(tag("affiliation"), {"node": node, "affiliation": what}) for node, what in found]
        return E(tag("pubsub"), None, E(tag("affiliations"), {"node": name or None}, *each))

    # ── `pubsub#owner` ────────────────────────────────────────────────────────────────────────────────────────────

    async def owner_get(self, session: Session, iq: Stanza, pubsub: Element) -> Element:
        """Configuration, affiliations and subscriptions of a node."""
        owner = await self._owner(session, iq)
        child = _only(pubsub)
        name = child.get("node", "")
        match child.tag:
            case "{http://jabber.org/protocol/pubsub#owner}configure":
                form = (await self._service.config(owner, session.jid, _node(child))).form()
                inside = E(tag("configure", OWNER), {"node": name}, form.element())
            case "{http://jabber.org/protocol/pubsub#owner}default":
                inside = E(tag("default", OWNER), None, default_for(name).form().element())
            case "{http://jabber.org/protocol/pubsub#owner}affiliations":
                found = await self._service.affiliations(owner, session.jid, _node(child))
                each = [E(tag("affiliation", OWNER), {"jid": j, "affiliation": what}) for j, what in found.items()]
                inside = E(tag("affiliations", OWNER), {"node": name}, *each)
            case "{http://jabber.org/protocol/pubsub#owner}subscriptions":
                listed = await self._service.subscriptions(owner, session.jid, _node(child))
                inside = E(tag("subscriptions", OWNER), {"node": name}, *(_owned(one) for one in listed))
            case _:
                raise errors.bad()
        return E(tag("pubsub", OWNER), None, inside)

    async def owner_set(self, session: Session, iq: Stanza, pubsub: Element) -> None:
        """Configure, delete, purge, affiliate, decide about subscriptions."""
        owner = await self._owner(session, iq)
        child = _only(pubsub)
        name = _node(child)
        match child.tag:
            case "{http://jabber.org/protocol/pubsub#owner}configure":
                form = _form(child)
                if form.kind != "cancel":
                    await self._service.configure(owner, session.jid, name, form)
            case "{http://jabber.org/protocol/pubsub#owner}delete":
                await self._service.delete(owner, session.jid, name)
            case "{http://jabber.org/protocol/pubsub#owner}purge":
                await self._service.purge(owner, session.jid, name)
            case "{http://jabber.org/protocol/pubsub#owner}affiliations":
                wanted = {_jid(e).bare.text: e.get("affiliation", "") for e in child}
                await self._service.affiliate(owner, session.jid, name, wanted)
            case "{http://jabber.org/protocol/pubsub#owner}subscriptions":
                states = {_jid(e).text: e.get("subscription", "") for e in child}
                await self._service.decide(owner, session.jid, name, states)
            case _:
                raise errors.bad()

    # ── messages: the owner answers a request to subscribe ────────────────────────────────────────────────────────

    def authorized(self, session: Session, message: Stanza) -> Awaitable[Verdict | None] | None:
        """A filter: XEP-0060 §8.6.2, the owner's answer comes as a form in a message to the own account."""
        to = message.attrs.get("to")
        if (to is not None and to != session.account.text) or b"subscribe_authorization" not in message.inner:
            return None
        return self._authorized(session, message)

    async def _authorized(self, session: Session, message: Stanza) -> Verdict | None:
        element = message.find("{jabber:x:data}x")
        try:
            form = None if element is None else Form.parse(element)
            if form is None or form.kind != "submit" or form.form_type != AUTHORIZATION:
                return None
            who = Jid.parse(form.text("pubsub#subscriber_jid")).text
            state = "subscribed" if "pubsub#allow" in form and form["pubsub#allow"].flag else "none"
            await self._service.decide(session.account, session.jid, form.text("pubsub#node"), {who: state})
        except (MalformedForm, InvalidJid) as error:
            return Verdict.refuse(StanzaError("modify", "bad-request"), str(error))
        except StanzaError as error:
            return Verdict.refuse(error, error.condition)
        return Verdict.consume("a subscription was decided")

    # ── discovery ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def info(self, session: Session, jid: Jid, name: str) -> Info | None:
        """XEP-0060 §5.3: what a node is."""
        seen = await self._service.look(jid, session.jid, name) if jid.local and name else None
        if seen is None:
            return None
        node, ids = seen
        return Info([Identity("pubsub", "leaf")], [PUBSUB], [node.config.meta_data(items=len(ids))])

    async def entries(self, session: Session, jid: Jid, name: str) -> list[Entry] | None:
        """XEP-0060 §5.2, §5.5: the nodes of an account, the items of a node."""
        if not jid.local:
            return None
        if not name:
            nodes = await self._service.readable(jid, session.jid)
            return [Entry(jid.text, node.name, node.config.title) for node in nodes]
        seen = await self._service.look(jid, session.jid, name)
        return None if seen is None else [Entry(jid.text, name=id_) for id_ in seen[1]]


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _node(element: Element) -> str:
    name = element.get("node", "")
    if not name:
        raise errors.bad("nodeid-required")
    return name


def _jid(element: Element) -> Jid:
    try:
        return Jid.parse(element.get("jid", ""))
    except InvalidJid as error:
        raise errors.bad("invalid-jid") from error


def _ids(parent: Element) -> list[str]:
    ids = [item.get("id", "") for item in parent.findall(tag("item"))]
    return [id_ for id_ in dict.fromkeys(ids) if id_][:1_000]


def _most(items: Element) -> int | None:
    text = items.get("max_items")
    if text is None or text == "max":
        return None
    if not (text.isascii() and text.isdecimal() and 0 < len(text) <= 9) or int(text) == 0:
        raise errors.bad(text="max_items is a number above 0.")
    return int(text)


def _form(parent: Element) -> Form:
    try:
        form = Form.within(parent)
    except MalformedForm as error:
        raise errors.bad(text=str(error)) from error
    if form is None:
        raise errors.bad(text="A data form belongs here.")
    return form


def _only(pubsub: Element) -> Element:
    if len(pubsub) != 1:
        raise errors.bad()
    return pubsub[0]


def _unsupported(feature: str) -> StanzaError:
    return errors.error("cancel", "feature-not-implemented", "unsupported", feature=feature)


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _answer(name: str, found: Found) -> Element:
    items = [E(tag("item"), {"id": item.id}, parse(item.payload) if item.payload else None) for item in found.items]
    page = None
    if found.is_page:
        first, last = (found.items[0].id, found.items[-1].id) if found.items else (None, None)
        page = rsm.answer(count=found.total, first=first, last=last, index=found.index)
    return E(tag("pubsub"), None, E(tag("items"), {"node": name}, *items), page)


def _subscription(node: str, one: Subscription) -> Element:
    attrs = {"node": node, "jid": one.jid, "subid": one.subid, "subscription": one.state}
    return E(tag("subscription"), attrs)


def _owned(one: Subscription) -> Element:
    return E(tag("subscription", OWNER), {"jid": one.jid, "subid": one.subid, "subscription": one.state})
