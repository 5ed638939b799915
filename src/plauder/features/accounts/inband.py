"""In-band registration (XEP-0077 2.4): off by default, for tests and for networks of friends.

Before the login it makes an account with a password of the person's choice; afterwards it changes that password or
removes the account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from plauder.features.accounts import rules
from plauder.features.accounts.devices import Devices
from plauder.features.accounts.parts import Taken
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


def register(server: Server, devices: Devices, allowance: Allowance, *, is_open: bool) -> None:
    """`is_open`: strangers may make accounts, as often as `allowance` lets their network."""
    inband = InBand(server, devices, allowance)
    server.on_iq("set", NS, "query", to="any", do=inband.change)
    if is_open:
        server.advertise(NS)
        server.features_before_login.append(lambda: E(f"{{{FEATURE}}}register"))
        server.on_iq_before_login("get", NS, "query", inband.form)
        server.on_iq_before_login("set", NS, "query", inband.create)


class InBand:
    """The handlers."""

    def __init__(self, server: Server, devices: Devices, allowance: Allowance) -> None:
        self._server = server
        self._devices = devices
        self._allowance = allowance

    async def form(self, address: str, iq: Stanza, payload: Element) -> Element:
        """§3.1: what is asked for."""
        text = "Choose a name and a password."
        return E(f"{{{NS}}}query", {}, E("instructions", {}, text), E("username"), E("password"))

    async def create(self, address: str, iq: Stanza, payload: Element) -> None:
        """§3.1.1: make the account."""
        if self._allowance.take(network_of(address)):
            raise StanzaError("wait", "resource-constraint", "Too many registrations from your network; wait a little.")
        local, password = _fields(payload)
        if local.strip("+").isdecimal() or rules.is_good_name(local).why == "reserved":
            # A number has to be proved, and nobody is the operator by saying so.
            raise StanzaError("modify", "not-acceptable", "That name cannot be used.")
        try:
            jid = Jid.of(local, self._server.domain)
            await self._devices.create_with_password(jid.local, password)
        except InvalidJid:
            raise StanzaError("modify", "jid-malformed", "This name cannot be part of an address.") from None
        except Taken as taken:
            raise StanzaError("cancel", "conflict", taken.message) from None
        except BadInput as bad:
            raise StanzaError("modify", "not-acceptable", bad.message) from None
        # The outbox tells every process; this one must know before the client logs in a moment later.
        self._server.account_changed(jid)

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
