"""What businesses send as a person sees it, and what the person answers as the business's program gets it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.business.flows.endpoint import Endpoint
from tests.web.network import SLOW, Network, network
from tests.web.pages import Opener, axe, log, message, visit
from tests.web.test_conversation import PNG

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("app_build")]

Json = dict[str, Any]
BERLIN = {"latitude": 52.5163, "longitude": 13.3777}


class Program(BaseHTTPRequestHandler):
    """A company's program, which also has the pictures of its shop."""

    heard: Queue[Json] = Queue()
    forms: Endpoint

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if "hub.challenge" in query:
            self._answer(query["hub.challenge"][0].encode(), "text/plain")
        else:
            self._answer(PNG, "image/png")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/form":
            return self._answer(self.forms.handle(body), "text/plain")
        update = json.loads(body)
        for said in update["entry"][0]["changes"][0]["value"].get("messages", []):
            self.heard.put(said)
        return self._answer(b"", "text/plain")

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class Shop:
    """Auster Bank in a customer's own hands: what its program sends and hears."""

    def __init__(self, page: Page, program: str, address: str) -> None:
        visit(page, "/business")
        page.get_by_role("link", name="Auster Bank").click()
        page.get_by_role("textbox", name="Address of your program").fill(f"{program}/hook")
        page.get_by_label("Verify token").fill("sesame")
        page.get_by_role("button", name="Save the webhook").click()
        expect(page.get_by_text("Your program answered; saved.")).to_be_visible(timeout=SLOW)
        page.get_by_role("button", name="Make a key").click()
        key = page.get_by_text("EAA").first.inner_text()
        self.http = httpx.Client(base_url=f"{address}/v23.0/", headers={"Authorization": f"Bearer {key}"})
        scopes = self.http.get("debug_token", params={"input_token": key}).json()["data"]["granular_scopes"]
        targets = {scope["scope"]: scope["target_ids"][0] for scope in scopes}
        self.business, self.waba = targets["business_management"], targets["whatsapp_business_messaging"]
        numbers = self.http.get(f"{self.waba}/phone_numbers").json()["data"]
        self.phone = next(one["id"] for one in numbers if one["display_phone_number"].startswith("+49"))
        self.customer = ""
        self._program = program

    def post(self, path: str, body: Json) -> Json:
        answer = self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def send(self, **parts: Any) -> str:
        sent = self.post(f"{self.phone}/messages", {"messaging_product": "whatsapp", "to": self.customer} | parts)
        return str(sent["messages"][0]["id"])

    def ask(self, kind: str, action: Json, **more: Any) -> str:
        interactive = {"type": kind, "body": {"text": f"About {kind}"}, "action": action} | more
        return self.send(type="interactive", interactive=interactive)

    def upload(self, name: str, kind: str, data: bytes) -> str:
        form = {"messaging_product": "whatsapp", "type": kind}
        answer = self.http.post(f"{self.phone}/media", data=form, files={"file": (name, data, kind)})
        return str(answer.json()["id"])

    def stock(self) -> str:
        catalog = str(self.post(f"{self.business}/owned_product_catalogs", {"name": "Shop"})["id"])
        self.post(f"{self.waba}/product_catalogs", {"catalog_id": catalog})
        for key, name, price in (("mug", "Blue mug", 6_800), ("bowl", "Green bowl", 4_550)):
            picture = f"{self._program}/{key}.png"
            product = {"retailer_id": key, "name": name, "price": price, "currency": "BRL", "image_url": picture}
            self.post(f"{catalog}/products", product)
        return catalog


@pytest.fixture(scope="module")
def server(app_build: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with network(tmp_path_factory.mktemp("network")) as running:
        yield running


@pytest.fixture(scope="module")
def program() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Program) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def opener(chromium: Browser, server: Network) -> Iterator[Opener]:
    opener = Opener(chromium, server.address)
    yield opener
    opener.close()


