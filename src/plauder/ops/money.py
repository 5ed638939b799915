"""`plauder billing …`: what an operator does with money: payments, limits, rate cards, the books."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import select

from plauder.kit.errors import BadInput
from plauder.kit.money import Money
from plauder.money.billing.accounts import POSTPAID, PREPAID, Accounts
from plauder.money.billing.accounts import table as accounts
from plauder.money.billing.charges import Charges
from plauder.money.billing.invoices import close_month
from plauder.money.ledger.store import Ledger
from plauder.money.rates import sheet
from plauder.money.rates.store import RateCards
from plauder.ops.desk import Desk

AtDesk = Callable[[typer.Context, Callable[[Desk], Awaitable[None]]], None]
Account = Annotated[str, typer.Argument(help="Billing account: the number of the business.")]
Amount = Annotated[str, typer.Argument(help="Amount with its currency, as 250.00 EUR.")]


def group(at_desk: AtDesk, **options: Any) -> typer.Typer:
    """The commands; `at_desk` runs work on the open database."""
    app = typer.Typer(help="Payments, limits, rate cards, the books.", **options)

    @app.command("list")
    def list_accounts(context: typer.Context) -> None:
        """All billing accounts and where they are."""

        async def work(at: Desk) -> None:
            async with at.database.read() as uow:
                names = [name for (name,) in await uow.execute(select(accounts.c.id).order_by(accounts.c.id))]
                for name in names:
                    account = await Accounts(uow).get(name)
                    standing = await Charges(uow).standing(account, _now())
                    typer.echo(
                        f"{name}  {account.mode}  owes {standing.owed}  this month {standing.spent}  {account.name}"
                    )

        at_desk(context, work)

    @app.command("pay-in")
    def pay_in(
        context: typer.Context,
        account: Account,
        amount: Amount,
        key: Annotated[str, typer.Option(help="The bank's reference: the same one is booked once.")] = "",
        memo: Annotated[str, typer.Option(help="What it says on the statement.")] = "payment",
    ) -> None:
        """Book money that arrived."""
        money = _amount(amount)
        reference = key or secrets.token_hex(8)

        async def work(at: Desk) -> None:
            async with at.database.begin() as uow:
                booked = await Accounts(uow).pay_in(account, money, key=reference, at=_now(), memo=memo)
            typer.echo(
                f"{money} booked for {account}." if booked else f"{reference} was booked before; nothing changed."
            )

        at_desk(context, work)

    @app.command("credit")
    def credit(context: typer.Context, account: Account, amount: Amount) -> None:
        """Let an account pay later, up to an amount; 0 makes it prepaid."""
        money = _amount(amount)

        async def work(at: Desk) -> None:
            async with at.database.begin() as uow:
                kept = await Accounts(uow).get(account)
                if kept.currency != money.currency:
                    raise BadInput(f"The account is kept in {kept.currency}.")
                mode = POSTPAID if money else PREPAID
                await Accounts(uow).change(account, mode=mode, credit_limit=money.micros)
            typer.echo(f"{account} is {mode}.")

        at_desk(context, work)

    @app.command("card-import")
    def card_import(context: typer.Context, file: Path, currency: str) -> None:
        """Put a rate card (CSV) into force for a currency."""
        text = file.read_text("utf-8")

        async def work(at: Desk) -> None:
            async with at.database.begin() as uow:
                card = await RateCards(uow).bring_in(text, currency, by="command line", at=_now())
            typer.echo(f"{len(card.rules)} rules are in force for {currency}.")

        at_desk(context, work)

    @app.command("card-export")
    def card_export(context: typer.Context, currency: str) -> None:
        """Print the rate card in force as CSV."""

        async def work(at: Desk) -> None:
            async with at.database.read() as uow:
                typer.echo(sheet.write(await RateCards(uow).current(currency)), nl=False)

        at_desk(context, work)

    @app.command("close-month")
    def close(context: typer.Context) -> None:
        """Issue the invoices that are due; the server does it by itself too."""

        async def work(at: Desk) -> None:
            seller = at.config.business.seller or at.config.domain
            issued = await close_month(at.database, seller=seller, at=_now())
            typer.echo("\n".join(issued) or "Nothing is due.")

        at_desk(context, work)

    @app.command("audit")
    def audit(context: typer.Context) -> None:
        """Prove the books: every entry balances, every balance is the sum of its entries."""
        found = []

        async def work(at: Desk) -> None:
            async with at.database.read() as uow:
                found.extend(await Ledger(uow).audit())
            for finding in found:
                typer.echo(f"{finding.what}: {finding.where}")
            if not found:
                typer.echo("The books are in order.")

        at_desk(context, work)
        if found:
            raise typer.Exit(1)

    return app


def _amount(text: str) -> Money:
    number, _, currency = text.strip().partition(" ")
    try:
        money = Money.of(Decimal(number), currency.strip().upper())
    except (InvalidOperation, ValueError, OverflowError):
        raise BadInput(f"{text[:40]!r} is not an amount with its currency, as '250.00 EUR'.") from None
    if money.micros < 0 or money.micros > 1 << 60:
        raise BadInput("The amount must be positive.")
    return money


def _now() -> datetime:
    return datetime.now(UTC)
