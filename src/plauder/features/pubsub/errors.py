"""Refusals as stanza errors with the conditions of XEP-0060."""

from __future__ import annotations

from typing import Final, cast

from plauder.features.pubsub.rules import Refusal
from plauder.wire.stanza_error import ErrorType, StanzaError
from plauder.wire.xml import E

ERRORS: Final = "http://jabber.org/protocol/pubsub#errors"


def error(type_: str, condition: str, detail: str = "", text: str | None = None, feature: str = "") -> StanzaError:
    """A stanza error, with the pubsub error that explains it."""
    app = E(f"{{{ERRORS}}}{detail}", {"feature": feature or None}) if detail else None
    return StanzaError(cast("ErrorType", type_), condition, text, app)


def require(refusal: Refusal | None) -> None:
    """Raise what a rule says."""
    if refusal is not None:
        raise error(refusal.type, refusal.condition, refusal.detail, feature=refusal.feature)


def not_found() -> StanzaError:
    return error("cancel", "item-not-found")


def bad(detail: str = "", text: str | None = None) -> StanzaError:
    return error("modify", "bad-request", detail, text)