@pytest.fixture(scope="module")
def bank(opener: Opener, server: Network, program: str) -> Iterator[tuple[Page, Shop, str]]:
    """Ana, who owns a bank and is its customer, the bank, and where she talks with it."""
    page = opener(server.door_of("Ana Souza"), fixed_time=False, geolocation=BERLIN)
    page.context.grant_permissions(["geolocation", "clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Start chatting").click()
    expect(page.get_by_role("link", name="Auster Bank")).to_be_visible(timeout=SLOW)
    shop = Shop(page, program, server.address)
    visit(page, "/chats")
    page.get_by_role("link", name="Auster Bank").click()
    field = page.get_by_role("textbox", name="Message", exact=True)
    field.fill("Good morning")
    field.press("Enter")
    shop.customer = hear("text")["from"]
    with closing(shop.http):
        yield page, shop, page.url


@pytest.fixture
def world(bank: tuple[Page, Shop, str]) -> tuple[Page, Shop]:
    """Her chat is open and nothing is unheard, whatever became of the test before."""
    page, shop, chat = bank
    if page.url != chat or page.get_by_role("dialog").count():
        visit(page, chat)
    while not Program.heard.empty():
        Program.heard.get()
    return page, shop


def hear(kind: str) -> Json:
    """The next thing a customer said."""
    said = Program.heard.get(timeout=SLOW / 1_000)
    assert said["type"] == kind, said
    return said


def tap(page: Page, name: str) -> None:
    log(page).get_by_role("button", name=name, exact=True).last.click(timeout=SLOW)


def test_files_places_and_people_are_drawn_as_such(world: tuple[Page, Shop]) -> None:
    page, shop = world
    wamid = shop.send(type="image", image={"id": shop.upload("p.png", "image/png", PNG), "caption": "Our shop"})
    shop.send(type="reaction", reaction={"message_id": wamid, "emoji": "👋"})
    shop.send(type="video", video={"id": shop.upload("f.mp4", "video/mp4", b"\0\0\0\x18ftypmp42"), "caption": "A film"})
    shop.send(type="audio", audio={"id": shop.upload("a.ogg", "audio/ogg", b"OggS" + bytes(32))})
    pdf = {"id": shop.upload("s.pdf", "application/pdf", b"%PDF-1.4 "), "filename": "Statement.pdf", "caption": "Nov"}
    shop.send(type="document", document=pdf)
    shop.send(type="location", location=BERLIN | {"name": "Our branch", "address": "Pariser Platz"})
    phones = [{"phone": "+49 30 555", "type": "WORK"}]
    shop.send(
        type="contacts", contacts=[{"name": {"formatted_name": "Rui Melo", "first_name": "Rui"}, "phones": phones}]
    )
    card = message(page, "Rui Melo")
    expect(card.get_by_role("link", name="+49 30 555")).to_have_attribute("href", "tel:+4930555", timeout=SLOW)
    # A picture comes by itself, and its bytes are kept: nothing points at the host any more.
    expect(message(page, "Our shop").get_by_role("button", name="Open photo").locator("img")).to_have_attribute(
        "src", re.compile("^blob:"), timeout=SLOW
    )
    expect(message(page, "Our shop").get_by_role("button", name="👋")).to_be_visible(timeout=SLOW)
    expect(message(page, "A film")).to_contain_text("Load")
    expect(message(page, "Our branch")).to_contain_text("Pariser Platz")
    with page.expect_download() as downloading:
        message(page, "Statement.pdf").get_by_role("button", name="Save Statement.pdf").click()
    assert downloading.value.suggested_filename == "Statement.pdf"


def test_products_become_an_order(world: tuple[Page, Shop]) -> None:
    page, shop = world
    catalog = shop.stock()
    shop.ask("product", {"catalog_id": catalog, "product_retailer_id": "mug"})
    expect(message(page, "About product")).to_contain_text("R$68.00", timeout=SLOW)
    items = [{"product_retailer_id": "mug"}, {"product_retailer_id": "bowl"}]
    sections = [{"title": "New", "product_items": items}]
    header = {"type": "text", "text": "Stoneware"}
    wamid = shop.ask("product_list", {"catalog_id": catalog, "sections": sections}, header=header)
    expect(message(page, "Stoneware").locator("img")).to_have_count(2, timeout=SLOW)
    message(page, "Stoneware").get_by_role("button", name="See all products").last.click()
    dialog = page.get_by_role("dialog", name="Products")
    expect(dialog.get_by_role("button", name="Send order")).to_be_disabled()
    dialog.get_by_role("button", name="One Blue mug more").dblclick()
    dialog.get_by_role("button", name="One Green bowl more").click()
    dialog.get_by_label("A word to the business").fill("Gift wrap")
    expect(dialog).to_contain_text("R$181.50")
    assert axe(page) == []
    dialog.get_by_role("button", name="Send order").click()
    expect(message(page, "Order: 2 × Blue mug and 1 × Green bowl. Gift wrap")).to_be_visible()
    said = hear("order")
    assert said["context"]["id"] == wamid
    assert said["order"] == {
        "catalog_id": catalog,
        "text": "Gift wrap",
        "product_items": [
            {"product_retailer_id": "mug", "quantity": 2, "item_price": 68.0, "currency": "BRL"},
            {"product_retailer_id": "bowl", "quantity": 1, "item_price": 45.5, "currency": "BRL"},
        ],
    }


FORM = {
    "version": "7.0",
    "screens": [
        {
            "id": "DETAILS",
            "title": "Book a visit",
            "layout": {
                "type": "SingleColumnLayout",
                "children": [
                    {"type": "TextHeading", "text": "Hello ${data.name}"},
                    {"type": "TextInput", "name": "email", "label": "E-mail", "input-type": "email", "required": True},
                    {
                        "type": "RadioButtonsGroup",
                        "name": "branch",
                        "label": "Branch",
                        "required": True,
                        "data-source": [{"id": "w", "title": "West"}, {"id": "e", "title": "East"}],
                    },
                    {
                        "type": "If",
                        "condition": "${form.branch} == 'e'",
                        "then": [{"type": "TextCaption", "text": "East has no lift."}],
                    },
                    {
                        "type": "Footer",
                        "label": "Go on",
                        "on-click-action": {
                            "name": "navigate",
                            "next": {"type": "screen", "name": "CONFIRM"},
                            "payload": {"email": "${form.email}", "branch": "${form.branch}"},
                        },
                    },
                ],
            },
        },
        {
            "id": "CONFIRM",
            "title": "Right?",
            "terminal": True,
            "layout": {
                "type": "SingleColumnLayout",
                "children": [
                    {"type": "TextBody", "text": "We write to ${data.email}."},
                    {"type": "OptIn", "name": "news", "label": "News, please"},
                    {
                        "type": "Footer",
                        "label": "Book",
                        "on-click-action": {
                            "name": "complete",
                            "payload": {"email": "${data.email}", "branch": "${data.branch}", "news": "${form.news}"},
                        },
                    },
                ],
            },
        },
    ],
}


def test_a_form_is_filled_in_screen_after_screen(world: tuple[Page, Shop]) -> None:
    page, shop = world
    new = {"name": "visit", "categories": ["APPOINTMENT_BOOKING"], "flow_json": json.dumps(FORM), "publish": True}
    flow = shop.post(f"{shop.waba}/flows", new)["id"]
    first = {"screen": "DETAILS", "data": {"name": "Ana"}}
    parameters = {"flow_id": flow, "flow_token": "t1", "flow_cta": "Book now", "flow_action_payload": first}
    shop.ask("flow", {"name": "flow", "parameters": parameters})
    tap(page, "Book now")
    dialog = page.get_by_role("dialog", name="Book a visit")
    expect(dialog.get_by_role("heading", name="Hello Ana")).to_be_visible(timeout=SLOW)
    dialog.get_by_label("E-mail").fill("ana")
    dialog.get_by_role("button", name="Go on").click()
    expect(dialog.get_by_label("E-mail")).to_have_accessible_description("This does not look right. Please check it.")
    expect(dialog.get_by_role("group", name="Branch")).to_contain_text("Please fill this in.")
    dialog.get_by_label("E-mail").fill("ana@example.org")
    dialog.get_by_label("East").check()
    expect(dialog).to_contain_text("East has no lift.")
    assert axe(page) == []
    dialog.get_by_role("button", name="Go on").click()
    dialog = page.get_by_role("dialog", name="Right?")
    expect(dialog).to_contain_text("We write to ana@example.org.")
    dialog.get_by_role("button", name="Back").click()
    expect(page.get_by_label("E-mail")).to_have_value("ana@example.org")
    page.get_by_role("button", name="Go on").click()
    dialog.get_by_label("News, please").check()
    dialog.get_by_role("button", name="Book").click()
    reply = hear("interactive")["interactive"]["nfm_reply"]
    assert (reply["name"], reply["body"]) == ("flow", "Sent")
    answers = {"flow_token": "t1", "email": "ana@example.org", "branch": "e", "news": True}
    assert json.loads(reply["response_json"]) == answers
    expect(message(page, "Form sent")).to_be_visible()


def one_screen(name: str, title: str, parts: list[Json], label: str, **more: Any) -> Json:
    """A screen whose button asks the business's program what comes next."""
    fields = [part["name"] for part in parts if "name" in part]
    payload = {field: f"${{form.{field}}}" for field in fields}
    go = {"type": "Footer", "label": label, "on-click-action": {"name": "data_exchange", "payload": payload}}
    return {"id": name, "title": title, "layout": {"type": "SingleColumnLayout", "children": [*parts, go]}} | more


BRANCH = {"type": "Dropdown", "name": "branch", "label": "Branch", "required": True, "data-source": "${data.branches}"}
SLOT = {"type": "RadioButtonsGroup", "name": "slot", "label": "When", "required": True, "data-source": "${data.slots}"}
SCHEMA = {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}, "__example__": []}
LIVE_FORM = {
    "version": "7.0",
    "data_api_version": "3.0",
    "routing_model": {"PLACE": ["TIME"], "TIME": []},
    "screens": [
        one_screen("PLACE", "Where?", [BRANCH], "See free times", data={"branches": SCHEMA}),
        one_screen(
            "TIME",
            "When?",
            [SLOT],
            "Book it",
            data={"slots": SCHEMA},
            terminal=True,
            success=True,
            refresh_on_back=True,
        ),
    ],
}


