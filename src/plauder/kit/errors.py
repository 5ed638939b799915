"""What can go wrong, as classes with a stable code and an HTTP status.

An error says what happened, why, and what to do next. Its text may be shown to a person; exception texts of
libraries and stacks may not.
"""

from __future__ import annotations

from typing import ClassVar


class PlauderError(Exception):
    """The root. `code` is stable and machine-readable; `status` is the HTTP status an edge answers with."""

    code: ClassVar[str] = "internal-error"
    status: ClassVar[int] = 500

    def __init__(self, message: str = "", **details: object) -> None:
        super().__init__(message or (self.__doc__ or "").strip())
        self.details = details

    @property
    def message(self) -> str:
        return str(self.args[0])


class BadInput(PlauderError):
    """The request is not of the form that is asked for."""

    code = "bad-input"
    status = 400


class Unauthenticated(PlauderError):
    """The credentials are missing or wrong."""

    code = "unauthenticated"
    status = 401


class Forbidden(PlauderError):
    """That is not allowed for you."""

    code = "forbidden"
    status = 403


class NotFound(PlauderError):
    """There is nothing at that address."""

    code = "not-found"
    status = 404


class Conflict(PlauderError):
    """That contradicts what is already there."""

    code = "conflict"
    status = 409


class TooLarge(PlauderError):
    """That is larger than is accepted."""

    code = "too-large"
    status = 413


class TooMany(PlauderError):
    """Too many requests; wait and try again."""

    code = "too-many-requests"
    status = 429

    def __init__(self, message: str = "", *, retry_after: float, **details: object) -> None:
        super().__init__(message, retry_after=retry_after, **details)
        self.retry_after = retry_after


class Unavailable(PlauderError):
    """That cannot be done right now; nothing was changed."""

    code = "unavailable"
    status = 503
