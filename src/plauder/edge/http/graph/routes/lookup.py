"""Finding what a path names, as long as it is the caller's own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from plauder.business.accounts import store
from plauder.business.shared.errors import missing_node
from plauder.edge.http.graph.deps import Call
from plauder.store.database import UnitOfWork


async def waba_of(call: Call, uow: UnitOfWork, waba_id: str) -> Row[Any]:
    """The caller's own WABA. Raises error 100 subcode 33."""
    await call.node(uow, waba_id, "waba")
    if (waba := await store.get(uow, store.wabas, waba_id)) is None:
        raise missing_node(waba_id)
    return waba