def booking(question: Json) -> Json:
    """The program behind the form: what comes after what."""
    branches = [{"id": "w", "title": "West"}, {"id": "e", "title": "East"}]
    match question["action"], question["screen"]:
        case "INIT", _:
            return {"screen": "PLACE", "data": {"branches": branches}}
        case "BACK", _:
            return {"screen": "PLACE", "data": {"branches": [*branches, {"id": "n", "title": "North"}]}}
        case _, "PLACE" if question["data"]["branch"] == "w":
            return {"screen": "PLACE", "data": {"error_message": "West is full today."}}
        case _, "PLACE":
            return {"screen": "TIME", "data": {"slots": [{"id": "9", "title": "9:00"}, {"id": "10", "title": "10:00"}]}}
        case _:
            params = {"flow_token": question["flow_token"]} | question["data"]
            return {"screen": "SUCCESS", "data": {"extension_message_response": {"params": params}}}


@pytest.fixture(scope="module")
def live_form(bank: tuple[Page, Shop, str], program: str) -> str:
    """A form whose every screen comes from the business's own program; its id."""
    _, shop, _ = bank
    Program.forms = Endpoint(booking)
    new = {
        "name": "live",
        "categories": ["APPOINTMENT_BOOKING"],
        "flow_json": json.dumps(LIVE_FORM),
        "endpoint_uri": f"{program}/form",
        "publish": True,
    }
    for number in shop.http.get(f"{shop.waba}/phone_numbers").json()["data"]:
        shop.post(f"{number['id']}/whatsapp_business_encryption", {"business_public_key": Program.forms.public_key})
    return str(shop.post(f"{shop.waba}/flows", new)["id"])


