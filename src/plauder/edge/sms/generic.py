"""Any gateway that takes a POST: `{"to": "+4915112345678", "text": "…"}` with the operator's headers."""

from __future__ import annotations

import httpx

from plauder.features.accounts.parts import NotSent
from plauder.kit import log
from plauder.kit.config import Sms
from plauder.kit.phone import Phone

_log = log.get("edge.sms")


class Generic:
    """Any 2xx answer means the gateway has taken the text."""

    def __init__(self, settings: Sms, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._http = http

    async def send(self, to: Phone, text: str) -> None:
        headers = {name: value.get_secret_value() for name, value in self._settings.http_headers.items()}
        try:
            answer = await self._http.post(
                self._settings.http_url,
                json={"to": to.e164, "text": text},
                headers=headers,
                timeout=self._settings.timeout_seconds,
            )
        except httpx.HTTPError as error:
            _log.warning("gateway unreachable", gateway="http", why=type(error).__name__)
            raise NotSent() from None
        if not answer.is_success:
            _log.warning("gateway refused", gateway="http", status=answer.status_code)
            raise NotSent()
