"""Slots and their bytes: what both the XMPP side and the HTTP side call."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from plauder.features.media import rules
from plauder.features.media.store import Slot, Slots
from plauder.kit.clock import Clock
from plauder.kit.errors import BadInput, Forbidden, NotFound
from plauder.kit.ids import new_token
from plauder.store.blobs import Blobs
from plauder.store.database import Database

UPLOAD_TIME = timedelta(hours=24)
"""How long a slot waits for its bytes."""
SWEEP = 500


class Refused(BadInput):
    """No slot is given; `details["why"]` is the reason."""

    code = "upload-refused"


@dataclass(frozen=True, slots=True)
class Grant:
    """A slot as its asker gets it: where to put, with which secret, and where anybody gets."""

    slot: Slot
    put_url: str
    get_url: str
    secret: str


class Media:
    """The media of one server. `base_url` is how clients reach its HTTP port."""

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        clock: Clock,
        *,
        base_url: str,
        policy: rules.Policy,
        retention_days: float,
        downloaded_days: float = 0,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._base_url = base_url
        self._retention = timedelta(days=retention_days)
        self._after_download = timedelta(days=downloaded_days)
        self.policy = policy

    async def grant(self, account: str, name: str, size: int, media_type: str) -> Grant:
        """A slot for one file. Raises Refused."""
        now = self._clock.now()
        media_type = rules.clean_type(media_type)
        secret, slot_id = new_token(), new_token(24)
        slot = Slot(
            slot_id, account, rules.clean_name(name), media_type, size, "", _hash(secret), now, now + UPLOAD_TIME
        )
        async with self._database.begin() as uow:
            use = await Slots(uow).use(account, now - timedelta(days=1))
            verdict = rules.may_upload(size, media_type, use, self.policy, has_room=self._blobs.has_room(size))
            if not verdict.allowed:
                raise Refused("This file cannot be uploaded.", why=verdict.why)
            await Slots(uow).add(slot)
        url = f"{self._base_url}/media/{slot_id}/{quote(slot.name)}"
        return Grant(slot, url, url, secret)

    async def waiting(self, slot_id: str, secret: str) -> tuple[Slot, int]:
        """A slot that its owner may still fill, and how many bytes have arrived. Raises NotFound, Forbidden."""
        slot = await self._owned(slot_id, secret)
        if slot.is_whole:
            return slot, slot.size
        arrived = self._blobs.staged(slot_id)
        if arrived == slot.size:  # the store was not there, or the server died, when the last byte had come
            await self._keep(slot)
        return slot, arrived

    async def receive(
        self, slot_id: str, secret: str, offset: int, pieces: AsyncIterator[bytes], *, sha256: str = ""
    ) -> int:
        """Take bytes from `offset` on; the file is whole when all announced ones are there. The new offset.

        `sha256` is what the whole file's checksum should be, in hex. Raises NotFound, Forbidden, Conflict (wrong
        offset), TooLarge, WrongChecksum, DiskFull.
        """
        slot = await self._owned(slot_id, secret)
        if slot.is_whole:
            raise Forbidden("This file is complete; what is uploaded does not change.")
        arrived = await self._blobs.receive(slot_id, offset, pieces, limit=slot.size)
        if arrived == slot.size:
            await self._keep(slot, sha256)
        return arrived

    async def _keep(self, slot: Slot, sha256: str = "") -> None:
        stored = await self._blobs.commit(slot.id, sha256)
        async with self._database.begin() as uow:
            await Slots(uow).complete(slot.id, stored.sha256, self._clock.now() + self._retention)

    async def restart(self, slot_id: str, secret: str) -> None:
        """A plain PUT begins at the start: what an earlier attempt left is dropped."""
        if not (await self._owned(slot_id, secret)).is_whole:
            self._blobs.abandon(slot_id)

    async def find(self, slot_id: str) -> Slot:
        """A file that is whole. Raises NotFound."""
        async with self._database.read() as uow:
            slot = await Slots(uow).get(slot_id)
        if slot is None or not slot.is_whole or slot.expires_at <= self._clock.now():
            raise NotFound("This file is gone, or was never here.")
        return slot

    async def read(self, slot: Slot, start: int, end: int) -> AsyncIterator[bytes]:
        """Its bytes [start, end)."""
        return await self._blobs.read(slot.id, start, end)

    async def downloaded(self, slot: Slot) -> None:
        """Somebody has it: from now it is kept as long as the operator wants for those who come later."""
        expires_at = self._clock.now() + self._after_download
        if self._after_download and expires_at < slot.expires_at:
            async with self._database.begin() as uow:
                await Slots(uow).shorten(slot.id, expires_at)

    async def delete(self, slot_id: str, secret: str) -> None:
        """Delete a file at its uploader's word. Raises NotFound, Forbidden."""
        await self._owned(slot_id, secret)
        await self._erase([slot_id])

    async def sweep(self) -> int:
        """Delete what has expired; how many files."""
        async with self._database.read() as uow:
            ids = await Slots(uow).expired(self._clock.now(), SWEEP)
        await self._erase(ids)
        return len(ids)

    async def forget(self, account: str) -> None:
        """Delete everything of an account."""
        async with self._database.read() as uow:
            ids = await Slots(uow).of(account)
        await self._erase(ids)

    async def _erase(self, ids: list[str]) -> None:
        # Bytes first: a row without bytes is "gone", bytes without a row would stay for ever.
        for slot_id in ids:
            self._blobs.abandon(slot_id)
            await self._blobs.delete(slot_id)
        async with self._database.begin() as uow:
            await Slots(uow).remove(ids)

    async def _owned(self, slot_id: str, secret: str) -> Slot:
        async with self._database.read() as uow:
            slot = await Slots(uow).get(slot_id)
        if slot is None or slot.expires_at <= self._clock.now():
            raise NotFound("This upload is over; ask for a new slot.")
        if not hmac.compare_digest(slot.secret_hash, _hash(secret)):
            raise Forbidden("The upload's secret is missing or wrong.")
        return slot


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
