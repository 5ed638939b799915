"""Requests that we make to addresses other people chose: callbacks, media links, flow endpoints.

Every name is resolved here, each address checked, and the connection made to the checked address, so a name that
resolves differently a moment later gains nothing. No redirects are followed, bodies and times are bounded, and
connections are kept open for the next request to the same host.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import httptools

from plauder.business.webhooks.rules import Network, is_allowed
from plauder.kit.errors import PlauderError

IDLE_PER_HOST = 64
IDLE_SECONDS = 30.0
HEAD_BYTES = 131_072
"""Beyond what bodies may have: headers, trailers and what chunks cost."""


class OutboundFailed(PlauderError):
    """The other side could not be asked."""

    code = "outbound-failed"
    status = 502


class TimedOut(OutboundFailed):
    """The other side did not answer in time."""

    code = "timed-out"
    status = 504


class Refused(OutboundFailed):
    """That address is on a private network. An operator can allow it."""

    code = "address-refused"
    status = 400


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    milliseconds: float


class _Connection(asyncio.Protocol):
    """One HTTP/1.1 connection, one request at a time (RFC 9112)."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.idle_since = 0.0
        self._parser = httptools.HttpResponseParser(self)
        self._done: asyncio.Future[None] | None = None
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._limit = 0
        self._left = 0
        self.is_open = False
        self.keep_alive = True
        self.used = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio.Transport in all but name.
        self.transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        try:
            self._left -= len(data)
            if self._left < 0:  # a header, a trailer or a chunk's extension without end, which the parser gathers
                raise OutboundFailed("The answer's headers are too large.")  # noqa: TRY301
            self._parser.feed_data(data)
        except (httptools.HttpParserError, OutboundFailed) as error:
            cause = next((one for one in (error, error.__context__) if isinstance(one, OutboundFailed)), None)
            self._fail(cause or OutboundFailed(f"The answer is not HTTP: {str(error)[:120]}"))
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._done and not self._done.done():
            if exc is None and self._status and "content-length" not in self._headers:
                self._done.set_result(None)  # RFC 9112 §6.3: the end of the connection ends the body
            else:
                self._fail(OutboundFailed("The connection was closed before the answer was complete."))

    @property
    def _status(self) -> int:
        return int(self._parser.get_status_code())

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self._headers) >= 200:
            raise OutboundFailed("The answer has too many headers.")
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > self._limit:
            raise OutboundFailed(f"The answer is larger than {self._limit} bytes.")

    def on_message_complete(self) -> None:
        if self._status < 200:
            self._headers = {}
            return
        self.keep_alive = self._parser.should_keep_alive()
        if self._done and not self._done.done():
            self._done.set_result(None)

    def _fail(self, error: Exception) -> None:
        if self._done and not self._done.done():
            self._done.set_exception(error)

    async def request(self, head: bytes, body: bytes, limit: int) -> tuple[int, dict[str, str], bytes]:
        assert self.transport
        self._parser = httptools.HttpResponseParser(self)
        self._headers, self._body, self._limit = {}, bytearray(), limit
        self._left = 2 * limit + HEAD_BYTES
        self._done = asyncio.get_running_loop().create_future()
        self.transport.write(head + body)
        await self._done
        self.used = True
        return self._status, self._headers, bytes(self._body)

    def close(self) -> None:
        if self.transport:
            self.transport.abort()


