"""Who may do what: permissions of tokens, roles of people, proof of the app secret. Pure."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

MESSAGING = "whatsapp_business_messaging"
MANAGEMENT = "whatsapp_business_management"
BUSINESS = "business_management"
SCOPES = (MESSAGING, MANAGEMENT, BUSINESS)

TokenKind = Literal["SYSTEM_USER", "USER", "APP"]
PREFIX = "EAA"

USER_TOKEN_LIFE = timedelta(hours=2)
LONG_USER_TOKEN_LIFE = timedelta(days=60)
CODE_LIFE = timedelta(minutes=10)

Role = Literal["owner", "admin", "developer", "marketing", "finance", "agent", "viewer"]

ROLES: dict[str, frozenset[str]] = {
    "owner": frozenset({"team", "numbers", "keys", "templates", "messages", "money", "journal", "read", "delete"}),
    "admin": frozenset({"team", "numbers", "keys", "templates", "messages", "money", "journal", "read"}),
    "developer": frozenset({"keys", "templates", "messages", "journal", "read"}),
    "marketing": frozenset({"templates", "messages", "read"}),
    "finance": frozenset({"money", "read"}),
    "agent": frozenset({"messages", "read"}),
    "viewer": frozenset({"read"}),
}
"""What the members of a team may do in the console."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who calls: the outcome of authentication. `portfolio_id` bounds everything it may see."""

    kind: TokenKind
    app_id: str
    portfolio_id: str
    user_id: str
    scopes: frozenset[str]
    expires_at: datetime | None = None
    created_at: datetime | None = None
    token_id: str = ""
    requires_proof: bool = False

    def allows(self, scope: str) -> bool:
        """App tokens manage their app only; others need the permission."""
        return scope in self.scopes


def can(role: str | None, act: str) -> bool:
    return role is not None and act in ROLES.get(role, frozenset())


def digest(secret: str) -> bytes:
    """How a token is kept. It has 32 random bytes, so a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode()).digest()


def is_match(secret: str, kept: bytes) -> bool:
    return hmac.compare_digest(digest(secret), kept)


def appsecret_proof(app_secret: str, token: str) -> str:
    """Hex HMAC-SHA256 over the token with the app secret as key."""
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def is_same(expected: str, given: str) -> bool:
    """Compared in constant time; any text may come in."""
    return hmac.compare_digest(expected.encode(), given.encode())


def is_live(at: datetime, *, expires_at: datetime | None, revoked_at: datetime | None) -> bool:
    return revoked_at is None and (expires_at is None or at < expires_at)
