"""The rooms in the database: configuration, subject, avatar, and who belongs to them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Column, ForeignKey, Index, Table, delete, select, update

from plauder.features.groups.config import RoomConfig
from plauder.features.groups.room import Affiliated, Hat, Room, Subject
from plauder.store.database import UnitOfWork
from plauder.store.schema import Bytes, Instant, Text, metadata

rooms = Table(
    "group_rooms",
    metadata,
    Column("local", Text, primary_key=True),
    Column("config", Bytes, nullable=False),
    Column("subject", Text, nullable=False),
    Column("subject_by", Text, nullable=False),
    Column("subject_at", Instant, nullable=True),
    Column("vcard", Bytes, nullable=False),
    # What occupant ids are made with (XEP-0421), and the token of the invitation link, "" for none.
    Column("secret", Bytes, nullable=False),
    Column("invite", Text, nullable=False),
    # A JSON list of [uri, title, hue, [wearers]].
    Column("hats", Bytes, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_group_rooms_invite", "invite"),
)
affiliations = Table(
    "group_affiliations",
    metadata,
    Column("room", Text, ForeignKey("group_rooms.local", ondelete="CASCADE"), primary_key=True),
    Column("account", Text, primary_key=True),
    Column("affiliation", Text, nullable=False),
    Column("nick", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_group_affiliations_account", "account"),
)


class Rooms:
    """The rooms, inside one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def load(self, local: str) -> Room | None:
        row = (await self._uow.execute(select(rooms).where(rooms.c.local == local))).one_or_none()
        if row is None:
            return None
        known = await self._uow.execute(select(affiliations).where(affiliations.c.room == local))
        return Room(
            local=local,
            config=RoomConfig(**orjson.loads(row.config)),
            subject=Subject(row.subject, row.subject_by, row.subject_at),
            vcard=bytes(row.vcard),
            secret=bytes(row.secret),
            invite=row.invite,
            hats={uri: Hat(uri, title, hue, frozenset(who)) for uri, title, hue, who in orjson.loads(row.hats)},
            people={a.account: Affiliated(a.affiliation, a.nick, a.reason) for a in known},
        )

    async def add(self, room: Room, at: datetime) -> None:
        await self._uow.execute(rooms.insert(), [self._row(room) | {"local": room.local, "created_at": at}])
        for account, person in room.people.items():
            await self.set_person(room.local, account, person)

    async def save(self, room: Room) -> None:
        """Everything but the affiliations."""
        await self._uow.execute(update(rooms).where(rooms.c.local == room.local).values(**self._row(room)))

    async def set_person(self, local: str, account: str, person: Affiliated | None) -> None:
        """Note what somebody is to the room; None: nothing any more."""
        if person is None:
            mine = (affiliations.c.room == local) & (affiliations.c.account == account)
            await self._uow.execute(delete(affiliations).where(mine))
            return
        values = {"affiliation": person.affiliation, "nick": person.nick, "reason": person.reason}
        statement = self._uow.insert(affiliations).values(room=local, account=account, **values)
        statement = statement.on_conflict_do_update(index_elements=["room", "account"], set_=values)
        await self._uow.execute(statement)

    async def remove(self, local: str) -> None:
        await self._uow.execute(delete(affiliations).where(affiliations.c.room == local))
        await self._uow.execute(delete(rooms).where(rooms.c.local == local))

    async def public(self) -> list[tuple[str, str]]:
        """(local, name) of the rooms that are listed, by local."""
        found = await self._uow.execute(select(rooms.c.local, rooms.c.config).order_by(rooms.c.local))
        read = ((local, RoomConfig(**orjson.loads(config))) for local, config in found)
        return [(local, config.name) for local, config in read if config.public]

    async def of(self, account: str, affiliation: str = "") -> list[str]:
        """The rooms in which somebody is anything, or this."""
        query = select(affiliations.c.room).where(affiliations.c.account == account)
        if affiliation:
            query = query.where(affiliations.c.affiliation == affiliation)
        return [local for (local,) in await self._uow.execute(query)]

    @staticmethod
    def _row(room: Room) -> dict[str, Any]:
        return {
            "config": orjson.dumps(asdict(room.config)),
            "subject": room.subject.text,
            "subject_by": room.subject.by,
            "subject_at": room.subject.at,
            "vcard": room.vcard,
            "secret": room.secret,
            "invite": room.invite,
            "hats": orjson.dumps([[hat.uri, hat.title, hat.hue, sorted(hat.wearers)] for hat in room.hats.values()]),
        }
