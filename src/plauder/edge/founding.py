"""Founding a business: portfolio, app, WABA, billing account, and a sandbox with its simulated customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from plauder.business.accounts import commands as accounts
from plauder.business.numbers import commands as numbers
from plauder.business.numbers import store as number_store
from plauder.business.sandbox import rules as sandbox_rules
from plauder.business.sandbox import store as sandbox_store
from plauder.business.webhooks import commands as webhooks
from plauder.edge.http.graph.billing import open_account
from plauder.kit.keyring import Keyring
from plauder.store.database import UnitOfWork


@dataclass(frozen=True, slots=True)
class Founder:
    """Who founds what: `owner` is the account of a person, `currency` that of the bill."""

    name: str
    owner: str
    country: str = ""
    currency: str = "USD"
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Founded:
    """The ids of what was made; `phone` is the test number."""

    portfolio: str
    app: str
    waba: str
    phone: str


async def found(uow: UnitOfWork, keyring: Keyring, founder: Founder, *, at: datetime) -> Founded:
    """After the commit: announce the number, and let the sandbox attach."""
    portfolio = await accounts.create_portfolio(
        uow, name=founder.name, owner=founder.owner, country=founder.country, at=at
    )
    app, _ = await accounts.create_app(uow, keyring, portfolio_id=portfolio, name=founder.name, at=at)
    waba = await accounts.create_waba(
        uow,
        portfolio_id=portfolio,
        name=founder.name,
        at=at,
        currency=founder.currency,
        timezone_id=founder.timezone,
        country=founder.country,
    )
    await accounts.create_system_user(uow, portfolio_id=portfolio, name="API", role="ADMIN", at=at)
    await webhooks.subscribe_waba(uow, waba_id=waba, app_id=app)
    await open_account(uow, portfolio, waba, at)
    phone = await _sandbox(uow, founder, portfolio, waba, at)
    return Founded(portfolio, app, waba, phone)


async def _sandbox(uow: UnitOfWork, founder: Founder, portfolio: str, waba: str, at: datetime) -> str:
    number = sandbox_rules.digits(sandbox_rules.PREFIX_NUMBER, portfolio)
    customer = sandbox_rules.digits(sandbox_rules.PREFIX_CUSTOMER, portfolio)
    phone = await numbers.add(
        uow,
        portfolio_id=portfolio,
        waba_id=waba,
        number=number,
        verified_name=f"{founder.name[:121]} (test)",
        at=at,
        is_test=True,
    )
    await number_store.change(
        uow,
        phone,
        status="CONNECTED",
        code_verification_status="VERIFIED",
        registered_at=at,
        recipients=[customer] + ([founder.owner] if founder.owner.isdecimal() else []),
    )
    await sandbox_store.create(
        uow,
        portfolio_id=portfolio,
        phone_id=phone,
        number=number,
        customer=customer,
        customer_name="Test customer",
        sends_receipts=True,
        reads=True,
        faults=[],
    )
    return phone
