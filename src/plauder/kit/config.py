"""What an operator can set: one TOML file and the environment, validated before anything starts.

The environment wins over the file. `PLAUDER_DOMAIN` sets `domain`, `PLAUDER_HTTP__PORT` sets `port` in `[http]`.
Every setting says what it is for and in which unit; `plauder config schema` and the example file are made from that.
A wrong or unknown setting is a `ConfigError` of a few clear lines, never a stack.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, Self, cast

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from plauder.kit.errors import PlauderError

ENV_PREFIX = "PLAUDER_"
CONFIG_VARIABLE = "PLAUDER_CONFIG"
OFF = -1
LOOPBACK_DOMAINS = frozenset({"localhost", "127.0.0.1", "::1"})


class ConfigError(PlauderError):
    """The configuration cannot be used."""

    code = "bad-configuration"


class Section(BaseModel):
    """A table of the file. What it does not know it refuses: a typing error must not silently mean a default."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_empty_path(cls, value: Any, info: ValidationInfo) -> Any:
        # TOML has no null, and an empty path would mean the current directory.
        annotation = cls.model_fields[info.field_name or ""].annotation
        return None if value == "" and annotation == Path | None else value


class Http(Section):
    """The one HTTP port: web app, APIs, media and XMPP over WebSocket."""

    host: str = Field("", description="Address to listen on. Empty: loopback while the domain is localhost, else all.")
    port: int = Field(8080, ge=OFF, le=65_535, description="TCP port; 0 takes a free one, -1 turns HTTP off.")
    tls: bool = Field(False, description="Speak HTTPS on this port with the certificate of [tls].")
    public_url: str = Field(
        "", description="How browsers reach this port, as https://chat.example.org. Empty: made of domain and port."
    )
    trusted_proxies: tuple[str, ...] = Field(
        (), description="Addresses or networks of reverse proxies whose X-Forwarded-For and -Proto are believed."
    )
    max_body_bytes: int = Field(
        1_048_576, ge=1_024, description="Largest request body outside media uploads, in bytes."
    )
    web_root: Path | None = Field(
        None, description="Directory of the built web app. Empty: the one next to the program."
    )


class Xmpp(Section):
    """XMPP over TCP for any client."""

    host: str = Field("", description="Address to listen on. Empty: loopback while the domain is localhost, else all.")
    port: int = Field(
        5222, ge=OFF, le=65_535, description="TCP port with STARTTLS; 0 takes a free one, -1 turns it off."
    )
    tls_port: int = Field(
        5223, ge=OFF, le=65_535, description="TCP port with direct TLS; 0 takes a free one, -1 is off."
    )
    require_tls: bool = Field(True, description="Refuse to authenticate on an unencrypted TCP stream.")
    max_stanza_bytes: int = Field(262_144, ge=10_000, description="Largest stanza, in bytes (RFC 6120 asks >= 10000).")
    max_connections: int = Field(20_000, ge=1, description="Open XMPP connections in all, TCP and WebSocket.")
    max_connections_per_address: int = Field(
        100, ge=1, description="Open connections from one address (IPv6: one /64)."
    )
    login_seconds: float = Field(30.0, gt=0, description="How long a connection may take to authenticate, in seconds.")
    resume_seconds: int = Field(
        600, ge=0, description="How long a broken stream can be resumed (XEP-0198), in seconds."
    )
    show_version: bool = Field(True, description="Tell clients the program's version (XEP-0092).")


class Tls(Section):
    """The server's certificate. Without one a private authority and certificate are made at first start."""

    certificate: Path | None = Field(None, description="PEM file with the certificate chain. Empty: data_dir/tls.")
    key: Path | None = Field(None, description="PEM file with the private key. Empty: data_dir/tls.")

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together: set both or none")
        return self


class InboxSettings(Section):
    """What waits for devices that have not acknowledged it yet."""

    retention_days: float = Field(30.0, gt=0, le=365, description="Undelivered messages are deleted after, in days.")
    max_messages: int = Field(50_000, ge=100, description="Messages waiting per device before senders are refused.")
    min_free_bytes: int = Field(
        67_108_864,
        ge=0,
        description="Free disk space, in bytes, below which new messages are refused rather than lost.",
    )


