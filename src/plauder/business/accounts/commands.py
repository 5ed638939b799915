"""Use cases on portfolios, apps, WABAs, members and tokens."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import Row, delete, func, select

from plauder.business.accounts import rules, store
from plauder.business.accounts.rules import Access
from plauder.business.shared import nodes
from plauder.business.shared.errors import bad_token, fail, invalid
from plauder.kit.errors import BadInput, Conflict, Forbidden, NotFound
from plauder.kit.ids import new_token
from plauder.kit.keyring import BadKey, Keyring
from plauder.store.database import UnitOfWork

CURRENCIES = frozenset(
    {"USD", "AED", "ARS", "AUD", "BRL", "CLP", "COP", "EUR", "GBP", "IDR", "INR", "MXN", "MYR", "PEN", "SAR", "SGD"}
)


@dataclass(frozen=True, slots=True)
class NewToken:
    """The only time the token's text is seen."""

    id: str
    text: str
    expires_at: datetime | None


async def create_portfolio(uow: UnitOfWork, *, name: str, owner: str, country: str, at: datetime) -> str:
    """A new portfolio with `owner` (an account) as its owner; returns its id."""
    name = name.strip()
    if not 1 <= len(name) <= 128:
        raise BadInput("A business needs a name of 1 to 128 characters.")
    node = await nodes.create(uow, "business")
    await uow.execute(
        store.portfolios.insert().values(
            id=node.id, name=name, country=country, verification="not_verified", tier="TIER_250", created_at=at
        )
    )
    await uow.execute(store.members.insert().values(portfolio_id=node.id, account=owner, role="owner", joined_at=at))
    return node.id


async def create_app(
    uow: UnitOfWork, keyring: Keyring, *, portfolio_id: str, name: str, at: datetime
) -> tuple[str, str]:
    """A new app; returns its id and its secret."""
    node = await nodes.create(uow, "app", portfolio_id=portfolio_id)
    secret = secrets.token_hex(16)
    await uow.execute(
        store.apps.insert().values(
            id=node.id,
            portfolio_id=portfolio_id,
            name=name.strip()[:128] or "App",
            secret=keyring.seal(f"app:{node.id}", secret.encode()),
            requires_proof=False,
            created_at=at,
        )
    )
    return node.id, secret


async def app_secret(uow: UnitOfWork, keyring: Keyring, app_id: str) -> str | None:
    """The app's secret in the clear, None for an unknown app."""
    app = await store.get(uow, store.apps, app_id)
    return _unsealed(keyring, app).decode() if app else None


def _unsealed(keyring: Keyring, app: Row[Any]) -> bytes:
    secret = keyring.unseal(f"app:{app.id}", app.secret)
    if secret is None:
        raise BadKey("The secret of an app cannot be read: this server's key is another than the one it was made with.")
    return secret


async def rotate_app_secret(uow: UnitOfWork, keyring: Keyring, app_id: str) -> str:
    secret = secrets.token_hex(16)
    await store.change(uow, store.apps, app_id, secret=keyring.seal(f"app:{app_id}", secret.encode()))
    return secret


async def create_waba(
    uow: UnitOfWork,
    *,
    portfolio_id: str,
    name: str,
    at: datetime,
    currency: str = "USD",
    timezone_id: str = "UTC",
    country: str = "",
) -> str:
    """A new WhatsApp Business Account; returns its id."""
    if currency not in CURRENCIES:
        raise BadInput(f"{currency!r} is not one of the billing currencies: {', '.join(sorted(CURRENCIES))}.")
    if timezone_id not in available_timezones():
        raise BadInput(f"{timezone_id!r} is not a time zone such as Europe/Berlin.")
    node = await nodes.create(uow, "waba", portfolio_id=portfolio_id)
    await uow.execute(
        store.wabas.insert().values(
            id=node.id,
            portfolio_id=portfolio_id,
            name=name.strip()[:128],
            currency=currency,
            timezone_id=timezone_id,
            country=country,
            namespace=secrets.token_hex(16),
            review_status="APPROVED",
            insights=False,
            marketing_disabled=False,
            locked_reason="",
            created_at=at,
        )
    )
    return node.id


