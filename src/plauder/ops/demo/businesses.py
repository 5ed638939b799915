"""The businesses of the demo world: each a small real program on the public API, with a webhook of its own.

They know of the network what any customer of it knows: the base URL, an access token, the app secret. Templates are
made, sent and answered over HTTP, webhooks are checked by their signature.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import httpx
import uvicorn

from plauder.business.accounts import commands as accounts
from plauder.business.accounts import store as account_store
from plauder.business.accounts.rules import SCOPES
from plauder.business.numbers import commands as numbers
from plauder.business.numbers import store as number_store
from plauder.business.profiles import commands as profiles
from plauder.business.webhooks import commands as webhooks
from plauder.edge import founding
from plauder.edge.founding import Founder
from plauder.edge.listen import bind
from plauder.kit import log
from plauder.kit.money import Money
from plauder.money.billing.accounts import POSTPAID, Accounts
from plauder.ops.demo import history, hooks, people
from plauder.ops.demo.history import AIRLINE, BANK, PARCELS, Habit

if TYPE_CHECKING:
    from sqlalchemy import Row

    from plauder.store.database import UnitOfWork

SELLER: Final = "Plauder Demo Network\nSpreeufer 4, 10178 Berlin"
VERSION: Final = "v23.0"
CREDIT: Final = Money.of(1_000, "EUR")
_log = log.get("ops.demo.business")

Say = dict[str, Any]
Hear = Callable[["Bot", str, Say], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Business:
    """What a business is: its number and profile, its templates, how it greets a new customer and answers."""

    digits: str
    name: str
    country: str
    timezone: str
    profile: Say
    address: str
    tax_id: str
    tax: int
    """In hundredths of a percent."""
    limit: Money
    """Of a month's spend."""
    picture: str
    templates: tuple[Say, ...]
    greets: Say
    hears: Hear
    habits: tuple[Habit, ...]
    header: str = ""
    """The picture above its first template."""


class Bot:
    """One business that is connected: what its program holds in hand."""

    def __init__(
        self,
        business: Business,
        base: str,
        *,
        app: str,
        phone: str,
        waba: str,
        token: str,
        secret: str,
        spawn: Callable[[Coroutine[Any, Any, None], str], None],
    ) -> None:
        self.business = business
        self._spawn = spawn
        self.app, self.phone, self.waba, self.secret = app, phone, waba, secret
        self.header = ""
        self._http = httpx.AsyncClient(
            base_url=f"{base}/{VERSION}/", headers={"Authorization": f"Bearer {token}"}, timeout=20
        )
        self._seen = hooks.Seen()

    async def open(self) -> None:
        """Profile picture, templates, the picture of their header."""
        picture = await self._handle(self.business.picture)
        body = {"messaging_product": "whatsapp", "profile_picture_handle": picture}
        await self._post(f"{self.phone}/whatsapp_business_profile", body)
        if self.business.header:
            file = {"file": (self.business.header, _picture(self.business.header), "image/png")}
            form = {"messaging_product": "whatsapp", "type": "image/png"}
            answer = await self._http.post(f"{self.phone}/media", data=form, files=file)
            self.header = str(answer.json().get("id", ""))
        await self.make_templates()

    async def _handle(self, name: str) -> str:
        """A resumable upload of one piece."""
        data = _picture(name)
        about = {"file_name": name, "file_type": "image/png", "file_length": str(len(data))}
        session = await self._http.post(f"{self.app}/uploads", params=about)
        upload = self._http.base_url.join(f"./{session.json()['id']}")  # its colon is not a scheme's
        answer = await self._http.post(upload, content=data, headers={"file_offset": "0"})
        return str(answer.json()["h"])

    async def _post(self, path: str, body: Say) -> None:
        answer = await self._http.post(path, json=body)
        if answer.is_error:
            _log.warning("demo business refused", name=self.business.name, path=path, answer=answer.text[:500])

    async def close(self) -> None:
        await self._http.aclose()

    async def send(self, to: str, message: Say) -> None:
        """`POST /{phone}/messages`."""
        await self._post(f"{self.phone}/messages", {"messaging_product": "whatsapp", "to": to} | message)

    async def greet(self, to: str) -> None:
        """What a new customer gets first."""
        message = self.business.greets
        if self.header:
            picture = {"type": "image", "image": {"id": self.header}}
            header = {"type": "header", "parameters": [picture]}
            template = message["template"]
            message = message | {"template": template | {"components": [header, *template["components"]]}}
        await self.send(to, message)

    async def text(self, to: str, body: str) -> None:
        await self.send(to, {"type": "text", "text": {"body": body}})

    async def make_templates(self) -> None:
        """Those that are not there yet."""
        known = await self._http.get(f"{self.waba}/message_templates", params={"fields": "name"})
        names = {template["name"] for template in known.json().get("data", [])}
        for template in self.business.templates:
            if template["name"] not in names:
                for part in template["components"]:
                    if part.get("format") == "IMAGE":
                        part["example"] = {"header_handle": [await self._handle(self.business.header)]}
                await self._post(f"{self.waba}/message_templates", template)

    def take(self, update: hooks.Json) -> None:
        """One webhook: messages are answered, once each."""
        for message in hooks.messages_of(update):
            if self._seen.is_new(message["id"]):
                self._spawn(self.business.hears(self, message["from"], dict(message)), "a demo business answers")


