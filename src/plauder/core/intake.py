"""What a local session sends: filtered, then answered here or handed to the router.

The stanza comes with `from` stamped. `take` does at once what can be done at once and returns None; where a filter or
a handler has to wait it returns the coroutine that does the rest, and the session holds back what comes after.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, cast

from plauder.core.delivery import Outcome
from plauder.core.hooks import Action, Answer, Filter, Target, Verdict
from plauder.core.router import unavailable
from plauder.core.session import Session
from plauder.kit import log as logging
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError

if TYPE_CHECKING:
    from plauder.core.server import Server

log = logging.get("core.intake")

Later = Coroutine[Any, Any, None]

_OWN: Sequence[Target] = ("self", "account", "any")
_OTHER: Sequence[Target] = ("account", "any")
_DOMAIN: Sequence[Target] = ("server", "any")

SUBSCRIPTION = frozenset(("subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe"))
PRIORITY = "{jabber:client}priority"


class Intake:
    """Deals with the stanzas of the sessions of this process."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def take(self, session: Session, stanza: Stanza, outcome: Outcome) -> Later | None:
        """Deal with one stanza; releases one part of `outcome`, with the error if it was refused."""
        try:
            if stanza.kind == "iq":
                return self._iq(session, stanza, outcome)
            filters = self._server.message_filters if stanza.kind == "message" else self._server.presence_filters
            if filters:
                return self._filter(session, stanza, outcome, filters)
            return self._accept(session, stanza, outcome)
        except StanzaError as error:
            outcome.release(error)
        except InvalidJid:
            outcome.release(StanzaError("modify", "jid-malformed"))
        except Exception:
            log.exception("stanza-failed", kind=stanza.kind)
            outcome.release(StanzaError("wait", "internal-server-error"))
        return None

    async def _guarded(self, work: Awaitable[None], outcome: Outcome) -> None:
        """Run what waits, with the same promise as `take`."""
        try:
            await work
        except StanzaError as error:
            outcome.release(error)
        except InvalidJid:
            outcome.release(StanzaError("modify", "jid-malformed"))
        except asyncio.CancelledError:
            outcome.release(StanzaError("wait", "internal-server-error"))
            raise
        except Exception:
            log.exception("stanza-failed")
            outcome.release(StanzaError("wait", "internal-server-error"))

    # ── filters ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _filter(
        self, session: Session, stanza: Stanza, outcome: Outcome, filters: Sequence[tuple[int, int, Filter]]
    ) -> Later | None:
        for index, (_, _, look) in enumerate(filters):
            verdict = look(session, stanza)
            if verdict is None:
                continue
            if not isinstance(verdict, Verdict):
                return self._guarded(self._filter_on(session, stanza, outcome, filters, index + 1, verdict), outcome)
            changed = self._judge(stanza, verdict, outcome)
            if changed is None:
                return None
            stanza = changed
        return self._accept(session, stanza, outcome)

    async def _filter_on(
        self,
        session: Session,
        stanza: Stanza,
        outcome: Outcome,
        filters: Sequence[tuple[int, int, Filter]],
        start: int,
        pending: Awaitable[Verdict | None],
    ) -> None:
        """The filters from `start` on, where the one before has to be waited for."""
        changed = self._judge(stanza, await pending, outcome)
        for _, _, look in filters[start:]:
            if changed is None:
                return
            found = look(session, changed)
            if found is not None and not isinstance(found, Verdict):
                found = await found
            changed = self._judge(changed, found, outcome)
        if changed is not None:
            later = self._accept(session, changed, outcome)
            if later is not None:
                await later

    def _judge(self, stanza: Stanza, verdict: Verdict | None, outcome: Outcome) -> Stanza | None:
        """The stanza to go on with; None where it ends here."""
        if verdict is None or verdict.action is Action.PASS:
            return stanza
        self._server.metrics.count("filtered", 1, kind=stanza.kind, action=verdict.action.value, why=verdict.why)
        if verdict.action is Action.CHANGE:
            assert verdict.stanza is not None
            return verdict.stanza
        outcome.release(verdict.error)
        return None

    # ── after the filters ─────────────────────────────────────────────────────────────────────────────────────────

    def _accept(self, session: Session, stanza: Stanza, outcome: Outcome) -> Later | None:
        if stanza.kind == "presence":
            return self._presence(session, stanza, outcome)
        if "to" not in stanza.attrs:
            # RFC 6120 §10.3.1: a message without `to` is for the sender's own account.
            stanza = stanza.with_attrs(to=session.account)
        self._server.router.route(stanza, session, outcome)
        return None

    def _presence(self, session: Session, stanza: Stanza, outcome: Outcome) -> Later | None:
        if "to" in stanza.attrs:
            self._directed(session, stanza, outcome)
            return None
        kind = stanza.type
        if kind is None:
            was = session.presence is not None
            session.priority = priority_of(stanza)
            session.presence = stanza
            work = self._watch_all(self._server.available_watchers, session, stanza, not was)
            self._server.feed(session)
        elif kind == "unavailable":
            if session.presence is not None:
                # RFC 6121 §4.5.2: the one that said so is told as the account's other devices are.
                session.send(stanza.with_attrs(from_=session.jid, to=session.account))
            work = self.unavailable(session, stanza)
        else:
            raise StanzaError("modify", "bad-request", f"presence of type {kind} must say to whom")
        if work is None:
            outcome.release()
            return None
        return self._guarded(_then_release(work, outcome), outcome)

    def unavailable(self, session: Session, stanza: Stanza) -> Later | None:
        """The session is no longer available; those who were told directly that it was are told (RFC 6121 §4.6.3)."""
        was = session.presence is not None
        session.presence = None
        session.priority = 0
        self._server.feed(session)
        told = cast("set[str]", session.state.pop("core.directed", None) or set()) if session.has_state else set()
        for to in sorted(told):
            self._server.router.route(stanza.with_attrs(to=to), session, Outcome())
        return self._watch_all(self._server.unavailable_watchers, session, stanza, was)

    def _directed(self, session: Session, stanza: Stanza, outcome: Outcome) -> None:
        """RFC 6121 §4.6: presence for one entity."""
        to = stanza.to
        assert to is not None
        kind = stanza.type
        if kind in SUBSCRIPTION and not (kind == "probe" and to.domain in self._server.hosts):
            # The roster has taken these before; without one there is nothing to subscribe to.
            outcome.release(None if kind == "probe" else unavailable())
            return
        if kind is None or kind == "unavailable":
            told: set[str] = session.state.setdefault("core.directed", set())
            if kind is None and len(told) < 1000:
                told.add(to.text)
            else:
                told.discard(to.text)
        self._server.router.route(stanza, session, outcome)

    def _watch_all(self, watchers: Sequence[Any], *arguments: object) -> Later | None:
        """Call every watcher; what has to be waited for comes back as one coroutine."""
        waits = []
        for watch in watchers:
            result = watch(*arguments)
            if result is not None:
                waits.append(result)
        return _all(waits) if waits else None

    # ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _iq(self, session: Session, stanza: Stanza, outcome: Outcome) -> Later | None:
        to = stanza.to
        kind = stanza.type
        if kind in ("get", "set"):
            targets = self._targets(session, to)
            if targets:
                return self._request(session, stanza, targets, outcome)
            if not stanza.attrs.get("id"):
                raise StanzaError("modify", "bad-request", "an iq must have an id")  # RFC 6120 §8.2.3
        elif kind not in ("result", "error"):
            raise StanzaError("modify", "bad-request", "an iq is a get, a set, a result or an error")
        elif to is None or to == session.account:
            self._server.answered(stanza)
            outcome.release()
            return None
        assert to is not None
        if self._server.iq_filters:
            return self._filter(session, stanza, outcome, self._server.iq_filters)
        return self._accept(session, stanza, outcome)

    def _targets(self, session: Session, to: Jid | None) -> Sequence[Target]:
        """Whose handlers answer a request to this address; none where it is to be routed."""
        if to is None or to == session.account:
            return _OWN
        if to.resource or to.domain != self._server.domain:
            return ()
        return _OTHER if to.local else _DOMAIN

    def _request(self, session: Session, iq: Stanza, targets: Sequence[Target], outcome: Outcome) -> Later | None:
        payloads = iq.payloads
        if len(payloads) != 1 or not iq.attrs.get("id"):
            # RFC 6120 §8.2.3: a request holds exactly one child element, and an id.
            raise StanzaError("modify", "bad-request", "a request has an id and exactly one payload")
        handler = self._server.find_iq_handler(iq.attrs["type"], payloads[0].tag, targets)
        if handler is None or (session.is_foreign and handler not in self._server.handlers_for_all):
            raise unavailable()
        answer = handler(session, iq, payloads[0])
        if answer is not None and inspect.isawaitable(answer):
            return self._guarded(self._answer_later(session, iq, answer, outcome), outcome)
        session.send(iq.result(answer))
        outcome.release()
        return None

    async def _answer_later(self, session: Session, iq: Stanza, answer: Awaitable[Answer], outcome: Outcome) -> None:
        session.send(iq.result(await answer))
        outcome.release()


def priority_of(presence: Stanza) -> int:
    """RFC 6121 §4.7.2.3: between -128 and 127, 0 where absent."""
    text = presence.text(PRIORITY)
    if text is None or not text.strip():
        return 0
    try:
        return max(-128, min(127, int(text)))
    except ValueError:
        raise StanzaError("modify", "bad-request", "a priority is a number from -128 to 127") from None


async def _all(waits: Sequence[Awaitable[None]]) -> None:
    for wait in waits:
        await wait


async def _then_release(work: Awaitable[None], outcome: Outcome) -> None:
    await work
    outcome.release()