class Outbound:
    """An HTTP client for addresses one must not trust. `allowed` are networks the operator opened."""

    def __init__(
        self,
        *,
        allowed: Sequence[Network] = (),
        tls: ssl.SSLContext | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        agent: str = "Plauder/0.1",
    ) -> None:
        self.allowed = tuple(allowed)
        self._tls = tls
        self._monotonic = monotonic
        self._agent = agent
        self._idle: dict[tuple[str, str, int], list[_Connection]] = {}

    async def get(self, url: str, *, timeout: float = 10.0, limit: int = 65_536) -> Answer:  # noqa: ASYNC109
        return await self.request("GET", url, timeout=timeout, limit=limit)

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = 10.0,  # noqa: ASYNC109
        limit: int = 65_536,
    ) -> Answer:
        return await self.request("POST", url, body, headers, timeout=timeout, limit=limit)

    async def request(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float,  # noqa: ASYNC109
        limit: int,
    ) -> Answer:
        """One request; `timeout` seconds for all of it. Raises OutboundFailed, Refused."""
        started = self._monotonic()
        parts = urlsplit(url)
        host, scheme = parts.hostname or "", parts.scheme
        port = parts.port or (443 if scheme == "https" else 80)
        head = _head(method, url, self._agent, body, headers or {})
        try:
            async with asyncio.timeout(timeout):
                status, found, content = await self._exchange((scheme, host, port), head, body, limit)
        except TimeoutError:
            raise TimedOut(f"No answer within {timeout:g} seconds.") from None
        except (OSError, ssl.SSLError) as error:
            raise OutboundFailed(f"Cannot connect: {error.strerror or type(error).__name__}") from None
        return Answer(status, found, content, (self._monotonic() - started) * 1_000)

    async def _exchange(
        self, key: tuple[str, str, int], head: bytes, body: bytes, limit: int
    ) -> tuple[int, dict[str, str], bytes]:
        while True:
            connection = self._take(key) or await self._connect(*key)
            fresh = not connection.used
            try:
                result = await connection.request(head, body, limit)
            except OutboundFailed:
                connection.close()
                if fresh or connection._headers:
                    raise
                continue  # a kept connection that the other side had closed meanwhile
            except BaseException:
                connection.close()
                raise
            self._give_back(key, connection)
            return result

    def _take(self, key: tuple[str, str, int]) -> _Connection | None:
        idle, now = self._idle.get(key, []), self._monotonic()
        while idle:
            connection = idle.pop()
            if connection.is_open and now - connection.idle_since < IDLE_SECONDS:
                return connection
            connection.close()
        return None

    def _give_back(self, key: tuple[str, str, int], connection: _Connection) -> None:
        idle = self._idle.setdefault(key, [])
        if connection.is_open and connection.keep_alive and len(idle) < IDLE_PER_HOST:
            connection.idle_since = self._monotonic()
            idle.append(connection)
        else:
            connection.close()

    def _context(self) -> ssl.SSLContext:
        self._tls = self._tls or ssl.create_default_context()
        return self._tls

    async def _connect(self, scheme: str, host: str, port: int) -> _Connection:
        loop = asyncio.get_running_loop()
        addresses = await self.resolve(host, port)
        last: OSError | None = None
        for address in addresses:
            try:
                _, connection = await loop.create_connection(
                    _Connection,
                    address,
                    port,
                    ssl=self._context() if scheme == "https" else None,
                    server_hostname=host if scheme == "https" else None,
                )
            except ssl.SSLError:
                raise
            except OSError as error:
                last = error
            else:
                return connection
        raise last or OSError("no address")

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a name that may be connected to. Raises Refused when it has none such."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=1)
        except (OSError, UnicodeError):
            raise OutboundFailed(f"The name {host} cannot be resolved.") from None
        addresses = list(dict.fromkeys(str(item[4][0]) for item in found))
        if good := [address for address in addresses if is_allowed(address, self.allowed)]:
            return good
        raise Refused(f"{host} is on a private network, where this server makes no requests for others.")

    def close(self) -> None:
        """Close every kept connection."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()


def _head(method: str, url: str, agent: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = {"Host": parts.netloc, "User-Agent": agent, "Accept": "*/*"} | dict(headers)
    if body or method in ("POST", "PUT", "PATCH"):
        lines["Content-Length"] = str(len(body))
    text = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    if any(mark in text for mark in ("\0",)) or text.count("\n") != len(lines) + 1:
        raise OutboundFailed("The address or a header has a line break.")
    return (text + "\r\n").encode("latin-1")
