"""A shop's catalogue: products, product messages, orders at the catalogue's prices; and what is not offered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.business.catalog import rules
from plauder.business.messages import interactive
from plauder.business.shared.errors import GraphError
from tests.business.cloud import ANN, Cloud

ROLL = {"retailer_id": "roll", "name": "Rye roll", "price": 120, "currency": "EUR", "image_url": "http://127.0.0.1:1/r"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
LOAF = {"retailer_id": "loaf", "name": "Loaf", "price": 450, "currency": "EUR"}


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    async with Cloud(tmp_path) as cloud:
        await cloud.ann.write("Oi!")
        await cloud.settle()
        yield cloud


async def shop(cloud: Cloud, *products: dict[str, Any]) -> str:
    made = await cloud.post(f"{cloud.business}/owned_product_catalogs", {"name": "Bakery"})
    catalog = str(made.json()["id"])
    assert (await cloud.post(f"{cloud.waba}/product_catalogs", catalog_id=catalog)).json() == {"success": True}
    for product in products:
        added = await cloud.post(f"{catalog}/products", product)
        assert added.status_code == 200, added.text
    return catalog


def message(**interactive: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": ANN, "type": "interactive", "interactive": interactive}


async def test_products_are_made_read_changed_and_deleted(cloud: Cloud) -> None:
    catalog = await shop(cloud, ROLL, LOAF)
    listed = (await cloud.get(f"{catalog}/products", fields="id,name,price,availability", limit=1)).json()
    (first,) = listed["data"]
    assert (first["name"], first["price"], first["availability"]) == ("Loaf", "4.5 EUR", "in stock")
    assert "next" in listed["paging"]
    changed = await cloud.post(first["id"], {"price": 130, "currency": "EUR", "availability": "out of stock"})
    assert changed.json() == {"success": True}
    read = (await cloud.get(first["id"], fields="price,availability")).json()
    assert (read["price"], read["availability"]) == ("1.3 EUR", "out of stock")
    again = await cloud.post(f"{catalog}/products", LOAF)
    assert again.json()["error"]["error_subcode"] == 1798130
    assert (await cloud.delete(first["id"])).json() == {"success": True}
    assert (await cloud.get(first["id"])).json()["error"]["error_subcode"] == 33
    assert (await cloud.delete(catalog)).json() == {"success": True}
    assert (await cloud.get(f"{cloud.waba}/product_catalogs")).json()["data"] == []


async def test_a_batch_does_what_is_right_and_names_what_is_wrong(cloud: Cloud) -> None:
    catalog = await shop(cloud, ROLL)
    requests = [
        {"method": "CREATE", "data": {"id": "cake", "title": "Cake", "price": "9,99 EUR"}},
        {"method": "UPDATE", "data": {"id": "roll", "price": "1.30 EUR"}},
        {"method": "UPDATE", "data": {"id": "new", "title": "New", "price": "2 EUR"}},
        {"method": "DELETE", "data": {"id": "nothing"}},
        {"method": "CREATE", "data": {"id": "free"}},
        "nonsense",
    ]
    answer = (await cloud.post(f"{catalog}/items_batch", {"item_type": "PRODUCT_ITEM", "requests": requests})).json()
    assert [item["retailer_id"] for item in answer["validation_status"]] == ["nothing", "free", ""]
    rows = (await cloud.get(f"{catalog}/products", fields="retailer_id,price")).json()["data"]
    prices = {row["retailer_id"]: row["price"] for row in rows}
    assert prices == {"roll": "1.3 EUR", "cake": "9.99 EUR", "new": "2 EUR"}


async def test_product_messages_carry_what_the_app_shows(cloud: Cloud) -> None:
    catalog = await shop(cloud, ROLL, LOAF)
    items = [{"product_retailer_id": key} for key in ("roll", "loaf")]
    many = {"catalog_id": catalog, "sections": [{"title": "Bread", "product_items": items}]}
    everything = {"name": "catalog_message", "parameters": {"thumbnail_product_retailer_id": "loaf"}}
    header = {"type": "text", "text": "Today"}
    for said in (
        {"type": "product", "action": {"catalog_id": catalog, "product_retailer_id": "roll"}},
        {"type": "product_list", "header": header, "body": {"text": "Fresh"}, "action": many},
        {"type": "catalog_message", "body": {"text": "All we have"}, "action": everything},
    ):
        sent = await cloud.post(f"{cloud.phone}/messages", message(**said))
        assert sent.status_code == 200, sent.text
    await cloud.settle()
    shown = [item["interactive"]["products"] for item in cloud.ann.businesses()]
    names = [[item["retailer_id"] for item in items] for items in shown]
    assert names == [["roll"], ["roll", "loaf"], ["loaf", "roll"]]
    # A picture that cannot be had is left out, the product is not.
    assert shown[1][1] == LOAF | {"availability": "in stock"}
    assert "image_url" not in shown[0][0]


async def test_products_pictures_come_from_the_platform(cloud: Cloud) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n%b" % (len(PNG), PNG))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    picture = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/r.png"
    catalog = await shop(cloud, ROLL | {"image_url": picture})
    action = {"catalog_id": catalog, "product_retailer_id": "roll"}
    cards = [{"type": "product", "action": action}, {"type": "product", "action": action}]
    await cloud.post(f"{cloud.phone}/messages", message(type="product", action=action))
    carousel = message(type="carousel", body={"text": "Two"}, action={"cards": cards})
    assert (await cloud.post(f"{cloud.phone}/messages", carousel)).status_code == 200
    await cloud.settle()
    server.close()
    first, second = (item["interactive"]["products"] for item in cloud.ann.businesses())
    assert "/media/business/" in first[0]["image_url"]
    assert second[0]["retailer_id"] == "roll"


async def test_buttons_of_templates_carry_their_products(cloud: Cloud) -> None:
    await shop(cloud, ROLL, LOAF)
    buttons = [{"type": "CATALOG", "text": "See all"}]
    body = {"type": "BODY", "text": "Fresh from the oven: everything."}
    template = {
        "name": "fresh",
        "language": "en",
        "category": "MARKETING",
        "components": [body, {"type": "BUTTONS", "buttons": buttons}],
    }
    made = await cloud.post(f"{cloud.waba}/message_templates", template)
    assert made.status_code == 200, made.text
    await cloud.settle()
    thumbnail = {"type": "action", "action": {"thumbnail_product_retailer_id": "loaf"}}
    button = {"type": "button", "sub_type": "CATALOG", "index": 0, "parameters": [thumbnail]}
    sent = {"name": "fresh", "language": {"code": "en"}, "components": [button]}
    whole = {"messaging_product": "whatsapp", "to": ANN, "type": "template", "template": sent}
    answer = await cloud.post(f"{cloud.phone}/messages", whole)
    assert answer.status_code == 200, answer.text
    await cloud.settle()
    (shown,) = [item["template"]["buttons"][0] for item in cloud.ann.businesses()]
    assert [product["retailer_id"] for product in shown["products"]] == ["loaf", "roll"]


@pytest.mark.parametrize(
    "action",
    [
        {},
        {"sections": []},
        {"sections": "x"},
        {"sections": [{"title": "A"}]},
        {"sections": [{"title": "A", "product_items": [{"product_retailer_id": []}]}]},
    ],
)
def test_a_button_whose_products_are_nonsense_is_refused(action: dict[str, Any]) -> None:
    with pytest.raises(GraphError):
        interactive.products_of_button({"type": "MPM", "action": action})


@pytest.mark.parametrize("connected", [True, False])
async def test_a_product_that_is_not_there_is_refused(cloud: Cloud, connected: bool) -> None:
    catalog = await shop(cloud, ROLL)
    if not connected:
        await cloud.delete(f"{cloud.waba}/product_catalogs", {"catalog_id": catalog})
    for key, of in (("cake" if connected else "roll", catalog), ("roll", "17")):
        action = {"catalog_id": of, "product_retailer_id": key}
        answer = await cloud.post(f"{cloud.phone}/messages", message(type="product", action=action))
        assert answer.json()["error"]["code"] == 131009


async def test_an_order_has_the_prices_of_the_catalogue(cloud: Cloud) -> None:
    catalog = await shop(cloud, ROLL)
    items = [
        {"product_retailer_id": "roll", "quantity": 3, "item_price": 0.01, "currency": "USD"},
        {"product_retailer_id": "gone", "quantity": 1, "item_price": 2, "currency": "EUR"},
    ]
    said = json.dumps({"type": "order", "order": {"catalog_id": catalog, "product_items": items}})
    await cloud.ann.say(f"<business xmlns='urn:plauder:business:0' type='order'>{said}</business>", key="o")
    await cloud.settle()
    (got,) = [item["order"] for item in cloud.receiver.messages() if item["type"] == "order"]
    assert got["product_items"] == [items[0] | {"item_price": 1.2, "currency": "EUR"}, items[1]]


async def test_others_catalogues_cannot_be_used(cloud: Cloud) -> None:
    catalog = await shop(cloud, ROLL)
    async with cloud.database.begin() as uow:
        await uow.connection.exec_driver_sql("UPDATE business_node SET portfolio_id='17' WHERE kind='catalog'")
    for path in (catalog, f"{catalog}/products"):
        assert (await cloud.get(path)).json()["error"]["error_subcode"] == 33
    assert (await cloud.post(f"{cloud.waba}/product_catalogs", {"catalog_id": catalog})).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"retailer_id": ""},
        {"retailer_id": "x" * 101},
        {"retailer_id": ["a"]},
        {"name": "\0"},
        {"name": " "},
        {"price": -1},
        {"price": 1e30},
        {"price": True},
        {"price": "1.234 EUR"},
        {"price": 10**15},
        {"currency": "EURO"},
        {"currency": 7},
        {"image_url": "javascript:alert(1)"},
        {"url": "//[broken"},
        {"availability": "maybe"},
        {"condition": {}},
        {"description": "x" * 10_000},
    ],
)
def test_nonsense_is_no_product(change: dict[str, Any]) -> None:
    with pytest.raises(GraphError) as caught:
        rules.check(ROLL | change, new=True)
    assert caught.value.number == 100


_json = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(max_size=3), max_size=2)


@given(st.dictionaries(st.sampled_from([*ROLL, "availability", "url", "other"]), _json), st.booleans())
def test_whatever_comes_is_checked_or_refused(given_: dict[str, Any], new: bool) -> None:
    try:
        values = rules.check(given_, new=new)
    except GraphError:
        return
    assert set(values) <= {*ROLL, "description", "brand", "url", "condition", "availability"}


@pytest.mark.parametrize(
    ("method", "edge", "code"),
    [
        ("POST", "calls", 138000),
        ("GET", "groups", 131215),
        ("GET", "username", 10),
        ("GET", "call_permissions", 138000),
    ],
)
async def test_what_is_not_offered_says_so(cloud: Cloud, method: str, edge: str, code: int) -> None:
    answer = await cloud.http.request(method, f"{cloud.phone}/{edge}")
    assert answer.json()["error"]["code"] == code
