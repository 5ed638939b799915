"""Web Push and FCM against push services of our own."""

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs

import http_ece
import orjson
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from py_vapid import Vapid02

from plauder.edge.outbound import Answer, OutboundFailed
from plauder.edge.push import web
from plauder.edge.push.fcm import BadServiceAccount, Fcm, ServiceAccount
from plauder.edge.push.web import WebPush
from plauder.features.push.service import Ring
from plauder.features.push.store import Target
from plauder.kit.errors import BadInput
from plauder.kit.keyring import Keyring

NOW = 1_795_000_000.0
RING = Ring("chat")


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Outside:
    """What Outbound is to a sender."""

    def __init__(self, *answers: Answer | OutboundFailed) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, bytes, Mapping[str, str]]] = []

    async def post(self, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        self.asked.append((url, body, headers or {}))
        answer = self.answers.pop(0)
        if isinstance(answer, OutboundFailed):
            raise answer
        return answer


def answer(status: int, body: bytes = b"") -> Answer:
    return Answer(status, {}, body, 12.5)


class Browser:
    def __init__(self) -> None:
        self.key, self.auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.options = web.check("https://push.example/x", b64(point), b64(self.auth))
        self.target = Target("ana@localhost", "d1", "web", "https://push.example/x", self.options)


def sender(outside: Outside) -> WebPush:
    return WebPush(outside, Keyring(b"s" * 32), contact="mailto:ops@example.org", now=lambda: NOW)  # type: ignore[arg-type]


async def test_the_browser_can_read_it_and_the_push_service_knows_who_sent_it() -> None:
    browser, outside = Browser(), Outside(answer(201))
    push = sender(outside)
    [report] = await push.ring(browser.target, RING)
    assert report.ok
    [(url, body, headers)] = outside.asked
    assert url == "https://push.example/x"
    plain = http_ece.decrypt(body, private_key=browser.key, auth_secret=browser.auth, version="aes128gcm")
    assert plain == web.PAYLOAD
    assert Vapid02.verify(headers["Authorization"])
    assert push.public_key in headers["Authorization"]
    assert headers["Topic"] == "chat"


def test_the_key_stays_the_same_for_a_server() -> None:
    assert sender(Outside()).public_key == sender(Outside()).public_key
    assert len(base64.urlsafe_b64decode(sender(Outside()).public_key + "=")) == 65


@pytest.mark.parametrize(("status", "gone"), [(404, True), (410, True), (429, False), (500, False), (301, False)])
async def test_what_the_push_service_refuses_is_reported(status: int, gone: bool) -> None:
    [report] = await sender(Outside(answer(status))).ring(Browser().target, RING)
    assert (report.ok, report.gone) == (False, gone)


async def test_a_push_service_that_is_not_there_is_reported() -> None:
    [report] = await sender(Outside(OutboundFailed("No answer."))).ring(Browser().target, RING)
    assert (report.ok, report.gone, report.detail) == (False, False, "No answer.")


@pytest.mark.parametrize(
    ("endpoint", "p256dh", "auth"),
    [
        ("ftp://x", "", ""),
        ("https://x", "AAAA", "AAAA"),
        ("https://x", "ü", "ü"),
        ("https://" + "x" * 3_000, "", ""),
        ("https://x", b64(b"\x04" + b"\1" * 64), b64(b"0" * 16)),
    ],
)
def test_a_subscription_that_is_none_is_refused(endpoint: str, p256dh: str, auth: str) -> None:
    with pytest.raises(BadInput):
        web.check(endpoint, p256dh, auth)


@pytest.fixture(scope="module")
def service_account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    path = tmp_path_factory.mktemp("fcm") / "account.json"
    data = {"private_key": pem, "project_id": "p", "client_email": "e@p", "token_uri": "https://token.example"}
    path.write_bytes(orjson.dumps(data))
    return path


async def test_fcm_logs_in_once_and_rings(service_account: Path) -> None:
    token = answer(200, b'{"access_token":"abc","expires_in":3600}')
    outside = Outside(token, answer(200), answer(200), answer(404))
    account = ServiceAccount.read(service_account)
    fcm = Fcm(outside, account, now=lambda: NOW)  # type: ignore[arg-type]
    target = Target("ana@localhost", "d1", "fcm", "registration", {})
    reports = [[(report.hop, report.ok) for report in await fcm.ring(target, RING)] for _ in range(2)]
    assert reports == [[("login", True), ("fcm", True)], [("fcm", True)]]
    assert (await fcm.ring(target, RING))[0].gone
    url, body, headers = outside.asked[1]
    assert (url, headers["Authorization"]) == ("https://fcm.googleapis.com/v1/projects/p/messages:send", "Bearer abc")
    assert orjson.loads(body)["message"] == {
        "token": "registration",
        "data": {"v": "1"},
        "android": {"priority": "HIGH", "collapse_key": "chat", "ttl": "604800s"},
    }


async def test_the_assertion_is_signed_for_firebase_alone(service_account: Path) -> None:
    outside = Outside(answer(200, b'{"access_token":"abc","expires_in":3600}'), answer(200))
    account = ServiceAccount.read(service_account)
    await Fcm(outside, account, now=lambda: NOW).ring(Target("a", "d", "fcm", "t", {}), RING)  # type: ignore[arg-type]
    [assertion] = parse_qs(outside.asked[0][1].decode())["assertion"]
    signed, _, signature = assertion.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    account.key.public_key().verify(raw, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    claims = orjson.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
    assert (claims["iss"], claims["aud"], claims["exp"] - claims["iat"]) == ("e@p", "https://token.example", 3600)


async def test_a_login_that_fails_is_reported(service_account: Path) -> None:
    for failure in (answer(400, b"<html>"), OutboundFailed("No answer.")):
        fcm = Fcm(Outside(failure), ServiceAccount.read(service_account), now=lambda: NOW)  # type: ignore[arg-type]
        [report] = await fcm.ring(Target("a", "d", "fcm", "t", {}), RING)
        assert (report.hop, report.ok, report.gone) == ("login", False, False)


async def test_a_token_taken_back_is_fetched_anew(service_account: Path) -> None:
    token = answer(200, b'{"access_token":"abc","expires_in":3600}')
    outside = Outside(token, answer(401), token, OutboundFailed("No answer."))
    fcm = Fcm(outside, ServiceAccount.read(service_account), now=lambda: NOW)  # type: ignore[arg-type]
    target = Target("a", "d", "fcm", "t", {})
    seen = [[(report.hop, report.ok, report.gone) for report in await fcm.ring(target, RING)] for _ in range(2)]
    assert seen == [[("login", True, False), ("fcm", False, False)]] * 2


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"private_key": 5}', '{"private_key": "no key"}'])
def test_a_wrong_service_account_file_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "account.json"
    path.write_text(content)
    with pytest.raises(BadServiceAccount, match=r"account\.json"):
        ServiceAccount.read(path)
    with pytest.raises(BadServiceAccount, match="cannot be read"):
        ServiceAccount.read(tmp_path / "nothing.json")
