"""From the first byte to a bound session: header, STARTTLS, SASL or SASL2, binding or resuming.

One coroutine per connection that is logging in, written in the order of the protocol; it ends, and is forgotten, when
a session is bound. What a client sends ahead of time waits in `put` until the coroutine asks for it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections import deque
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from plauder.core.authentication import Authentication, Identity
from plauder.core.client import ClientSession
from plauder.core.connection import Connection, handled_of, sm_failed
from plauder.core.hooks import Visitor
from plauder.kit import ids
from plauder.kit import log as logging
from plauder.store.inbox import InboxFull
from plauder.wire import negotiation, sm
from plauder.wire.events import SM, Event, Nonza, StreamClosed, StreamOpened
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.negotiation import BIND, SASL, SASL2, TLS, Authenticate
from plauder.wire.sasl_error import SaslFailure
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.stream_error import StreamError
from plauder.wire.xml import E, serialize

if TYPE_CHECKING:
    from plauder.core.door import Door

log = logging.get("core.login")

BIND_QUERY: Final = f"{{{BIND}}}bind"
SM_RESUME: Final = f"{{{SM}}}resume"
SM_ENABLE: Final = f"{{{SM}}}enable"
BIND_FEATURES: Final = serialize(negotiation.bind_feature()) + serialize(E(f"{{{SM}}}sm"))
SESSION_FEATURE: Final = serialize(negotiation.session_feature())
EVENTS_MAX: Final = 64
"""What a client may send ahead of time before it is no longer read."""


class _Closed(Exception):
    """The client closed its stream."""


class Login:
    """The negotiation of one connection."""

    def __init__(self, door: Door, connection: Connection) -> None:
        self._door = door
        self._server = door.server
        self._connection = connection
        self._events: deque[Event] = deque()
        self._arrived: asyncio.Future[None] | None = None
        self._is_paused = False
        self._visitor = Visitor(connection.address)
        self._task = asyncio.get_running_loop().create_task(self._run(), name="login")

    # ── events ────────────────────────────────────────────────────────────────────────────────────────────────────

    def put(self, event: Event) -> None:
        """Something came."""
        self._events.append(event)
        if len(self._events) >= EVENTS_MAX and not self._is_paused:
            self._is_paused = True
            self._connection.pause()
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    def cancel(self) -> None:
        """The connection is gone."""
        if self._task is not asyncio.current_task():
            self._task.cancel()

    async def _next(self) -> StreamOpened | Nonza | Stanza:
        """The next thing the client says. Raises StreamError and _Closed."""
        while not self._events:
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived
        event = self._events.popleft()
        if self._is_paused and not self._events:
            self._resume_reading()
        if isinstance(event, StreamError):
            raise event
        if isinstance(event, StreamClosed):
            raise _Closed
        return event

    def _resume_reading(self) -> None:
        self._is_paused = False
        self._connection.resume()

    # ── the order of things ───────────────────────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        connection = self._connection
        try:
            async with asyncio.timeout(self._server.limits.login_seconds):
                session = await self._negotiate()
        except TimeoutError:
            connection.close("connection-timeout", "The login took too long.")
        except _Closed:
            connection.close()
        except StreamError as error:
            connection.fail(error)
        except asyncio.CancelledError:
            raise
        except InboxFull:
            connection.close("resource-constraint", "The server cannot take logins at the moment.")
        except Exception:
            log.exception("login-failed")
            connection.close("internal-server-error")
        else:
            self._hand_over(session)

    def _hand_over(self, session: ClientSession) -> None:
        """From here on the session takes what comes, beginning with what came already."""
        connection = self._connection
        if session.is_over:
            connection.close()
            return
        connection.login = None
        connection.session = session
        connection.framer.limit = self._server.limits.stanza
        while self._events:
            connection.on_event(self._events.popleft())
        if self._is_paused:
            self._resume_reading()

    async def _negotiate(self) -> ClientSession:
        await self._open()
        connection = self._connection
        authentication = await self._secure() if connection.can_start_tls and not connection.is_encrypted else None
        if not connection.is_encrypted and self._door.rules.require_tls:
            raise StreamError("policy-violation", "Logins need an encrypted connection.")
        if authentication is None:
            authentication = Authentication(self._door, connection)
            self._write_features(self._logins(authentication))
        while True:
            event = await self._next()
            if isinstance(event, Stanza) and event.is_request:
                await self._answer_stranger(event)
                continue
            nonza = self._as_nonza(event)
            if nonza.tag == f"{{{SASL}}}auth":
                identity = await self._sasl(authentication, nonza.element)
                if identity is not None:
                    return await self._bind_or_resume(identity)
            elif nonza.tag == f"{{{SASL2}}}authenticate":
                session = await self._sasl2(authentication, nonza.element)
                if session is not None:
                    return session
            elif nonza.tag.startswith(f"{{{SM}}}"):
                connection.write(sm_failed("unexpected-request"))
            else:
                raise StreamError("not-authorized", "Log in first.")

    async def _nonza(self) -> Nonza:
        return self._as_nonza(await self._next())

    def _as_nonza(self, event: StreamOpened | Nonza | Stanza) -> Nonza:
        if not isinstance(event, Nonza):
            raise StreamError("not-authorized", "Log in first.")  # RFC 6120 §4.9.3.12
        return event

    async def _answer_stranger(self, iq: Stanza) -> None:
        """A request of somebody who has not logged in: the few that are meant for such are answered."""
        payload = iq.payloads[0] if len(iq.payloads) == 1 else None
        answer = None if payload is None else self._server.requests_before_login.get((iq.type or "", payload.tag))
        if answer is None or payload is None or not iq.id:
            raise StreamError("not-authorized", "Log in first.")
        plain = iq.with_attrs(to=None, from_=None)
        try:
            result = plain.result(await answer(self._visitor, iq, payload))
        except StanzaError as error:
            result = plain.error_reply(error)
        self._connection.write(result.to_bytes())

    async def _open(self) -> None:
        """RFC 6120 §4.7: headers both ways."""
        event = await self._next()
        if not isinstance(event, StreamOpened):
            raise StreamError("not-authorized", "Open a stream first.")
        self._connection.open_stream()
        try:
            to = Jid.parse(event.to).text if event.to else None
        except InvalidJid:
            raise StreamError("improper-addressing") from None
        if to is None or to != self._server.domain:
            raise StreamError("host-unknown", None if to is None else "This server does not serve that domain.")
        if event.version is None or not event.version.startswith("1."):
            raise StreamError("unsupported-version")

    async def _secure(self) -> Authentication | None:
        """RFC 6120 §5. Where TLS may be left out and was, the logins that were offered besides."""
        connection, required = self._connection, self._door.rules.require_tls
        features = serialize(negotiation.starttls_feature(required=required))
        authentication = None if required else Authentication(self._door, connection)
        self._write_features(features if authentication is None else features + self._logins(authentication))
        event = await self._next()
        if isinstance(event, Nonza) and event.tag == f"{{{TLS}}}starttls":
            if self._events or not connection.framer.is_empty:
                # A client waits for <proceed/>. What came in the clear behind its back must not be taken for encrypted.
                raise StreamError("policy-violation", "Something followed <starttls/> in the clear.")
            connection.start_tls()
            await self._open()
            return None
        if required:
            raise StreamError("policy-violation", "Start TLS first.")
        self._events.appendleft(event)
        return authentication

    def _logins(self, authentication: Authentication) -> bytes:
        return authentication.features(self._server.bind2_namespaces) + self._server.written_before_login()

    def _write_features(self, features: bytes) -> None:
        self._connection.write(self._connection.wrap_features(features))

    # ── SASL ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _sasl(self, authentication: Authentication, element: Element) -> Identity | None:
        """RFC 6120 §6; None where it failed and may be tried again."""
        connection = self._connection
        try:
            auth = negotiation.parse_auth(element)
            exchange = authentication.begin(auth.mechanism)
            step = await exchange.receive(auth.initial)
            while step.identity is None:
                connection.write(serialize(negotiation.challenge(step.data or b"")))
                step = await exchange.receive(await self._response(SASL))
        except SaslFailure as failure:
            connection.write(serialize(negotiation.failure(failure)))
            await authentication.failed(failure)
            return None
        connection.write(serialize(negotiation.success(step.data)))
        connection.framer.limit = self._server.limits.stanza
        return step.identity

    async def _response(self, namespace: str) -> bytes:
        nonza = await self._nonza()
        if nonza.tag == f"{{{namespace}}}abort":
            raise SaslFailure("aborted")
        if nonza.tag != f"{{{namespace}}}response":
            raise SaslFailure("malformed-request", "a response was expected")
        return negotiation.parse_response(nonza.element)

    async def _bind_or_resume(self, identity: Identity) -> ClientSession:
        """RFC 6120 §7 on the stream that begins anew after SASL; or XEP-0198 §5."""
        await self._open()
        connection = self._connection
        self._write_features(BIND_FEATURES + SESSION_FEATURE + self._server.written_after_login())
        while True:
            event = await self._next()
            if isinstance(event, Stanza):
                session = await self._bind(identity, event)
                if session is not None:
                    return session
            elif isinstance(event, Nonza) and event.tag == SM_RESUME:
                session = await self._resume(identity, event)
                if session is not None:
                    return session
            elif isinstance(event, Nonza) and event.tag == SM_ENABLE:
                connection.write(sm_failed("unexpected-request"))  # XEP-0198 §3: after binding only
            else:
                raise StreamError("not-authorized", "Bind a resource first.")

    async def _bind(self, identity: Identity, iq: Stanza) -> ClientSession | None:
        """The `<iq/>` that binds; None where it was refused."""
        query = iq.payloads[0] if iq.kind == "iq" and iq.type == "set" and len(iq.payloads) == 1 else None
        if query is None or query.tag != BIND_QUERY or not iq.id:
            raise StreamError("not-authorized", "Bind a resource first.")
        wanted = negotiation.wanted_resource(query)
        answer = iq.with_attrs(to=None, from_=None)
        try:
            resource = identity.account.with_resource(wanted).resource if wanted else ids.new_token(9)
        except InvalidJid:
            self._connection.write(answer.error_reply(StanzaError("modify", "bad-request")).to_bytes())
            return None
        session = await self._server.bind(
            identity.account, resource, identity.device, self._connection, is_known=wanted is not None
        )
        self._settle(session)
        self._connection.write(answer.result(negotiation.bound(session.jid.text)).to_bytes())
        return session

    def _settle(self, session: ClientSession) -> None:
        session.address = self._connection.address
        session.is_encrypted = self._connection.is_encrypted

    async def _resume(self, identity: Identity, nonza: Nonza) -> ClientSession | None:
        """XEP-0198 §5 after SASL; None where the stream is not to be resumed, and the client may bind instead."""
        h = handled_of(nonza)
        session = await self._server.find_resumable(identity.account, nonza.attrs.get("previd", ""))
        if session is None or h is None:
            self._connection.write(sm_failed("item-not-found"))
            return None
        return await self._take_over(session, h)

    async def _take_over(self, session: ClientSession, h: int) -> ClientSession | None:
        """Put a session on this connection; its old one, if it is still there, is cut off."""
        await self._server.prepare_resumption(session)
        if session.is_over:
            self._connection.write(sm_failed("item-not-found", session.handled))
            return None
        try:
            self._settle(session)
            session.resumed(self._connection, h)
        except sm.HandledCountTooHigh:
            session.end()
            raise
        return session

    # ── SASL2 ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _sasl2(self, authentication: Authentication, element: Element) -> ClientSession | None:
        """XEP-0388 with Bind 2, resumption and FAST in one go; None where the login failed."""
        connection = self._connection
        try:
            wish = negotiation.parse_authenticate(element)
            exchange = authentication.begin(wish.mechanism, wish)
            step = await exchange.receive(wish.initial)
            while step.identity is None:
                connection.write(serialize(negotiation.challenge(step.data or b"", namespace=SASL2)))
                step = await exchange.receive(await self._response(SASL2))
        except SaslFailure as failure:
            connection.write(serialize(negotiation.failure(failure, namespace=SASL2)))
            await authentication.failed(failure)
            return None
        connection.framer.limit = self._server.limits.stanza
        token = await authentication.token(step.identity, wish)
        return await self._finish2(step.identity, wish, step.data, token)

    async def _finish2(
        self, identity: Identity, wish: Authenticate, data: bytes | None, token: Element | None
    ) -> ClientSession | None:
        """After the proof: resume what is to be resumed, else bind what is to be bound."""
        resumption: Element | None = None
        if wish.resume is not None:
            session = await self._server.find_resumable(identity.account, wish.resume.previous)
            if session is not None:
                await self._server.prepare_resumption(session)
            if session is not None and not session.is_over and session.can_resume_from(wish.resume.h):
                done = sm.resumed(session.resume_id, session.handled % sm.WRAP)
                success = negotiation.success2(session.jid.text, data, token=token, resumption=done)
                self._settle(session)
                session.resumed(self._connection, wish.resume.h, announcement=serialize(success))
                return session
            resumption = sm.failed("item-not-found")
        if wish.bind is None:
            success = negotiation.success2(identity.account.text, data, token=token, resumption=resumption)
            self._connection.write(serialize(success))
            return await self._bind_after_sasl2(identity)
        session = await self._server.bind(
            identity.account,
            self._resource2(identity, wish),
            identity.device,
            self._connection,
            is_known=False,
            user_agent=" ".join(filter(None, (wish.user_agent.software, wish.user_agent.device)))
            if wish.user_agent
            else "",
        )
        self._settle(session)
        answers = self._switch_on(session, wish.bind)
        success = negotiation.success2(session.jid.text, data, bound=answers, token=token, resumption=resumption)
        self._connection.write(serialize(success))
        self._write_features(self._server.written_after_login())
        return session

    async def _bind_after_sasl2(self, identity: Identity) -> ClientSession:
        """XEP-0388 §2.6.1: features follow at once, without a new stream; binding goes the older way."""
        self._write_features(BIND_FEATURES + self._server.written_after_login())
        while True:
            event = await self._next()
            session = None
            if isinstance(event, Stanza):
                session = await self._bind(identity, event)
            elif isinstance(event, Nonza) and event.tag == SM_RESUME:
                session = await self._resume(identity, event)
            else:
                raise StreamError("not-authorized", "Bind a resource first.")
            if session is not None:
                return session

    def _resource2(self, identity: Identity, wish: Authenticate) -> str:
        """XEP-0386 §2.4: the client's tag, then something of the server's that is stable for a user agent."""
        tag = (wish.bind.tag if wish.bind is not None else None) or "client"
        own = _stable(identity) if identity.user_agent else ids.new_token(9)
        try:
            return identity.account.with_resource(f"{tag}.{own}").resource
        except InvalidJid:
            return own

    def _switch_on(self, session: ClientSession, bind: negotiation.Bind2) -> list[Element]:
        """What Bind 2 asks for in the same go: stream management, carbons, client state …"""
        answers: list[Element] = []
        for wanted in bind.wanted:
            if wanted.tag == SM_ENABLE:
                answers.append(self._connection.enable(session, sm.parse_enable(wanted)))
            elif (do := self._server.bind2_features.get(wanted.tag)) is not None:
                answer = do(session, wanted)
                if answer is not None:
                    answers.append(answer)
        return answers


def _stable(identity: Identity) -> str:
    """A text that is the same whenever this user agent comes to this account, and tells nothing of it."""
    digest = hashlib.sha256(f"{identity.account.text}|{identity.user_agent}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:9]).decode()
