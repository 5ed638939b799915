"""The initiating side of a stream between servers: TLS, then our domain is proved to the peer, then stanzas flow.

It is also how a dialback key is checked: a stream on which nothing is proved, only asked (`question`).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from plauder.wire import dialback, negotiation, sm
from plauder.wire.events import SM, SM_ANSWER, SM_REQUEST, Event, Nonza, StreamClosed, StreamOpened
from plauder.wire.s2s import (
    BIDI,
    BIDI_FEATURE,
    ERROR,
    FEATURES,
    Acked,
    AckWanted,
    Act,
    Close,
    Counting,
    Fail,
    Moves,
    Policy,
    Ready,
    StartTls,
    State,
    Take,
    Verified,
    Write,
    header,
)
from plauder.wire.s2s import Event as Move
from plauder.wire.s2s_receiving import check
from plauder.wire.stanza import Stanza
from plauder.wire.stream_error import StreamError
from plauder.wire.xml import E, serialize

STARTTLS: Final = f"{{{negotiation.TLS}}}starttls"
PROCEED: Final = f"{{{negotiation.TLS}}}proceed"
MECHANISM: Final = f"{{{negotiation.SASL}}}mechanism"
MECHANISMS: Final = f"{{{negotiation.SASL}}}mechanisms"
SUCCESS: Final = f"{{{negotiation.SASL}}}success"
FAILURE: Final = f"{{{negotiation.SASL}}}failure"
DIALBACK: Final = f"{{{dialback.FEATURE}}}dialback"
MANAGEMENT: Final = f"{{{SM}}}sm"
ENABLED: Final = f"{{{SM}}}enabled"
FAILED: Final = f"{{{SM}}}failed"


class Question(NamedTuple):
    """A dialback key to ask the authoritative server about: it was given on our stream with this id."""

    stream_id: str
    key: str


class Initiating:
    """One stream that we open from `local` to `remote`."""

    def __init__(
        self,
        local: str,
        remote: str,
        policy: Policy,
        *,
        secret: bytes,
        question: Question | None = None,
        is_direct: bool = False,
        both_ways: bool = True,
    ) -> None:
        self.local = local
        self.remote = remote
        self._policy = policy
        self._secret = secret
        self._question = question
        self._moves = Moves(is_secured=is_direct)
        self._is_certified = False
        self._wants_tls = False
        self._stream_id = ""
        self._wants_both_ways = both_ways
        self._both_ways = False
        self._can_dial = False
        self._can_count = False
        self._how = "dialback"
        self._is_restarting = False
        self._counts = False
        self._handlers: dict[str, Callable[[Nonza], list[Act]]] = {
            PROCEED: self._proceed,
            FEATURES: lambda nonza: self._features(nonza.element),
            ERROR: self._said_error,
            SUCCESS: self._succeeded,
            FAILURE: self._refused,
            dialback.RESULT: self._result,
            dialback.VERIFY: self._answer,
            ENABLED: self._enabled,
            FAILED: self._not_enabled,
            SM_REQUEST: lambda _nonza: [AckWanted()] if self._counts else [],
            SM_ANSWER: self._acked,
        }

    @property
    def state(self) -> State:
        return self._moves.state

    def start(self) -> list[Act]:
        """The connection is there; over direct TLS call it after `tls_done`."""
        return [Write(header(self.local, self.remote))]

    def tls_done(self, is_certified: bool) -> list[Act]:
        """The handshake is done; whether the peer's certificate is trusted and names `remote`."""
        self._is_certified = is_certified
        if not is_certified and not self._policy.dialback:
            return self._fail(StreamError("not-authorized", "the certificate is not trusted, or not for that domain"))
        if self.state is State.STARTING_TLS:
            self._moves.move(Move.TLS_DONE)
        return self.start()

    # ── what comes ────────────────────────────────────────────────────────────────────────────────────────────────

    def take(self, event: Event) -> list[Act]:
        """Deal with one event of the framer."""
        if self.state is State.CLOSED:
            return []
        if isinstance(event, Stanza):
            return self._stanza(event)
        if isinstance(event, Nonza):
            handler = self._handlers.get(event.tag)
            # What we do not know is no reason to stop: XEP-0360 lets servers say things we have not heard of.
            return handler(event) if handler is not None else []
        if isinstance(event, StreamOpened):
            return self._opened(event)
        if isinstance(event, StreamClosed):
            self._moves.move(Move.END)
            return [Close()]
        return self._fail(event)

    def _fail(self, error: StreamError) -> list[Act]:
        self._moves.move(Move.END)
        return [Fail(error)]

    def _opened(self, opened: StreamOpened) -> list[Act]:
        if not self._moves.can(Move.HEADER):
            return self._fail(StreamError("bad-format", "the stream is open already"))
        if opened.from_ is not None and dialback.domain_of(opened.from_) != self.remote:
            return self._fail(StreamError("invalid-from", "the answer is from another domain"))
        self._stream_id = opened.id or ""
        if self.state is State.AUTHENTICATED:
            self._is_restarting = True  # RUNNING only when the features say what else there is
        else:
            self._moves.move(Move.HEADER)
        return []

    def _said_error(self, nonza: Nonza) -> list[Act]:
        self._moves.move(Move.END)
        return [Fail(StreamError.from_element(nonza.element), is_ours=False)]

    # ── negotiation ───────────────────────────────────────────────────────────────────────────────────────────────

    def _features(self, features: Element) -> list[Act]:
        if self.state is State.OPENED:
            if features.find(STARTTLS) is None:
                return self._fail(StreamError("unsupported-feature", "the server offers no TLS"))
            self._wants_tls = True
            return [Write(serialize(E(STARTTLS)))]
        if self.state is State.READY:
            self._can_dial = features.find(DIALBACK) is not None
            self._can_count = features.find(MANAGEMENT) is not None
            return self._ask() if self._question is not None else self._prove(features)
        if self.state is State.AUTHENTICATED and self._is_restarting:
            self._can_count = features.find(MANAGEMENT) is not None
            self._moves.move(Move.HEADER)
            return self._run()
        return []

    def _proceed(self, _nonza: Nonza) -> list[Act]:
        if not self._wants_tls or not self._moves.can(Move.STARTTLS):
            return self._fail(StreamError("bad-format", "nobody asked for TLS"))
        self._moves.move(Move.STARTTLS)
        return [StartTls()]

    def _prove(self, features: Element) -> list[Act]:
        acts: list[Act] = []
        if self._wants_both_ways and self._is_certified and features.find(BIDI_FEATURE) is not None:
            self._both_ways = True
            acts.append(Write(serialize(E(BIDI))))
        mechanisms = features.find(MECHANISMS)
        names = [(one.text or "").strip() for one in mechanisms.findall(MECHANISM)] if mechanisms is not None else []
        if "EXTERNAL" in names:
            identity = b64encode(self.local.encode()).decode()
            auth = E(f"{{{negotiation.SASL}}}auth", {"mechanism": "EXTERNAL"}, identity)
            return [*acts, Write(serialize(auth))]
        return [*acts, *self._dial()]

    def _dial(self) -> list[Act]:
        """XEP-0220 §2.1.1. The peer either calls back or is content with our certificate (XEP-0344 §2.2)."""
        if not self._can_dial:
            return self._fail(StreamError("not-authorized", "the server takes neither our certificate nor dialback"))
        key = dialback.key(self._secret, self.remote, self.local, self._stream_id)
        return [Write(dialback.write("result", self.local, self.remote, key=key))]

    def _succeeded(self, _nonza: Nonza) -> list[Act]:
        if not self._moves.can(Move.SASL_SUCCESS):
            return self._fail(StreamError("bad-format", "nobody asked to log in"))
        self._moves.move(Move.SASL_SUCCESS)
        self._how = "certificate"
        return self.start()

    def _refused(self, _nonza: Nonza) -> list[Act]:
        # XEP-0178 §3 step 10: what a certificate could not do, dialback may.
        return self._dial() if self.state is State.READY else []

    def _result(self, nonza: Nonza) -> list[Act]:
        said = dialback.parse(nonza.element)
        if said is None or (said.sender, said.to) != (self.remote, self.local) or self.state is not State.READY:
            return []
        if said.answer != "valid":
            why = said.error or said.answer or "no answer"
            return self._fail(StreamError("not-authorized", f"dialback: {why}"))
        self._moves.move(Move.PROVED)
        return self._run()

    def _run(self) -> list[Act]:
        """Our domain is proved. Counting is asked for first, so that every stanza is counted."""
        if self._can_count:
            return [Write(serialize(E(f"{{{SM}}}enable")))]
        return [self._ready()]

    def _ready(self) -> Ready:
        return Ready(self.remote, self.local, self._how, self._both_ways)

    def _enabled(self, _nonza: Nonza) -> list[Act]:
        if self.state is not State.RUNNING or self._counts:
            return []
        self._counts = True
        return [Counting(), self._ready()]

    def _not_enabled(self, _nonza: Nonza) -> list[Act]:
        return [self._ready()] if self.state is State.RUNNING and not self._counts else []

    def _acked(self, nonza: Nonza) -> list[Act]:
        if not self._counts:
            return []
        try:
            return [Acked(sm.parse_h(nonza.attrs.get("h")))]
        except StreamError as error:
            return self._fail(error)

    # ── asking about a key ────────────────────────────────────────────────────────────────────────────────────────

    def _ask(self) -> list[Act]:
        assert self._question is not None
        key, stream_id = self._question.key, self._question.stream_id
        return [Write(dialback.write("verify", self.local, self.remote, key=key, id=stream_id))]

    def _answer(self, nonza: Nonza) -> list[Act]:
        said = dialback.parse(nonza.element)
        if self._question is None or said is None or self.state is not State.READY or not said.answer:
            return []
        if (said.sender, said.to, said.id) != (self.remote, self.local, self._question.stream_id):
            return []
        self._moves.move(Move.END)
        return [Verified(said.answer), Close()]

    # ── stanzas ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _stanza(self, stanza: Stanza) -> list[Act]:
        """Only where the stream goes both ways, and only from the domain whose certificate we saw."""
        if self.state is not State.RUNNING or not self._both_ways or not self._is_certified:
            return self._fail(StreamError("not-authorized", "this stream goes one way"))
        problem = check(stanza, self._policy, {self.remote})
        return self._fail(StreamError(problem)) if problem else [Take(stanza)]
