"""The one module that knows everybody: it builds the parts and wires them."""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
from fastapi import APIRouter
from sqlalchemy import MetaData, select
from starlette.types import ASGIApp, Scope

import plauder
from plauder.business.accounts import invitations as team_invitations
from plauder.core.door import Door, Rules
from plauder.core.embedded import LocalBus, LocalDirectory
from plauder.core.ports import SHARED, Limits
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.edge import certificates, listen, sms
from plauder.edge.clerk.keeper import Clerk
from plauder.edge.component import ComponentListener
from plauder.edge.federation.names import Dns, Names
from plauder.edge.federation.service import Federation, Settings
from plauder.edge.federation.tls import PeerContext
from plauder.edge.federation.trust import Trust as PeerTrust
from plauder.edge.http import accounts as account_routes
from plauder.edge.http import backups as backup_routes
from plauder.edge.http import billing as billing_routes
from plauder.edge.http import business as business_routes
from plauder.edge.http import business_files, business_sandbox, business_team, business_templates, dev
from plauder.edge.http import discovery as discovery_routes
from plauder.edge.http import media as media_routes
from plauder.edge.http import meetings as meeting_routes
from plauder.edge.http import push as push_routes
from plauder.edge.http.address import Proxies
from plauder.edge.http.app import HttpParts
from plauder.edge.http.app import build as build_http
from plauder.edge.http.auth import Auth
from plauder.edge.http.bosh import Bosh
from plauder.edge.http.graph import setup as business_setup
from plauder.edge.http.graph.billing import MeteredBilling, tell_of_alert, tell_of_tier
from plauder.edge.http.graph.wiring import Platform
from plauder.edge.http.graph.wiring import build as build_platform
from plauder.edge.http.serve import HttpServer
from plauder.edge.outbound import Outbound
from plauder.edge.push.fcm import Fcm, ServiceAccount
from plauder.edge.push.web import WebPush
from plauder.edge.sms.business import BusinessCodes
from plauder.edge.sms.console import Console
from plauder.edge.tcp import TcpListener
from plauder.edge.tls import TlsContext
from plauder.edge.websocket import WebSocketListener
from plauder.features.accounts import events, store
from plauder.features.accounts.credentials import AccountCredentials
from plauder.features.accounts.devices import Devices
from plauder.features.accounts.discovery import Discovery
from plauder.features.accounts.inband import register as inband
from plauder.features.accounts.invites import Invites
from plauder.features.accounts.operators import Operators
from plauder.features.accounts.parts import Parts
from plauder.features.accounts.registration import Registration
from plauder.features.admin.feature import register as admin
from plauder.features.audit.feature import register as audit
from plauder.features.backups.service import BackupService, open_setup
from plauder.features.blocking.feature import register as blocking
from plauder.features.calls.feature import Relays
from plauder.features.calls.feature import register as calls
from plauder.features.calls.rules import Relay
from plauder.features.carbons.feature import register as carbons
from plauder.features.commands.feature import register as commands
from plauder.features.csi.feature import register as csi
from plauder.features.disco.feature import register as disco
from plauder.features.discretion.feature import register as discretion
from plauder.features.groups.feature import register as groups
from plauder.features.last.feature import register as last
from plauder.features.mam.feature import register as mam
from plauder.features.media.feature import register as media_feature
from plauder.features.media.rules import Policy
from plauder.features.media.service import Media
from plauder.features.moved.feature import register as moved
from plauder.features.ping.feature import register as ping
from plauder.features.presence.feature import register as presence
from plauder.features.private.feature import register as private
from plauder.features.pubsub.feature import register as pubsub
from plauder.features.push.feature import register as push_feature
from plauder.features.push.service import Sender
from plauder.features.push.store import FCM, WEB
from plauder.features.roster.feature import register as roster
from plauder.features.strangers.feature import register as strangers
from plauder.features.strangers.rules import Trust
from plauder.features.time.feature import register as time
from plauder.features.vcard.feature import register as vcard
from plauder.features.version.feature import register as version
from plauder.kit import log
from plauder.kit.clock import Clock, SystemClock
from plauder.kit.config import OFF, Config
from plauder.kit.errors import Unavailable
from plauder.kit.keyring import Keyring
from plauder.kit.limits import Allowance
from plauder.kit.metrics import Metrics
from plauder.money.billing import conversations
from plauder.money.billing.invoices import close_month
from plauder.store import migrations, outbox
from plauder.store.blobs import Blobs
from plauder.store.database import Database
from plauder.store.inbox import Inbox, Quota
from plauder.store.inbox_sqlite import SqliteInbox
from plauder.store.resumption import MappedStreams
from plauder.store.schema import metadata
from plauder.wire.jid import Jid

