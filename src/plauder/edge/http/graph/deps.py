"""What the routes stand on, and the one authenticated call that each of them handles."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Path, Request

from plauder.business.accounts import commands as accounts
from plauder.business.accounts import rules
from plauder.business.accounts.rules import Access
from plauder.business.messages.pipeline import Pipeline
from plauder.business.messages.ports import Sender
from plauder.business.messages.rules import Rates
from plauder.business.numbers.commands import Codes
from plauder.business.shared import nodes
from plauder.business.shared.errors import bad_token, fail, invalid, missing_node
from plauder.business.shared.updates import Updates
from plauder.edge.http.graph import selection
from plauder.edge.http.graph.adapters import Senders
from plauder.edge.http.graph.params import Params, merged
from plauder.kit.clock import Clock
from plauder.kit.keyring import Keyring
from plauder.kit.remember import Remembered
from plauder.store.blobs import Blobs
from plauder.store.database import Database, UnitOfWork

_SCHEME = re.compile(r"(?:bearer|oauth)\s+(\S+)", re.IGNORECASE)
TOKEN_CACHE = 5.0
TOKEN_CACHE_SIZE = 4_096


@dataclass(frozen=True, slots=True)
class GraphSettings:
    """What an operator decides about the API. `public_url` has no trailing slash."""

    public_url: str = "http://localhost:8080"
    api_hosts: frozenset[str] = frozenset()
    """Other names by which programs with a fixed host reach us."""


Handshake = Callable[[str, str], Awaitable[None]]
"""Asks a callback URL for its consent with a verify token. Raises error 2200."""


async def _nothing(number_id: str) -> None:
    return


async def _not_taken(digits: str) -> bool:
    return False


async def _no_faults(portfolio_id: str) -> frozenset[str]:
    return frozenset()


@dataclass(slots=True)
class Graph:
    """The parts that routes use; `edge.http.graph.wiring` puts them together."""

    database: Database
    clock: Clock
    keyring: Keyring
    codes: Codes
    handshake: Handshake
    blobs: Blobs
    pipeline: Pipeline
    senders: Senders
    media_key: bytes
    updates: Updates
    settings: GraphSettings = field(default_factory=GraphSettings)
    subscriptions_changed: Callable[[], None] = lambda: None
    number_changed: Callable[[str], Awaitable[None]] = field(default=_nothing)
    """Called after the commit with a number's id when it was registered, deregistered or renamed."""
    taken: Callable[[str], Awaitable[bool]] = field(default=_not_taken)
    """Whether digits are a person's account, so no business can register them."""
    faults: Callable[[str], Awaitable[frozenset[str]]] = field(default=_no_faults)
    """Failures that a portfolio has switched on in its sandbox."""
    _tokens: Remembered[str, Access] = field(init=False)
    _rates: Rates = field(default_factory=Rates)

    def __post_init__(self) -> None:
        self._tokens = Remembered(
            self._authenticate, seconds=TOKEN_CACHE, monotonic=self.clock.monotonic, most=TOKEN_CACHE_SIZE
        )

    async def access(self, token: str) -> Access:
        """Who a token is, remembered for a few seconds. Raises error 190."""
        access = await self._tokens.get(token)
        if access.expires_at is not None and access.expires_at <= self.clock.now():
            return await self._authenticate(token)  # which says when it expired
        return access

    async def _authenticate(self, token: str) -> Access:
        async with self.database.read() as uow:
            return await accounts.authenticate(uow, self.keyring, token, self.clock.now())

    async def check_free(self, digits: str) -> None:
        """Raises error 100 when a person has the number."""
        if await self.taken(digits):
            details = "A person uses this number. Delete that account in the app first."
            raise invalid(details, subcode=2388012, title="Number in use")

    async def sender(self, phone_id: str) -> Sender:
        """A business number as messages know it. Raises error 100 subcode 33."""
        if (sender := await self.senders.sender(phone_id)) is None:
            raise missing_node(phone_id)
        return sender

    def check_rate(self, access: Access) -> None:
        """Management calls of an app for one business. Raises error 80007."""
        policies, now = self.pipeline.ports.policies, self.clock.now()
        if not policies.is_active("management_rate", now):
            return
        most = policies.value("management_rate", now)
        key = ("management", access.app_id, access.portfolio_id)
        wait = self._rates.take(key, interval=3_600 / most, burst=most, now=self.clock.monotonic())
        if wait:
            raise fail(80007, f"More than {most:g} management calls in an hour.", retry_after=max(1.0, wait))

    def forget_tokens(self) -> None:
        """After a revocation: nothing remembered is good any more."""
        self._tokens.forget()


