"""Registers the commands of operators."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from plauder.core.commands import Ask, Command, Done
from plauder.core.server import Server
from plauder.core.session import Session
from plauder.features.admin.ports import Accounts, Invitations, Reports
from plauder.kit.errors import PlauderError
from plauder.kit.ids import new_id
from plauder.wire.forms import FORM_TYPE, Field, Form
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

ADMIN: Final = "http://jabber.org/protocol/admin"
INVITE: Final = "urn:xmpp:invite"
MAX_LISTED: Final = 200
MAX_REPORTS: Final = 50

T = TypeVar("T")

JIDS: Final = Field("accountjids", (), "jid-multi", "Accounts", required=True)
JID: Final = Field("accountjid", (), "jid-single", "Account", required=True)
PASSWORD: Final = Field("password", (), "text-private", "Password", required=True)
NAME: Final = Field("username", (), "text-single", "Name of the account (empty: they choose)")
SUBSCRIPTION: Final = Field("roster-subscription", ("0",), "boolean", "Make them my contact")
MESSAGE: Final = Field("announcement", (), "text-multi", "Announcement", required=True)


class Admin:
    """The commands."""

    def __init__(self, server: Server, accounts: Accounts, invitations: Invitations, reports: Reports | None) -> None:
        self._server = server
        self._accounts = accounts
        self._invitations = invitations
        self._reports = reports

    def commands(self) -> list[Command]:
        """All of them."""
        return [
            self._each("delete-user", "Delete accounts", self._accounts.delete),
            self._each("disable-user", "Shut accounts", lambda local: self._accounts.set_enabled(local, False)),
            self._each("reenable-user", "Open shut accounts", lambda local: self._accounts.set_enabled(local, True)),
            self._each("end-user-session", "End sessions", self._end),
            Command(f"{ADMIN}#add-user", "Open an account", self._add),
            Command(f"{ADMIN}#change-user-password", "Set a password", self._password),
            Command(f"{ADMIN}#get-registered-users-num", "How many accounts there are", self._registered),
            Command(f"{ADMIN}#get-online-users-num", "How many are online", self._online),
            Command(f"{ADMIN}#get-active-users-num", "How many are looking", self._active),
            Command(f"{ADMIN}#get-online-users-list", "Who is online", self._who),
            Command(f"{ADMIN}#announce", "Tell everybody who is online", self._announce),
            Command("urn:xmpp:reporting:1#list", "What was reported", self._reported),
            Command(f"{INVITE}#create-account", "Invite somebody", self._create_account),
            Command(f"{INVITE}#invite", "Invite a friend", self._invite, for_operators=False),
        ]

    # ── accounts ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _each(self, name: str, title: str, do: Callable[[str], Awaitable[None]]) -> Command:
        """A command for one or several accounts."""

        async def run(_session: Session, form: Form | None) -> Ask | Done:
            if form is None:
                return Ask(_form(title, JIDS))
            locals_ = [self._local(text) for text in _values(form, "accountjids")]
            if not locals_:
                raise StanzaError("modify", "bad-request", "Name at least one account.")
            for local in locals_:
                await _carefully(do(local))
            return Done(f"{title}: {len(locals_)}.")

        return Command(f"{ADMIN}#{name}", title, run)

    async def _end(self, local: str) -> None:
        for session in list(self._server.sessions_of(Jid.of(local, self._server.domain))):
            session.close("policy-violation", "An operator ended this session.")

    async def _add(self, _session: Session, form: Form | None) -> Ask | Done:
        if form is None:
            verify = Field("password-verify", (), "text-private", "Password again", required=True)
            return Ask(_form("Open an account", JID, PASSWORD, verify))
        password = form.text("password")
        if password != form.text("password-verify", password):
            raise StanzaError("modify", "not-acceptable", "The two passwords differ.")
        await _carefully(self._accounts.create_with_password(self._local(form.text("accountjid")), password))
        return Done("The account is open.")

    async def _password(self, _session: Session, form: Form | None) -> Ask | Done:
        if form is None:
            return Ask(_form("Set a password", JID, PASSWORD))
        await _carefully(self._accounts.set_password(self._local(form.text("accountjid")), form.text("password")))
        return Done("The password is set.")

    def _local(self, text: str) -> str:
        try:
            jid = Jid.parse(text)
        except InvalidJid as error:
            raise StanzaError("modify", "jid-malformed", f"{text!r} is no address.") from error
        if not self._server.is_local(jid) or not jid.local:
            raise StanzaError("modify", "not-acceptable", f"{text} is no account of this server.")
        return jid.local

    # ── numbers ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _registered(self, _session: Session, _form: Form | None) -> Done:
        return _number("registeredusersnum", await self._accounts.count())

    async def _online(self, _session: Session, _form: Form | None) -> Done:
        return _number("onlineusersnum", len({s.account for s in self._server.sessions() if s.is_available}))

    async def _active(self, _session: Session, _form: Form | None) -> Done:
        looking = {s.account for s in self._server.sessions() if s.is_available and s.is_active}
        return _number("activeusersnum", len(looking))

    async def _who(self, _session: Session, _form: Form | None) -> Done:
        online = sorted({s.account.text for s in self._server.sessions() if s.is_available})
        return Done(form=Form.of("result", ADMIN, {"onlineuserjids": online[:MAX_LISTED]}))

    # ── announcements and reports ─────────────────────────────────────────────────────────────────────────────────

    async def _announce(self, _session: Session, form: Form | None) -> Ask | Done:
        if form is None:
            return Ask(_form("Tell everybody who is online", MESSAGE))
        text = "\n".join(_values(form, "announcement")).strip()
        if not text:
            raise StanzaError("modify", "bad-request", "Say something.")
        told = [session for session in self._server.sessions() if session.is_available]
        key = new_id()
        for session in told:
            attrs = {"from": self._server.domain, "to": session.jid.text, "type": "headline", "id": key}
            session.send(Stanza.build("message", attrs, E("{jabber:client}body", None, text)))
        return Done(f"Told to {len(told)} devices.")

    async def _reported(self, _session: Session, _form: Form | None) -> Done:
        reports = await self._reports.latest(MAX_REPORTS) if self._reports is not None else ()
        lines = [report.line for report in reports]
        return Done(form=Form("result", [Field("reports", tuple(lines), "text-multi", "Reports")]))

    # ── invitations ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _create_account(self, session: Session, form: Form | None) -> Ask | Done:
        """XEP-0401 §5.4: the operator may choose the name, and whether to be a contact of who comes."""
        if form is None:
            return Ask(_form("Invite somebody", NAME, SUBSCRIPTION))
        name = form.text("username").strip().lower()
        by = session.account.local if form.text("roster-subscription") in ("1", "true") else None
        who = f"{name}@{self._server.domain}" if name else self._server.domain
        return await self._invitation(by, f"xmpp:{who}?register;preauth=TOKEN", name)

    async def _invite(self, session: Session, _form: Form | None) -> Done:
        return await self._invitation(session.account.local, f"xmpp:{session.account}?roster;preauth=TOKEN;ibr=y")

    async def _invitation(self, by: str | None, uri: str, name: str = "") -> Done:
        token, page, ends = await _carefully(self._invitations.invite(by, name))
        values = {"uri": uri.replace("TOKEN", token), "landing-url": page, "expire": f"{ends:%Y-%m-%dT%H:%M:%SZ}"}
        return Done(form=Form.of("result", f"{INVITE}#invitation", values))


def _form(title: str, *fields: Field) -> Form:
    return Form("form", (Field(FORM_TYPE, (ADMIN,), "hidden"), *fields), title=title)


def _values(form: Form, var: str) -> list[str]:
    values = form[var].values if var in form else ()
    return [value for value in values if value.strip()]


def _number(var: str, value: int) -> Done:
    return Done(form=Form.of("result", ADMIN, {var: str(value)}))


async def _carefully(work: Awaitable[T]) -> T:
    """Say in a stanza error what a use case said in its own."""
    try:
        return await work
    except PlauderError as error:
        condition = {400: "not-acceptable", 404: "item-not-found", 409: "conflict", 403: "forbidden"}
        raise StanzaError.of(condition.get(error.status, "not-allowed"), error.message) from error


def register(server: Server, accounts: Accounts, invitations: Invitations, *, reports: Reports | None = None) -> None:
    for command in Admin(server, accounts, invitations, reports).commands():
        server.command(command)
