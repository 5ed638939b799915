"""A place where two devices of one person meet: the new one waits, the old one leaves a sealed note, once.

The place has a random name that the new device shows as a code, together with the key of the note; so who has not seen
the code neither finds the place nor reads the note, this server included. Notes live in memory, for minutes.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from plauder.edge.http.auth import Authenticated
from plauder.kit.clock import Clock
from plauder.kit.errors import Conflict, NotFound, TooMany

LASTS_SECONDS = 300.0
MOST_NOTES = 10_000
Place = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class Note(BaseModel):
    """Sealed by the old device for the new one."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, Field(max_length=2_000)]


class Meetings:
    """Notes by place, each for one reader."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._notes: dict[str, tuple[float, str]] = {}

    def leave(self, place: str, note: str) -> None:
        """Raises Conflict where a note lies already, TooMany when there are more than fit."""
        now = self._clock.monotonic()
        self._notes = {name: kept for name, kept in self._notes.items() if kept[0] > now}
        if place in self._notes:
            raise Conflict("Somebody was here already.")
        if len(self._notes) >= MOST_NOTES:
            raise TooMany("Too many devices are being linked; try again in a minute.", retry_after=60)
        self._notes[place] = (now + LASTS_SECONDS, note)

    def take(self, place: str) -> str:
        """The note, which is gone then. Raises NotFound."""
        expires, note = self._notes.pop(place, (0.0, ""))
        if expires <= self._clock.monotonic():
            raise NotFound("Nobody was here yet.")
        return note


def router(meetings: Meetings) -> APIRouter:
    """The routes below `/api/v1/meetings`."""
    routes = APIRouter(prefix="/api/v1/meetings", tags=["accounts"])

    @routes.put("/{place}", status_code=204, summary="Leave a note for the device that waits there")
    async def leave(place: Place, body: Note, caller: Authenticated) -> None:
        meetings.leave(place, body.note)

    @routes.get("/{place}", summary="Take the note, once")
    async def take(place: Place) -> Note:
        return Note(note=meetings.take(place))

    return routes
