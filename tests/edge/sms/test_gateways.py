"""Gateways against local fakes: what they send, and every way they fail."""

import io
from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs

import httpx
import pytest

from plauder.edge import sms
from plauder.edge.http import dev
from plauder.edge.sms.console import Console
from plauder.features.accounts.parts import NotSent
from plauder.kit.clock import FakeClock
from plauder.kit.config import Config
from plauder.kit.phone import BadNumber, Phone
from tests.edge.http.conftest import client, web_root

__all__ = ["client", "web_root"]

ANA = Phone("5511961234567", "BR")
TWILIO = {
    "gateway": "twilio",
    "twilio_account_sid": "AC123",
    "twilio_auth_token": "hunter2",
    "twilio_from": "+15005550006",
}
GENERIC = {"gateway": "http", "http_url": "https://sms.example/send", "http_headers": {"X-Key": "hunter2"}}

Fake = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
async def gateway() -> AsyncIterator[Callable[..., sms.SmsGateway]]:
    opened: list[httpx.AsyncClient] = []

    def make(settings: dict[str, object], fake: Fake) -> sms.SmsGateway:
        opened.append(httpx.AsyncClient(transport=httpx.MockTransport(fake)))
        return sms.build(Config(sms=settings), FakeClock(), opened[-1])

    yield make
    for one in opened:
        await one.aclose()


async def test_twilio_gets_what_its_api_asks_for(gateway: Callable[..., sms.SmsGateway]) -> None:
    seen: list[httpx.Request] = []

    def fake(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json={"sid": "SM1", "status": "queued", "error_code": None})

    await gateway(TWILIO, fake).send(ANA, "123456 is your code é")
    await gateway(TWILIO | {"twilio_from": "MG1"}, fake).send(ANA, "x")
    assert str(seen[0].url) == "https://api.twilio.com/2010-04-01/Accounts/AC123/Messages.json"
    assert seen[0].headers["authorization"] == httpx.BasicAuth("AC123", "hunter2")._auth_header
    assert parse_qs(seen[0].content.decode()) == {
        "To": ["+5511961234567"],
        "Body": ["123456 is your code é"],
        "From": ["+15005550006"],
    }
    assert parse_qs(seen[1].content.decode())["MessagingServiceSid"] == ["MG1"]


async def test_the_generic_gateway_gets_json_and_its_key(gateway: Callable[..., sms.SmsGateway]) -> None:
    seen: list[httpx.Request] = []

    def fake(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    await gateway(GENERIC, fake).send(ANA, "hello")
    assert seen[0].headers["x-key"] == "hunter2"
    assert seen[0].content == b'{"to":"+5511961234567","text":"hello"}'


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectTimeout("no answer")


@pytest.mark.parametrize("settings", [TWILIO, GENERIC], ids=["twilio", "http"])
@pytest.mark.parametrize(
    "fake",
    [
        unreachable,
        lambda _: httpx.Response(500),
        lambda _: httpx.Response(429, json={"code": 20429, "message": "Too Many Requests"}),
        lambda _: httpx.Response(401, json={"code": 20003}),
        lambda _: httpx.Response(400, content=b"<html>"),
        lambda _: httpx.Response(400, json=["odd"]),
        lambda _: httpx.Response(302, headers={"location": "http://169.254.169.254/"}),
    ],
)
async def test_what_was_not_taken_is_told(
    gateway: Callable[..., sms.SmsGateway], settings: dict[str, object], fake: Fake
) -> None:
    with pytest.raises(NotSent):
        await gateway(settings, fake).send(ANA, "hello")


async def test_twilio_knows_bad_numbers(gateway: Callable[..., sms.SmsGateway]) -> None:
    with pytest.raises(BadNumber):
        await gateway(TWILIO, lambda _: httpx.Response(400, json={"code": 21211, "message": "no"})).send(ANA, "x")


async def test_the_console_prints_and_the_page_shows(client: Callable[..., httpx.AsyncClient]) -> None:
    out = io.StringIO()
    console = Console(FakeClock(), out)
    for number in range(60):
        await console.send(ANA, f"{number} <b>&\n@localhost #{number}")
    assert "[text to +55 11 96123-4567] 59 <b>&\n" in out.getvalue()
    page = await client(dev.router(console)).get("/dev")
    assert page.text.count("<tr><td>") == 50
    assert "59 &lt;b&gt;&amp;" in page.text
    codes = (await client(dev.router(console)).get("/dev/codes.json")).json()
    assert codes[0]["to"] == "+5511961234567"
    assert (await client(dev.router(console), address="8.8.8.8").get("/dev")).status_code == 404
