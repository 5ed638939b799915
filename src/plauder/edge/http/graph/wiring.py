"""Puts the business platform together: `build` makes all its parts, `Platform` starts and stops them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import APIRouter, FastAPI

import plauder
from plauder.business.media import commands as media
from plauder.business.media import rules as media_rules
from plauder.business.messages.commands import Ports
from plauder.business.messages.pipeline import Pipeline
from plauder.business.messages.ports import Billing, NoBilling, Sender
from plauder.business.messages.referrals import Referrals
from plauder.business.messages.rules import Policies
from plauder.business.messages.stanzas import SharedFile
from plauder.business.numbers.commands import Codes
from plauder.business.shared.errors import fail
from plauder.business.templates import commands as templates
from plauder.business.webhooks.commands import Publisher
from plauder.business.webhooks.rules import Network
from plauder.core.server import Server
from plauder.edge import pacing, quality
from plauder.edge.clerk.keeper import Clerk
from plauder.edge.flows import FlowDesk
from plauder.edge.hosted import Hosted, Sealer
from plauder.edge.hosted_omemo import OmemoSealer
from plauder.edge.http.graph.adapters import MediaLibrary, Residents, Senders, Shelves, TemplateCatalogue
from plauder.edge.http.graph.api import Exchange, GraphApi, GraphJSON, install_errors
from plauder.edge.http.graph.deps import Graph, GraphSettings
from plauder.edge.http.graph.journal import entry_of
from plauder.edge.http.graph.published import publish
from plauder.edge.http.graph.routes import (
    apps,
    catalogs,
    flows,
    messages,
    nodes,
    numbers,
    oauth,
    profile,
    refused,
    wabas,
)
from plauder.edge.http.graph.routes import media as media_routes
from plauder.edge.http.graph.routes import templates as template_routes
from plauder.edge.outbound import Outbound, OutboundFailed
from plauder.edge.sandbox import Sandbox
from plauder.edge.webhooks import DeliverySettings, Webhooks
from plauder.kit.clock import Clock
from plauder.kit.keyring import Keyring
from plauder.kit.log import get as get_log
from plauder.store.blobs import Blobs
from plauder.store.database import Database

log = get_log("edge.graph")

HOUSEKEEPING = 60.0
QUALITY_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class PlatformSettings:
    """What the operator decides. `allowed_networks` opens private addresses for callbacks and links."""

    public_url: str = "http://localhost:8080"
    allowed_networks: Sequence[Network] = ()
    keep_content: timedelta = timedelta(days=7)
    policies: Policies = field(default_factory=Policies)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    conversation_objects: bool = True
    api_hosts: Sequence[str] = ()


@dataclass(slots=True)
class Platform:
    """The running business platform."""

    graph: Graph
    api: GraphApi
    hosted: Hosted
    pipeline: Pipeline
    webhooks: Webhooks
    publisher: Publisher
    outbound: Outbound
    sandbox: Sandbox
    downloads: APIRouter
    referrals: Referrals
    """Where those who show ads get the tokens of clicks."""
    domain: str
    policies: Policies
    clerk: Clerk | None = None
    """The process that does part of the work, where there is one."""
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Attach the numbers, begin to carry messages and webhooks."""
        if self.clerk is not None:
            self.clerk.start()
        await self.hosted.start()
        await self.sandbox.start()
        for work in (self.pipeline.run(), self.webhooks.keep_journal(), self._housekeeping()):
            self._tasks.append(asyncio.create_task(work))
        if self.clerk is None:
            self._tasks.append(asyncio.create_task(self.webhooks.run()))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self.clerk is not None:
            await self.clerk.stop()
        self.outbound.close()

    def wake(self) -> None:
        """There may be webhooks to deliver."""
        (self.clerk or self.webhooks).wake()

    async def settle(self) -> None:
        """Carry everything that waits now: for tests."""
        for _ in range(3):
            await self.pipeline.drain()
            while await self.webhooks.deliver_due():
                pass

    async def assess_quality(self) -> None:
        """Look at what people did: ratings, pauses, limits."""
        async with self.graph.database.begin() as uow:
            now, policies = self.graph.clock.now(), self.pipeline.ports.policies
            await quality.assess(uow, self.domain, self.graph.updates, at=now)
            if policies.is_active("template_archival", now):
                after = timedelta(days=policies.value("template_archival", now))
                await templates.archive_unused(uow, after, at=now, updates=self.graph.updates)
        self.graph.senders.changed()
        self.wake()

    async def _housekeeping(self) -> None:
        """End template pauses, delete expired media."""
        graph, due = self.graph, 0.0
        while True:
            try:
                if graph.clock.monotonic() >= due:
                    due = graph.clock.monotonic() + QUALITY_SECONDS
                    await self.assess_quality()
                async with graph.database.begin() as uow:
                    await templates.resume_due(uow, at=graph.clock.now(), updates=graph.updates)
                await pacing.judge(graph.database, self.pipeline, graph.updates, graph.clock.now())
                await media.sweep(graph.database, graph.blobs, graph.clock.now())
            except Exception:
                log.exception("housekeeping.failed")
            await asyncio.sleep(HOUSEKEEPING)


