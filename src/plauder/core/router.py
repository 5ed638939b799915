"""Where a stanza goes: RFC 6120 §10 and RFC 6121 §8, with the inbox in the place of offline storage.

A message of type chat or normal to an account goes to every device of it: handed out to those that are here, kept for
those that are not. What was stamped (`from`) and filtered (blocking) comes in by `message`, `presence` and `iq`;
nothing here waits, except for an account that has to be loaded first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from plauder.core.accounts import Account, Accounts
from plauder.core.delivery import Delivery, Outcome, Pace, mark_of
from plauder.core.feed import FedSession, Handed
from plauder.core.hooks import Action, Routed
from plauder.core.ports import SHARED
from plauder.core.session import Session
from plauder.core.storing import has_content, should_store, without_forged_ids
from plauder.store.inbox import addressing
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import quote

if TYPE_CHECKING:
    from plauder.core.server import Server

NO_ACCOUNT = "There is no such account here."


def unavailable(text: str | None = None) -> StanzaError:
    return StanzaError("cancel", "service-unavailable", text)


class Router:
    """Finds the devices of a stanza and starts its deliveries."""

    def __init__(self, server: Server, accounts: Accounts) -> None:
        self._server = server
        self._accounts = accounts

    def route(self, stanza: Stanza, origin: Session | None, outcome: Outcome) -> None:
        """Send a stanza whose `from` and `to` are set. Releases one part of `outcome` when it is dealt with, with the
        error if there is one; answering the sender is the caller's business."""
        try:
            to = stanza.to
        except InvalidJid:
            outcome.release(StanzaError("modify", "jid-malformed"))
            return
        if to is None:
            outcome.release(StanzaError("modify", "bad-request", "The stanza is addressed to nobody."))
            return
        if to.domain != self._server.domain:
            self._to_other_domain(stanza, to, origin, outcome)
        elif not to.local:
            self._to_domain(stanza, origin, outcome)
        elif stanza.kind == "message":
            account = self._accounts.get(to.bare)
            if account.devices is not None and account.waiting is None:
                self._message(account, stanza, to, origin, outcome)
            else:
                self._accounts.when_loaded(account, lambda: self._message(account, stanza, to, origin, outcome))
        elif stanza.kind == "presence":
            self._presence(stanza, to)
            outcome.release()
        else:
            outcome.release(self._iq(stanza, to))

    # ── other domains ─────────────────────────────────────────────────────────────────────────────────────────────

    def _to_other_domain(self, stanza: Stanza, to: Jid, origin: Session | None, outcome: Outcome) -> None:
        handler = self._server.hosts.get(to.domain)
        if handler is None and self._server.elsewhere is not None:
            self._server.elsewhere.route(stanza, to, origin, outcome)
            if stanza.kind == "message" and origin is not None and self._server.routed_watchers:
                self._watch_sent(stanza, origin, outcome)
            return
        if handler is None:
            # RFC 6120 §10.4: no connection to that domain can be made.
            silent = stanza.type == "error" or stanza.kind == "presence"
            outcome.release(None if silent else StanzaError("cancel", "remote-server-not-found"))
            return

        async def hand_over() -> None:
            error: StanzaError | None = StanzaError("wait", "internal-server-error")
            try:
                await handler(origin, stanza)
                error = None
            except StanzaError as problem:
                error = problem
            finally:
                outcome.release(error)

        self._server.spawn(hand_over(), f"serve {to.domain}")

    def _to_domain(self, stanza: Stanza, origin: Session | None, outcome: Outcome) -> None:
        """The server itself (RFC 6121 §8.4); requests to it were answered before they came here."""
        if stanza.kind == "iq" and stanza.type in ("result", "error"):
            self._server.answered(stanza)
            outcome.release()
            return
        silent = stanza.kind == "presence" or stanza.type in ("error", "headline", "result")
        outcome.release(None if silent else unavailable("The server itself reads no messages."))

    # ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _message(self, account: Account, stanza: Stanza, to: Jid, origin: Session | None, outcome: Outcome) -> None:
        kind = stanza.attrs.get("type", "normal")
        if account.devices is None:
            outcome.release(StanzaError("wait", "internal-server-error", "The account could not be read. Try again."))
            return
        if not account.exists and not account.sessions:
            outcome.release(None if kind == "error" else unavailable(NO_ACCOUNT))
            return
        target = account.sessions.get(to.resource) if to.resource else None
        if kind in ("groupchat", "error", "headline"):
            outcome.release(self._for_the_moment(account, stanza, to, target, kind))
            return
        stanza = without_forged_ids(stanza, account.jid.text)
        storing = should_store(stanza)
        if storing.action is not Action.PASS:
            outcome.release(self._ephemeral(account, stanza, target))
            self._watch(account, stanza, origin, [target.device, target.jid.resource] if target else None, outcome)
            return
        mark = mark_of(stanza)
        if self._server.repeats and self._server.is_repeat(account.jid.text, mark):
            outcome.release()
            return
        queues = [target.device] if target else account.queues()
        number = self._server.numbers.next()
        data = self._with_id(stanza, account.jid.text, number)
        promised = origin is None or origin.is_promised
        self.deliver(account, data, number, queues, target, outcome, promised=promised, mark=mark)
        if self._server.routed_watchers:
            self._watch(account, stanza, origin, [target.device, target.jid.resource] if target else None, outcome)
        outcome.release()

    def _with_id(self, stanza: Stanza, by: str, number: int) -> bytes:
        tag = "<message"
        for name, value in stanza.attrs.items():
            tag += f" {name}={quote(value)}"
        own_id = f"<stanza-id xmlns='urn:xmpp:sid:0' by={quote(by)} id='{number:x}'/></message>"
        return b"%b>%b%b" % (tag.encode(), stanza.inner, own_id.encode())

    def deliver(
        self,
        account: Account,
        data: bytes,
        number: int,
        queues: list[str],
        target: FedSession | None,
        outcome: Outcome,
        *,
        promised: bool,
        mark: int = 0,
    ) -> None:
        """Hand a message to the sessions that keep up, write it for the devices that do not.

        `target`: only this session gets it, if any. `promised`: the sender is told when it is safe, so what is not
        acknowledged within the commit window is written.
        """
        delivery = Delivery(
            number, account.jid.text, data, queues, outcome if promised else None, is_wide=target is None, mark=mark
        )
        missing = self._hand_to_all(account, delivery, target)
        if queues and (missing or promised):
            delivery.outcome = outcome
            outcome.hold()
            pace = Pace.NEVER if missing else self._slowest(account, queues, target)
            self._server.deliveries.start(delivery, pace)

    def _hand_to_all(self, account: Account, delivery: Delivery, target: FedSession | None) -> bool:
        """Hand a delivery to whoever owes it; whether somebody could not take it, and will fetch it from the inbox."""
        missing = False
        for queue in tuple(delivery.owing):
            handed = self._hand_out(account, delivery, queue, target)
            if handed is Handed.NO:
                missing = True
            elif handed is Handed.DONE:
                delivery.owing.remove(queue)
        return missing

    def deliver_common(self, accounts: Sequence[Account], stanza: Stanza, number: int, outcome: Outcome) -> None:
        """Deliver one message to all devices of many accounts: it is kept once, for those who do not take it now.

        Accounts that are not there are passed over. One that has to be loaded first gets a copy of its own, so that
        numbers keep to the order in which messages reach it; `Server.load_accounts` beforehand avoids that.
        """
        common, mark = _common(stanza), mark_of(stanza)
        address = addressing(common)
        paced: dict[Pace, list[Delivery]] = {pace: [] for pace in Pace}
        away = paced[Pace.NEVER]
        for account in accounts:
            if account.devices is None or account.waiting is not None:
                outcome.hold()
                self._accounts.when_loaded(account, partial(self._keep_late, account, stanza, outcome))
                continue
            name = account.jid.text
            if not account.exists and not account.sessions:
                continue
            if self._server.repeats and self._server.is_repeat(name, mark):
                continue
            outcome.hold()
            queues = account.queues()
            if not account.sessions:
                away.append(Delivery(number, name, common, queues, outcome, is_wide=True, mark=mark, common=common))
                continue
            data = address(account.quoted, number)
            delivery = Delivery(number, name, data, queues, outcome, is_wide=True, mark=mark, common=common)
            missing = self._hand_to_all(account, delivery, None)
            if not queues:
                outcome.release()
            elif missing:
                away.append(delivery)
            else:
                paced[self._slowest(account, queues, None)].append(delivery)
        for pace, deliveries in paced.items():
            if deliveries:
                self._server.deliveries.start_common(deliveries, pace)
        outcome.release()

    def _keep_late(self, account: Account, stanza: Stanza, outcome: Outcome) -> None:
        if account.exists or account.sessions:
            self.keep(account, stanza.with_attrs(to=account.jid), None, outcome)
        else:
            outcome.release()

    def _slowest(self, account: Account, queues: list[str], target: FedSession | None) -> Pace:
        """How soon the last of the devices that have it may answer."""
        if target is not None:
            return target.pace
        pace = Pace.PROMPT
        for session in account.sessions.values():
            if session.pace > pace and session.device in queues:
                pace = session.pace
        return pace

    def _hand_out(self, account: Account, delivery: Delivery, queue: str, target: FedSession | None) -> Handed:
        """Hand a delivery to every session that reads this queue; the least of what became of it. One that fetches it
        from the inbox must find it there, and one that will acknowledge is waited for, even if another has it."""
        if target is not None:
            return target.deliver(delivery)
        least: Handed | None = None
        for session in account.sessions.values():
            if session.device == queue and session.is_fed:
                handed = session.deliver(delivery)
                if least is None or handed < least:
                    least = handed
        return least or Handed.NO

    def _for_the_moment(
        self, account: Account, stanza: Stanza, to: Jid, target: FedSession | None, kind: str
    ) -> StanzaError | None:
        """Types that are never stored (RFC 6121 §8.5.2.1.1 and §8.5.3.2.1)."""
        if target is not None:
            target.send(stanza)
        elif kind == "headline":
            for session in account.sessions.values():
                if session.is_fed:
                    session.send(stanza)
        elif kind == "groupchat":
            return unavailable()
        return None

    def _ephemeral(self, account: Account, stanza: Stanza, target: FedSession | None) -> StanzaError | None:
        sessions = [target] if target else [session for session in account.sessions.values() if session.is_fed]
        for session in sessions:
            session.send(stanza)
        # RFC 6121 §8.5.2.2.1: stored or refused, but a "typing…" that nobody sees is worth no error.
        if not sessions and stanza.type != "error" and has_content(stanza):
            return unavailable("Nobody is online there, and the message asks not to be stored.")
        return None

    # ── copies ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _watch(
        self, account: Account, stanza: Stanza, origin: Session | None, only: list[str] | None, outcome: Outcome
    ) -> None:
        """Tell those who make copies. An account of a single session has nobody to give a copy to."""
        watchers = self._server.routed_watchers
        if only is not None and (len(account.sessions) > 1 or len(account.devices or ()) > 1):
            routed = Routed(stanza, "received", account.jid, origin, frozenset(only), self._copier(account, outcome))
            for watch in watchers:
                watch(routed)
        if origin is not None:
            self._watch_sent(stanza, origin, outcome)

    def _watch_sent(self, stanza: Stanza, origin: Session, outcome: Outcome) -> None:
        sender = self._accounts.find(origin.account.text)
        if sender is not None and (len(sender.sessions) > 1 or len(sender.devices or ()) > 1):
            mine = frozenset((origin.device, origin.jid.resource))
            routed = Routed(stanza, "sent", sender.jid, origin, mine, self._copier(sender, outcome))
            for watch in self._server.routed_watchers:
                watch(routed)

    def _copier(self, account: Account, outcome: Outcome) -> Callable[[Sequence[str], Stanza], None]:
        def copy_to(names: Sequence[str], stanza: Stanza) -> None:
            self.copy(account, names, stanza, outcome)

        return copy_to

    def keep(self, account: Account, stanza: Stanza, names: Sequence[str] | None, outcome: Outcome) -> None:
        """Deliver a message of any type to all devices of an account, or to those named; kept until they have it."""
        if account.devices is None or not (account.exists or account.sessions):
            outcome.release(unavailable(NO_ACCOUNT))
            return
        queues = account.queues()
        if names is not None:
            wanted = {account.sessions[name].device if name in account.sessions else name for name in names}
            queues = [queue for queue in queues if queue in wanted]
        number = self._server.numbers.next()
        data = self._with_id(without_forged_ids(stanza, account.jid.text), account.jid.text, number)
        if queues:
            self.deliver(account, data, number, queues, None, outcome, promised=True, mark=mark_of(stanza))
        outcome.release()

    def copy(self, account: Account, names: Sequence[str], stanza: Stanza, outcome: Outcome) -> None:
        """Hand a message to some devices of an account, by device id or resource."""
        stored = should_store(stanza).action is Action.PASS
        for name in names:
            session = account.sessions.get(name) or _by_device(account, name)
            if session is not None and not stored:
                session.send(stanza)
            elif stored and (session is not None or name in (account.devices or {})):
                number = self._server.numbers.next()
                device = session.device if session is not None else name
                data = self._with_id(
                    stanza.with_attrs(to=session.jid if session else account.jid), account.jid.text, number
                )
                self.deliver(account, data, number, [device], session, outcome, promised=True, mark=mark_of(stanza))

    # ── presence and requests ─────────────────────────────────────────────────────────────────────────────────────

    def _presence(self, stanza: Stanza, to: Jid) -> None:
        """RFC 6121 §8.5: available and unavailable go to the session or to all; the rest is the roster's business."""
        account = self._accounts.find(to.bare.text)
        if account is None:
            return
        if to.resource:
            target = account.sessions.get(to.resource)
            if target is not None:
                target.send(stanza)
            return
        for session in account.sessions.values():
            if session.presence is not None:
                session.send(stanza)

    def _iq(self, stanza: Stanza, to: Jid) -> StanzaError | None:
        """RFC 6121 §8.5.3.1: to a resource that is there. Requests to a bare address were answered before."""
        if not to.resource:
            if not stanza.is_request:
                self._server.answered(stanza)
                return None
            return unavailable()
        account = self._accounts.find(to.bare.text)
        target = account.sessions.get(to.resource) if account is not None else None
        if target is None:
            return unavailable() if stanza.is_request else None
        target.send(stanza)
        return None


def _common(message: Stanza) -> bytes:
    """A message without address, as `addressed` takes it."""
    tag = "".join([f" {name}={quote(value)}" for name, value in message.attrs.items() if name != "to"])
    return b"<message%b>%b</message>" % (tag.encode(), message.inner)


def common_of(message: Stanza) -> tuple[bytes, bytes]:
    """A message in two parts, to be sent to many: between them belongs the address in its quotes."""
    return b"<message to=", _common(message)[8:]


def _by_device(account: Account, device: str) -> FedSession | None:
    if device == SHARED:
        return None
    for session in account.sessions.values():
        if session.device == device:
            return session
    return None