class Street:
    """All businesses, and the little web server their webhooks come to."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.bots: list[Bot] = []
        self._fresh: list[tuple[str, str, Business]] = []
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Found what is missing, connect, listen."""
        sock = bind("127.0.0.1", 0, "demo")
        port = sock.getsockname()[1]
        config = uvicorn.Config(
            hooks.door(self._bot), log_config=None, access_log=False, lifespan="off", limit_concurrency=64
        )
        self._server = _Embedded(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[sock]), name="demo webhooks")
        for business in BUSINESSES:
            bot = await self._connect(business, f"http://127.0.0.1:{port}/{business.digits}")
            self.bots.append(bot)
            await bot.open()
        self._app.server.spawn(self._remember(), "the demo's past")

    async def close(self) -> None:
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task
        for bot in self.bots:
            await bot.close()

    async def greet(self, local: str) -> None:
        """A new customer has come."""
        for bot in self.bots:
            await bot.greet(local)

    def _bot(self, digits: str) -> Bot | None:
        return next((bot for bot in self.bots if bot.business.digits == digits), None)

    async def _connect(self, business: Business, hook: str) -> Bot:
        app, now = self._app, self._app.clock.now()
        async with app.database.begin() as uow:
            number = await number_store.by_digits(uow, business.digits) or await self._found(uow, business)
            [owner_app] = await account_store.of_portfolio(uow, account_store.apps, number.portfolio_id)
            user = await accounts.create_system_user(
                uow, portfolio_id=number.portfolio_id, name="Bot", role="ADMIN", at=now
            )
            token = await accounts.issue_token(
                uow,
                kind="SYSTEM_USER",
                app_id=owner_app.id,
                portfolio_id=number.portfolio_id,
                user_id=user,
                scopes=SCOPES,
                at=now,
                life=timedelta(days=1),
                label="demo bot",
            )
            secret = await accounts.app_secret(uow, app.keyring, owner_app.id)
            mine = await number_store.of_waba(uow, number.waba_id)
            await webhooks.subscribe_app(
                uow, app_id=owner_app.id, callback_url=hook, verify_token=hooks.VERIFY, fields=["messages"]
            )
        app.platform.graph.subscriptions_changed()
        for one in mine:  # the test number too: the sandbox phone writes to it
            await app.platform.graph.number_changed(one.id)
        await app.platform.sandbox.changed(number.portfolio_id)
        return Bot(
            business,
            app.local_url,
            app=owner_app.id,
            phone=number.id,
            waba=number.waba_id,
            token=token.text,
            secret=secret or "",
            spawn=app.server.spawn,
        )

    async def _found(self, uow: UnitOfWork, business: Business) -> Row[Any]:
        app, now = self._app, self._app.clock.now()
        founder = Founder(business.name, people.ANA.local, business.country, "EUR", business.timezone)
        made = await founding.found(uow, app.keyring, founder, at=now)
        portfolio, waba = made.portfolio, made.waba
        await Accounts(uow).change(
            portfolio,
            mode=POSTPAID,
            credit_limit=CREDIT.micros,
            spend_limit=business.limit.micros,
            essential_limit=business.limit.micros * 3 // 2,
            address=business.address,
            tax_id=business.tax_id,
            tax_basis_points=business.tax,
        )
        phone = await numbers.add(
            uow,
            portfolio_id=portfolio,
            waba_id=waba,
            number=business.digits,
            verified_name=business.name,
            at=now,
            is_test=False,
        )
        await number_store.change(
            uow, phone, status="CONNECTED", code_verification_status="VERIFIED", registered_at=now
        )
        await profiles.change(uow, phone, business.profile)
        await accounts.set_member(
            uow, portfolio_id=portfolio, account=people.BRUNO.local, role="finance", by_role="owner", at=now
        )
        row = await number_store.get(uow, phone)
        assert row is not None
        self._fresh.append((portfolio, phone, business))
        return row

    async def _remember(self) -> None:
        """Give what was founded now a past."""
        now = self._app.clock.now()
        for portfolio, phone, business in self._fresh:
            await history.tell(self._app.database, portfolio, phone, business.habits, now, seller=SELLER)


