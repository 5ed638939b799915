"""Twilio's Programmable Messaging, by its REST API.

https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource:
POST /2010-04-01/Accounts/{AccountSid}/Messages.json, form-encoded To, Body and From or MessagingServiceSid, HTTP Basic
with account SID and auth token; 201 with the message, or an error with `code` and `message`.
"""

from __future__ import annotations

import httpx

from plauder.features.accounts.parts import NotSent
from plauder.kit import log
from plauder.kit.config import Sms
from plauder.kit.phone import BadNumber, Phone

_log = log.get("edge.sms")

# https://www.twilio.com/docs/api/errors: the number, not the service, is at fault.
_BAD_NUMBERS = {21211, 21214, 21217, 21401, 21407, 21421, 21610, 21614}


class Twilio:
    """One request per text."""

    def __init__(self, settings: Sms, http: httpx.AsyncClient) -> None:
        sid = settings.twilio_account_sid
        self._url = f"{settings.twilio_url.rstrip('/')}/2010-04-01/Accounts/{sid}/Messages.json"
        self._auth = httpx.BasicAuth(sid, settings.twilio_auth_token.get_secret_value())
        self._sender = settings.twilio_from
        self._timeout = settings.timeout_seconds
        self._http = http

    async def send(self, to: Phone, text: str) -> None:
        sender = "MessagingServiceSid" if self._sender.startswith("MG") else "From"
        form = {"To": to.e164, "Body": text, sender: self._sender}
        try:
            answer = await self._http.post(self._url, data=form, auth=self._auth, timeout=self._timeout)
        except httpx.HTTPError as error:
            _log.warning("gateway unreachable", gateway="twilio", why=type(error).__name__)
            raise NotSent() from None
        if answer.is_success:
            return
        number = _error_code(answer)
        _log.warning("gateway refused", gateway="twilio", status=answer.status_code, error=number)
        if number in _BAD_NUMBERS:
            raise BadNumber("No text can be sent to this number.")
        raise NotSent()


def _error_code(answer: httpx.Response) -> int:
    try:
        return int(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return 0
