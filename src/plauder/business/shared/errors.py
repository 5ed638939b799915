"""Errors as the Cloud API words them: a code, a title, an HTTP status, and details that say what to do.

Clients map by `code`, never by HTTP status. Titles and codes follow the vendor's error page; the HTTP column follows
its older official table, because the newer page dropped it.
"""

from __future__ import annotations

from typing import Any

from plauder.kit.errors import PlauderError

TITLES: dict[int, tuple[int, str]] = {
    0: (401, "AuthException"),
    1: (400, "API Unknown"),
    2: (503, "API Service"),
    3: (500, "API Method"),
    4: (400, "API Too Many Calls"),
    10: (403, "Permission denied"),
    33: (400, "Parameter value is not valid"),
    100: (400, "Invalid parameter"),
    104: (400, "API calls from the server require an appsecret_proof argument"),
    190: (401, "Invalid OAuth access token"),
    200: (403, "Permissions error"),
    368: (403, "Temporarily blocked for policies violations"),
    2200: (400, "Callback verification failed"),
    2500: (400, "Unknown path components"),
    80007: (400, "Rate limit issues"),
    130403: (400, "Business has blocked this user"),
    130429: (400, "Rate limit hit"),
    130472: (400, "User's number is part of an experiment"),
    130497: (403, "Business account is restricted from messaging users in this country"),
    131000: (500, "Something went wrong"),
    131005: (403, "Access denied"),
    131008: (400, "Required parameter is missing"),
    131009: (400, "Parameter value is not valid"),
    131016: (500, "Service unavailable"),
    131020: (400, "Group does not exist"),
    131021: (400, "Recipient cannot be sender"),
    131026: (400, "Message undeliverable"),
    131030: (400, "Recipient phone number not in allowed list"),
    131031: (403, "Account has been locked"),
    131037: (400, "Display name approval needed"),
    131042: (400, "Business eligibility payment issue"),
    131045: (500, "Incorrect certificate"),
    131047: (400, "Re-engagement message"),
    131048: (400, "Spam rate limit hit"),
    131049: (400, "This message was not delivered to maintain healthy ecosystem engagement"),
    131050: (400, "User's number has stopped marketing messages from this business"),
    131051: (400, "Unsupported message type"),
    131052: (400, "Media download error"),
    131053: (400, "Media upload error"),
    131055: (400, "Method not allowed"),
    131056: (400, "(Business Account, Consumer Account) pair rate limit hit"),
    131057: (500, "Account in maintenance mode"),
    131062: (400, "Business-scoped user ID recipients are not supported for this message"),
    131063: (400, "Marketing templates are disabled for Cloud API"),
    131064: (400, "Limited because of template classification violations"),
    132000: (400, "Number of parameters does not match the expected number of params"),
    132001: (404, "Template name does not exist in the translation"),
    132005: (400, "Template hydrated text too long"),
    132007: (400, "Template format character policy violated"),
    132008: (400, "Template parameter value mismatch"),
    132012: (400, "Template parameter format mismatch"),
    132015: (400, "Template is paused"),
    132016: (400, "Template is disabled"),
    132018: (400, "Template validation error"),
    132068: (400, "Flow is in blocked state"),
    132069: (400, "Flow is in throttled state"),
    133000: (500, "Incomplete deregistration"),
    133004: (503, "Server temporarily unavailable"),
    133005: (400, "Two-step verification PIN mismatch"),
    133006: (400, "Phone number re-verification needed"),
    133008: (400, "Too many two-step verification PIN guesses"),
    133009: (400, "Two-step verification PIN guessed too fast"),
    133010: (400, "Phone number not registered"),
    133015: (400, "Please wait a few minutes before attempting to register this phone number"),
    133016: (400, "Account register or deregister rate limit exceeded"),
    134011: (400, "Payments terms of service not accepted"),
    134100: (400, "Only marketing messages supported"),
    134101: (400, "Template is syncing"),
    135000: (400, "Generic user error"),
    136024: (400, "Code request error"),
    136025: (400, "Verify code error"),
    137000: (400, "Recipient identity key hash mismatch"),
    138000: (400, "Calling not enabled"),
    131215: (400, "Groups are not available for this number"),
    139000: (400, "Blocked by integrity"),
    139001: (400, "Flow can't be updated"),
    139002: (400, "Flow can't be published"),
    139003: (400, "Flow can't be deprecated"),
    139004: (400, "Flow can't be deleted"),
    139100: (400, "Failed to block or unblock users"),
    139101: (400, "Block list limit reached"),
    139102: (400, "Block list concurrent update"),
    139103: (500, "Block list internal error"),
    200005: (400, "Template insights are not available"),
    200006: (400, "Template insights cannot be disabled"),
    200007: (400, "Template insights are not enabled"),
}
"""Code → (HTTP status, title)."""