class _Embedded(uvicorn.Server):
    """Signals are the network's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def _picture(name: str) -> bytes:
    return files("plauder.ops.demo").joinpath("pictures", name).read_bytes()


# ── what they say ─────────────────────────────────────────────────────────────────────────────────────────────────


def template(name: str, *values: str) -> Say:
    """A template message with positional values."""
    parameters = [{"type": "text", "text": value} for value in values]
    body = {"name": name, "language": {"code": "en"}, "components": [{"type": "body", "parameters": parameters}]}
    return {"type": "template", "template": body}


def _chosen(message: Say) -> str:
    """What a person tapped or wrote."""
    answer = message.get("interactive", {})
    for kind in ("button_reply", "list_reply"):
        if kind in answer:
            return str(answer[kind]["title"])
    return str(message.get("button", {}).get("text") or message.get("text", {}).get("body", ""))


async def _airline(bot: Bot, customer: str, message: Say) -> None:
    said = _chosen(message).lower()
    if "seat" in said:
        rows = [
            {"id": "4a", "title": "4A, window", "description": "Looks at the Harz on the way in"},
            {"id": "4c", "title": "4C, aisle", "description": "First at the door"},
        ]
        action = {"button": "See seats", "sections": [{"title": "Free now", "rows": rows}]}
        body = {"text": "KB 417 has two seats left in the front. Which one?"}
        await bot.send(
            customer, {"type": "interactive", "interactive": {"type": "list", "body": body, "action": action}}
        )
    elif said.startswith(("4a", "4c")):
        await bot.text(customer, f"Done: you are in {said[:2].upper()} on KB 417. Boarding begins at 13:50.")
    elif "bag" in said:
        await bot.text(customer, "One bag of 23 kg is added to KB 417, free with your fare.")
    else:
        buttons = [
            {"type": "reply", "reply": {"id": i, "title": t}} for i, t in (("s", "Other seat"), ("b", "Add a bag"))
        ]
        body = {"text": "I can change your seat or add a bag to KB 417."}
        interactive = {"type": "button", "body": body, "action": {"buttons": buttons}}
        await bot.send(customer, {"type": "interactive", "interactive": interactive})


async def _parcel(bot: Bot, customer: str, message: Say) -> None:
    said = _chosen(message).lower()
    if "neighbour" in said:
        await bot.text(customer, "Noted: ZV 4821 9930 17 goes to your neighbour. We tell you who took it.")
    elif "where" in said or "map" in said:
        place = {"latitude": 53.5503, "longitude": 9.9927, "name": "Zugvogel van 12", "address": "Jungfernstieg"}
        await bot.send(customer, {"type": "location", "location": place})
    else:
        await bot.send(customer, template("parcel_update", "ZV 4821 9930 17", "3", "14:40"))


async def _bank(bot: Bot, customer: str, message: Say) -> None:
    code = f"{secrets.randbelow(1_000_000):06d}"
    button = {
        "type": "button",
        "sub_type": "url",
        "index": "0",
        "parameters": [{"type": "text", "text": code}],
    }
    body = {"type": "body", "parameters": [{"type": "text", "text": code}]}
    message = {"name": "login_code", "language": {"code": "en"}, "components": [body, button]}
    await bot.send(customer, {"type": "template", "template": message})


def _quick(*texts: str) -> Say:
    return {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": text} for text in texts]}


def _body(text: str, *examples: str) -> Say:
    return {"type": "BODY", "text": text, "example": {"body_text": [list(examples)]}}


KOLIBRI: Final = Business(
    "351210004170",
    "Kolibri Air",
    "PT",
    "Europe/Lisbon",
    {
        "about": "Small planes, short ways",
        "description": "Lisbon, Porto, Berlin and eleven smaller places, with birds' names on the tails.",
        "address": "Rua das Andorinhas 17, 1100-044 Lisboa",
        "email": "ola@kolibri.example",
        "vertical": "TRAVEL",
        "websites": ["https://kolibri.example/"],
        "hours": {
            "timezone": "Europe/Lisbon",
            "days": {day: [["06:00", "22:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
        },
    },
    "Kolibri Air, S.A.\nRua das Andorinhas 17\n1100-044 Lisboa",
    "PT 501 234 567",
    2_300,
    Money.of(60, "EUR"),
    "kolibri.png",
    (
        {
            "name": "boarding_pass",
            "language": "en",
            "category": "UTILITY",
            "components": [
                {"type": "HEADER", "format": "IMAGE"},
                _body(
                    "Hello {{1}}, your boarding pass for flight {{2}} is ready. Boarding {{3}}, seat {{4}}, gate B 12.",
                    "Ana",
                    "KB 417",
                    "13:50",
                    "11C",
                ),
                {"type": "FOOTER", "text": "Kolibri Air"},
                _quick("Other seat", "Add a bag"),
            ],
        },
    ),
    template("boarding_pass", "Ana", "KB 417", "13:50", "11C"),
    _airline,
    AIRLINE,
    header="boarding-pass.png",
)
ZUGVOGEL: Final = Business(
    "4940555014820",
    "Zugvogel Parcel",
    "DE",
    "Europe/Berlin",
    {
        "about": "We fly south with your parcels, and north",
        "address": "Am Sandtorkai 3, 20457 Hamburg",
        "vertical": "PROF_SERVICES",
        "websites": ["https://zugvogel.example/"],
        "hours": {
            "timezone": "Europe/Berlin",
            "days": {day: [["08:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat")},
        },
    },
    "Zugvogel Parcel GmbH\nAm Sandtorkai 3\n20457 Hamburg",
    "DE 123 456 789",
    1_900,
    Money.of(50, "EUR"),
    "zugvogel.png",
    (
        {
            "name": "parcel_update",
            "language": "en",
            "category": "UTILITY",
            "components": [
                _body("Your parcel {{1}} is {{2}} stops away and with you by {{3}} today.", "ZV 1", "3", "14:40"),
                _quick("Leave with neighbour", "Where is it?"),
            ],
        },
    ),
    template("parcel_update", "ZV 4821 9930 17", "3", "14:40"),
    _parcel,
    PARCELS,
)
AUSTER: Final = Business(
    "493055501777",
    "Auster Bank",
    "DE",
    "Europe/Berlin",
    {"about": "Codes for your logins", "address": "Neuer Wall 50, 20354 Hamburg", "vertical": "FINANCE"},
    "Auster Bank AG\nNeuer Wall 50\n20354 Hamburg",
    "DE 987 654 321",
    1_900,
    Money.of(40, "EUR"),
    "auster.png",
    (
        {
            "name": "login_code",
            "language": "en",
            "category": "AUTHENTICATION",
            "components": [
                {"type": "BODY", "add_security_recommendation": True},
                {"type": "FOOTER", "code_expiration_minutes": 10},
                {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code"}]},
            ],
        },
    ),
    {
        "type": "template",
        "template": {
            "name": "login_code",
            "language": {"code": "en"},
            "components": [
                {"type": "body", "parameters": [{"type": "text", "text": "417309"}]},
                {
                    "type": "button",
                    "sub_type": "url",
                    "index": "0",
                    "parameters": [{"type": "text", "text": "417309"}],
                },
            ],
        },
    },
    _bank,
    BANK,
)
BUSINESSES: Final = (AUSTER, ZUGVOGEL, KOLIBRI)