def offer_of(flow: str, token: str) -> Json:
    parameters = {"flow_id": flow, "flow_token": token, "flow_cta": "Book a visit", "flow_action": "data_exchange"}
    return {"name": "flow", "parameters": parameters}


def fill_in(page: Page) -> None:
    """Through the whole form, with a refusal and a step back on the way."""
    dialog = page.get_by_role("dialog", name="Where?")
    dialog.get_by_label("Branch").select_option("West", timeout=SLOW)
    dialog.get_by_role("button", name="See free times").click()
    expect(dialog.get_by_role("alert")).to_have_text("West is full today.", timeout=SLOW)
    dialog.get_by_label("Branch").select_option("East")
    dialog.get_by_role("button", name="See free times").click()
    dialog = page.get_by_role("dialog", name="When?")
    expect(dialog.get_by_label("10:00")).to_be_visible(timeout=SLOW)
    dialog.get_by_role("button", name="Back").click()
    dialog = page.get_by_role("dialog", name="Where?")
    expect(dialog.get_by_role("option", name="North")).to_be_attached(timeout=SLOW)
    expect(dialog.get_by_label("Branch")).to_have_value("e")
    dialog.get_by_role("button", name="See free times").click()
    dialog = page.get_by_role("dialog", name="When?")
    dialog.get_by_label("10:00").check(timeout=SLOW)
    dialog.get_by_role("button", name="Book it").click()
    expect(dialog).to_be_hidden(timeout=SLOW)


