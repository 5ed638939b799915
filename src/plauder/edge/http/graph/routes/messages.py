"""`/{phone}/messages` and `/{phone}/marketing_messages`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from plauder.business.accounts.rules import MESSAGING
from plauder.business.messages import commands, content
from plauder.business.messages.commands import Accepted, SendCommand
from plauder.business.messages.content import ReadRequest
from plauder.business.messages.once import once
from plauder.business.messages.ports import Sender
from plauder.business.shared.errors import missing_node
from plauder.edge.http.graph.api import GraphJSON
from plauder.edge.http.graph.deps import Authenticated, Call, Graph, NodeId, call_of
from plauder.edge.http.graph.params import CONTROL, decoded, merged
from plauder.edge.http.graph.routes.apps import SUCCESS

OBJECTS = frozenset({*content.KINDS, "context", "typing_indicator"})

_EXAMPLE = {
    "messaging_product": "whatsapp",
    "to": "4915112345678",
    "type": "text",
    "text": {"body": "Hello"},
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "example": _EXAMPLE,
                "schema": {
                    "type": "object",
                    "required": ["messaging_product"],
                    "properties": {
                        "messaging_product": {"type": "string", "enum": ["whatsapp"]},
                        "recipient_type": {"type": "string", "enum": ["individual", "group"]},
                        "to": {"type": "string"},
                        "recipient": {"type": "string"},
                        "type": {"type": "string", "enum": sorted(content.KINDS)},
                        "context": {"type": "object", "properties": {"message_id": {"type": "string"}}},
                        "biz_opaque_callback_data": {"type": "string", "maxLength": content.MAX_CALLBACK_DATA},
                        "status": {"type": "string", "enum": ["read"]},
                        "message_id": {"type": "string"},
                        "typing_indicator": {"type": "object", "properties": {"type": {"type": "string"}}},
                        **{kind: {} for kind in sorted(content.KINDS)},
                    },
                },
            }
        },
    }
}


def _body(call: Call) -> dict[str, Any]:
    """The merged parameters without those of the protocol; objects that came as text are decoded."""
    return {
        name: decoded(value, name) if name in OBJECTS else value
        for name, value in call.params.items()
        if name not in CONTROL
    }


async def _sender(call: Call, phone_id: str) -> Sender:
    """The caller's own number, from the cache where possible."""
    sender = await call.graph.sender(phone_id)
    if sender.portfolio_id != call.access.portfolio_id:
        raise missing_node(phone_id)
    return sender


def answer(accepted: Accepted) -> dict[str, Any]:
    contact = {
        "input": accepted.input,
        "user_id" if accepted.by_user_id else "wa_id": (accepted.user_id if accepted.by_user_id else accepted.wa_id),
    }
    message = {"id": accepted.wamid}
    if accepted.message_status:
        message["message_status"] = accepted.message_status
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]}


async def _send(call: Call, phone_id: str, *, only_marketing: bool) -> Response:
    call.require(MESSAGING)
    graph = call.graph
    sender = await _sender(call, phone_id)
    body = _body(call)
    parsed = content.parse(body)
    if isinstance(parsed, ReadRequest):
        commands.check_sender(sender)
        async with graph.database.begin() as uow:
            marked = await commands.mark_read(uow, sender, parsed, graph.clock.now())
        if marked.stanza_ids:
            await graph.pipeline.channel.mark_read(marked.digits, marked.wa_id, marked.stanza_ids)
        if marked.typing:
            await graph.pipeline.channel.typing(marked.digits, marked.wa_id)
        return GraphJSON(SUCCESS)
    command = SendCommand(
        sender,
        parsed,
        graph.clock.now(),
        graph.clock.monotonic(),
        only_marketing=only_marketing,
        once=once(call.request.headers.get("idempotency-key"), body),
    )
    accepted = await graph.pipeline.send(command)
    call.request.state.about = accepted.wamid
    return GraphJSON(answer(accepted), headers={"Idempotent-Replayed": "true"} if accepted.again else None)


async def express(request: Request, phone_id: str) -> Response:
    """`POST /{phone}/messages` past the router: what campaigns send by the million."""
    graph: Graph = request.state.graph
    call = await call_of(request, graph, await merged(request))
    return await _send(call, phone_id, only_marketing=False)


def router() -> APIRouter:
    routes = APIRouter(tags=["messages"])

    @routes.post("/{phone_id}/messages", summary="Send a message, or mark one as read", openapi_extra=_BODY)
    async def send(phone_id: NodeId, call: Authenticated) -> Response:
        return await _send(call, phone_id, only_marketing=False)

    @routes.post("/{phone_id}/marketing_messages", summary="Send a marketing template", openapi_extra=_BODY)
    async def send_marketing(phone_id: NodeId, call: Authenticated) -> Response:
        return await _send(call, phone_id, only_marketing=True)

    return routes