class Media(Section):
    """Photos, voice notes and files that people send."""

    url: str = Field(
        "",
        description="s3://bucket/prefix of an S3-compatible store; keys, region and endpoint come from the environment "
        "(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL). Empty: files in data_dir/media.",
    )
    max_bytes: int = Field(104_857_600, ge=1_024, description="Largest file, in bytes.")
    daily_bytes: int = Field(1_073_741_824, ge=1_024, description="What one account may upload in 24 hours, in bytes.")
    kept_bytes: int = Field(4_294_967_296, ge=1_024, description="What is kept for one account at once, in bytes.")
    retention_days: float = Field(30.0, gt=0, le=3_650, description="Files are deleted after, in days.")
    downloaded_days: float = Field(
        0.0,
        ge=0,
        le=3_650,
        description="Files that somebody has downloaded are deleted this many days later, if that is sooner: so "
        "long the others in a group, and a person's other devices, have for it. 0: as if nobody had.",
    )
    min_free_bytes: int = Field(
        268_435_456,
        ge=0,
        description="Files are refused below this much free disk, in bytes. Keep it above inbox.min_free_bytes, so "
        "that messages go on when there is no more room for files.",
    )
    blocked_types: tuple[str, ...] = Field((), description="Media types that are refused, or how they begin.")


class Calls(Section):
    """Voice and video calls."""

    relays: tuple[str, ...] = Field(
        (), description="STUN and TURN services as URIs, e.g. turn:turn.example.org:3478?transport=udp."
    )
    secret: SecretStr = Field(SecretStr(""), description="What coturn has as static-auth-secret.")
    login_seconds: int = Field(3_600, ge=60, le=86_400, description="How long a relay password is good, in seconds.")


class Push(Section):
    """Waking browsers and phones."""

    contact: str = Field("", description="mailto: or https: address that push services may write to (RFC 8292).")
    fcm_account: Path | None = Field(
        None, description="Service account file of Firebase, for Android apps of your own."
    )


class Registration(Section):
    """Who can open an account, and how often one may try."""

    ways: tuple[Literal["phone", "invite"], ...] = Field(
        ("phone", "invite"), description="How people register: by phone number, by invite link. Empty: nobody can."
    )
    user_invites: bool = Field(True, description="Every account may make invite links, not the operator alone.")
    in_band: bool = Field(False, description="Registration inside XMPP (XEP-0077). Spammers love it: for tests only.")
    default_region: str = Field(
        "", pattern=r"^([A-Z]{2})?$", description="Two-letter country of numbers typed without their country code."
    )
    code_digits: int = Field(6, ge=4, le=10, description="Digits of a verification code.")
    code_minutes: float = Field(10.0, gt=0, le=60, description="How long a code is good for, in minutes.")
    code_attempts: int = Field(5, ge=1, le=20, description="Wrong guesses after which a code is dead.")
    first_wait_seconds: float = Field(
        60.0, ge=0, description="Wait before a second code, in seconds; doubles each time."
    )
    codes_per_number_per_day: int = Field(5, ge=1, description="Codes sent to one number in 24 hours.")
    codes_per_address_per_hour: int = Field(10, ge=1, description="Codes asked from one address (IPv6 /64) in an hour.")
    codes_per_hour: int = Field(1_000, ge=1, description="Codes sent in all in an hour.")
    countries: tuple[str, ...] = Field(
        (), description="Two-letter countries whose numbers may register. Empty: all. Toll fraud comes from far away."
    )
    blocked_countries: tuple[str, ...] = Field((), description="Two-letter countries whose numbers may not register.")
    codes_per_country_per_day: int = Field(500, ge=1, description="Codes sent to one country in 24 hours.")
    country_caps: dict[str, int] = Field(
        default_factory=dict, description="Codes per 24 hours for single countries, by their two letters."
    )
    max_devices: int = Field(10, ge=1, le=100, description="Devices per account; the longest idle one has to go.")
    pin_wait_days: float = Field(
        7.0, ge=0, description="Days without use after which a forgotten PIN can be passed over."
    )

    @field_validator("countries", "blocked_countries", "country_caps", mode="before")
    @classmethod
    def _countries(cls, value: Any) -> Any:
        if not isinstance(value, (list, tuple, dict)):
            return value
        for country in value:
            if not isinstance(country, str) or not (len(country) == 2 and country.isascii() and country.isalpha()):
                raise ValueError(f"{country!r} is not a country of two letters, as DE or BR")
        if isinstance(value, dict):
            return {country.upper(): cap for country, cap in value.items()}
        return tuple(country.upper() for country in value)


