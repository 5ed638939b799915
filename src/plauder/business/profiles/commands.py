"""Use cases on profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plauder.business.profiles import rules, store
from plauder.store.database import UnitOfWork


async def read(uow: UnitOfWork, phone_id: str, picture_url: str | None) -> dict[str, Any]:
    """The profile as the API shows it: flat, `vertical` always (pywa needs it)."""
    row = await store.get(uow, phone_id)
    view: dict[str, Any] = {"messaging_product": "whatsapp", "vertical": row.vertical if row else "UNDEFINED"}
    if row is None:
        return view
    for name in ("about", "address", "description", "email"):
        if value := getattr(row, name):
            view[name] = value
    for name in ("websites", "hours"):
        if value := getattr(row, name):
            view[name] = value
    if picture_url:
        view["profile_picture_url"] = picture_url
    return view


async def change(uow: UnitOfWork, phone_id: str, given: Mapping[str, Any], *, picture_media_id: str = "") -> None:
    values = rules.check_profile(given)
    if picture_media_id:
        values["picture_media_id"] = picture_media_id
    await store.change(uow, phone_id, **values)


async def commerce(uow: UnitOfWork, phone_id: str) -> dict[str, Any]:
    row = await store.get(uow, phone_id)
    return {
        "id": phone_id,
        "is_cart_enabled": row.is_cart_enabled if row else True,
        "is_catalog_visible": row.is_catalog_visible if row else False,
    }


async def change_commerce(uow: UnitOfWork, phone_id: str, *, cart: bool | None, catalog: bool | None) -> None:
    given = {"is_cart_enabled": cart, "is_catalog_visible": catalog}
    await store.change(uow, phone_id, **{name: value for name, value in given.items() if value is not None})