FEATURES: tuple[Callable[[Server], object], ...] = (
    roster,
    moved,
    pubsub,
    discretion,
    presence,
    vcard,
    carbons,
    csi,
    private,
    mam,
    ping,
    time,
    last,
    groups,
)
"""Chat features without settings, in the order they register."""

TIDY_SECONDS = 3_600.0
SEEN_SECONDS = 60.0
_WITH_TABLES = tuple(f"plauder.{floor}" for floor in ("store", "features", "money", "business", "ads", "privacy"))
_log = log.get("app")


def tables() -> MetaData:
    """Every table of the program: each module that may declare one has been imported."""
    for module in pkgutil.walk_packages(plauder.__path__, "plauder."):
        if module.name.startswith(_WITH_TABLES) and ".migrations" not in module.name:
            importlib.import_module(module.name)
    return metadata


class App:
    """A whole server, not yet running. Made by `build`; `start` and `stop` are called once each."""

    def __init__(self, config: Config, clock: Clock) -> None:
        config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.config = config
        self.clock = clock
        self.metrics = Metrics(with_process=True)
        self.keyring = Keyring.open(config.data_dir / "secret.key")
        self.database = Database(config.database)
        self.outbox = outbox.Dispatcher(self.database, clock, counts=self.metrics)
        self.outgoing = httpx.AsyncClient(follow_redirects=False)
        self.outbound = Outbound(monotonic=clock.monotonic)
        self.sms = sms.build(config, clock, self.outgoing)
        self.accounts = Parts(self.database, clock, config, self.keyring, self.sms, self.metrics)
        self.credentials = AccountCredentials(self.accounts)
        self.devices = Devices(self.accounts)
        self.registration = Registration(self.accounts, self.devices)
        self.invites = Invites(self.accounts, self.devices)
        self.discovery = Discovery(self.accounts)
        self.certificate = certificates.files(config, clock.now())
        self.http_port = self.xmpp_port = self.xmpps_port = self.component_port = 0
        self.federation_port = self.federation_tls_port = 0
        self._running = contextlib.AsyncExitStack()
        self._reloaders: list[Callable[[], None]] = []

    @property
    def url(self) -> str:
        """Where a browser finds this server, with the port that was taken."""
        return self.config.public_url if self.config.http.port else f"http://{self.config.domain}:{self.http_port}"

    @property
    def local_url(self) -> str:
        """Where programs on this machine find it."""
        return f"http://127.0.0.1:{self.http_port}"

    def before_stop(self, do: Callable[[], Awaitable[None]]) -> None:
        """Call `do` first when the server stops: for parts that the demo adds."""
        self._running.push_async_callback(do)

    async def start(self) -> None:
        """Open everything and accept connections. Raises PlauderError when something cannot be opened; then nothing
        stays open."""
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self.outgoing.aclose)
            stack.callback(self.outbound.close)
            stack.push_async_callback(self.database.close)
            await self._start(stack)
            self._running = stack.pop_all()

    async def stop(self) -> None:
        """Accept nothing new, write down what is owed, close everything in the reverse order of its opening."""
        await self._running.aclose()

    def reload(self) -> None:
        """Read the certificate again, for connections to come."""
        certificates.files(self.config, self.clock.now())
        for reload in self._reloaders:
            reload()
        _log.info("certificate reloaded")

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        """In this order; closing runs it backwards: no new TCP streams, sessions end, then ports, outbox, inbox."""
        config = self.config
        sock = None
        if config.http.port != OFF:
            sock = listen.bind(config.http_host, config.http.port, "http.port")
            stack.callback(sock.close)
        await migrations.upgrade(self.database)
        self.server = await self._server(stack)
        self.media = self._media()
        self.backups = self._backups()
        self._register(self.server)
        self._listen_to_accounts(self.server)
        self.platform = self._platform() if config.business.enabled else None
        self._listen_to_billing()
        stack.push_async_callback(self._write_seen)
        await self.outbox.start()
        stack.push_async_callback(self.outbox.stop)
        self.door = self._door()
        http = self._http(sock) if sock is not None else None
        if http is not None:
            stack.push_async_callback(http.stop)
        listeners = self._listeners()
        for listener in listeners:
            stack.push_async_callback(listener.stop)
        stack.push_async_callback(self.server.stop)
        for listener in listeners:
            stack.callback(listener.stop_accepting)
        self.server.start()
        self.server.every(TIDY_SECONDS, self._tidy, "tidy accounts")
        self.server.every(SEEN_SECONDS, self._write_seen, "write when devices were seen")
        self.server.every(SEEN_SECONDS, self._measure, "measure what waits")
        self.server.every(TIDY_SECONDS, self._close_month, "issue invoices")
        if self.platform is not None:
            await self.platform.start()
            stack.push_async_callback(self.platform.stop)
        if config.federation.enabled:
            await self._federate(stack)
        await self._accept(listeners)
        await self._accept_components(stack)
        if http is not None:
            await http.start()
            self.http_port = http.port

    # ── the engine ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _server(self, stack: contextlib.AsyncExitStack) -> Server:
        config = self.config
        quota = Quota(
            per_device=config.inbox.max_messages,
            days=config.inbox.retention_days,
            min_free_bytes=config.inbox.min_free_bytes,
        )
        self.inbox: Inbox
        if self.database.is_sqlite:
            self.inbox = await SqliteInbox.open(config.data_dir / "inbox.db", quota)
        else:
            from plauder.store.inbox_postgres import PostgresInbox

            self.inbox = await PostgresInbox.open(config.database, quota)
        stack.push_async_callback(self.inbox.close)
        streams = MappedStreams(config.data_dir / "streams")
        stack.callback(streams.close)
        limits = Limits(
            stanza=config.xmpp.max_stanza_bytes,
            login_seconds=config.xmpp.login_seconds,
            resume_seconds=config.xmpp.resume_seconds,
        )
        server = Server(
            config.domain,
            clock=self.clock,
            credentials=self.credentials,
            inbox=self.inbox,
            bus=LocalBus(),
            directory=LocalDirectory(),
            database=self.database,
            limits=limits,
            metrics=self.metrics,
            streams=streams,
            config=config,
            highest=await self.inbox.highest(),
        )
        self.metrics.watch(
            "sessions", "Bound XMPP sessions, those that can be resumed included.", lambda: len(server.sessions())
        )
        return server

    def _register(self, server: Server) -> None:
        disco(server, contacts=self.config.contact.forms())
        reports = blocking(server)
        commands(server, operators=self.config.operators, record=audit(server).record)
        desk = Operators(self.accounts, self.devices, self.invites)
        admin(server, desk, desk, reports=reports)
        for feature in FEATURES:
            feature(server)
        limits = self.config.strangers
        strangers(server, desk.since, trust=Trust(limits.first_day, limits.daily_growth, limits.most))
        media_feature(server, self.media)
        server.on_forgotten(lambda account: self.backups.forget(account.local))
        server.on_renamed(lambda old, new: self.backups.rename(old.local, new.local))
        tries = Allowance(self.clock, self.config.limits.tries_per_minute, 60)
        by_invite = self.invites if "invite" in self.config.registration.ways else None
        inband(server, self.devices, tries, is_open=self.config.registration.in_band, invites=by_invite)
        version(server, shows_version=self.config.xmpp.show_version)
        calls(server, self._relays())
        self.push = push_feature(server, self._push_senders(), chat_name=self.keyring.derive("push chat names"))

        def saw(session: Session) -> None:
            self.credentials.saw(session.account.local, session.device)

        server.on_bound(do=saw)

    def _relays(self) -> Relays:
        settings = self.config.calls
        services = [Relay.parse(uri) for uri in settings.relays]
        return Relays(services, settings.secret.get_secret_value(), settings.login_seconds)

    def _push_senders(self) -> dict[str, Sender]:
        settings, outside = self.config.push, self.outbound
        contact = settings.contact or f"mailto:postmaster@{self.config.domain}"
        self.web_push = WebPush(outside, self.keyring, contact=contact, now=lambda: self.clock.now().timestamp())
        senders: dict[str, Sender] = {WEB: self.web_push}
        if settings.fcm_account is not None:
            account = ServiceAccount.read(settings.fcm_account)
            senders[FCM] = Fcm(outside, account, now=lambda: self.clock.now().timestamp())
        return senders

    def _media(self) -> Media:
        settings = self.config.media
        policy = Policy(settings.max_bytes, settings.daily_bytes, settings.kept_bytes, settings.blocked_types)
        blobs = self._blobs("media")
        return Media(
            self.database,
            blobs,
            self.clock,
            base_url=self.config.public_url,
            policy=policy,
            retention_days=settings.retention_days,
            downloaded_days=settings.downloaded_days,
        )

    def _blobs(self, name: str) -> Blobs:
        settings = self.config.media
        return Blobs(self.config.data_dir / name, settings.url, min_free_bytes=settings.min_free_bytes)

    def _backups(self) -> BackupService:
        directory = self.config.data_dir / "backups"
        return BackupService(
            self.database,
            self._blobs("backups"),
            self.clock,
            setup=open_setup(directory / "vault.setup"),
            max_bytes=self.config.media.max_bytes,
        )

    def _door(self) -> Door:
        config = self.config
        rules = Rules(
            require_tls=config.xmpp.require_tls,
            connections=config.xmpp.max_connections,
            connections_per_address=config.xmpp.max_connections_per_address,
            failures=config.limits.logins_per_minute,
        )
        door = Door(self.server, rules, secret=self.keyring.derive("salts of nobody"))
        self.metrics.watch("connections", "Open XMPP connections.", lambda: door.count)
        return door

    def _listeners(self) -> list[TcpListener]:
        tls = TlsContext(self.certificate.certificate, self.certificate.key)
        self._reloaders.append(tls.reload)
        return [TcpListener(self.door, tls), TcpListener(self.door, tls, is_direct=True)]

    async def _accept_components(self, stack: contextlib.AsyncExitStack) -> None:
        settings = self.config.components
        if settings.port == OFF or not settings.secrets:
            return
        secrets = {domain: secret.get_secret_value() for domain, secret in settings.secrets.items()}
        listener = ComponentListener(self.server, secrets)
        stack.push_async_callback(listener.stop)
        try:
            self.component_port = await listener.listen(settings.host, settings.port)
        except OSError as error:
            raise listen.refusal(error, settings.port, "components.port") from None

    async def _federate(self, stack: contextlib.AsyncExitStack) -> None:
        config, settings = self.config, self.config.federation
        tls = PeerContext(self.certificate.certificate, self.certificate.key)
        self._reloaders.append(tls.reload)
        federation = Federation(
            self.server,
            Settings(
                allow=settings.allow,
                deny=settings.deny,
                dialback=settings.dialback,
                give_up_seconds=settings.give_up_hours * 3_600,
                idle_seconds=settings.idle_minutes * 60,
                stanzas_per_second=settings.stanzas_per_second,
                max_connections=settings.max_connections,
            ),
            PeerTrust(self.clock.now, extra=settings.authorities),
            tls,
            self.keyring.derive("dialback"),
            Names(Dns(), settings.places),
        )
        stack.push_async_callback(federation.stop)
        await federation.start()
        self.metrics.watch("federation_connections", "Streams with other servers.", lambda: len(federation.connections))
        host = config.federation_host
        for port, setting in ((settings.port, "federation.port"), (settings.tls_port, "federation.tls_port")):
            if port == OFF:
                continue
            taken = await federation.listen(host, port, setting, is_direct=setting == "federation.tls_port")
            if setting == "federation.port":
                self.federation_port = taken
            else:
                self.federation_tls_port = taken

    async def _accept(self, listeners: list[TcpListener]) -> None:
        settings = self.config.xmpp
        ports = [0, 0]
        for at, (port, setting) in enumerate(((settings.port, "xmpp.port"), (settings.tls_port, "xmpp.tls_port"))):
            if port != OFF:
                try:
                    ports[at] = await listeners[at].listen(self.config.xmpp_host, port)
                except OSError as error:
                    raise listen.refusal(error, port, setting) from None
        self.xmpp_port, self.xmpps_port = ports

    # ── HTTP ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _http(self, sock: socket.socket) -> HttpServer:
        tls = (self.certificate.certificate, self.certificate.key) if self.config.http.tls else None
        proxies = Proxies(self.config.http.trusted_proxies)
        websockets = WebSocketListener(self.door, proxies.of_upgrade)
        http = HttpServer(build_http(self._http_parts()), sock, websocket=websockets.make, tls=tls)
        self._reloaders.append(http.reload)
        return http

    def _online_devices(self, local: str) -> set[str]:
        """Ids of the account's devices that have said that they are there."""
        account = Jid.parse(f"{local}@{self.config.domain}")
        return {session.device for session in self.server.available_sessions_of(account)}

    async def _team_of(self, token: str) -> account_routes.TeamOut | None:
        """The business into whose team an invite's link leads."""
        async with self.database.read() as uow:
            team = await team_invitations.team_of(uow, store.hashed(token).hex(), self.clock.now())
        return None if team is None else account_routes.TeamOut(id=team.id, name=team.name, role=team.role)

    def _http_parts(self) -> HttpParts:
        config = self.config
        auth = Auth(self.credentials, self.keyring, config, self.clock)
        tries = Allowance(self.clock, config.limits.tries_per_minute, 60)
        routers: list[APIRouter] = [
            account_routes.router(
                config, auth, self.registration, self.devices, self.invites, tries, self._online_devices, self._team_of
            ),
            discovery_routes.router(config, self.discovery),
            media_routes.router(self.media),
            backup_routes.router(self.backups),
            meeting_routes.router(meeting_routes.Meetings(self.clock)),
            push_routes.router(self.push, self.web_push.public_key),
        ]
        bosh = Bosh(self.door, Proxies(config.http.trusted_proxies))
        others: list[tuple[Callable[[Scope], bool], ASGIApp]] = [(bosh.owns, bosh)]
        if self.platform is not None:
            routers.insert(0, self.platform.downloads)
            consoles = (business_routes, business_templates, business_files, business_sandbox)
            routers += [module.router(self.platform) for module in consoles]
            routers.append(business_team.router(self.platform, self.invites))
            routers.append(billing_routes.router(self.platform, seller=self._seller))
            others.append((business_setup.Owner(config), self.platform.api))
        if config.dev.page and isinstance(self.sms, Console):
            routers.append(dev.router(self.sms))
        return HttpParts(
            config,
            self.clock,
            self.metrics,
            routers=routers,
            auth=auth,
            others=others,
            checks={"database": self._check_database, "inbox": self.inbox.flush, "engine": self._check_engine},
        )

    async def _check_database(self) -> None:
        async with self.database.read() as uow:
            await uow.execute(select(1))

    async def _check_engine(self) -> None:
        if self.server.is_stopping:
            raise Unavailable("stopping")

    # ── business ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _platform(self) -> Platform:
        self.accounts.reserved.append(business_setup.is_business_number)
        return build_platform(
            server=self.server,
            database=self.database,
            clock=self.clock,
            keyring=self.keyring,
            blobs=self._blobs("business"),
            codes=BusinessCodes(self.sms),
            billing=MeteredBilling(),
            settings=business_setup.settings_of(self.config),
            taken=self.credentials.exists,
            clerk=self._clerk(),
        )

    def _clerk(self) -> Clerk | None:
        """The second process, where it is wanted."""
        wanted = self.config.business.clerk
        if wanted == "off" or (wanted == "auto" and _processors() == 1):
            return None
        clerk = Clerk(self.config)
        self.metrics.watch("clerk_ready", "Whether the second process works.", lambda: clerk.is_ready)
        return clerk

    # ── accounts and the engine ───────────────────────────────────────────────────────────────────────────────────

    def _listen_to_accounts(self, server: Server) -> None:
        """What happens to accounts, by whomever (this process, the command line), reaches the engine."""

        def jid(one: outbox.Announcement) -> Jid:
            return Jid.parse(f"{one.payload['account']}@{self.config.domain}")

        async def changed(one: outbox.Announcement) -> None:
            server.account_changed(jid(one))

        async def revoked(one: outbox.Announcement) -> None:
            account = jid(one)
            device = str(one.payload["device"])
            await server.forget_device(account, device)
            # A second connection of one device has a queue by its resource, so it may be the revoked one's too; who
            # came with the password that is no device's has one by the user agent.
            own = ("resource:",) if device else ("resource:", "agent:")
            for session in server.sessions_of(account):
                if session.device == SHARED or session.device.startswith(own):
                    session.close("not-authorized", "A device was removed; log in again.")

        async def disabled(one: outbox.Announcement) -> None:
            for session in server.sessions_of(jid(one)):
                session.close("not-authorized", "This account was shut by the operator.")
            server.account_changed(jid(one))

        async def gone(one: outbox.Announcement) -> None:
            # Registered again meanwhile: what there is now is the new account's.
            if not await self.credentials.exists(str(one.payload["account"])):
                await server.forget_account(jid(one))

        async def created(one: outbox.Announcement) -> None:
            await changed(one)
            async with self.database.begin() as uow:
                await team_invitations.joined(uow, str(one.payload["account"]), at=self.clock.now())

        async def invited(one: outbox.Announcement) -> None:
            account, invite = str(one.payload["account"]), str(one.payload["invite"])
            async with self.database.begin() as uow:
                await team_invitations.joined(uow, account, at=self.clock.now(), invite=invite)
            host = Jid.parse(f"{one.payload['by']}@{self.config.domain}")
            if await server.has_account(host) and await server.has_account(jid(one)):
                await server.people.contacts.befriend(jid(one), host)

        async def renamed(one: outbox.Announcement) -> None:
            new = Jid.parse(f"{one.payload['to']}@{self.config.domain}")
            for move in server.renamed_watchers:
                await move(jid(one), new)
            await gone(one)
            server.account_changed(new)

        for topic, do in (
            (events.CREATED, created),
            (events.INVITED, invited),
            (events.ENABLED, changed),
            (events.DISABLED, disabled),
            (events.REVOKED, revoked),
            (events.DELETED, gone),
            (events.RENAMED, renamed),
        ):
            self.outbox.subscribe(topic, do)

        async def forget(local: str) -> None:
            await server.forget_account(Jid.parse(f"{local}@{self.config.domain}"))

        self.accounts.forget.append(forget)

    def _listen_to_billing(self) -> None:
        """Spend alerts reach whoever wants `account_alerts`, volume tiers whoever wants `account_update`."""

        async def alert(one: outbox.Announcement) -> None:
            if self.platform is None:
                return
            async with self.database.begin() as uow:
                publisher, now = self.platform.publisher, self.clock.now()
                await tell_of_alert(uow, publisher, one.payload, key=f"billing/{one.key}", at=now)
            self.platform.wake()

        async def tier(one: outbox.Announcement) -> None:
            if self.platform is None:
                return
            async with self.database.begin() as uow:
                await tell_of_tier(uow, self.platform.publisher, one.payload, key=f"billing/{one.key}")
            self.platform.wake()

        self.outbox.subscribe("billing.alert", alert)
        self.outbox.subscribe("billing.tier", tier)

    @property
    def _seller(self) -> str:
        return self.config.business.seller or self.config.domain

    async def _close_month(self) -> None:
        for number in await close_month(self.database, seller=self._seller, at=self.clock.now()):
            _log.info("invoice issued", number=number)

    async def _write_seen(self) -> None:
        await self.credentials.write_seen()

    async def _measure(self) -> None:
        """Gauges that cost a query each, so they are not read at every request for metrics."""
        async with self.database.read() as uow:
            self.metrics.gauge("accounts", await store.count(uow))
            self.metrics.gauge("outbox_waiting", await outbox.count(uow))
            self.metrics.gauge("outbox_dead", await outbox.count(uow, outbox.dead))

    async def _tidy(self) -> None:
        async with self.database.begin() as uow:
            gone = await store.forget_old(uow, self.clock.now())
            await conversations.forget(uow, self.clock.now())
        _log.debug("tidied", rows=gone)


def _processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def build(config: Config, clock: Clock | None = None) -> App:
    """A server for this configuration. Raises ConfigError, BadKey."""
    return App(config, clock or SystemClock())


@contextlib.asynccontextmanager
async def running(config: Config, clock: Clock | None = None) -> AsyncIterator[App]:
    """A server that runs while the block does: for tests and the demo."""
    app = build(config, clock)
    await app.start()
    try:
        yield app
    finally:
        await app.stop()
