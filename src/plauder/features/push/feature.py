"""Push of XEP-0357: enabling and disabling by IQ, and ringing app servers by publishing to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from plauder.features.push.service import Push, Report, Ring, Sender
from plauder.features.push.store import APP, Target
from plauder.wire.forms import Form, MalformedForm
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

if TYPE_CHECKING:
    from plauder.core.server import Server
    from plauder.core.session import Session

NS = "urn:xmpp:push:0"
PUBSUB = "http://jabber.org/protocol/pubsub"
PUBLISH_OPTIONS = f"{PUBSUB}#publish-options"
SUMMARY = "urn:xmpp:push:summary"
LONGEST = 2_000
MOST_OPTIONS = 20
DEAD = frozenset({"item-not-found", "gone", "not-allowed", "forbidden", "remote-server-not-found"})


def register(server: Server, senders: Mapping[str, Sender] | None = None, *, chat_name: bytes) -> Push:
    """`senders` ring browsers and phones; app servers are rung over XMPP. `chat_name` keys the names of chats."""
    push = Push(server, {APP: AppServers(server)} | dict(senders or {}), chat_name=chat_name)

    async def enable(session: Session, iq: Stanza, payload: Element) -> None:
        await push.enable(_target(session, payload))

    async def disable(session: Session, iq: Stanza, payload: Element) -> None:
        jid, node = payload.get("jid", ""), payload.get("node")
        for target in await push.targets(session.account.text):
            where, _, what = target.address.partition(" ")
            if target.kind == APP and where == jid and node in (None, what):
                await push.disable(target.account, kind=APP, address=target.address)

    server.advertise(NS, on="account")
    server.on_iq("set", NS, "enable", to="self", do=enable)
    server.on_iq("set", NS, "disable", to="self", do=disable)
    server.on_kept(push.kept)
    server.on_bound(push.came_back)
    server.on_forgotten(push.forget)
    return push


def _target(session: Session, payload: Element) -> Target:
    try:
        jid, node = Jid.parse(payload.get("jid", "")), payload.get("node", "")
        form = Form.within(payload)
    except (InvalidJid, MalformedForm):
        raise StanzaError("modify", "bad-request", "Name the app server by its address.") from None
    values = {} if form is None else form.values()
    options = {name: (value[0] if value else "") for name, value in values.items()}
    size = len(node) + sum(len(name) + len(value) for name, value in options.items())
    if size > LONGEST or len(options) > MOST_OPTIONS:
        raise StanzaError("modify", "not-acceptable", "The push settings are too long.")
    return Target(session.account.text, session.device, APP, f"{jid} {node}", options)


class AppServers:
    """Rings the app server of somebody else's client (XEP-0357 §7), without a word about the message."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def ring(self, target: Target, ring: Ring) -> Sequence[Report]:
        jid, _, node = target.address.partition(" ")
        form = Form.of("form", SUMMARY, {"message-count": "1"})
        item = E(f"{{{PUBSUB}}}item", {}, E(f"{{{NS}}}notification", {}, form.element()))
        options = None
        if target.options:
            submitted = Form.of("submit", PUBLISH_OPTIONS, dict(target.options))
            options = E(f"{{{PUBSUB}}}publish-options", {}, submitted.element())
        pubsub = E(f"{{{PUBSUB}}}pubsub", {}, E("publish", {"node": node}, item), options)
        iq = Stanza.build("iq", {"type": "set", "to": jid, "from": target.account}, pubsub)
        started = self._server.clock.monotonic()
        try:
            answer = await self._server.request(iq)
            error = answer.error
        except StanzaError as problem:
            error = problem
        took = (self._server.clock.monotonic() - started) * 1_000
        if error is None:
            return [Report(jid, ok=True, detail="The app server took it.", milliseconds=took)]
        return [
            Report(
                jid,
                ok=False,
                detail=f"The app server answered: {error.condition}.",
                milliseconds=took,
                gone=error.condition in DEAD,
            )
        ]
