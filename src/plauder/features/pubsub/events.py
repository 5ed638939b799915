"""What subscribers are sent: `<event/>` messages (XEP-0060 §7.1.2), written once and shared by all who get them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from plauder.features.pubsub.config import NodeConfig
from plauder.features.pubsub.store import Item
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza
from plauder.wire.xml import quote, serialize

EVENT: Final = "http://jabber.org/protocol/pubsub#event"


def published(node: str, item: Item, config: NodeConfig) -> bytes:
    """An item was published."""
    payload = item.payload if config.deliver_payloads else b""
    inside = f"<item id={quote(item.id)}>".encode() + payload + b"</item>"
    return _event(f"<items node={quote(node)}>".encode() + inside + b"</items>")


def retracted(node: str, ids: Sequence[str]) -> bytes:
    """Items were removed."""
    inside = "".join(f"<retract id={quote(id_)}/>" for id_ in ids)
    return _event(f"<items node={quote(node)}>{inside}</items>".encode())


def purged(node: str) -> bytes:
    """All items were removed."""
    return _event(f"<purge node={quote(node)}/>".encode())


def deleted(node: str) -> bytes:
    """The node is gone."""
    return _event(f"<delete node={quote(node)}/>".encode())


def configured(node: str, config: NodeConfig) -> bytes:
    """The node's configuration changed."""
    form = config.form()
    form.kind = "result"
    return _event(
        b"<configuration node=%b>%b</configuration>" % (quote(node).encode(), serialize(form.element(), EVENT))
    )


def subscribed(node: str, jid: str, state: str) -> bytes:
    """The owner decided about a subscription (XEP-0060 §8.6.3)."""
    return _event(f"<subscription node={quote(node)} jid={quote(jid)} subscription={quote(state)}/>".encode())


def delayed(stamp: datetime, by: str) -> bytes:
    """XEP-0203: the last item tells when it was published."""
    return f"<delay xmlns='urn:xmpp:delay' from={quote(by)} stamp='{stamp:%Y-%m-%dT%H:%M:%SZ}'/>".encode()


def message(owner: Jid, to: Jid, kind: str, inner: bytes, key: str) -> Stanza:
    """The message that carries an event to one subscriber."""
    return Stanza("message", {"from": owner.text, "to": to.text, "type": kind, "id": key}, inner)


def _event(inside: bytes) -> bytes:
    return b"<event xmlns='http://jabber.org/protocol/pubsub#event'>%b</event>" % inside