MISSING = 33
"""The subcode of error 100 for a node that is not there; its message carries no number."""
WHATSAPP_CODES = range(130_000, 140_000)
"""Codes whose error carries `error_data{messaging_product, details}`."""


class GraphError(PlauderError):
    """An answer of the API that is not a success. Made by `fail` and `invalid`."""

    code = "graph-error"
    status = 400

    def __init__(
        self,
        number: int,
        title: str,
        *,
        status: int,
        details: str = "",
        subcode: int | None = None,
        kind: str = "OAuthException",
        user_title: str = "",
        user_message: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(title)
        self.number = number
        self.title = title
        self.http_status = status
        self.text = details
        self.subcode = subcode
        self.kind = kind
        self.user_title = user_title
        self.user_message = user_message
        self.retry_after = retry_after

    def body(self, trace_id: str) -> dict[str, Any]:
        """The JSON envelope of the reference."""
        error: dict[str, Any] = {"message": f"(#{self.number}) {self.title}", "type": self.kind, "code": self.number}
        if self.number in WHATSAPP_CODES:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.text or self.title}
        elif self.subcode == MISSING:
            error["message"] = f"{self.title}. {self.text}"
        elif self.text:
            error["message"] += f": {self.text}"
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
            error["is_transient"] = False
        if self.user_title or self.user_message:
            error["error_user_title"] = self.user_title or self.title
            error["error_user_msg"] = self.user_message or self.text
        error["fbtrace_id"] = trace_id
        return {"error": error}

    def as_failure(self) -> dict[str, Any]:
        """The same as an entry of `errors` in a webhook."""
        return {
            "code": self.number,
            "title": self.title,
            "message": self.title,
            "error_data": {"details": self.text or self.title},
        }


def fail(number: int, details: str = "", *, subcode: int | None = None, retry_after: float | None = None) -> GraphError:
    """The documented error `number`, told with `details`."""
    status, title = TITLES[number]
    return GraphError(number, title, status=status, details=details, subcode=subcode, retry_after=retry_after)


def invalid(details: str, *, subcode: int | None = None, title: str = "") -> GraphError:
    """Error 100: a parameter of a management endpoint is wrong. With `title` it carries a text for people."""
    return GraphError(
        100, "Invalid parameter", status=400, details=details, subcode=subcode, user_title=title, user_message=details
    )


def missing_node(node_id: str, method: str = "") -> GraphError:
    """What the API says to an id that is not there or not yours: it does not tell which. The edge knows the `method`
    where nobody says it."""
    return GraphError(
        100,
        f"Unsupported {method} request" if method else "Unsupported request",
        status=400,
        subcode=MISSING,
        kind="GraphMethodException",
        details=f"Object with ID '{node_id}' does not exist, cannot be loaded due to missing permissions, "
        "or does not support this operation",
    )


def unknown_path(path: str) -> GraphError:
    """An edge the API does not have: never an HTML 404."""
    return GraphError(
        2500, "Unknown path components", status=400, kind="GraphMethodException", details=f"/{path.strip('/')}"
    )


def bad_token(details: str, *, subcode: int | None = None) -> GraphError:
    """Error 190."""
    return fail(190, details, subcode=subcode)
