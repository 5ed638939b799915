"""A person inside a flow: their app asks for the flow and exchanges data with the business's endpoint through us.

The app sends an IQ to the number's device: `<flow xmlns='urn:plauder:business:0'>{"action": …}</flow>`. `definition`
answers the flow's JSON; `INIT`, `BACK`, `data_exchange` go to the endpoint, encrypted with the business's public key.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

import orjson
from sqlalchemy import Row

from plauder.business.accounts import commands as accounts
from plauder.business.flows import crypto, metrics, store
from plauder.business.numbers import store as number_store
from plauder.edge.outbound import Outbound, OutboundFailed, TimedOut
from plauder.kit.clock import Clock
from plauder.kit.errors import PlauderError
from plauder.kit.keyring import Keyring
from plauder.kit.log import get as get_log
from plauder.store.database import Database
from plauder.wire.stanza_error import StanzaError

log = get_log("edge.flows")

ACTIONS = frozenset({"INIT", "BACK", "data_exchange"})
VERSION = "3.0"
TIMEOUT = 10.0
MAX_ANSWER = 1_048_576


class FlowDesk:
    """Answers the flow requests of people's apps."""

    def __init__(self, database: Database, clock: Clock, keyring: Keyring, outbound: Outbound) -> None:
        self._clock = clock
        self._database = database
        self._keyring = keyring
        self._outbound = outbound

    async def answer(self, number_id: str, text: str) -> str:
        """The JSON to answer with. Raises StanzaError."""
        try:
            asked = orjson.loads(text)
        except orjson.JSONDecodeError:
            asked = None
        if not isinstance(asked, dict):
            raise StanzaError("modify", "bad-request", "The flow request is not a JSON object.")
        async with self._database.read() as uow:
            number = await number_store.get(uow, number_id)
            if number is None:
                raise StanzaError("cancel", "item-not-found")
            flow_id, name = asked.get("flow_id"), asked.get("flow_name")
            flow = await store.get(uow, str(flow_id)) if flow_id else await store.named(uow, number.waba_id, str(name))
            if flow is None or flow.waba_id != number.waba_id or flow.status == "DEPRECATED":
                raise StanzaError("cancel", "item-not-found", "There is no such flow.")
            secret = await accounts.app_secret(uow, self._keyring, flow.application_id) if flow.application_id else None
        if asked.get("action") == "definition":
            return orjson.dumps({"flow_id": flow.id, "name": flow.name, "json": flow.json}).decode()
        if asked.get("action") not in ACTIONS:
            raise StanzaError("modify", "bad-request", "Unknown action.")
        return orjson.dumps(await self._exchange(flow, number, asked, secret or "")).decode()

    async def _exchange(self, flow: Row[Any], number: Row[Any], asked: dict[str, Any], secret: str) -> dict[str, Any]:
        if not flow.endpoint_uri or not number.public_key:
            raise StanzaError("cancel", "feature-not-implemented", "This flow has no endpoint.")
        data = asked.get("data")
        payload = {
            "version": VERSION,
            "action": asked["action"],
            "screen": str(asked.get("screen", ""))[:200],
            "data": data if isinstance(data, dict) else {},
            "flow_token": str(asked.get("flow_token", ""))[:2_048],
        }
        key, iv = secrets.token_bytes(crypto.KEY_SIZE), secrets.token_bytes(crypto.IV_SIZE)
        body = orjson.dumps(crypto.encrypt(payload, number.public_key, key, iv))
        headers = {"Content-Type": "application/json"}
        if secret:
            signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            headers["X-Hub-Signature-256"] = f"sha256={signed}"
        started, error = self._clock.monotonic(), ""
        try:
            answer = await self._outbound.post(flow.endpoint_uri, body, headers, timeout=TIMEOUT, limit=MAX_ANSWER)
            if answer.status != 200:
                error = "http_5xx" if answer.status >= 500 else f"http_{answer.status}"
            if answer.status == 427:
                raise StanzaError("cancel", "gone", "This form is no longer valid.")
            if answer.status != 200:
                raise StanzaError("wait", "remote-server-not-found", f"The business answered {answer.status}.")
            return crypto.decrypt(answer.body, key, iv)
        except (OutboundFailed, crypto.UnreadableAnswer) as problem:
            error = _word_for(problem)
            log.info("flow.endpoint_failed", flow=flow.id, why=problem.message)
            raise StanzaError("wait", "remote-server-timeout", "The business cannot be reached right now.") from None
        finally:
            took = (self._clock.monotonic() - started) * 1_000
            async with self._database.begin() as uow:
                await metrics.note(uow, flow.id, error=error, milliseconds=took, at=self._clock.now())


def _word_for(problem: PlauderError) -> str:
    """How a request ended, for the metrics."""
    if isinstance(problem, crypto.UnreadableAnswer):
        return "unreadable_answer"
    return "timeout" if isinstance(problem, TimedOut) else "unreachable"
