"""The routes of accounts: the whole way of a person, and hostile input at every door."""

import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from voprf import ristretto

from plauder.edge.http import accounts, discovery
from plauder.edge.http.auth import Auth
from plauder.features.accounts.discovery import Discovery, tag
from plauder.kit.clock import FakeClock
from plauder.kit.limits import Allowance
from plauder.store.database import Database
from tests.edge.http.conftest import Client
from tests.features.accounts.conftest import ANA, ANA_DIGITS, BRUNO, BRUNO_DIGITS, Office

JID = f"{ANA_DIGITS}@localhost"


@pytest.fixture(params=["sqlite"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """SQLite alone: the use cases are tested on both."""
    kind: str = request.param
    return kind


@pytest.fixture
def office(database: Database, clock: FakeClock) -> Office:
    return Office(database, clock)


@pytest.fixture
def auth(office: Office) -> Auth:
    return Auth(office.credentials, office.parts.keyring, office.parts.config, office.clock)


@pytest.fixture
def online() -> set[str]:
    """The devices that are there."""
    return set()


@pytest.fixture
def http(client: Client, office: Office, auth: Auth, online: set[str]) -> httpx.AsyncClient:
    tries = Allowance(office.clock, 1_000, 60)
    routes = accounts.router(
        office.parts.config, auth, office.registration, office.devices, office.invites, tries, lambda _: online
    )
    finding = discovery.router(office.parts.config, Discovery(office.parts))
    return client(routes, finding, clock=office.clock, auth=auth)


async def register(http: httpx.AsyncClient, office: Office, number: str = ANA, **verify: Any) -> dict[str, Any]:
    asked = await http.post("/api/v1/registration", json={"number": number})
    assert asked.status_code == 202, asked.text
    path = f"/api/v1/registration/{asked.json()['registration_id']}/verify"
    answer = await http.post(path, json={"code": office.sms.code, "device_name": "Phone"} | verify)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def basic(given: dict[str, Any]) -> tuple[str, str]:
    return given["jid"], given["password"]


async def test_a_person_s_whole_way(http: httpx.AsyncClient, office: Office, online: set[str]) -> None:
    ways = (await http.get("/api/v1/registration")).json()
    assert (ways["domain"], ways["ways"], ways["code_digits"]) == ("localhost", ["phone", "invite"], 6)
    assert ways["codes_printed"] is True

    given = await register(http, office)
    assert given["jid"] == JID
    assert given["websocket"] == "ws://localhost:8080/ws"
    http.auth = basic(given)

    account = (await http.get("/api/v1/account")).json()
    assert (account["number"], account["has_pin"], account["device_id"]) == (
        "+55 11 96123-4567",
        False,
        given["device_id"],
    )
    assert (await http.put("/api/v1/account/pin", json={"pin": "271828"})).status_code == 204
    assert (await http.put("/api/v1/account/discovery", json={"discoverable": True})).status_code == 204
    account = (await http.get("/api/v1/account")).json()
    assert account["has_pin"]
    assert account["discoverable"]
    assert (await http.delete("/api/v1/account/pin")).status_code == 204

    link = (await http.post("/api/v1/devices/links")).json()
    assert link["url"].endswith(f"/link#{link['token']}")
    second = (await http.post(f"/api/v1/links/{link['token']}/accept", json={"device_name": "Laptop"})).json()
    online.add(second["device_id"])
    devices = (await http.get("/api/v1/devices")).json()
    assert {(d["name"], d["is_this"], d["is_online"]) for d in devices} == {
        ("Phone", True, False),
        ("Laptop", False, True),
    }
    path = f"/api/v1/devices/{second['device_id']}"
    assert (await http.patch(path, json={"name": "Old laptop"})).status_code == 204
    assert (await http.delete(path)).status_code == 204
    assert (await http.delete(path)).status_code == 404
    assert (await http.get("/api/v1/account", auth=basic(second))).status_code == 401
    assert (await http.post("/api/v1/devices/log-out-others")).json() == {"removed": 0}

    invite = (await http.post("/api/v1/invites", json={"note": "for Clara"})).json()
    assert [i["note"] for i in (await http.get("/api/v1/invites")).json()] == ["for Clara"]
    qr = await http.post("/api/v1/qr", json={"name": invite["url"]})
    assert qr.headers["content-type"] == "image/svg+xml"
    assert qr.text.startswith("<svg")
    look = (await http.get(f"/api/v1/invites/{invite['token']}")).json()
    assert look["invited_by"] == JID
    clara = (await http.post(f"/api/v1/invites/{invite['token']}/accept", json={"username": "clara"})).json()
    assert clara["jid"] == "clara@localhost"
    assert (await http.get("/api/v1/account", auth=basic(clara))).json()["number"] is None

    office.clock.advance(60)
    asked = (await http.post("/api/v1/account/number", json={"number": BRUNO})).json()
    path = f"/api/v1/account/number/{asked['registration_id']}/verify"
    assert (await http.post(path, json={"code": office.sms.code})).json() == {"jid": f"{BRUNO_DIGITS}@localhost"}
    http.auth = (f"{BRUNO_DIGITS}@localhost", given["password"])

    assert (await http.request("DELETE", "/api/v1/account", json={"confirm": "yes"})).status_code == 400
    assert (await http.request("DELETE", "/api/v1/account", json={"confirm": BRUNO})).status_code == 204
    assert (await http.get("/api/v1/account")).status_code == 401


async def test_errors_have_codes_a_client_can_act_on(http: httpx.AsyncClient, office: Office) -> None:
    given = await register(http, office)
    await http.put("/api/v1/account/pin", json={"pin": "271828"}, auth=basic(given))
    too_soon = await http.post("/api/v1/registration", json={"number": ANA})
    assert (too_soon.status_code, too_soon.json()["error"]["code"]) == (429, "too-many-codes")
    assert too_soon.headers["retry-after"] == "60"
    office.clock.advance(60)
    asked = (await http.post("/api/v1/registration", json={"number": ANA})).json()
    path = f"/api/v1/registration/{asked['registration_id']}/verify"
    for body, status, code in [
        ({"code": "1"}, 403, "wrong-code"),
        ({"code": office.sms.code}, 403, "pin-needed"),
        ({"code": office.sms.code, "pin": "9999"}, 403, "wrong-pin"),
    ]:
        answer = await http.post(path, json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    bad = await http.post("/api/v1/registration", json={"number": "123"})
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "bad-number")


async def test_a_bearer_stands_for_its_device(http: httpx.AsyncClient, office: Office) -> None:
    given = await register(http, office)
    token = (await http.post("/api/v1/token", auth=basic(given))).json()["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    assert (await http.get("/api/v1/account", headers=headers)).json()["jid"] == JID
    claims, _, mac = token.partition(".")
    for forged in (f"{claims}.", f"{claims}.{mac[:-2]}AA", mac, "", ".", "a.b", f"{claims}é.{mac}", "x" * 9_000):
        answer = await http.get("/api/v1/account", headers={"authorization": f"Bearer {forged}".encode()})
        assert answer.status_code == 401
        office.clock.advance(5)
    await office.devices.revoke(ANA_DIGITS, given["device_id"])
    assert (await http.get("/api/v1/account", headers=headers)).status_code == 401


async def test_a_bearer_ends_after_an_hour(http: httpx.AsyncClient, office: Office) -> None:
    given = await register(http, office)
    token = (await http.post("/api/v1/token", auth=basic(given))).json()["access_token"]
    office.clock.advance(3_600)
    assert (await http.get("/api/v1/account", headers={"authorization": f"Bearer {token}"})).status_code == 401


HOSTILE_HEADERS = [
    "",
    "Basic",
    "Basic ",
    "Basic !!!!",
    "Basic " + base64.b64encode(b"\xff\xff:x").decode(),
    "Basic " + base64.b64encode(b"nocolon").decode(),
    "Basic " + base64.b64encode(b"a@other.example:x").decode(),
    "Basic " + base64.b64encode(b"@localhost:x").decode(),
    "Basic " + base64.b64encode(f"{ANA_DIGITS}@localhost/res:wrong".encode()).decode(),
    "Basic " + base64.b64encode(ANA_DIGITS.encode() + b":").decode(),
    "Digest username=x",
    "Bearer " + "." * 5_000,
]


async def test_hostile_logins(http: httpx.AsyncClient, office: Office) -> None:
    await register(http, office)
    for header in HOSTILE_HEADERS:
        answer = await http.get("/api/v1/account", headers={"authorization": header})
        assert answer.status_code == 401, header
        assert answer.headers["www-authenticate"].startswith("Basic")


async def test_guessing_passwords_is_slowed(http: httpx.AsyncClient, office: Office) -> None:
    given = await register(http, office)
    for _ in range(30):
        assert (await http.get("/api/v1/account", auth=(JID, "guess"))).status_code == 401
    refused = await http.get("/api/v1/account", auth=basic(given))
    assert refused.status_code == 429
    office.clock.advance(2)
    assert (await http.get("/api/v1/account", auth=basic(given))).status_code == 200


HOSTILE: list[Any] = [None, [], "x", 1, {}, {"number": None}, {"number": []}, {"number": "x" * 65}, {"number": "+49\0"}]


async def test_hostile_registrations(http: httpx.AsyncClient, office: Office) -> None:
    for body in (*HOSTILE, {"number": ANA, "extra": 1}, {"number": ANA, "method": "pigeon"}):
        answer = await http.post("/api/v1/registration", json=body)
        assert answer.status_code == 400, body
        assert not office.sms.sent


def each_route(http: httpx.AsyncClient) -> list[tuple[str, str]]:
    paths = http._transport.app.api.openapi()["paths"]  # type: ignore[attr-defined]
    return [
        (method.upper(), path) for path, methods in paths.items() for method in methods if path.startswith("/api/v1/")
    ]


HOSTILE_IDS = ("%00", "..%2f..%2fetc", "x" * 5_000, "'%20OR%201=1--", "%F0%9F%92%A9", "%ff")
HOSTILE_BODIES = (b"", b"{}", b'{"a":', b"\xff" * 100, b'{"name": 1e400}', b"[" * 5_000)


async def test_every_route_stands_hostile_ids_and_bodies(http: httpx.AsyncClient, office: Office) -> None:
    given = await register(http, office)
    http.auth = basic(given)
    for method, path in each_route(http):
        if path == "/api/v1/devices" and method == "DELETE":
            continue  # logs this device out
        for hostile, content in [*((each, b"{}") for each in HOSTILE_IDS), *(("1", each) for each in HOSTILE_BODIES)]:
            where = path
            for name in ("registration_id", "token", "device_id", "invite_id"):
                where = where.replace("{" + name + "}", hostile)
            answer = await http.request(method, where, content=content, headers={"content-type": "application/json"})
            assert answer.status_code < 500, (method, where, content[:20], answer.text)


async def test_every_route_but_the_doors_needs_a_login(http: httpx.AsyncClient) -> None:
    doors = {
        ("GET", "/api/v1/registration"),
        ("POST", "/api/v1/registration"),
        ("POST", "/api/v1/registration/{registration_id}/verify"),
        ("GET", "/api/v1/invites/{token}"),
        ("POST", "/api/v1/invites/{token}/accept"),
        ("GET", "/api/v1/links/{token}"),
        ("POST", "/api/v1/links/{token}/accept"),
    }
    routes = each_route(http)
    assert doors <= set(routes)
    for method, path in set(routes) - doors:
        bodies: dict[str, Any] = {"name": "x", "pin": "271828", "number": ANA, "code": "1", "confirm": "x"}
        bodies["blinded"] = ["A" * 43]
        schema = http._transport.app.api.openapi()["paths"][path][method.lower()]  # type: ignore[attr-defined]
        wanted = _fields(http, schema)
        body = {name: value for name, value in bodies.items() if name in wanted} | (
            {"discoverable": True} if "discoverable" in wanted else {}
        )
        answer = await http.request(method, path.replace("{", "").replace("}", ""), json=body)
        assert answer.status_code == 401, (method, path, answer.text)


def _fields(http: httpx.AsyncClient, operation: dict[str, Any]) -> set[str]:
    if "requestBody" not in operation:
        return set()
    ref = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    schemas = http._transport.app.api.openapi()["components"]["schemas"]  # type: ignore[attr-defined]
    return set(schemas[ref]["properties"])


async def test_contact_discovery_over_http(http: httpx.AsyncClient, office: Office) -> None:
    given = await register(http, office)
    http.auth = basic(given)
    await http.put("/api/v1/account/discovery", json={"discoverable": True})
    about = (await http.get("/api/v1/discovery")).json()
    assert (about["suite"], about["mode"], about["left_today"]) == ("ristretto255-SHA512", "VOPRF", 1_000)
    client, blinded = ristretto.Client.blind(f"+{ANA_DIGITS}".encode())
    text = base64.urlsafe_b64encode(blinded.serialize()).rstrip(b"=").decode()
    answer = (await http.post("/api/v1/discovery/evaluate", json={"blinded": [text]})).json()
    raw = [base64.urlsafe_b64decode(part + "==") for part in (answer["proof"], answer["evaluated"][0])]
    key = ristretto.PublicKey.deserialize(base64.urlsafe_b64decode(about["public_key"] + "=="))
    output = client.finalize(ristretto.VerifiableOutput.deserialize(b"".join(raw)), key)
    listed = await http.get("/api/v1/discovery/directory")
    assert listed.content == tag(output)
    again = await http.get("/api/v1/discovery/directory", headers={"if-none-match": listed.headers["etag"]})
    assert again.status_code == 304
    for bad in (["!" * 43], ["A" * 43], ["A" * 44], [], ["A" * 43] * 2_001, "x", [1]):
        assert (await http.post("/api/v1/discovery/evaluate", json={"blinded": bad})).status_code == 400


async def test_doors_are_limited(client: Client, office: Office, auth: Auth, online: set[str]) -> None:
    tries = Allowance(office.clock, 2, 60)
    routes = accounts.router(
        office.parts.config, auth, office.registration, office.devices, office.invites, tries, lambda _: online
    )
    http = client(routes, clock=office.clock, auth=auth, address="2001:db8::1")
    doors: list[Callable[[], Any]] = [
        lambda: http.get("/api/v1/invites/x"),
        lambda: http.post("/api/v1/links/x/accept", json={}),
        lambda: http.post("/api/v1/invites/x/accept", json={}),
        lambda: http.post("/api/v1/registration/x/verify", json={"code": "1"}),
        lambda: http.post("/api/v1/registration", json={"number": ANA}),
    ]
    for door in doors[:2]:
        assert (await door()).status_code == 404
    for door in doors:
        assert (await door()).status_code == 429
