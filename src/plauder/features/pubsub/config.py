"""What a node is like: its configuration as a value, read from and written to data forms (XEP-0060 §16.4)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from plauder.wire.forms import FORM_TYPE, Field, Form

NODE_CONFIG: Final = "http://jabber.org/protocol/pubsub#node_config"
PUBLISH_OPTIONS: Final = "http://jabber.org/protocol/pubsub#publish-options"
META_DATA: Final = "http://jabber.org/protocol/pubsub#meta-data"

ACCESS_MODELS: Final = ("open", "presence", "roster", "whitelist", "authorize")
PUBLISH_MODELS: Final = ("publishers", "subscribers", "open")
SEND_LAST: Final = ("never", "on_sub", "on_sub_and_presence")
NOTIFICATION_TYPES: Final = ("normal", "headline")

MAX_ITEMS: Final = 10_000
"""What `max` means (XEP-0060 §16.4.4): how many items a node can hold at most."""


class BadConfig(ValueError):
    """A configuration that is asked for has a value we do not offer."""


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """How a node behaves. The defaults are those of XEP-0163: contacts may read, one item is kept, told on presence."""

    access_model: str = "presence"
    publish_model: str = "publishers"
    persist_items: bool = True
    max_items: int = 1
    item_expire: int = 0
    send_last_published_item: str = "on_sub_and_presence"
    notification_type: str = "headline"
    deliver_notifications: bool = True
    deliver_payloads: bool = True
    notify_retract: bool = True
    notify_delete: bool = False
    notify_config: bool = False
    notify_sub: bool = False
    presence_based_delivery: bool = False
    subscribe: bool = True
    max_payload_size: int = 0
    roster_groups_allowed: tuple[str, ...] = ()
    title: str = ""
    description: str = ""
    type: str = ""

    @classmethod
    def loads(cls, text: str) -> NodeConfig:
        """From the store: only what differs from the defaults was kept."""
        values = json.loads(text)
        if "roster_groups_allowed" in values:
            values["roster_groups_allowed"] = tuple(values["roster_groups_allowed"])
        return cls(**values)

    def dumps(self) -> str:
        """For the store: only what differs from the defaults, so that better defaults reach old nodes."""
        default = asdict(NodeConfig())
        return json.dumps({k: v for k, v in asdict(self).items() if v != default[k]}, separators=(",", ":"))

    def changed(self, form: Form) -> NodeConfig:
        """This configuration with what `form` asks for. Fields we do not know are passed over. Raises BadConfig."""
        return replace(self, **_read(form))

    def differs(self, options: Form) -> list[str]:
        """The names of the fields of publish-options whose precondition this node does not meet. Raises BadConfig."""
        wanted = _read(options)
        return [f"pubsub#{name}" for name, value in wanted.items() if getattr(self, name) != value]

    def form(self) -> Form:
        """The form that the owner is offered (XEP-0060 §8.2)."""
        fields = [kind.offer(name, getattr(self, name)) for name, kind in FIELDS.items()]
        return Form("form", (Field(FORM_TYPE, (NODE_CONFIG,), "hidden"), *fields))

    def meta_data(self, *, items: int) -> Form:
        """What disco#info tells of a node (XEP-0060 §5.4)."""
        shown = ("title", "description", "type", "access_model", "publish_model", "max_items")
        values = {f"pubsub#{name}": FIELDS[name].write(getattr(self, name)) for name in shown}
        return Form.of(
            "result", META_DATA, {**{k: v for k, v in values.items() if v != ("",)}, "pubsub#num_items": str(items)}
        )


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one field is offered, read and written."""

    type: str
    label: str
    read: Callable[[Field], Any]
    choices: tuple[str, ...] = ()

    def write(self, value: Any) -> tuple[str, ...]:
        if isinstance(value, bool):
            return ("1" if value else "0",)
        return value if isinstance(value, tuple) else (str(value),)

    def offer(self, name: str, value: Any) -> Field:
        options = tuple((choice, "") for choice in self.choices)
        return Field(f"pubsub#{name}", self.write(value), self.type, self.label, options)


def _boolean(label: str) -> _Kind:
    def read(field: Field) -> bool:
        if field.value not in ("0", "1", "true", "false"):
            raise BadConfig(f"{field.var} is a boolean")
        return field.flag

    return _Kind("boolean", label, read)


def _choice(label: str, choices: tuple[str, ...]) -> _Kind:
    def read(field: Field) -> str:
        if field.value not in choices:
            raise BadConfig(f"{field.var} is one of {', '.join(choices)}")
        return field.value

    return _Kind("list-single", label, read, choices)


def _text(label: str, most: int = 1_024) -> _Kind:
    def read(field: Field) -> str:
        if len(field.value) > most:
            raise BadConfig(f"{field.var} is longer than {most} characters")
        return field.value

    return _Kind("text-single", label, read)


def _number(label: str, *, most: int, word: str = "") -> _Kind:
    """A whole number from 0 to `most`; `word` stands for `most`."""

    def read(field: Field) -> int:
        text = field.value.strip()
        if word and text == word:
            return most
        if not (text.isascii() and text.isdecimal()) or len(text) > 9:
            raise BadConfig(f"{field.var} is a number" + (f" or {word}" if word else ""))
        number = int(text)
        if number > most:
            raise BadConfig(f"{field.var} is at most {most}")
        return number

    return _Kind("text-single", label, read)


def _groups(field: Field) -> tuple[str, ...]:
    return tuple(sorted(set(field.values)))


FIELDS: Final[Mapping[str, _Kind]] = {
    "title": _text("Short name of the node"),
    "description": _text("Description of the node", 4_096),
    "type": _text("Namespace of the payloads"),
    "access_model": _choice("Who may subscribe and read", ACCESS_MODELS),
    "roster_groups_allowed": _Kind("list-multi", "Roster groups that may read", _groups),
    "publish_model": _choice("Who may publish", PUBLISH_MODELS),
    "persist_items": _boolean("Keep items"),
    "max_items": _number("How many items to keep", most=MAX_ITEMS, word="max"),
    "item_expire": _number("Seconds after which an item goes", most=999_999_999, word="max"),
    "max_payload_size": _number("Largest payload in bytes", most=999_999_999),
    "send_last_published_item": _choice("When to send the last item", SEND_LAST),
    "notification_type": _choice("Message type of notifications", NOTIFICATION_TYPES),
    "deliver_notifications": _boolean("Send notifications"),
    "deliver_payloads": _boolean("Send payloads with notifications"),
    "notify_retract": _boolean("Tell when items are removed"),
    "notify_delete": _boolean("Tell when the node is deleted"),
    "notify_config": _boolean("Tell when the configuration changes"),
    "notify_sub": _boolean("Tell the owner about new subscribers"),
    "presence_based_delivery": _boolean("Notify available subscribers only"),
    "subscribe": _boolean("Allow subscriptions"),
}


def _read(form: Form) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in form.fields:
        name = field.var.removeprefix("pubsub#")
        # XEP-0060 §8.2.4: a field that is left out keeps its value; so does one that is there without a value.
        if name != field.var and name in FIELDS and (field.values or name == "roster_groups_allowed"):
            values[name] = FIELDS[name].read(field)
    return values


PRESETS: Final[Mapping[str, NodeConfig]] = {
    # XEP-0384 §5.3: device lists and bundles must be open to be of use to anyone who writes first.
    "eu.siacs.conversations.axolotl.devicelist": NodeConfig(access_model="open"),
    "urn:xmpp:omemo:2:devices": NodeConfig(access_model="open"),
    "urn:xmpp:omemo:2:bundles": NodeConfig(access_model="open", max_items=MAX_ITEMS),
    # XEP-0402 §4, XEP-0490 §3: private, one item per conversation, never sent unasked at login.
    "urn:xmpp:bookmarks:1": NodeConfig(
        access_model="whitelist", max_items=MAX_ITEMS, send_last_published_item="never", notify_delete=True
    ),
    "urn:xmpp:mds:displayed:0": NodeConfig(
        access_model="whitelist", max_items=MAX_ITEMS, send_last_published_item="never"
    ),
    # XEP-0283 §4.1: contacts elsewhere read it too, to see that it is true.
    "urn:xmpp:moved:1": NodeConfig(access_model="open", send_last_published_item="never"),
    # XEP-0048 §3.1 / XEP-0223: what older clients keep for themselves.
    "urn:plauder:privacy:0": NodeConfig(access_model="whitelist"),
    "storage:bookmarks": NodeConfig(access_model="whitelist", send_last_published_item="never"),
}
"""What a node is made with when the client says nothing: names whose documents know better than the general default."""


def default_for(node: str) -> NodeConfig:
    """The configuration of a new node of that name."""
    if node.startswith("eu.siacs.conversations.axolotl.bundles:"):
        return PRESETS["eu.siacs.conversations.axolotl.devicelist"]
    return PRESETS.get(node, NodeConfig())
