"""The elements of logging in: SASL (RFC 6120 §6), SASL2 (XEP-0388), channel-binding types (0440), Bind (RFC 6120 §7),
Bind 2 (0386), FAST (0484), STARTTLS (RFC 6120 §5). Reads what clients send, writes what servers say.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element

from plauder.wire import sm
from plauder.wire.events import SM
from plauder.wire.sasl_error import SaslFailure, from_base64, to_base64
from plauder.wire.stream_error import StreamError
from plauder.wire.xml import E

TLS: Final = "urn:ietf:params:xml:ns:xmpp-tls"
SASL: Final = "urn:ietf:params:xml:ns:xmpp-sasl"
SASL2: Final = "urn:xmpp:sasl:2"
SASL_CB: Final = "urn:xmpp:sasl-cb:0"
BIND: Final = "urn:ietf:params:xml:ns:xmpp-bind"
SESSION: Final = "urn:ietf:params:xml:ns:xmpp-session"
BIND2: Final = "urn:xmpp:bind:0"
FAST: Final = "urn:xmpp:fast:0"

_TRUE: Final = ("true", "1")
# XEP-0388 §2.2 asks for a UUID v4; any text of that kind is taken, for what matters is that it is stable.
_AGENT_ID: Final = re.compile(r"[0-9A-Za-z\-]{8,64}")
_SHOWN_MAX: Final = 128  # characters of a software or device name that are kept


# --- features ---


def starttls_feature(*, required: bool) -> Element:
    return E(f"{{{TLS}}}starttls", None, E("required") if required else None)


def sasl_feature(mechanisms: Iterable[str]) -> Element:
    return E(f"{{{SASL}}}mechanisms", None, *[E("mechanism", None, name) for name in mechanisms])


def channel_binding_feature(types: Iterable[str]) -> Element:
    """XEP-0440 §2."""
    return E(f"{{{SASL_CB}}}sasl-channel-binding", None, *[E("channel-binding", {"type": name}) for name in types])


def sasl2_feature(
    mechanisms: Iterable[str],
    *,
    bind_features: Iterable[str] = (),
    token_mechanisms: Iterable[str] = (),
    resume: bool = True,
) -> Element:
    """XEP-0388 §2.1, with what may be asked for in the same go: Bind 2, resumption, FAST."""
    tokens = [E("mechanism", None, name) for name in token_mechanisms]
    wanted = [E("feature", {"var": name}) for name in bind_features]
    return E(
        f"{{{SASL2}}}authentication",
        None,
        *[E("mechanism", None, name) for name in mechanisms],
        E(
            "inline",
            None,
            E(f"{{{BIND2}}}bind", None, E("inline", None, *wanted) if wanted else None),
            E(f"{{{SM}}}sm") if resume else None,
            E(f"{{{FAST}}}fast", None, *tokens) if tokens else None,
        ),
    )


def bind_feature() -> Element:
    return E(f"{{{BIND}}}bind")


def session_feature() -> Element:
    """The sessions of RFC 3921 §3, which RFC 6121 made void; some older clients want them unless they are optional."""
    return E(f"{{{SESSION}}}session", None, E("optional"))


# --- SASL ---


@dataclass(frozen=True, slots=True)
class Auth:
    """`<auth/>` (RFC 6120 §6.4.2). `initial` is None where the client sent no initial response."""

    mechanism: str
    initial: bytes | None


def parse_auth(element: Element) -> Auth:
    """Raises `SaslFailure`."""
    text = (element.text or "").strip()
    return Auth(element.get("mechanism", ""), from_base64(text) if text else None)


def parse_response(element: Element) -> bytes:
    """`<response/>` of either SASL profile; raises `SaslFailure`."""
    return from_base64(element.text)


def challenge(data: bytes, *, namespace: str = SASL) -> Element:
    return E(f"{{{namespace}}}challenge", None, b64encode(data).decode())


def success(data: bytes | None) -> Element:
    """RFC 6120 §6.4.6."""
    return E(f"{{{SASL}}}success", None, None if data is None else to_base64(data))


def failure(problem: SaslFailure, *, namespace: str = SASL) -> Element:
    """RFC 6120 §6.5, XEP-0388 §2.6.2: the conditions are of the first profile in both."""
    text = {"xml:lang": "en"} if namespace == SASL else None
    return E(
        f"{{{namespace}}}failure",
        None,
        E(f"{{{SASL}}}{problem.condition}"),
        E("text", text, problem.text) if problem.text else None,
    )


# --- SASL2 ---


@dataclass(frozen=True, slots=True)
class UserAgent:
    """Who the client says it is (XEP-0388 §2.2). Never shown to other users."""

    id: str | None
    software: str | None
    device: str | None


@dataclass(frozen=True, slots=True)
class Bind2:
    """`<bind/>` of XEP-0386: a tag for the resource, and what to switch on for the session."""

    tag: str | None
    wanted: Sequence[Element]

    def find(self, tag: str) -> Element | None:
        """The wanted feature with that `{namespace}name`."""
        return next((element for element in self.wanted if element.tag == tag), None)


@dataclass(frozen=True, slots=True)
class FastUse:
    """`<fast/>` of XEP-0484 §3.4: a token is used; `count` guards it against replay."""

    count: int | None
    invalidate: bool


@dataclass(frozen=True, slots=True)
class Authenticate:
    """`<authenticate/>`: a login and all that is asked for in the same go."""

    mechanism: str
    initial: bytes | None
    user_agent: UserAgent | None = None
    bind: Bind2 | None = None
    resume: sm.Resume | None = None
    fast: FastUse | None = None
    request_token: str | None = None  # the mechanism that a FAST token is wanted for
    others: Sequence[Element] = ()


def parse_authenticate(element: Element) -> Authenticate:
    """Raises `SaslFailure`."""
    initial = element.find(f"{{{SASL2}}}initial-response")
    agent = element.find(f"{{{SASL2}}}user-agent")
    bind = element.find(f"{{{BIND2}}}bind")
    resume = element.find(f"{{{SM}}}resume")
    fast = element.find(f"{{{FAST}}}fast")
    request = element.find(f"{{{FAST}}}request-token")
    known = (initial, agent, bind, resume, fast, request)
    try:
        resumed = None if resume is None else sm.parse_resume(resume)
    except StreamError as problem:
        raise SaslFailure("malformed-request", problem.text) from None
    return Authenticate(
        mechanism=element.get("mechanism", ""),
        initial=None if initial is None else from_base64(initial.text),
        user_agent=None if agent is None else _parse_user_agent(agent),
        bind=None if bind is None else _parse_bind2(bind),
        resume=resumed,
        fast=None if fast is None else _parse_fast(fast),
        request_token=None if request is None else request.get("mechanism"),
        others=[child for child in element if not any(child is one for one in known)],
    )


def _parse_user_agent(element: Element) -> UserAgent:
    identity = element.get("id", "")
    return UserAgent(
        identity if _AGENT_ID.fullmatch(identity) else None,
        (element.findtext(f"{{{SASL2}}}software") or "").strip()[:_SHOWN_MAX] or None,
        (element.findtext(f"{{{SASL2}}}device") or "").strip()[:_SHOWN_MAX] or None,
    )


def _parse_bind2(element: Element) -> Bind2:
    tag = f"{{{BIND2}}}tag"
    return Bind2(
        (element.findtext(tag) or "").strip()[:_SHOWN_MAX] or None, [child for child in element if child.tag != tag]
    )


def _parse_fast(element: Element) -> FastUse:
    count = element.get("count")
    if count is None:
        return FastUse(None, element.get("invalidate") in _TRUE)
    if not (count.isascii() and count.isdecimal() and len(count) < 16):
        raise SaslFailure("malformed-request", "count is not a number")
    return FastUse(int(count), element.get("invalidate") in _TRUE)


def success2(
    identity: str,
    data: bytes | None,
    *,
    bound: Sequence[Element] | None = None,
    token: Element | None = None,
    resumption: Element | None = None,
) -> Element:
    """XEP-0388 §2.6.1. `identity` is a full JID once a resource is bound.

    `bound` has the answers of what Bind 2 switched on (None where nothing was bound), `resumption` is `<resumed/>` or
    the `<failed/>` of XEP-0198.
    """
    return E(
        f"{{{SASL2}}}success",
        None,
        None if data is None else E("additional-data", None, b64encode(data).decode()),
        E("authorization-identifier", None, identity),
        resumption,
        None if bound is None else E(f"{{{BIND2}}}bound", None, *bound),
        token,
    )


def fast_token(token: str, expires: datetime) -> Element:
    """XEP-0484 §3.3."""
    stamp = expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return E(f"{{{FAST}}}token", {"token": token, "expiry": stamp})


# --- binding ---


def bound(jid: str) -> Element:
    """The payload of the result of binding (RFC 6120 §7.6.1)."""
    return E(f"{{{BIND}}}bind", None, E("jid", None, jid))


def wanted_resource(element: Element) -> str | None:
    """The resource that a `<bind/>` of RFC 6120 asks for; None leaves the choice to the server."""
    return (element.findtext(f"{{{BIND}}}resource") or "").strip() or None