def build(
    *,
    server: Server,
    database: Database,
    clock: Clock,
    keyring: Keyring,
    blobs: Blobs,
    codes: Codes,
    settings: PlatformSettings | None = None,
    billing: Billing | None = None,
    sealer: Sealer | None = None,
    taken: Callable[[str], Awaitable[bool]] | None = None,
    clerk: Clerk | None = None,
) -> Platform:
    """All parts, wired and not started. A `clerk` charges by itself: `billing` is what accepting asks."""
    settings = settings or PlatformSettings()
    outbound = Outbound(allowed=settings.allowed_networks, monotonic=clock.monotonic)
    webhooks = Webhooks(database, clock, keyring, outbound, settings.delivery)
    media_key = keyring.derive("business-media")
    sandbox = Sandbox(server, database, clock, media_key, settings.public_url)
    webhooks.faults = sandbox.faults
    publisher = Publisher(clock)
    senders = Senders(database, clock)
    library = MediaLibrary(database, blobs, outbound, clock, key=media_key, base=settings.public_url)
    taker = FileTaker(database, blobs, outbound, clock, media_key, settings.public_url)
    sealer = sealer or OmemoSealer(server, database, keyring, clock)
    referrals = Referrals(keyring)
    hosted = Hosted(server, database, clock, blobs=blobs, take=taker.take, sealer=sealer, referrals=referrals)
    wake = (clerk or webhooks).wake
    hosted.published = wake
    hosted.flows = FlowDesk(database, clock, keyring, outbound).answer
    ports = Ports(
        templates=TemplateCatalogue(),
        media=library,
        shelves=Shelves(),
        billing=billing or NoBilling(),
        people=Residents(keyring, hosted.exists),
        numbers=senders,
        updates=publisher,
        policies=settings.policies,
        conversation_objects=settings.conversation_objects,
    )
    hosted.ports = ports
    pipeline = Pipeline(database, clock, hosted, ports, keep_content=settings.keep_content)
    pipeline.published = wake
    if clerk is not None:
        pipeline.outcomes = clerk
        sandbox.faults_changed = clerk.changed
    hosted.outcomes = pipeline.outcomes

    def subscriptions_changed() -> None:
        publisher.changed()
        if clerk is not None:
            clerk.changed()

    async def number_changed(number_id: str) -> None:
        senders.changed()
        if clerk is not None:
            clerk.changed()
        await hosted.changed(number_id)
        wake()

    graph = Graph(
        database=database,
        clock=clock,
        keyring=keyring,
        codes=codes,
        handshake=webhooks.handshake,
        blobs=blobs,
        pipeline=pipeline,
        senders=senders,
        media_key=media_key,
        updates=publisher,
        settings=GraphSettings(settings.public_url, frozenset(settings.api_hosts)),
        subscriptions_changed=subscriptions_changed,
        number_changed=number_changed,
        faults=sandbox.faults,
    )

    if taken is not None:
        graph.taken = taken

    def observe(exchange: Exchange) -> None:
        if exchange.scope["method"] != "GET":
            wake()
        if webhooks.wants(exchange.status) and (entry := entry_of(exchange, clock.now())) is not None:
            webhooks.note_request(entry)

    api = GraphApi(application(), graph, observer=observe, express={"messages": messages.express})
    downloads = APIRouter()
    for module in (media_routes, flows):
        downloads.include_router(module.downloads(graph))
    downloads.include_router(profile.downloads(graph, server.domain))
    return Platform(
        graph,
        api,
        hosted,
        pipeline,
        webhooks,
        publisher,
        outbound,
        sandbox,
        downloads,
        referrals,
        server.domain,
        settings.policies,
        clerk,
    )


