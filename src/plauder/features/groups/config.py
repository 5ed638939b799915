"""What a room is like: its configuration as a value, read from and written to data forms (XEP-0045 §10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from plauder.features.groups.names import ROOM_CONFIG
from plauder.wire.forms import FORM_TYPE, Field, Form

MOST_USERS: Final = 2_000
LONGEST: Final = {"name": 120, "description": 1_000, "password": 200, "lang": 20}


class BadConfig(ValueError):
    """A value that is asked for cannot be had."""


@dataclass(frozen=True, slots=True)
class RoomConfig:
    """The defaults are those of a private group: members only, everybody knows everybody, kept for good."""

    name: str = ""
    description: str = ""
    lang: str = ""
    password: str = ""
    persistent: bool = True
    public: bool = False
    members_only: bool = True
    non_anonymous: bool = True
    moderated: bool = False
    members_invite: bool = False
    change_subject: bool = True
    private_messages: bool = True
    max_users: int = MOST_USERS

    @property
    def features(self) -> list[str]:
        """§6.4: what service discovery says of the room."""
        return [
            "muc_persistent" if self.persistent else "muc_temporary",
            "muc_public" if self.public else "muc_hidden",
            "muc_membersonly" if self.members_only else "muc_open",
            "muc_nonanonymous" if self.non_anonymous else "muc_semianonymous",
            "muc_moderated" if self.moderated else "muc_unmoderated",
            "muc_passwordprotected" if self.password else "muc_unsecured",
        ]


def _flag(text: str) -> bool:
    if text not in ("0", "1", "true", "false", ""):
        raise BadConfig(f"{text[:20]!r} is not a yes or no")
    return text in ("1", "true")


def _text(name: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > LONGEST[name]:
            raise BadConfig(f"the {name} has at most {LONGEST[name]} characters")
        return text

    return read


def _users(text: str) -> int:
    if not text or text == "none":
        return MOST_USERS
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_USERS):
        raise BadConfig(f"a room has 1 to {MOST_USERS} people in it")
    return int(text)


# (form variable, what it sets, reader, kind of field, label)
_FIELDS: Final[tuple[tuple[str, str, Callable[[str], object], str, str], ...]] = (
    ("roomname", "name", _text("name"), "text-single", "Name"),
    ("roomdesc", "description", _text("description"), "text-single", "Description"),
    ("lang", "lang", _text("lang"), "text-single", "Language"),
    ("persistentroom", "persistent", _flag, "boolean", "Keep the room when nobody is in it"),
    ("publicroom", "public", _flag, "boolean", "List the room publicly"),
    ("membersonly", "members_only", _flag, "boolean", "Only members may enter"),
    ("moderatedroom", "moderated", _flag, "boolean", "Visitors need voice to speak"),
    ("allowinvites", "members_invite", _flag, "boolean", "Members may invite others"),
    ("changesubject", "change_subject", _flag, "boolean", "Everybody may change the subject"),
    ("passwordprotectedroom", "", _flag, "boolean", "A password is needed to enter"),
    ("roomsecret", "password", _text("password"), "text-private", "Password"),
    ("maxusers", "max_users", _users, "text-single", "Most people in the room at once"),
)
_WHOIS, _PM = "muc#roomconfig_whois", "muc#roomconfig_allowpm"


def form(config: RoomConfig) -> Form:
    """The owner's configuration form (§10.2)."""
    fields = [Field(FORM_TYPE, (ROOM_CONFIG,), "hidden")]
    for var, name, _, kind, label in _FIELDS:
        value = getattr(config, name) if name else bool(config.password)
        text = ("1" if value else "0") if kind == "boolean" else str(value)
        fields.append(Field(f"muc#roomconfig_{var}", (text,), kind, label))
    whois = "anyone" if config.non_anonymous else "moderators"
    choices = (("anyone", "Everybody"), ("moderators", "Moderators"))
    fields.append(Field(_WHOIS, (whois,), "list-single", "Who sees real addresses", options=choices))
    allow = "anyone" if config.private_messages else "none"
    fields.append(Field(_PM, (allow,), "list-single", "Private messages", options=(("anyone", "Yes"), ("none", "No"))))
    return Form("form", fields, title="Room configuration")


def changed(config: RoomConfig, given: Mapping[str, tuple[str, ...]]) -> RoomConfig:
    """The configuration with what a submitted form changes. Unknown fields are ignored, as §10.2 has it.

    Raises BadConfig.
    """
    changes: dict[str, object] = {}
    for var, name, read, _, _ in _FIELDS:
        values = given.get(f"muc#roomconfig_{var}")
        if values is not None and name:
            changes[name] = read(values[0] if values else "")
    if given.get("muc#roomconfig_passwordprotectedroom", ("1",))[:1] in (("0",), ("false",)):
        changes["password"] = ""
    if _WHOIS in given:
        changes["non_anonymous"] = given[_WHOIS][:1] == ("anyone",)
    if _PM in given:
        changes["private_messages"] = given[_PM][:1] != ("none",)
    return replace(config, **changes)  # type: ignore[arg-type]
