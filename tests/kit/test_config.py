"""Configuration: every way in, and every way to get it wrong, ends in one clear text."""

import os
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.kit import config
from plauder.kit.config import Config, ConfigError


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("PLAUDER_"):
            monkeypatch.delenv(name)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_make_a_private_network_on_this_machine() -> None:
    loaded = config.load()
    assert loaded.http_host == loaded.xmpp_host == "127.0.0.1"
    assert loaded.database == "sqlite:///data/plauder.db"
    assert loaded.public_url == "http://localhost:8080"
    assert not loaded.registration.in_band
    assert not loaded.dev.page


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "c.toml", 'domain = "chat.example"\n[http]\nport = 9000\ntls = true\n')
    monkeypatch.setenv("PLAUDER_HTTP__PORT", "443")
    loaded = config.load(file)
    assert loaded.public_url == "https://chat.example"
    assert loaded.http_host == ""


def test_a_table_can_be_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAUDER_REGISTRATION__COUNTRY_CAPS__BR", "7")
    monkeypatch.setenv("PLAUDER_REGISTRATION__COUNTRIES", '["BR", "de"]')
    loaded = config.load()
    assert loaded.registration.country_caps == {"BR": 7}
    assert loaded.registration.countries == ("BR", "DE")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[http]\nprt = 1\n", r"http\.prt: there is no such setting; did you mean http\.port\?"),
        ("[http]\nport = 70000\n", r"http\.port: .*65535"),
        ("[http]\nport = 'x'\n", r"http\.port: .*integer"),
        ("http = 3\n", r"http: "),
        ("[http\n", r"cannot be read: .*line 1"),
        ("domain = 'no domain'\n", r"domain: is not a domain name"),
        ("domain = ''\n", r"domain: is not a domain name"),
        ("domain = '-a.example'\n", r"domain: is not a domain name"),
        (f"domain = '{'a' * 70}.example'\n", r"domain: is not a domain name"),
        ("[tls]\ncertificate = 'a.pem'\n", r"tls: certificate and key belong together"),
        ("[sms]\ngateway = 'twilio'\n", r"sms: .*needs twilio_account_sid"),
        ("[sms]\ngateway = 'http'\nhttp_url = 'ftp://x'\n", r"sms: .*needs http_url"),
        ("[sms]\ngateway = 'pigeon'\n", r"sms\.gateway: .*'console'"),
        ("[registration]\ncountries = ['Germany']\n", r"registration\.countries: 'Germany' is not a country"),
        ("[registration]\ncode_minutes = nan\n", r"registration\.code_minutes: "),
        ("[inbox]\nretention_days = -1\n", r"inbox\.retention_days: "),
    ],
)
def test_a_wrong_file_is_told_by_name(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(write(tmp_path / "c.toml", text))
    assert re.search(says, str(caught.value))


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="config init"):
        config.load(tmp_path / "none.toml")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(b"\xff\xfe\x00domain")
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(path)


@given(st.binary(max_size=200))
def test_no_file_whatever_ends_in_a_stack(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("c") / "c.toml"
    path.write_bytes(content)
    try:
        assert isinstance(config.load(path), Config)
    except ConfigError as error:
        assert str(error)  # noqa: PT017


def test_an_unknown_variable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAUDER_HTTP__PROT", "1")
    with pytest.raises(ConfigError, match="did you mean PLAUDER_HTTP__PORT"):
        config.load()


def test_the_example_is_complete_and_true(tmp_path: Path) -> None:
    """Uncommented, the example says exactly the defaults."""
    text = config.example()
    active = "\n".join(re.sub(r"^# (\w+ = )", r"\1", line) for line in text.splitlines())
    tomllib.loads(text)
    assert config.load(write(tmp_path / "c.toml", active)).model_dump() == config.load().model_dump()
    assert all(f"\n# {name.rpartition('.')[2]} = " in text for name in config.settings())


def test_every_setting_is_explained() -> None:
    for name, field in config.settings().items():
        assert (field.description or "").endswith("."), name


def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAUDER_SMS__TWILIO_AUTH_TOKEN", "hunter2")
    monkeypatch.setenv("PLAUDER_SMS__HTTP_HEADERS__KEY", "hunter2")
    monkeypatch.setenv("PLAUDER_DATABASE_URL", "postgresql://a:hunter2@h/d")
    loaded = config.load()
    assert "hunter2" not in repr(config.masked(loaded)) + repr(loaded)
    assert loaded.database.endswith("hunter2@h/d")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"enabled": True}, "allow names nobody"),
        ({"allow": ["not a domain"]}, "is not a domain name"),
        ({"places": {"a.example": "a:b"}}, "federation.places"),
        ({"places": {"a.example": ":1"}}, "is not a place"),
        ({"places": {"a.example": "a:1/http"}}, "is not a place"),
        ({"port": 70_000}, "federation.port"),
    ],
)
def test_federation_says_what_is_wrong(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config.load(federation=settings)


def test_federation_reads_domains() -> None:
    settings = config.load(
        federation={"enabled": True, "allow": ["*", "Example.ORG."], "places": {"A.example": "[::1]:1"}}
    )
    assert settings.federation.allow == ("*", "example.org")
    assert settings.federation.places == {"a.example": "[::1]:1"}