@cache
def application() -> FastAPI:
    """The FastAPI application of the Graph alone. It has no state: `GraphApi` hands each request its graph."""
    app = FastAPI(
        title="Plauder Cloud API",
        version=plauder.__version__,
        summary="Wire-compatible with the WhatsApp Business Cloud API; any version prefix or none.",
        openapi_url="/graph/openapi.json",
        docs_url=None,
        redoc_url=None,
        default_response_class=GraphJSON,
        redirect_slashes=False,
    )
    install_errors(app)
    first = (oauth, messages, media_routes, template_routes, flows, numbers, profile, catalogs, wabas, apps)
    for module in (*first, refused, nodes):
        app.include_router(module.router())
    spec = cache(lambda: publish(FastAPI.openapi(app)))
    app.openapi = spec  # type: ignore[method-assign]
    return app


class FileTaker:
    """Fetches what a person shared, decrypts it, keeps it for seven days."""

    def __init__(
        self, database: Database, blobs: Blobs, outbound: Outbound, clock: Clock, key: bytes, base: str
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._outbound = outbound
        self._clock = clock
        self._key = key
        self._base = base

    async def take(self, sender: Sender, file: SharedFile, kind: str) -> dict[str, Any]:
        """The media object of the webhook; on failure the `errors` of an unsupported message (131052)."""
        data = await self._own(sender.portfolio_id, file.url) or await self._fetched(file)
        if data is None:
            failure = fail(131052, "The media of the message could not be downloaded.").as_failure()
            return {"errors": [failure], "unsupported": {"type": kind}}
        mime = media_rules.normal_type(file.mime_type) or media_rules.sniff(data[:16]) or "application/octet-stream"
        medium = media.NewMedium(
            sender.portfolio_id, sender.phone_id, data, mime, file.name, origin="in", life=media_rules.LIFE_INCOMING
        )
        now = self._clock.now()
        row = await media.add(self._database, self._blobs, medium, at=now)
        content: dict[str, Any] = {
            "id": row.id,
            "mime_type": mime,
            "sha256": base64.b64encode(hashlib.sha256(data).digest()).decode(),
            "url": media.url(self._base, self._key, row.id, now),
        }
        if file.caption and kind in ("image", "video", "document"):
            content["caption"] = file.caption
        if kind == "document" and row.filename:
            content["filename"] = row.filename
        if kind == "audio":
            content["voice"] = file.voice
        if kind == "sticker":
            content["animated"] = b"ANIM" in data[:64]
        return content

    async def _own(self, portfolio_id: str, url: str) -> bytes | None:
        """A file that this platform keeps for the business: what its simulated customer sends needs no network."""
        address, _, query = url.partition("?")
        prefix, _, media_id = address.rpartition("/")
        values = dict(parse_qsl(query))
        signed = (values.get("expires", ""), values.get("signature", ""))
        now = self._clock.now()
        if prefix != f"{self._base}/media/business" or not media_rules.is_signed(self._key, media_id, *signed, now):
            return None
        async with self._database.read() as uow:
            row = await media.live(uow, portfolio_id, media_id, now)
        return b"".join([piece async for piece in await self._blobs.read(row.blob)]) if row is not None else None

    async def _fetched(self, file: SharedFile) -> bytes | None:
        try:
            answer = await self._outbound.get(file.url, timeout=30.0, limit=media_rules.LIMITS["incoming"] + 64)
        except OutboundFailed as error:
            log.info("media.not_fetched", why=error.message)
            return None
        return _decrypted(answer.body, file) if answer.status == 200 else None


def _decrypted(data: bytes, file: SharedFile) -> bytes | None:
    if not file.key:
        return data
    try:
        return AESGCM(file.key).decrypt(file.iv, data, None)
    except (InvalidTag, ValueError):
        return None
