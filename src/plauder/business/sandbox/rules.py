"""Which failures can be switched on, and what sandbox numbers look like. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from plauder.kit.errors import BadInput

FAULTS: Mapping[str, str] = {
    "undeliverable": "Messages fail with 131026: the person cannot be reached.",
    "window_closed": "Messages fail with 131047: the 24-hour window is closed.",
    "payment": "Messages fail with 131042: there is a problem with the payment.",
    "marketing_cap": "Messages fail with 131049: the person got enough marketing.",
    "experiment": "Messages fail with 130472: the person is part of an experiment.",
    "rate_limit": "Sending answers 130429: too fast.",
    "expired_token": "Every call with a token answers 190: the token has expired.",
    "template_rejection": "New and edited templates are rejected.",
    "webhook_down": "Webhooks are not delivered, as if your server answered 503; they are retried.",
}
"""Name → what a developer will see. Message faults are those of the test number, the others of all test calls."""

PREFIX_NUMBER = "9990"
PREFIX_CUSTOMER = "9991"


def check_faults(names: Iterable[str]) -> list[str]:
    wanted = sorted(set(names))
    if unknown := [name for name in wanted if name not in FAULTS]:
        raise BadInput(f"There is no failure {unknown[0]!r}. There are: {', '.join(FAULTS)}.")
    return wanted


def digits(prefix: str, portfolio_id: str) -> str:
    """The sandbox number of a portfolio: always the same."""
    digest = hashlib.sha256(f"{prefix}/{portfolio_id}".encode()).digest()
    return prefix + f"{int.from_bytes(digest[:6], 'big') % 10**9:09d}"


def is_customer(local: str) -> bool:
    """Whether an address is a simulated customer's: nothing is encrypted to it, it has no keys."""
    return local.startswith(PREFIX_CUSTOMER) and len(local) == 13 and local.isdecimal()
