"""In-band registration (XEP-0077 2.4), for who was invited (XEP-0445) or, off by default, for everybody.

Before the login it makes an account with a password of the person's choice; afterwards it changes that password or
removes the account. Somebody who has an account already and shows an invitation becomes a contact of who invited
(XEP-0379, XEP-0401).
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from plauder.core.hooks import Action, Verdict, Visitor
from plauder.features.accounts import rules
from plauder.features.accounts.devices import Devices
from plauder.features.accounts.invites import Invites
from plauder.features.accounts.parts import NoInvite, Taken
from plauder.kit.errors import BadInput
from plauder.kit.limits import Allowance, network_of
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

if TYPE_CHECKING:
    from plauder.core.server import Server
    from plauder.core.session import Session
    from plauder.wire.stanza import Stanza

NS = "jabber:iq:register"
FEATURE = "http://jabber.org/features/iq-register"
PARS = "urn:xmpp:pars:0"
TOKEN_FEATURE = "urn:xmpp:ibr-token:0"  # noqa: S105 - a namespace
# COMPAT(Prosody's mod_invites_register and the clients that were made for it, until: they know XEP-0445 0.2)
COMPAT_TOKEN_FEATURE = "urn:xmpp:invite"  # noqa: S105 - a namespace
BEFORE_THE_ROSTER = 200
TOO_MANY = "Too many registrations from your network; wait a little."


def register(
    server: Server, devices: Devices, allowance: Allowance, *, is_open: bool, invites: Invites | None = None
) -> None:
    """`is_open`: strangers may make accounts, as often as `allowance` lets; `invites`: who was invited may."""
    inband = InBand(server, devices, allowance, is_open=is_open, invites=invites)
    server.on_iq("set", NS, "query", to="any", do=inband.change)
    if invites is not None:
        for feature in (TOKEN_FEATURE, COMPAT_TOKEN_FEATURE):
            server.feature_before_login(partial(E, f"{{{feature}}}register"))
        server.on_iq_before_login("set", PARS, "preauth", inband.show_token)
        server.on_presence(inband.meet, priority=BEFORE_THE_ROSTER)
    if is_open:
        server.advertise(NS)
        # Who has an invitation knows the other feature; a client that sees this one would ask strangers for a name.
        server.feature_before_login(lambda: E(f"{{{FEATURE}}}register"))
    if is_open or invites is not None:
        server.on_iq_before_login("get", NS, "query", inband.form)
        server.on_iq_before_login("set", NS, "query", inband.create)


@dataclass(frozen=True, slots=True)
class Shown:
    """A token that a visitor has shown, when, and the name that it is for ("" for any)."""

    token: str
    at: datetime
    name: str


class InBand:
    """The handlers."""

    def __init__(
        self,
        server: Server,
        devices: Devices,
        allowance: Allowance,
        *,
        is_open: bool = True,
        invites: Invites | None = None,
    ) -> None:
        self._server = server
        self._devices = devices
        self._allowance = allowance
        self._is_open = is_open
        self._invites = invites

    # ── before the login ──────────────────────────────────────────────────────────────────────────────────────────

    async def show_token(self, visitor: Visitor, iq: Stanza, payload: Element) -> None:
        """XEP-0445 §4: is this token good? From here on its time does not run out for this connection."""
        assert self._invites is not None
        if self._allowance.take(network_of(visitor.address)):
            raise StanzaError("wait", "resource-constraint", TOO_MANY)
        token = payload.get("token", "")
        try:
            invite = await self._invites.look(token)
        except NoInvite as no:
            raise StanzaError("cancel", "item-not-found", no.message) from None
        visitor.memory[PARS] = Shown(token, self._server.clock.now(), invite.name)

    async def form(self, visitor: Visitor, iq: Stanza, payload: Element) -> Element:
        """§3.1: what is asked for."""
        shown = self._may_create(visitor)
        text = "Choose a name and a password." if not (shown and shown.name) else "Choose a password."
        name = E("username", {}, shown.name if shown else "")
        return E(f"{{{NS}}}query", {}, E("instructions", {}, text), name, E("password"))

    def _may_create(self, visitor: Visitor) -> Shown | None:
        """The token of who was invited. Raises StanzaError for who was not, where that is needed."""
        shown = visitor.memory.get(PARS)
        if isinstance(shown, Shown):
            return shown
        if not self._is_open:
            raise StanzaError("auth", "forbidden", "You need an invitation to open an account here.")
        return None

    async def create(self, visitor: Visitor, iq: Stanza, payload: Element) -> None:
        """§3.1.1: make the account."""
        shown = self._may_create(visitor)
        if shown is None and self._allowance.take(network_of(visitor.address)):
            raise StanzaError("wait", "resource-constraint", TOO_MANY)
        local, password = _fields(payload)
        if local.strip("+").isdecimal() or rules.is_good_name(local).why == "reserved":
            # A number has to be proved, and nobody is the operator by saying so.
            raise StanzaError("modify", "not-acceptable", "That name cannot be used.")
        try:
            jid = Jid.of(local, self._server.domain)
            if shown is not None and self._invites is not None:
                await self._invites.accept_with_password(shown.token, jid.local, password, shown=shown.at)
            else:
                await self._devices.create_with_password(jid.local, password)
        except NoInvite as no:
            raise StanzaError("auth", "forbidden", no.message) from None
        except InvalidJid:
            raise StanzaError("modify", "jid-malformed", "This name cannot be part of an address.") from None
        except Taken as taken:
            raise StanzaError("cancel", "conflict", taken.message) from None
        except BadInput as bad:
            raise StanzaError("modify", "not-acceptable", bad.message) from None
        # The outbox tells every process; this one must know before the client logs in a moment later.
        self._server.account_changed(jid)

    # ── afterwards ────────────────────────────────────────────────────────────────────────────────────────────────

    def meet(self, session: Session, presence: Stanza) -> Awaitable[Verdict | None] | None:
        """XEP-0379 §3.4: a request to see somebody's presence that comes with an invitation of theirs is granted."""
        if presence.type != "subscribe" or self._invites is None:
            return None
        element, host = presence.find(f"{{{PARS}}}preauth"), presence.to
        if element is None or host is None or not self._server.is_local(host):
            return None
        return self._meet(session, host, element.get("token", ""), self._invites)

    async def _meet(self, session: Session, host: Jid, token: str, invites: Invites) -> Verdict | None:
        if session.account in await self._server.people.blocks.of(host.bare.text):
            return None
        if not await invites.meet(token, host.local):
            return None
        await self._server.people.contacts.befriend(session.account, host.bare)
        return Verdict(Action.CONSUME, "invited")

    async def change(self, session: Session, iq: Stanza, payload: Element) -> None:
        """§3.2 and §3.3: remove the own account, or change its password."""
        local = session.account.local
        if payload.find(f"{{{NS}}}remove") is not None:
            # §3.2: the answer goes first; then the account, and with it the session.
            self._server.spawn(self._devices.delete(local), "remove an account")
            return
        wanted, password = _fields(payload)
        if wanted != local:
            raise StanzaError("cancel", "not-allowed", "You can change your own password only.")
        try:
            await self._devices.set_password(local, password)
        except BadInput as bad:
            raise StanzaError("modify", "not-acceptable", bad.message) from None


def _fields(payload: Element) -> tuple[str, str]:
    local, password = payload.findtext(f"{{{NS}}}username"), payload.findtext(f"{{{NS}}}password")
    if not local or not password:
        raise StanzaError("modify", "not-acceptable", "A name and a password are needed.")
    return local, password