async def update_waba(uow: UnitOfWork, waba: Row[Any], changes: dict[str, Any]) -> None:
    """Apply `name`, `timezone_id`, `is_enabled_for_insights`, `disable_marketing_messages_on_cloud_api`."""
    values: dict[str, Any] = {}
    if name := changes.get("name"):
        values["name"] = str(name)[:128]
    if timezone := changes.get("timezone_id"):
        if timezone not in available_timezones():
            raise invalid(f"timezone_id {timezone!r} is not known")
        values["timezone_id"] = timezone
    if (insights := changes.get("is_enabled_for_insights")) is not None:
        if waba.insights and not insights:
            raise fail(200006)
        values["insights"] = bool(insights)
    if (disabled := changes.get("disable_marketing_messages_on_cloud_api")) is not None:
        values["marketing_disabled"] = bool(disabled)
    if values:
        await store.change(uow, store.wabas, waba.id, **values)


async def create_system_user(uow: UnitOfWork, *, portfolio_id: str, name: str, role: str, at: datetime) -> str:
    node = await nodes.create(uow, "user", portfolio_id=portfolio_id)
    await uow.execute(
        store.system_users.insert().values(
            id=node.id, portfolio_id=portfolio_id, name=name[:128], role=role, created_at=at
        )
    )
    return node.id


async def issue_token(
    uow: UnitOfWork,
    *,
    kind: rules.TokenKind,
    app_id: str,
    portfolio_id: str,
    user_id: str,
    scopes: Iterable[str],
    at: datetime,
    life: timedelta | None = None,
    label: str = "",
) -> NewToken:
    """Make a token; `life` None is permanent. Only its hash is kept."""
    wanted = sorted(set(scopes))
    if unknown := set(wanted) - set(rules.SCOPES):
        raise BadInput(f"Unknown permission: {', '.join(sorted(unknown))}.")
    token_id, secret = secrets.token_hex(8), secrets.token_hex(48)
    expires_at = at + life if life else None
    await uow.execute(
        store.tokens.insert().values(
            id=token_id,
            digest=rules.digest(secret),
            kind=kind,
            app_id=app_id,
            portfolio_id=portfolio_id,
            user_id=user_id,
            scopes=wanted,
            label=label[:128],
            created_at=at,
            expires_at=expires_at,
        )
    )
    return NewToken(token_id, f"{rules.PREFIX}{token_id}{secret}", expires_at)


async def authenticate(uow: UnitOfWork, keyring: Keyring, text: str, at: datetime) -> Access:
    """Who a token's text stands for. Raises error 190."""
    if "|" in text:
        return await _authenticate_app(uow, keyring, text)
    token_id, secret = text[3:19], text[19:]
    row = await store.get(uow, store.tokens, token_id) if text.startswith(rules.PREFIX) and secret else None
    # An unknown id is compared too, so that time does not tell whether one exists.
    if not rules.is_match(secret, row.digest if row else b"\0" * 32) or row is None:
        raise bad_token("Malformed access token or token of another server", subcode=467)
    if row.revoked_at is not None:
        raise bad_token("The access token has been revoked", subcode=467)
    if not rules.is_live(at, expires_at=row.expires_at, revoked_at=None):
        raise bad_token(
            f"Session has expired on {row.expires_at:%A, %d-%b-%y %H:%M:%S} UTC. Make a new token.", subcode=463
        )
    app = await store.get(uow, store.apps, row.app_id)
    return Access(
        kind=row.kind,
        app_id=row.app_id,
        portfolio_id=row.portfolio_id,
        user_id=row.user_id,
        scopes=frozenset(row.scopes),
        expires_at=row.expires_at,
        created_at=row.created_at,
        token_id=row.id,
        requires_proof=bool(app and app.requires_proof),
    )


async def _authenticate_app(uow: UnitOfWork, keyring: Keyring, text: str) -> Access:
    app_id, _, secret = text.partition("|")
    app = await authenticate_app(uow, keyring, app_id, secret)
    return Access("APP", app.id, app.portfolio_id, "", frozenset(), created_at=app.created_at)


async def authenticate_app(uow: UnitOfWork, keyring: Keyring, app_id: str, secret: str) -> Row[Any]:
    """The app whose id and secret these are. Raises error 190 (subcode 467)."""
    app = await store.get(uow, store.apps, app_id)
    kept = _unsealed(keyring, app) if app else b"\0" * 32
    if not hmac.compare_digest(kept, secret.encode()) or app is None:
        raise bad_token("Error validating client secret", subcode=467)
    return app


