"""heyoo 0.1.2, an old and popular client: old API versions, upper-case and odd payloads."""

from __future__ import annotations

from pathlib import Path

import pytest
from heyoo import WhatsApp

from tests.business.cloud import ANN
from tests.clients.live import Live

# heyoo leaves the file of an upload open.
pytestmark = [
    pytest.mark.server,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]


@pytest.fixture
def wa(live: Live) -> WhatsApp:
    wa = WhatsApp(live.cloud.token, phone_number_id=live.cloud.phone)
    wa.base_url, wa.v15_base_url = f"{live.url}/v14.0", f"{live.url}/v15.0"
    wa.url = f"{wa.base_url}/{live.cloud.phone}/messages"
    live.run(live.cloud.ann.write("hi", key="heyoo"))
    live.until(lambda: any(m["from"] == ANN for m in live.cloud.receiver.messages()))
    return wa


def test_sends_and_reads(live: Live, wa: WhatsApp, tmp_path: Path) -> None:
    sent = [
        wa.send_message("Hello", ANN),
        wa.send_location(52.5, 13.4, "Berlin", "Mitte", ANN),
        wa.send_reply_button(
            {
                "type": "button",
                "body": {"text": "Coffee?"},
                "action": {"buttons": [{"type": "reply", "reply": {"id": "y", "title": "Yes"}}]},
            },
            ANN,
        ),
        wa.send_button(
            {
                "header": "Menu",
                "body": "What would you like?",
                "footer": "Café",
                "action": {"button": "Choose", "sections": [{"title": "A", "rows": [{"id": "1", "title": "Tea"}]}]},
            },
            ANN,
        ),
        wa.send_contacts(
            [{"name": {"formatted_name": "Bo", "first_name": "Bo"}, "phones": [{"phone": "+49301"}]}], ANN
        ),
    ]
    ids = [answer["messages"][0]["id"] for answer in sent]
    live.until(lambda: set(ids) <= {stanza.id for stanza in live.cloud.ann.received})
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    media = wa.upload_media(str(picture))
    assert wa.query_media_url(media["id"]).startswith(live.url)
    answer = wa.send_image(media["id"], ANN, link=False)
    live.until(lambda: answer["messages"][0]["id"] in {stanza.id for stanza in live.cloud.ann.received})
    incoming = live.cloud.receiver.bodies()[0]
    assert (wa.get_mobile(incoming), wa.get_message(incoming)) == (ANN, "hi")
    assert wa.mark_as_read(wa.get_message_id(incoming)) == {"success": True}
