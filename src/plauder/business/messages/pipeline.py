"""From accepted to sent: carries messages to the channel and writes down what happened.

Requests that arrive together are decided in one transaction; accepted messages are on disk before their senders hear
of them, so a crash loses none: what is still `accepted` at start is sent again under the same stanza id.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from plauder.business.messages import commands, content, rendering, store
from plauder.business.messages.commands import Accepted, Ports, SendCommand
from plauder.business.messages.outcomes import Outcomes, Progressed, Recorder
from plauder.business.messages.ports import Channel, MediaView, Payload, Sender
from plauder.business.messages.rules import LONGEST_TTL
from plauder.business.messages.store import Going
from plauder.business.shared.errors import GraphError, fail
from plauder.kit.batching import Batcher
from plauder.kit.clock import Clock
from plauder.kit.log import get as get_log
from plauder.store.database import Database

log = get_log("business.messages")

BATCH = 256
UNWRITTEN = 4
"""Batches that may be carried ahead of what is written down about them."""
RETRY_SECONDS = 15.0
RETRY = timedelta(seconds=RETRY_SECONDS)
CONTENT_SWEEP = 600.0
EXPIRY_SWEEP = 15.0


class Pipeline:
    """One per process. `send` accepts, `run` carries, `drain` carries what is there (for tests)."""

    def __init__(
        self, database: Database, clock: Clock, channel: Channel, ports: Ports, *, keep_content: timedelta
    ) -> None:
        self.ports = ports
        self.channel = channel
        self.published: Callable[[], None] = lambda: None
        """Called after a commit that published webhooks."""
        self._database = database
        self._clock = clock
        self.outcomes: Outcomes = Recorder(database, ports, lambda: self.published())
        """Where it is written down what became of messages."""
        self._keep = keep_content
        self._batcher: Batcher[SendCommand, Accepted] = Batcher(self._accept, most=BATCH)
        self._waiting: list[Going] = []
        self._event = asyncio.Event()
        self._next_sweep = self._next_expiry = 0.0

    async def send(self, command: SendCommand) -> Accepted:
        """Accept one message: it is on disk when this returns. Raises GraphError."""
        return await self._batcher.do(command)

    async def _accept(self, batch: Sequence[SendCommand]) -> list[Accepted | Exception]:
        async with self._database.hot() as uow:
            results = await commands.accept(uow, self.ports, batch)
        self._waiting += [result.going for result in results if isinstance(result, Accepted) and result.going]
        self._event.set()
        return results

    async def run(self) -> None:
        """Carry for ever, starting with what a crash left behind."""
        # With SQLite there is one process: what is accepted now was left by the one before.
        await self._recover(timedelta() if self._database.is_sqlite else RETRY)
        while True:
            try:
                async with asyncio.timeout(RETRY_SECONDS):
                    await self._event.wait()
            except TimeoutError:
                await self._recover(RETRY)
            self._event.clear()
            try:
                await self.drain()
                await self._forget()
                await self._expire()
            except Exception:
                log.exception("pipeline.failed")

    async def _recover(self, age: timedelta) -> None:
        """What was accepted longer ago than `age` and is not being carried."""
        async with self._database.read() as uow:
            rows = await store.accepted(uow, BATCH)
        fresh = self._clock.now() - age
        known = {row.id for row in self._waiting}
        self._waiting += [row for row in rows if row.created_at < fresh and row.id not in known]
        if self._waiting:
            self._event.set()

    async def _forget(self) -> None:
        if (now := self._clock.monotonic()) >= self._next_sweep:
            self._next_sweep = now + CONTENT_SWEEP
            async with self._database.begin() as uow:
                await commands.forget_content(uow, self._clock.now(), self._keep)

    async def release(self, template_id: str) -> None:
        """Carry what was held of a template."""
        while True:
            async with self._database.begin() as uow:
                rows = await commands.release(uow, template_id)
            if not rows:
                return
            self._waiting += rows
            self._event.set()

    async def refuse_held(self, template_id: str) -> None:
        """End what was held of a template."""
        more = True
        while more:
            async with self._database.begin() as uow:
                more = await commands.refuse_held(uow, self.ports, template_id, self._clock.now()) > 0
            self.published()

    async def _expire(self) -> None:
        if (now := self._clock.monotonic()) >= self._next_expiry:
            self._next_expiry = now + EXPIRY_SWEEP
            await self.expire()

    async def expire(self) -> None:
        """End every message whose time to live is over."""
        more = BATCH
        while more == BATCH:
            async with self._database.hot() as uow:
                more = await commands.expire(uow, self.ports, self._clock.now(), BATCH)
            if more:
                self.published()

    async def drain(self) -> None:
        """Carry everything that waits now; returns when it is written down. The next ones are carried meanwhile."""
        room = asyncio.Semaphore(UNWRITTEN)
        writing: list[asyncio.Task[None]] = []
        try:
            while self._waiting:
                await room.acquire()
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                writing.append(asyncio.create_task(self._write_down(await self._carry(batch), room)))
        finally:
            results = await asyncio.gather(*writing, return_exceptions=True)
        for failed in results:
            if isinstance(failed, BaseException):
                raise failed

    async def _write_down(self, events: Sequence[Progressed], room: asyncio.Semaphore) -> None:
        try:
            if events:
                await self.outcomes.note(events)
        finally:
            room.release()

    async def _carry(self, rows: Sequence[Going]) -> list[Progressed]:
        senders = {phone_id: await self.ports.numbers.sender(phone_id) for phone_id in {row.phone_id for row in rows}}
        lanes: dict[tuple[str, str], list[Going]] = {}
        for row in rows:
            lanes.setdefault((row.phone_id, row.wa_id), []).append(row)
        results = await asyncio.gather(*(self._lane(lane, senders[lane[0].phone_id]) for lane in lanes.values()))
        return [event for result in results for event in result]

    async def _lane(self, rows: Sequence[Going], sender: Sender | None) -> list[Progressed]:
        """One conversation, in order. A message that cannot be carried now stays accepted and stops the lane."""
        events: list[Progressed] = []
        for row in rows:
            if row.expires_at is not None and row.expires_at <= self._clock.now():
                continue  # the next look at what has expired ends it
            if row.error is not None:  # it was decided to fail when it was accepted
                events.append(Progressed(row.id, "failed", self._clock.now(), row.error))
                continue
            if sender is None:
                return events
            try:
                await self.channel.send(sender.digits, row.wa_id, await self.payload(row, sender))
            except GraphError as error:
                events.append(Progressed(row.id, "failed", self._clock.now(), error.as_failure()))
            except Exception:
                log.exception("pipeline.send_failed", message=row.id)
                return events
            else:
                events.append(Progressed(row.id, "sent", self._clock.now()))
        return events

    async def payload(self, row: Going, sender: Sender) -> Payload:
        """What goes to the person. Raises GraphError when a medium cannot be had."""
        body = row.content
        for kind, part in content.media_parts(row.kind, body) if row.kind != "template" else _template_media(body):
            view = await self._medium(row, part, kind)
            part.pop("id", None)
            part |= {"link": view.link, "mime_type": view.mime_type, "sha256": view.sha256, "file_size": view.size}
            if view.filename and row.kind == "document":
                part.setdefault("filename", view.filename)
        await self._host_pictures(row, body)
        quoted = target = quoted_by = ""
        if wanted := (body["message_id"] if row.kind == "reaction" else row.context_id):
            async with self._database.read() as uow:
                other = (await store.by_ids(uow, [wanted])).get(wanted)
            if other is not None and row.kind == "reaction":
                target = other.stanza_id
            elif other is not None:
                quoted, quoted_by = other.stanza_id, sender.digits if other.direction == "out" else other.wa_id
        return Payload(
            id=row.id,
            kind=row.kind,
            fallback=rendering.fallback(row.kind, body),
            business=None if row.kind in ("text", "reaction") else {"type": row.kind, row.kind: body},
            quoted=quoted,
            quoted_by=quoted_by,
            target=target,
            emoji=body["emoji"] if row.kind == "reaction" else "",
            link=body.get("link", "") if row.kind in content.MEDIA_KINDS else "",
            expires_at=row.expires_at if row.expires_at and row.expires_at - row.created_at < LONGEST_TTL else None,
        )

    async def _host_pictures(self, row: Going, body: Any) -> None:
        """Products' pictures come from here, so that no shop's server learns who looks; one that cannot be had is
        left out."""
        holders = (body, *body.get("buttons", [])) if row.kind in ("interactive", "template") else ()
        products = [one for holder in holders for one in holder.get("products", []) if "image_url" in one]
        await asyncio.gather(*(self._host_picture(row, product) for product in products))

    async def _host_picture(self, row: Going, product: dict[str, Any]) -> None:
        link = product.pop("image_url")
        with contextlib.suppress(GraphError):
            product["image_url"] = (await self.ports.media.fetch(row.portfolio_id, row.phone_id, link, "image")).link

    async def _medium(self, row: Going, part: dict[str, Any], kind: str) -> MediaView:
        if link := part.get("link"):
            return await self.ports.media.fetch(row.portfolio_id, row.phone_id, link, kind)
        async with self._database.read() as uow:
            view = await self.ports.media.get(uow, row.portfolio_id, part["id"])
        if view is None:
            raise fail(131053, f"Media ID {part['id']} has expired")
        return view


def _template_media(rendered: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Media of a rendered template: its header's and its cards'."""
    found = []
    for holder in (rendered, *rendered.get("cards", [])):
        header = holder.get("header") or {}
        if header.get("type") in ("image", "video", "document", "gif"):
            found.append((header["type"], header[header["type"]]))
    return found