@dataclass(slots=True)
class Call:
    """One authenticated request."""

    request: Request
    graph: Graph
    params: Params
    access: Access

    @property
    def base(self) -> str:
        """Our own absolute base URL, as this client can reach it."""
        return base_url(self.request, self.graph.settings)

    @property
    def fields(self) -> tuple[selection.Field, ...]:
        return selection.parse(",".join(map(str, self.params.list("fields"))) if self._lists_fields else self._fields)

    @property
    def _fields(self) -> str:
        return self.params.text("fields")

    @property
    def _lists_fields(self) -> bool:
        value = self.params.get("fields")
        return isinstance(value, list) or (isinstance(value, str) and value.startswith("["))

    def require(self, scope: str) -> None:
        """Raises error 10 when the token lacks the permission, as the vendor words it."""
        if not self.access.allows(scope):
            raise fail(10, f"Application does not have permission for this action: it needs {scope}")

    async def node(self, uow: UnitOfWork, node_id: str, *kinds: nodes.Kind) -> nodes.Node:
        """A node of the caller's own portfolio, of one of `kinds` (any when empty). Raises error 100 subcode 33."""
        node = await nodes.find(uow, node_id)
        if node is None or node.portfolio_id != self.access.portfolio_id or (kinds and node.kind not in kinds):
            raise missing_node(node_id)
        return node

    def select(
        self, node: Mapping[str, Any], *, kind: str, default: tuple[str, ...], always: tuple[str, ...] = ("id",)
    ) -> dict[str, Any]:
        return selection.select(node, self.fields, kind=kind, default=default, always=always)


def base_url(request: Request, settings: GraphSettings) -> str:
    """The configured public URL; for loopback and the operator's other names, the host that the client used."""
    host = request.headers.get("host", "")
    if (name := host.partition(":")[0].lower()) in ("localhost", "127.0.0.1") or name in settings.api_hosts:
        return f"{request.url.scheme}://{host}"
    return settings.public_url


def token_of(request: Request, params: Params) -> str:
    """The token by header, query or form. Raises errors 190 and 104-free 200 as the vendor does without one."""
    header = request.headers.get("authorization", "")
    if match := _SCHEME.fullmatch(header.strip()):
        return match[1]
    if token := params.text("access_token"):
        return token
    raise bad_token("An access token is required to request this resource.")


async def authenticated(request: Request) -> AsyncIterator[Call]:
    """The dependency of every route behind a token. Uploaded files are closed when the route is done."""
    graph: Graph = request.state.graph
    try:
        yield await call_of(request, graph, await merged(request))
    finally:
        await request.close()


async def call_of(request: Request, graph: Graph, params: Params) -> Call:
    """Authenticate a request whose parameters are parsed already."""
    token = token_of(request, params)
    access = await graph.access(token)
    if "expired_token" in await graph.faults(access.portfolio_id):
        raise bad_token("The sandbox failure expired_token is switched on.", subcode=463)
    request.state.access = access
    if not request.url.path.endswith(("/messages", "/marketing_messages", "/media")):
        graph.check_rate(access)
    await _check_proof(graph, access, token, params)
    return Call(request, graph, params, access)


async def _check_proof(graph: Graph, access: Access, token: str, params: Params) -> None:
    given = params.text("appsecret_proof")
    if not given and not access.requires_proof:
        return
    if not given:
        raise fail(104, "API calls from the server require an appsecret_proof argument")
    async with graph.database.read() as uow:
        secret = await accounts.app_secret(uow, graph.keyring, access.app_id)
    expected = rules.appsecret_proof(secret or "", token)
    if not secret or not rules.is_same(expected, given.lower()):
        raise fail(100, "Invalid appsecret_proof provided in the API argument")


Authenticated = Annotated[Call, Depends(authenticated)]
NodeId = Annotated[str, Path(pattern=r"^[0-9]{1,20}$", description="The decimal id of a node.")]