async def issue_code(
    uow: UnitOfWork,
    *,
    access_app_id: str,
    portfolio_id: str,
    user_id: str,
    scopes: Iterable[str],
    redirect_uri: str,
    at: datetime,
) -> str:
    """A one-time code that the app's server exchanges for a token (OAuth 2.0, RFC 6749 §4.1.2)."""
    code_id, secret = secrets.token_hex(8), new_token()
    await uow.execute(
        store.codes.insert().values(
            id=code_id,
            digest=rules.digest(secret),
            app_id=access_app_id,
            portfolio_id=portfolio_id,
            user_id=user_id,
            scopes=sorted(set(scopes)),
            redirect_uri=redirect_uri,
            expires_at=at + rules.CODE_LIFE,
        )
    )
    return code_id + secret


async def exchange_code(uow: UnitOfWork, app: Row[Any], code: str, redirect_uri: str, at: datetime) -> NewToken:
    """A code for a system user token; it works once. Raises error 100 subcode 36007/36009 as the vendor does."""
    row = await store.get(uow, store.codes, code[:16])
    if row is None or not rules.is_match(code[16:], row.digest) or row.app_id != app.id:
        raise invalid("This authorization code has been used, or was never given", subcode=36009)
    await uow.execute(delete(store.codes).where(store.codes.c.id == row.id))
    if row.expires_at <= at:
        raise invalid("This authorization code has expired.", subcode=36007)
    if row.redirect_uri and redirect_uri != row.redirect_uri:
        raise invalid("Error validating verification code: redirect_uri differs from the one asked with", subcode=36008)
    return await issue_token(
        uow,
        kind="SYSTEM_USER",
        app_id=app.id,
        portfolio_id=row.portfolio_id,
        user_id=row.user_id,
        scopes=row.scopes,
        at=at,
        life=rules.LONG_USER_TOKEN_LIFE,
        label="code exchange",
    )


async def exchange_token(uow: UnitOfWork, app: Row[Any], access: Access, at: datetime) -> NewToken:
    """A short-lived token for one of 60 days (`fb_exchange_token`)."""
    if access.app_id != app.id:
        raise bad_token("The access token belongs to another app", subcode=467)
    return await issue_token(
        uow,
        kind=access.kind,
        app_id=app.id,
        portfolio_id=access.portfolio_id,
        user_id=access.user_id,
        scopes=access.scopes,
        at=at,
        life=rules.LONG_USER_TOKEN_LIFE,
        label="exchanged",
    )


async def set_member(
    uow: UnitOfWork, *, portfolio_id: str, account: str, role: str, by_role: str, at: datetime
) -> None:
    """Add someone to the team or give another role. Only owners make owners; one owner always stays."""
    if role not in rules.ROLES:
        raise BadInput(f"{role!r} is not a role: {', '.join(rules.ROLES)}.")
    current = await store.role_of(uow, portfolio_id, account)
    if "owner" in (role, current) and by_role != "owner":
        raise Forbidden("Only an owner can make or change owners.")
    if current == "owner" and role != "owner":
        await _keep_an_owner(uow, portfolio_id)
    statement = uow.insert(store.members).values(portfolio_id=portfolio_id, account=account, role=role, joined_at=at)
    await uow.execute(statement.on_conflict_do_update(index_elements=["portfolio_id", "account"], set_={"role": role}))


async def remove_member(uow: UnitOfWork, *, portfolio_id: str, account: str, by_role: str) -> None:
    current = await store.role_of(uow, portfolio_id, account)
    if current is None:
        raise NotFound("That account is not in the team.")
    if current == "owner":
        if by_role != "owner":
            raise Forbidden("Only an owner can remove an owner.")
        await _keep_an_owner(uow, portfolio_id)
    await uow.execute(
        delete(store.members).where(store.members.c.portfolio_id == portfolio_id, store.members.c.account == account)
    )


async def _keep_an_owner(uow: UnitOfWork, portfolio_id: str) -> None:
    count = await uow.execute(
        select(func.count())
        .select_from(store.members)
        .where(store.members.c.portfolio_id == portfolio_id, store.members.c.role == "owner")
    )
    if count.scalar_one() < 2:
        raise Conflict("A business keeps at least one owner. Make somebody else owner first.")