class Sms(Section):
    """How verification codes reach phones."""

    gateway: Literal["console", "http", "twilio"] = Field(
        "console", description="console prints codes and sends nothing; http asks any gateway; twilio uses Twilio."
    )
    http_url: str = Field("", description="http: URL that gets a POST with the JSON {to, text}.")
    http_headers: dict[str, SecretStr] = Field(default_factory=dict, description="http: headers to send, as a key.")
    twilio_account_sid: str = Field("", description="twilio: account SID.")
    twilio_auth_token: SecretStr = Field(SecretStr(""), description="twilio: auth token.")
    twilio_from: str = Field("", description="twilio: sending number in +E.164 form, or messaging service SID (MG…).")
    twilio_url: str = Field("https://api.twilio.com", description="twilio: base URL of the REST API.")
    timeout_seconds: float = Field(10.0, gt=0, le=60, description="How long a gateway may take, in seconds.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.gateway == "http" and not self.http_url.startswith(("http://", "https://")):
            raise ValueError("gateway = 'http' needs http_url, an http:// or https:// address")
        if self.gateway == "twilio":
            secret = self.twilio_auth_token.get_secret_value()
            if not (self.twilio_account_sid and secret and self.twilio_from):
                raise ValueError("gateway = 'twilio' needs twilio_account_sid, twilio_auth_token and twilio_from")
        return self


class Discovery(Section):
    """Finding which of one's contacts are here without telling the server who one's contacts are."""

    enabled: bool = Field(True, description="Offer contact discovery to people who opted in to be found.")
    first_day_lookups: int = Field(1_000, ge=0, description="Numbers a new account may look up in its first 24 hours.")
    daily_growth: int = Field(200, ge=0, description="Lookups a day that each day of age adds.")
    max_daily_lookups: int = Field(10_000, ge=0, description="Lookups a day at most.")
    batch: int = Field(500, ge=1, le=2_000, description="Numbers per request at most.")


class Limits(Section):
    """How often one address may knock."""

    logins_per_minute: int = Field(30, ge=1, description="Failed logins from one address (IPv6 /64) in a minute.")
    requests_per_minute: int = Field(
        600, ge=1, description="HTTP API requests without a login from one address (IPv6 /64) in a minute."
    )
    tries_per_minute: int = Field(
        30, ge=1, description="Tries at codes, invites and links from one address (IPv6 /64) in a minute."
    )


class Strangers(Section):
    """How many people whom they do not know members may write to. Spam comes from young accounts."""

    first_day: int = Field(50, ge=0, description="New conversations with strangers in an account's first 24 hours.")
    daily_growth: int = Field(10, ge=0, description="How many more a day each day of age adds.")
    most: int = Field(500, ge=0, description="New conversations with strangers in 24 hours at most.")


class Log(Section):
    """What is written to standard error. Never content, never secrets."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged.")
    format: Literal["auto", "console", "json"] = Field(
        "auto", description="console for eyes, json for machines; auto picks by whether a terminal is attached."
    )


class SendingRule(BaseModel):
    """One change to a rule for sending: switched on or off, with another value, from a date on, until a date."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal[
        "service_window",
        "free_entry_point",
        "messaging_limit",
        "throughput",
        "pair_rate",
        "marketing_cap",
        "opt_out",
        "us_marketing_pause",
        "template_pacing",
        "template_archival",
        "management_rate",
    ]
    enabled: bool = True
    value: float | None = Field(None, gt=0)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.since and self.until and self.until <= self.since:
            raise ValueError("until is not after since")
        return self


