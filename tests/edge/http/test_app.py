"""The HTTP port as a whole: headers, errors, limits, static files, health, discovery."""

from pathlib import Path

import pytest
from fastapi import APIRouter, Request
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from pydantic import BaseModel
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from plauder.edge.http.address import Proxies
from plauder.kit.clock import FakeClock
from plauder.kit.config import ConfigError
from plauder.kit.errors import Conflict, TooMany
from tests.edge.http.conftest import Client


class Secret(BaseModel):
    password: str
    count: int


def routes() -> APIRouter:
    router = APIRouter(prefix="/api/v1")

    @router.get("/conflict")
    async def conflict() -> None:
        raise Conflict("Taken.", name="ana")

    @router.get("/busy")
    async def busy() -> None:
        raise TooMany(retry_after=2.2)

    @router.get("/bug")
    async def bug() -> None:
        raise RuntimeError("the secret is hunter2")

    @router.post("/echo")
    async def echo(body: Secret) -> Secret:
        return body

    @router.post("/big", max_body_size=3_000_000)
    async def big(request: Request) -> int:
        return len(await request.body())

    @router.get("/address")
    async def address(request: Request) -> str:
        return str(request.state.address)

    return router


async def test_our_errors_are_one_shape(client: Client) -> None:
    http = client(routes())
    conflict = await http.get("/api/v1/conflict")
    assert conflict.status_code == 409
    assert conflict.json() == {"error": {"code": "conflict", "message": "Taken.", "details": {"name": "ana"}}}
    busy = await http.get("/api/v1/busy")
    assert (busy.status_code, busy.headers["retry-after"]) == (429, "3")
    for path, method, status, code in [
        ("/api/v1/none", "GET", 404, "not-found"),
        ("/api/v1/conflict", "POST", 405, "method-not-allowed"),
        ("/api/v1/conflict/", "GET", 404, "not-found"),
        ("/api/v1/echo", "GET", 405, "method-not-allowed"),
    ]:
        answer = await http.request(method, path, headers={"accept": "text/html"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_a_bug_shows_a_number_and_nothing_else(client: Client) -> None:
    answer = await client(routes()).get("/api/v1/bug")
    assert answer.status_code == 500
    assert answer.json()["error"]["details"]["incident"]
    assert "hunter2" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_was_sent_is_not_echoed(client: Client) -> None:
    answer = await client(routes()).post("/api/v1/echo", json={"password": "hunter2", "count": "hunter3"})
    assert answer.status_code == 400
    assert "hunter" not in answer.text
    assert answer.json()["error"]["details"]["problems"][0]["where"] == "body.count"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"count": 1e999}', b"null", b'"' * 9])
async def test_hostile_bodies_are_bad_input(client: Client, body: bytes) -> None:
    answer = await client(routes()).post("/api/v1/echo", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert len(answer.content) < 2_000


async def test_bodies_are_bounded_announced_or_not(client: Client) -> None:
    http = client(routes())

    async def chunks() -> object:
        for _ in range(20):
            yield b"x" * 100_000

    headers = {"content-type": "application/json"}
    assert (await http.post("/api/v1/echo", content=b"x" * 2_000_000, headers=headers)).status_code == 413
    assert (await http.post("/api/v1/echo", content=chunks(), headers=headers)).status_code == 413  # type: ignore[arg-type]
    assert (await http.post("/api/v1/big", content=b"x" * 2_000_000)).json() == 2_000_000
    assert (await http.post("/api/v1/big", content=b"x" * 3_000_001)).status_code == 413


async def test_pages_and_data_have_their_policies(client: Client) -> None:
    http = client(routes(), config={"http": {"public_url": "https://chat.example"}})
    page = await http.get("/")
    assert "script-src 'self' 'wasm-unsafe-eval';" in page.headers["content-security-policy"]
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    assert page.headers["strict-transport-security"] == "max-age=31536000"
    data = await http.get("/api/v1/conflict")
    assert data.headers["content-security-policy"].endswith("sandbox")
    assert data.headers["cache-control"] == "no-store"


async def test_the_web_app(client: Client) -> None:
    http = client()
    asset = await http.get("/assets/main-B3x_9fQz.js", headers={"accept-encoding": "identity"})
    assert "sandbox" not in asset.headers["content-security-policy"]  # it may be a worker, which that would cut off
    assert asset.text == "console.log(1)"
    assert "immutable" in asset.headers["cache-control"]
    known = await http.get(
        "/assets/main-B3x_9fQz.js", headers={"if-none-match": asset.headers["etag"], "accept-encoding": "identity"}
    )
    assert (known.status_code, known.headers["content-security-policy"]) == (
        304,
        asset.headers["content-security-policy"],
    )
    assert asset.headers["content-type"].startswith("text/javascript")
    async with http.stream("GET", "/assets/main-B3x_9fQz.js", headers={"accept-encoding": "gzip"}) as packed:
        assert packed.headers["content-encoding"] == "gzip"
    page = await http.get("/chats/4915112345678@chat.example", headers={"accept": "text/html,*/*"})
    assert "App" in page.text
    assert page.headers["cache-control"] == "no-cache"
    again = await http.get("/", headers={"if-none-match": f'"x", {page.headers["etag"]}'})
    assert again.status_code == 304
    for path in ("/assets/old-12345678.js", "/api/v2/x", "/dev", "/ws"):
        assert (await http.get(path, headers={"accept": "text/html"})).status_code == 404
    assert (await http.get("/missing.js")).status_code == 404
    assert (await http.post("/")).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/link.txt", "//etc/passwd", "/a%00b.txt", "/assets"],
)
async def test_no_path_leads_out(client: Client, path: str) -> None:
    answer = await client().get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


async def test_an_unbuilt_app_says_so(client: Client, tmp_path: Path) -> None:
    answer = await client(config={"http": {"web_root": tmp_path / "none"}}).get("/")
    assert answer.status_code == 503
    assert "make run" in answer.text


async def test_health(client: Client) -> None:
    async def fine() -> None: ...

    async def broken() -> None:
        raise OSError("disk")

    assert (await client().get("/health/live")).json() == {"status": "live"}
    assert (await client(checks={"database": fine}).get("/health/ready")).status_code == 200
    bad = await client(checks={"database": fine, "inbox": broken}).get("/health/ready")
    assert bad.status_code == 503
    assert bad.json()["parts"] == {"database": "ok", "inbox": "failing"}


async def test_metrics_are_for_the_neighbourhood(client: Client) -> None:
    http = client()
    await http.get("/health/live")
    text = (await http.get("/metrics")).text
    families = {family.name for family in text_string_to_metric_families(text)}
    assert {"plauder_http_requests", "process_cpu_seconds"} <= families
    assert (await client(address="8.8.8.8").get("/metrics")).status_code == 404
    assert (await http.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"})).status_code == 404


async def test_clients_find_the_websocket(client: Client) -> None:
    http = client(config={"http": {"public_url": "https://chat.example/"}})
    xrd = await http.get("/.well-known/host-meta")
    assert 'href="wss://chat.example/ws"' in xrd.text
    assert xrd.headers["access-control-allow-origin"] == "*"
    links = (await http.get("/.well-known/host-meta.json")).json()["links"]
    assert links == [
        {"rel": "urn:xmpp:alt-connections:websocket", "href": "wss://chat.example/ws"},
        {"rel": "urn:xmpp:alt-connections:xbosh", "href": "https://chat.example/http-bind"},
    ]
    for path in ("/.well-known/host-meta", "/.well-known/host-meta.json"):
        seen = await http.head(path)
        assert (seen.status_code, seen.headers["access-control-allow-origin"]) == (200, "*")


async def test_strangers_are_limited_and_logins_are_not(client: Client) -> None:
    clock = FakeClock()
    http = client(routes(), config={"limits": {"requests_per_minute": 3}}, clock=clock, address="2001:db8::1")
    for _ in range(3):
        assert (await http.get("/api/v1/conflict")).status_code == 409
    refused = await http.get("/api/v1/conflict")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "20"
    assert (await http.get("/api/v1/conflict", headers={"authorization": "Basic x"})).status_code == 409
    assert (await http.get("/")).status_code == 200
    clock.advance(20)
    assert (await http.get("/api/v1/conflict")).status_code == 409


async def test_files_and_the_graph_s_own_tokens_are_not_counted(client: Client) -> None:
    http = client(config={"limits": {"requests_per_minute": 1}})
    for _ in range(3):
        assert (await http.get("/media/slot/name")).status_code == 404
        assert (await http.get("/v23.0/me?access_token=x")).status_code == 404
    assert (await http.put("/media/slot/name")).status_code != 429
    assert (await http.put("/media/slot/name")).status_code == 429


async def test_another_application_answers_for_its_own_paths(client: Client) -> None:
    async def other(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("other")(scope, receive, send)

    http = client(others=[(lambda scope: scope["path"].startswith("/v1/"), other)])
    answer = await http.get("/v1/x")
    assert answer.text == "other"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await http.get("/v2/x")).status_code == 404


async def test_only_named_proxies_are_believed(client: Client) -> None:
    proxied = {"http": {"trusted_proxies": ["127.0.0.1", "10.0.0.0/8"]}}
    forwarded = {"x-forwarded-for": "6.6.6.6, 203.0.113.5, 10.1.2.3"}
    assert (await client(routes(), config=proxied).get("/api/v1/address", headers=forwarded)).json() == "203.0.113.5"
    assert (await client(routes()).get("/api/v1/address", headers=forwarded)).json() == ""
    assert (await client(routes(), config=proxied).get("/api/v1/address")).json() == "127.0.0.1"


@given(st.text(alphabet="0123456789abc.:,[] \t", max_size=60))
def test_any_forwarded_header_is_an_address_or_hidden(header: str) -> None:
    scope = {"type": "http", "client": ("127.0.0.1", 1), "headers": [(b"x-forwarded-for", header.encode())]}
    found = Proxies(["127.0.0.1"]).client(scope)
    assert found == "" or set(found) <= set("0123456789abcdef.:")


def test_a_wrong_proxy_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="trusted_proxies"):
        Proxies(["10.0.0.0/33"])


async def test_openapi_is_there_and_valid(client: Client) -> None:
    schema = (await client(routes()).get("/api/openapi.json")).json()
    assert "/api/v1/echo" in schema["paths"]


async def test_workers_are_not_sandboxed_but_bound_like_pages(client: Client) -> None:
    script = await client().get("/assets/main-B3x_9fQz.js", headers={"Accept-Encoding": "identity"})
    policy = script.headers["content-security-policy"]
    assert "sandbox" not in policy
    assert "script-src 'self' 'wasm-unsafe-eval'" in policy
