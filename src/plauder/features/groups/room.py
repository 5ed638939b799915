"""One room in memory: who belongs to it, who is in it. Knows no database and sends nothing."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from plauder.features.groups import rules
from plauder.features.groups.config import RoomConfig
from plauder.features.groups.rules import ADMIN, MEMBER, NONE, OWNER, RANK
from plauder.wire.jid import Jid
from plauder.wire.stanza import Stanza

CROWD: Final = 100
"""In a room with more people, only the presence of moderators is announced; the rest is read from the lists."""


@dataclass(frozen=True, slots=True)
class Affiliated:
    """What an account is to a room: its affiliation, the nickname it has there, the reason it was given."""

    affiliation: str
    nick: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """The room's subject, the occupant address of who set it, and when."""

    text: str = ""
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hat:
    """A title that admins give (XEP-0317): named by its URI, coloured by an angle of hue ("" for none)."""

    uri: str
    title: str
    hue: str = ""
    wearers: frozenset[str] = frozenset()
    """Bare JIDs."""


@dataclass(slots=True)
class Occupant:
    """One nickname in the room. Several devices of the same account share it."""

    nick: str
    account: str
    role: str
    sessions: dict[str, Stanza] = field(default_factory=dict)
    """The latest presence of each full JID."""

    def latest(self) -> Stanza | None:
        """The presence that stands for the nickname."""
        return next(reversed(self.sessions.values()), None)


@dataclass(slots=True)
class Room:
    """One room."""

    local: str
    config: RoomConfig
    people: dict[str, Affiliated]
    subject: Subject = Subject()
    vcard: bytes = b""
    secret: bytes = b""
    invite: str = ""
    hats: dict[str, Hat] = field(default_factory=dict)
    """By URI."""
    occupants: dict[str, Occupant] = field(default_factory=dict)
    is_locked: bool = False
    """§10.1: just made, and nobody else comes in until its owner has said what it shall be like."""

    def affiliation(self, account: str) -> str:
        person = self.people.get(account)
        return NONE if person is None else person.affiliation

    def of(self, affiliation: str) -> list[str]:
        """The accounts with exactly this affiliation."""
        return [account for account, person in self.people.items() if person.affiliation == affiliation]

    def members(self) -> list[str]:
        """Everybody who belongs to the room: members, admins, owners."""
        return [account for account, person in self.people.items() if RANK[person.affiliation] >= RANK[MEMBER]]

    def owners(self) -> int:
        return len(self.of(OWNER))

    def occupant_of(self, full: str) -> Occupant | None:
        """Who this session is in the room."""
        return next((occupant for occupant in self.occupants.values() if full in occupant.sessions), None)

    def occupants_of(self, account: str) -> list[Occupant]:
        return [occupant for occupant in self.occupants.values() if occupant.account == account]

    def sessions(self) -> Iterable[tuple[Occupant, str]]:
        """Every session in the room with its occupant."""
        for occupant in self.occupants.values():
            for full in occupant.sessions:
                yield occupant, full

    def nick_owner(self, nick: str) -> str | None:
        """The account that holds this nickname, in the room or reserved; None when it is free."""
        if nick in self.occupants:
            return self.occupants[nick].account
        return next((account for account, person in self.people.items() if person.nick == nick), None)

    def nick_of(self, account: str) -> str:
        """What a member is called here, joined or not."""
        for occupant in self.occupants_of(account):
            return occupant.nick
        person = self.people.get(account)
        return (person.nick if person else "") or account.partition("@")[0]

    def sees_addresses(self, account: str, role: str) -> bool:
        """Whether real addresses are shown to this occupant."""
        return self.config.non_anonymous or role == rules.MODERATOR or RANK[self.affiliation(account)] >= RANK[ADMIN]

    def announces(self, occupant: Occupant) -> bool:
        """Whether others are told of this occupant's coming and going."""
        return len(self.occupants) <= CROWD or occupant.role == rules.MODERATOR

    def occupant_id(self, account: str) -> str:
        """XEP-0421: who this is, the same for all nicknames, without saying the address."""
        return hmac.new(self.secret, account.encode(), hashlib.sha256).hexdigest()[:32]

    def address(self, domain: str, nick: str = "") -> Jid:
        return Jid.of(self.local, domain, nick)