def test_a_form_that_the_businesss_program_drives(world: tuple[Page, Shop], live_form: str) -> None:
    page, shop = world
    wamid = shop.ask("flow", offer_of(live_form, "t2"))
    tap(page, "Book a visit")
    fill_in(page)
    said = hear("interactive")
    assert said["context"]["id"] == wamid
    assert said["interactive"]["type"] == "nfm_reply"
    reply = said["interactive"]["nfm_reply"]
    assert (reply["name"], json.loads(reply["response_json"])) == ("flow", {"flow_token": "t2", "slot": "10"})
    actions = [question["action"] for question in Program.forms.asked]
    assert actions == ["INIT", "data_exchange", "data_exchange", "BACK", "data_exchange", "data_exchange"]
    assert {question["flow_token"] for question in Program.forms.asked} == {"t2"}


def test_a_templates_button_opens_the_form(world: tuple[Page, Shop], live_form: str) -> None:
    page, shop = world
    button = {"type": "FLOW", "text": "Pick a time", "flow_id": live_form, "flow_action": "data_exchange"}
    components = [{"type": "BODY", "text": "Your visit is due."}, {"type": "BUTTONS", "buttons": [button]}]
    new = {"name": "visit_due", "language": "en", "category": "UTILITY", "components": components}
    assert shop.post(f"{shop.waba}/message_templates", new)["status"] == "APPROVED"
    action = {"type": "button", "sub_type": "flow", "index": "0"}
    given = [action | {"parameters": [{"type": "action", "action": {"flow_token": "t3"}}]}]
    shop.send(type="template", template={"name": "visit_due", "language": {"code": "en"}, "components": given})
    tap(page, "Pick a time")
    fill_in(page)
    reply = hear("interactive")["interactive"]["nfm_reply"]
    assert json.loads(reply["response_json"]) == {"flow_token": "t3", "slot": "10"}


def test_the_sandbox_phone_fills_in_the_same_form(world: tuple[Page, Shop], live_form: str) -> None:
    page, shop = world
    visit(page, "/business")
    page.get_by_role("link", name="Auster Bank").click()
    page.get_by_role("navigation", name="Business").get_by_role("link", name="Sandbox").click()
    # The first screen has such a phone, too.
    expect(page.get_by_role("heading", name="Sandbox", level=1)).to_be_visible(timeout=SLOW)
    phone = page.get_by_role("log", name="Messages on the sandbox phone")
    page.get_by_label("Write as the customer").fill("A visit, please")
    page.keyboard.press("Enter")
    customer = hear("text")["from"]
    numbers = shop.http.get(f"{shop.waba}/phone_numbers").json()["data"]
    test = next(one["id"] for one in numbers if one["display_phone_number"].startswith("+999"))
    action = {"type": "flow", "body": {"text": "When?"}, "action": offer_of(live_form, "t4")}
    message = {"messaging_product": "whatsapp", "to": customer, "type": "interactive", "interactive": action}
    wamid = shop.post(f"{test}/messages", message)["messages"][0]["id"]
    phone.get_by_role("button", name="Book a visit").click(timeout=SLOW)
    fill_in(page)
    expect(phone).to_contain_text("slot: 10", timeout=SLOW)
    said = hear("interactive")
    assert said["context"]["id"] == wamid
    reply = said["interactive"]["nfm_reply"]
    assert json.loads(reply["response_json"]) == {"flow_token": "t4", "slot": "10"}
    assert axe(page) == []


def test_what_is_asked_for_is_answered_with_a_tap(world: tuple[Page, Shop]) -> None:
    page, shop = world
    shop.ask("location_request_message", {"name": "send_location"})
    tap(page, "Send my location")
    assert hear("location")["location"] == BERLIN
    shop.ask("request_contact_info", {"name": "request_contact_info"})
    tap(page, "Send my name and number")
    (card,) = hear("contacts")["contacts"]
    assert (card["name"]["formatted_name"], card["phones"][0]["wa_id"]) == ("Ana Souza", shop.customer)
    saved = [{"id": "home", "value": {"address": "MG Road 1", "city": "Bengaluru", "in_pin_code": "560001"}}]
    address = {"country": "IN", "values": {"name": "Ana"}, "saved_addresses": saved}
    shop.ask("address_message", {"name": "address_message", "parameters": address})
    tap(page, "Give an address")
    page.get_by_role("dialog").get_by_role("button", name="Send the address").click()
    expect(page.get_by_label("City")).to_have_accessible_description("Please fill this in.")
    page.get_by_role("dialog").get_by_role("button", name="MG Road 1, Bengaluru").click()
    reply = hear("interactive")["interactive"]["nfm_reply"]
    assert reply["name"] == "address_message"
    assert json.loads(reply["response_json"])["saved_address_id"] == "home"
    shop.ask("call_permission_request", {"name": "call_permission_request"})
    tap(page, "Not now")
    assert hear("interactive")["interactive"]["call_permission_reply"]["response"] == "reject"