class Business(Section):
    """The business platform: the Cloud API, webhooks, hosted numbers."""

    enabled: bool = Field(True, description="Offer the business platform.")
    seller: str = Field("", description="Your name and address on invoices, lines apart by \\n. Empty: the domain.")
    keep_content_days: float = Field(
        7.0, gt=0, le=365, description="How long texts of business chats are kept for the team inbox, in days."
    )
    journal_hours: float = Field(
        24.0, gt=0, le=720, description="How long the developers' journal of requests and webhooks is kept, in hours."
    )
    webhook_days: float = Field(7.0, gt=0, le=30, description="How long a webhook is retried, in days.")
    webhook_timeout_seconds: float = Field(10.0, gt=0, le=60, description="How long a webhook's receiver may take.")
    allowed_networks: tuple[str, ...] = Field(
        (),
        description="Private networks that webhooks and media links may lead to, as 10.1.0.0/16. "
        "While the domain is localhost, loopback is allowed anyway.",
    )
    rules: tuple[SendingRule, ...] = Field(
        (),
        description='Changes to the rules for sending, each with its dates: [{name = "marketing_cap", value = 5, '
        'since = 2027-01-01T00:00:00Z}, {name = "pair_rate", enabled = false}].',
    )
    clerk: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether a second process writes down what became of messages, charges them and delivers webhooks. "
        "auto: where there are two processors or more.",
    )
    conversation_objects: bool = Field(
        True, description="Put `conversation` on every status webhook, as API versions up to v23 do."
    )
    api_hosts: tuple[str, ...] = Field(
        (), description="Host names whose whole traffic is the Cloud API, for programs with a fixed host."
    )

    @field_validator("allowed_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network)
        return value

    @field_validator("api_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_domain_name(name) for name in value)


class Contact(Section):
    """Whom people and other operators turn to (XEP-0157): addresses as URIs, mailto:, xmpp: or https:."""

    abuse: tuple[str, ...] = Field((), description="Reports of abuse, as mailto:abuse@example.org.")
    admin: tuple[str, ...] = Field((), description="The operators.")
    feedback: tuple[str, ...] = Field((), description="Opinions.")
    sales: tuple[str, ...] = Field((), description="Questions before buying.")
    security: tuple[str, ...] = Field((), description="Reports of weaknesses.")
    status: tuple[str, ...] = Field((), description="Whether the service is up.")
    support: tuple[str, ...] = Field((), description="Help.")

    @field_validator("*")
    @classmethod
    def _uris(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if not address.startswith(("mailto:", "xmpp:", "https:", "http:", "tel:")):
                raise ValueError(f"{address!r} is no URI, as mailto:abuse@example.org")
        return value

    def forms(self) -> dict[str, tuple[str, ...]]:
        """The fields of the form that service discovery shows."""
        return {f"{name}-addresses": value for name, value in self if value}


class Components(Section):
    """Programs of the operator that serve sub-domains, as gateways do (XEP-0114). Keep the port private: no TLS."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(5347, ge=OFF, le=65_535, description="TCP port; 0 takes a free one, -1 turns it off.")
    secrets: dict[str, SecretStr] = Field(
        default_factory=dict, description="The secret of each component by its domain. None: the port stays closed."
    )


class Federation(Section):
    """Exchanging messages with other XMPP servers. Off until it is switched on, and then with those you name."""

    enabled: bool = Field(False, description="Talk to other servers.")
    allow: tuple[str, ...] = Field(
        (), description='Domains that are talked to, each with its sub-domains, as example.org. "*" is all.'
    )
    deny: tuple[str, ...] = Field((), description="Domains, with their sub-domains, that are not, whatever allow says.")
    dialback: bool = Field(
        False,
        description="Talk to servers without a trusted certificate too, if they can be called back (XEP-0220). "
        "Whoever rules the network in between can then pretend to be them.",
    )
    authorities: Path | None = Field(
        None, description="PEM file of authorities to believe besides the system's, for private networks."
    )
    host: str = Field("", description="Address to listen on. Empty: loopback while the domain is localhost, else all.")
    port: int = Field(5269, ge=OFF, le=65_535, description="TCP port with STARTTLS; 0 takes a free one, -1 is off.")
    tls_port: int = Field(5270, ge=OFF, le=65_535, description="TCP port with direct TLS; 0: a free one, -1: off.")
    places: dict[str, str] = Field(
        default_factory=dict,
        description="Where servers are, by domain, as host:port (host:port/tls for direct TLS), instead of asking DNS. "
        "These alone may be on private networks.",
    )
    give_up_hours: float = Field(48.0, gt=0, le=720, description="A message is tried so long, then it comes back.")
    idle_minutes: float = Field(15.0, gt=0, description="A connection that carries nothing is closed after.")
    stanzas_per_second: float = Field(200.0, gt=0, description="What one domain may send; more is read later.")
    max_connections: int = Field(1_000, ge=2, description="Connections with other servers in all.")

    @field_validator("allow", "deny")
    @classmethod
    def _domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name if name == "*" else _domain_name(name) for name in value)

    @field_validator("places")
    @classmethod
    def _places(cls, value: dict[str, str]) -> dict[str, str]:
        return {_domain_name(name): _place(text) for name, text in value.items()}

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.enabled and not self.allow:
            raise ValueError('enabled, but allow names nobody: name domains, or "*" for all')
        return self


class Dev(Section):
    """Conveniences that do not belong on a public server."""

    page: bool = Field(
        False, description="Show /dev with the latest verification codes. Only ever on a private machine."
    )


class Config(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        validate_default=True,
        nested_model_default_partial_update=True,
    )

    domain: str = Field("localhost", description="The part of addresses after the @; never changes once in use.")
    data_dir: Path = Field(Path("data"), description="Directory of everything the server keeps.")
    database_url: SecretStr = Field(
        SecretStr(""), description="postgresql://user:password@host/name. Empty: SQLite in data_dir."
    )
    operators: tuple[str, ...] = Field(
        (), description="Accounts (name@domain) that may give commands to the server from their XMPP client."
    )
    http: Http = Field(default_factory=Http, description="The HTTP port.")
    xmpp: Xmpp = Field(default_factory=Xmpp, description="The XMPP ports.")
    tls: Tls = Field(default_factory=Tls, description="The certificate.")
    inbox: InboxSettings = Field(default_factory=InboxSettings, description="Undelivered messages.")
    media: Media = Field(default_factory=Media, description="Files that people send.")
    calls: Calls = Field(default_factory=Calls, description="Voice and video calls.")
    push: Push = Field(default_factory=Push, description="Waking browsers and phones.")
    registration: Registration = Field(default_factory=Registration, description="Opening accounts.")
    sms: Sms = Field(default_factory=Sms, description="Verification codes by SMS.")
    discovery: Discovery = Field(default_factory=Discovery, description="Private contact discovery.")
    limits: Limits = Field(default_factory=Limits, description="Rate limits.")
    strangers: Strangers = Field(default_factory=Strangers, description="Writing to strangers.")
    log: Log = Field(default_factory=Log, description="Logging.")
    business: Business = Field(default_factory=Business, description="The business platform.")
    components: Components = Field(default_factory=Components, description="External components.")
    federation: Federation = Field(default_factory=Federation, description="Other servers.")
    contact: Contact = Field(default_factory=Contact, description="Addresses of the operator, shown to everybody.")
    dev: Dev = Field(default_factory=Dev, description="Developer conveniences.")

    @field_validator("domain")
    @classmethod
    def _domain(cls, value: str) -> str:
        return _domain_name(value)

    @property
    def is_local(self) -> bool:
        """Whether this is a network for one machine only."""
        return self.domain in LOOPBACK_DOMAINS

    @property
    def http_host(self) -> str:
        """Where the HTTP port listens; "" for all addresses."""
        return self.http.host or ("127.0.0.1" if self.is_local else "")

    @property
    def xmpp_host(self) -> str:
        """Where the XMPP ports listen; "" for all addresses."""
        return self.xmpp.host or ("127.0.0.1" if self.is_local else "")

    @property
    def federation_host(self) -> str:
        """Where the ports for other servers listen; "" for all addresses."""
        return self.federation.host or ("127.0.0.1" if self.is_local else "")

    @property
    def database(self) -> str:
        """The database URL with its password: never log it."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.data_dir / 'plauder.db'}"

    @property
    def public_url(self) -> str:
        """Where browsers find us, without a trailing slash."""
        if self.http.public_url:
            return self.http.public_url.rstrip("/")
        scheme = "https" if self.http.tls else "http"
        default = 443 if self.http.tls else 80
        port = "" if self.http.port == default else f":{self.http.port}"
        return f"{scheme}://{self.domain}{port}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))


def _domain_name(value: str) -> str:
    try:
        ascii_form = value.strip().rstrip(".").lower().encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ValueError("is not a domain name") from error
    labels = ascii_form.split(".")
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789-")
    if len(ascii_form) > 253 or not all(
        label and set(label) <= allowed and label[0] != "-" != label[-1] for label in labels
    ):
        raise ValueError("is not a domain name, as example.org")
    return value.strip().rstrip(".").lower()


def _place(text: str) -> str:
    host, _, kind = text.partition("/")
    name, colon, port = host.rpartition(":")
    if (colon and not name) or not host or kind not in ("", "tls") or (colon and not 0 < int(port or "0") < 65_536):
        raise ValueError(f"{text!r} is not a place, as xmpp.example.org:5269")
    return text


def load(path: Path | None = None, **overrides: Any) -> Config:
    """Read the file (if given) and the environment. Raises ConfigError that names every wrong setting."""
    if path is not None and not path.is_file():
        raise ConfigError(f"There is no configuration file {path}. `plauder config init {path}` writes one.")
    _refuse_unknown_variables(os.environ)
    source = type("Config", (Config,), {"model_config": SettingsConfigDict(toml_file=path)})
    try:
        return cast("Config", source(**overrides))
    except ValidationError as error:
        raise ConfigError("\n".join(_sentences(error, path))) from None
    except (ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{path or 'The environment'} cannot be read: {reason}") from None


def _sentences(error: ValidationError, path: Path | None) -> Iterator[str]:
    where = f" in {path} or the environment" if path else " in the environment"
    yield f"The configuration{where} cannot be used:"
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        name = ".".join(str(part) for part in problem["loc"]) or "the whole"
        if problem["type"] == "extra_forbidden":
            yield f"  {name}: there is no such setting{_guess(name, set(settings()))}"
        else:
            yield f"  {name}: {problem['msg'].removeprefix('Value error, ')}"


def _guess(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return f"; did you mean {close[0]}?" if close else ""


def _refuse_unknown_variables(environ: Mapping[str, str]) -> None:
    known = {variable(name) for name in settings()} | {
        ENV_PREFIX + name.upper() for name, field in Config.model_fields.items() if _is_section(field.annotation)
    }
    tables = tuple(
        f"{variable(name)}__" for name, field in settings().items() if str(field.annotation).startswith("dict")
    )
    for name in environ:
        upper = name.upper()
        if upper.startswith(ENV_PREFIX) and upper != CONFIG_VARIABLE and upper not in known:
            if upper.startswith(tables):
                continue
            raise ConfigError(f"The environment has {name}, which is no setting{_guess(upper, known)}")


def variable(name: str) -> str:
    """The environment variable of a setting: `http.port` is `PLAUDER_HTTP__PORT`."""
    return ENV_PREFIX + name.upper().replace(".", "__")


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Section)


def settings() -> dict[str, Any]:
    """Every setting by its dotted name, as pydantic's FieldInfo, in the order of the file."""
    found: dict[str, Any] = {}
    for name, field in Config.model_fields.items():
        if _is_section(field.annotation):
            section = cast("type[Section]", field.annotation)
            found.update({f"{name}.{inner}": info for inner, info in section.model_fields.items()})
        else:
            found[name] = field
    return found


def masked(config: Config) -> dict[str, Any]:
    """The configuration in force, secrets as stars: for `plauder config show`."""
    return config.model_dump(mode="json")


def _toml(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    text = "" if value is None else str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def example() -> str:
    """A commented file of all settings at their defaults."""
    lines = [
        "# Plauder's configuration. Every setting is shown at its default; uncomment what you change.",
        f"# The environment wins: http.port is also {variable('http.port')}.",
        "",
    ]
    section = ""
    for name, field in settings().items():
        table, _, key = name.rpartition(".")
        if table != section:
            section = table
            doc = (Config.model_fields[table].annotation.__doc__ or "").strip()
            lines += ["", f"# {doc}", f"[{table}]"]
        default = field.get_default(call_default_factory=True, validated_data={})
        lines += [f"# {field.description}", f"# {key or name} = {_toml(default)}"]
    return "\n".join(lines) + "\n"
