"""pywa 4.5, sync: what a company's bot does with it, against a running server."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import httpx
import pytest
from pywa import WhatsApp, errors, types
from pywa.types import templates as t

from tests.business.cloud import ANN, BRUNO
from tests.clients.live import Live

pytestmark = pytest.mark.server
_keys = itertools.count()


@pytest.fixture
def wa(live: Live) -> Iterator[WhatsApp]:
    cloud = live.cloud
    session = httpx.Client()
    wa = WhatsApp(
        phone_id=cloud.phone,
        token=cloud.token,
        session=session,
        waba_id=cloud.waba,
        business_portfolio_id=cloud.business,
        app_id=int(cloud.app),
        app_secret=cloud.secret,
        server=None,
    )
    session.base_url = f"{live.url}/v26.0"
    live.run(cloud.ann.write("hi", key=f"open-{next(_keys)}"))
    live.until(lambda: any(m["from"] == ANN for m in cloud.receiver.messages()))
    yield wa
    session.close()


def test_messages_of_every_type(live: Live, wa: WhatsApp) -> None:
    sent = wa.send_message(to=ANN, text="Hello", header="Head", footer="Foot", buttons=[types.Button("Yes", "yes")])
    assert sent.id.startswith("wamid.")
    wa.send_text(to=ANN, text="https://example.org", preview_url=True)
    wa.send_message(
        to=ANN,
        text="Choose",
        buttons=types.SectionList("Menu", [types.Section("A", [types.SectionRow("One", "1", "first")])]),
    )
    wa.send_message(to=ANN, text="See", buttons=types.URLButton("Open", "https://example.org"))
    wa.send_location(to=ANN, latitude=52.5, longitude=13.4, name="Berlin")
    wa.request_location(to=ANN, text="Where are you?")
    wa.send_contact(to=ANN, contact=types.Contact(name=types.Contact.Name(formatted_name="Bo", first_name="Bo")))
    image = wa.upload_media(b"\x89PNG\r\n\x1a\n" + b"\0" * 64, mime_type="image/png", filename="a.png")
    wa.send_image(to=ANN, image=image, caption="look")
    wa.send_reaction(to=ANN, emoji="👍", message_id=sent.id)
    wa.send_message(to=ANN, text="quoting", reply_to_message_id=sent.id)
    live.until(lambda: len(live.cloud.ann.received) >= 10)
    kinds = {item["type"] for item in live.cloud.ann.businesses()}
    assert {"interactive", "location", "contacts", "image"} <= kinds


def test_media_goes_up_and_down(live: Live, wa: WhatsApp) -> None:
    data = b"%PDF-1.7 hello"
    media = wa.upload_media(data, mime_type="application/pdf", filename="a.pdf")
    url = wa.get_media_url(media.id)
    assert (url.mime_type, url.file_size) == ("application/pdf", len(data))
    assert wa.get_media_bytes(url=url.url) == data
    assert wa.delete_media(media.id)


def test_reading_typing_and_blocking(live: Live, wa: WhatsApp) -> None:
    incoming = live.cloud.receiver.messages()[-1]["id"]
    assert wa.mark_message_as_read(incoming)
    assert wa.indicate_typing(incoming)
    result = wa.block_users([ANN])
    assert [user.input for user in result.added_users] == [ANN]
    assert [user.wa_id for user in wa.get_blocked_users()] == [ANN]
    assert [user.input for user in wa.unblock_users([ANN]).removed_users] == [ANN]


def test_profile_and_settings(live: Live, wa: WhatsApp) -> None:
    assert wa.update_business_profile(about="Open", websites=["https://example.org"], industry=types.Industry.RETAIL)
    profile = wa.get_business_profile()
    assert (profile.about, list(profile.websites)) == ("Open", ["https://example.org"])
    assert wa.update_commerce_settings(is_catalog_visible=True)
    assert wa.get_commerce_settings().is_catalog_visible
    assert wa.update_conversational_automation(ice_breakers=["Hi"], commands=[types.Command("help", "Show help")])
    number = wa.get_business_phone_number()
    assert number.id == live.cloud.phone
    assert wa.get_business_account().id == live.cloud.waba
    assert [item.id for item in wa.get_business_phone_numbers()] == [live.cloud.phone]
    assert wa.get_business_phone_number_settings() is not None


def test_qr_codes(live: Live, wa: WhatsApp) -> None:
    code = wa.create_qr_code("Hello there", image_type="PNG")
    assert code.deep_link_url.endswith(code.code)
    assert wa.get_qr_code(code.code).prefilled_message == "Hello there"
    assert wa.update_qr_code(code.code, "Other").prefilled_message == "Other"
    assert [item.code for item in wa.get_qr_codes()] == [code.code]
    assert wa.delete_qr_code(code.code)


def test_templates(live: Live, wa: WhatsApp) -> None:
    body = t.BodyText("Hi {{name}}, your order {{order}} is on its way to you.", name="Ann", order="A1")
    template = t.Template(
        name="order_update",
        language=t.TemplateLanguage.ENGLISH_US,
        category=t.TemplateCategory.UTILITY,
        parameter_format=t.ParamFormat.NAMED,
        components=[body, t.FooterText(text="Café Pfau"), t.Buttons(buttons=[t.QuickReplyButton(text="Thanks")])],
    )
    created = wa.create_template(template)
    assert created.status == t.TemplateStatus.APPROVED
    assert [item.name for item in wa.get_templates()] == ["order_update"]
    assert wa.get_template(created.id).name == "order_update"
    sent = wa.send_template(
        to=BRUNO,
        name="order_update",
        language=t.TemplateLanguage.ENGLISH_US,
        params=[body.params(name="Bo", order="7")],
    )
    live.until(lambda: any(item["template"]["body"].startswith("Hi Bo,") for item in bruno_templates(live)))
    live.until(
        lambda: [s["status"] for s in live.cloud.receiver.statuses() if s["id"] == sent.id] == ["sent", "delivered"]
    )
    with pytest.raises(errors.TemplateParamCountMismatch):
        wa.send_template(to=BRUNO, name="order_update", language=t.TemplateLanguage.ENGLISH_US, params=[])
    assert wa.delete_template("order_update")


def bruno_templates(live: Live) -> list[dict]:
    return [item for item in live.cloud.people[BRUNO].businesses() if item["type"] == "template"]


def test_callbacks_and_tokens(live: Live, wa: WhatsApp) -> None:
    url = live.cloud.receiver.url
    token = wa.get_app_access_token(app_id=int(live.cloud.app), app_secret=live.cloud.secret)
    assert wa.set_app_callback_url(
        app_id=int(live.cloud.app),
        app_access_token=token,
        callback_url=url,
        verify_token="hello",
        fields=["messages", "message_template_status_update"],
    )
    assert wa.override_waba_callback_url(callback_url=url, verify_token="hello")
    assert wa.delete_waba_callback_url()
    assert wa.override_phone_callback_url(callback_url=url, verify_token="hello")
    assert wa.delete_phone_callback_url()


def test_errors_have_their_classes(wa: WhatsApp) -> None:
    with pytest.raises(errors.TemplateNotExists):
        wa.send_template(to=BRUNO, name="nope", language=t.TemplateLanguage.ENGLISH_US, params=[])
    with pytest.raises(errors.InvalidParameter):
        wa.send_text(to=ANN, text="x" * 5000)