def amount(value: int) -> Json:
    return {"value": value, "offset": 100}


def test_a_bill_and_cards_show_what_they_hold(world: tuple[Page, Shop]) -> None:
    page, shop = world
    pix = {"type": "pix_dynamic_code", "pix_dynamic_code": {"code": "00020101", "merchant_name": "A", "key": "k"}}
    order = {
        "items": [{"name": "Blue mug", "amount": amount(6_800), "quantity": 2}],
        "subtotal": amount(13_600),
        "tax": amount(400),
    }
    bill = {
        "reference_id": "1047",
        "type": "physical-goods",
        "currency": "BRL",
        "total_amount": amount(14_000),
        "payment_settings": [pix],
        "order": order,
    }
    shop.ask("order_details", {"name": "review_and_pay", "parameters": bill})
    shown = message(page, "About order_details")
    expect(shown).to_contain_text("R$140.00", timeout=SLOW)
    shown.get_by_role("button", name="Copy PIX code").click()
    expect(page.get_by_text("Copied").first).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "00020101"
    cards = [
        {
            "type": "cta_url",
            "body": {"text": f"Card {number}"},
            "action": {"name": "cta_url", "parameters": {"display_text": f"Go {number}", "url": "https://a.example/"}},
        }
        for number in (1, 2)
    ]
    shop.ask("carousel", {"cards": cards})
    expect(message(page, "About carousel").get_by_role("listitem")).to_have_count(2, timeout=SLOW)
    assert axe(page) == []


def test_templates_have_all_their_buttons(world: tuple[Page, Shop]) -> None:
    page, shop = world
    buttons = [
        {"type": "QUICK_REPLY", "text": "Tell me more"},
        {"type": "URL", "text": "Shop", "url": "https://a.example/{{1}}", "example": ["https://a.example/x"]},
        {"type": "PHONE_NUMBER", "text": "Call us", "phone_number": "+49305550177"},
        {"type": "COPY_CODE", "example": "SAVE20"},
    ]
    components = [
        {"type": "HEADER", "format": "LOCATION"},
        {"type": "BODY", "text": "Twenty percent off all this week, for you."},
        {"type": "BUTTONS", "buttons": buttons},
    ]
    new = {"name": "sale", "language": "en", "category": "MARKETING", "components": components}
    shop.post(f"{shop.waba}/message_templates", new)

    def part(kind: str, value: Any, **more: Any) -> Json:
        return more | {"parameters": [{"type": kind, kind: value}]}

    filled = [
        part("location", BERLIN | {"name": "Our branch"}, type="header"),
        part("text", "abc", type="button", sub_type="url", index=1),
        part("coupon_code", "SAVE20", type="button", sub_type="copy_code", index=3),
    ]
    shop.send(type="template", template={"name": "sale", "language": {"code": "en"}, "components": filled})
    shown = message(page, "Twenty percent off")
    expect(shown.get_by_role("link", name="Shop")).to_have_attribute("href", "https://a.example/abc", timeout=SLOW)
    expect(shown.get_by_role("link", name="Call us")).to_have_attribute("href", "tel:+49305550177")
    expect(shown.get_by_role("link", name="Our branch")).to_have_attribute("href", re.compile("^geo:"))
    shown.get_by_role("button", name="Copy offer code").click()
    assert page.evaluate("navigator.clipboard.readText()") == "SAVE20"
    shown.get_by_role("button", name="Tell me more").click()
    assert hear("button")["button"] == {"payload": "Tell me more", "text": "Tell me more"}


@pytest.mark.parametrize("width", [390, 1_440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_too_wide_and_axe_is_content(world: tuple[Page, Shop], width: int, scheme: Any) -> None:
    page, _ = world
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert axe(page) == []
