"""The receiving side of a stream between servers: proves the peer's domain before it takes anything.

A domain is proved by its certificate (SASL EXTERNAL, XEP-0178; or a dialback request that the certificate answers,
XEP-0344 §2.2), or, where the operator allows that, by dialback (XEP-0220). One stream may prove several domains, as
servers with many sub-domains do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element

from plauder.wire import dialback, negotiation, sm, stream
from plauder.wire.dialback import Dialback
from plauder.wire.events import SM, SM_ANSWER, SM_REQUEST, Event, Nonza, StreamClosed, StreamOpened
from plauder.wire.jid import InvalidJid
from plauder.wire.s2s import (
    BIDI,
    Acked,
    AckWanted,
    Act,
    Certified,
    Close,
    Counting,
    Fail,
    Moves,
    Policy,
    Ready,
    StartTls,
    State,
    Take,
    Verify,
    Write,
    header,
)
from plauder.wire.s2s import Event as Move
from plauder.wire.sasl_error import SaslFailure
from plauder.wire.stanza import Stanza
from plauder.wire.stream_error import StreamError
from plauder.wire.xml import E, serialize

PROCEED: Final = f"<proceed xmlns='{negotiation.TLS}'/>".encode()
STARTTLS: Final = f"{{{negotiation.TLS}}}starttls"
AUTH: Final = f"{{{negotiation.SASL}}}auth"
ENABLE: Final = f"{{{SM}}}enable"

DOMAINS_MAX: Final = 32
"""Domains proved on one stream."""
QUESTIONS_MAX: Final = 8
"""Dialback requests of one stream that wait for their answer."""
FAILURES_MAX: Final = 4


class Receiving:
    """One stream that another server opened."""

    def __init__(self, policy: Policy, *, secret: bytes, new_id: Callable[[], str], is_direct: bool = False) -> None:
        """`secret` makes the dialback keys, `new_id` names streams so that nobody can guess them."""
        self._policy = policy
        self._secret = secret
        self._new_id = new_id
        self._moves = Moves(is_secured=is_direct)
        self._certified: Certified = lambda _domain: False
        self.remote = ""
        """What the peer says it is; proved only when it is in `proved`."""
        self.local = ""
        self.stream_id = ""
        self.proved: set[str] = set()
        self._asked: set[tuple[str, str]] = set()
        self._failures = 0
        self._both_ways = False
        self._counts = False

    @property
    def state(self) -> State:
        return self._moves.state

    # ── what comes ────────────────────────────────────────────────────────────────────────────────────────────────

    def take(self, event: Event) -> list[Act]:
        """Deal with one event of the framer."""
        if self.state is State.CLOSED:
            return []
        if isinstance(event, Stanza):
            return self._stanza(event)
        if isinstance(event, StreamOpened):
            return self._opened(event)
        if isinstance(event, Nonza):
            return self._nonza(event)
        if isinstance(event, StreamClosed):
            self._moves.move(Move.END)
            return [Close()]
        return self._fail(event)

    def tls_done(self, certified: Certified) -> list[Act]:
        """The handshake is done; `certified` judges the certificate that the peer showed."""
        self._certified = certified
        if self.state is State.STARTING_TLS:
            self._moves.move(Move.TLS_DONE)
        return []

    def _fail(self, error: StreamError) -> list[Act]:
        opening: list[Act] = []
        if self.state in (State.CONNECTED, State.SECURED, State.AUTHENTICATED):
            # RFC 6120 §4.9.1.2: an error before the header is answered needs a header before it.
            opening = [Write(header(self.local, self.remote, stream_id=self._new_id()))]
        self._moves.move(Move.END)
        return [*opening, Fail(error)]

    # ── the header ────────────────────────────────────────────────────────────────────────────────────────────────

    def _opened(self, opened: StreamOpened) -> list[Act]:
        if not self._moves.can(Move.HEADER):
            return self._fail(StreamError("bad-format", "the stream is open already"))
        local, remote = dialback.domain_of(opened.to), dialback.domain_of(opened.from_)
        problem = self._problem(opened, local, remote)
        self.local, self.remote = local, remote
        if problem is not None:
            return self._fail(problem)
        self.stream_id = self._new_id()
        was = self.state
        self._moves.move(Move.HEADER)
        acts: list[Act] = [
            Write(header(local, remote, stream_id=self.stream_id)),
            Write(stream.features(*self._features(was))),
        ]
        if was is State.AUTHENTICATED:
            acts.append(Ready(remote, local, "certificate", self._both_ways))
        return acts

    def _problem(self, opened: StreamOpened, local: str, remote: str) -> StreamError | None:
        if not self._policy.serves(local):
            return StreamError("host-unknown")
        if opened.version is None or not opened.version.startswith("1."):
            return StreamError("unsupported-version", "TLS is needed, and that takes version 1.0")
        if opened.from_ is not None and not remote:
            return StreamError("improper-addressing", "from is no domain")
        if remote and not self._policy.allows(remote):
            return StreamError("policy-violation", "This server does not talk to that domain.")
        if self.state is State.AUTHENTICATED and remote not in self.proved:
            return StreamError("invalid-from", "the stream was authenticated for another domain")
        return None

    def _features(self, was: State) -> list[Element]:
        if was is State.CONNECTED:
            return [negotiation.starttls_feature(required=True)]
        if was is State.AUTHENTICATED:
            return [E(f"{{{SM}}}sm"), dialback.feature()]
        offered = []
        if self.remote and self._certified(self.remote):
            offered.append(negotiation.sasl_feature(["EXTERNAL"]))
            offered.append(E("{urn:xmpp:features:bidi}bidi"))
        offered.append(dialback.feature())
        return offered

    # ── negotiation ───────────────────────────────────────────────────────────────────────────────────────────────

    def _nonza(self, nonza: Nonza) -> list[Act]:
        tag = nonza.tag
        if tag == STARTTLS and self._moves.can(Move.STARTTLS):
            self._moves.move(Move.STARTTLS)
            return [Write(PROCEED), StartTls()]
        if self.state not in (State.READY, State.RUNNING):
            return self._fail(StreamError("policy-violation" if self.state is State.OPENED else "not-authorized"))
        if tag in (dialback.RESULT, dialback.VERIFY):
            return self._dialback(nonza)
        if tag == AUTH and self.state is State.READY:
            return self._external(nonza.element)
        if tag == BIDI and self.state is State.READY:
            # XEP-0288 §2: only whom we would connect to ourselves is sent anything, so it takes a certificate.
            self._both_ways = bool(self.remote) and self._certified(self.remote)
            return []
        if self.state is State.RUNNING:
            return self._managing(nonza)
        return self._fail(StreamError("not-authorized"))

    def _managing(self, nonza: Nonza) -> list[Act]:
        if nonza.tag == ENABLE:
            if self._counts:
                return [Write(serialize(sm.failed("unexpected-request")))]
            self._counts = True
            return [Write(serialize(sm.enabled(None))), Counting()]
        if nonza.tag == SM_REQUEST and self._counts:
            return [AckWanted()]
        if nonza.tag == SM_ANSWER and self._counts:
            return self._acked(nonza)
        return self._fail(StreamError("unsupported-stanza-type"))

    def _acked(self, nonza: Nonza) -> list[Act]:
        try:
            return [Acked(sm.parse_h(nonza.attrs.get("h")))]
        except StreamError as error:
            return self._fail(error)

    def _external(self, element: Element) -> list[Act]:
        try:
            self._check_external(negotiation.parse_auth(element))
        except SaslFailure as problem:
            self._failures += 1
            if self._failures >= FAILURES_MAX:
                return self._fail(StreamError("not-authorized", "too many failures"))
            return [Write(serialize(negotiation.failure(problem)))]
        self.proved.add(self.remote)
        self._moves.move(Move.SASL_SUCCESS)
        return [Write(serialize(negotiation.success(None)))]

    def _check_external(self, auth: negotiation.Auth) -> None:
        """XEP-0178 §3: the identity is that of the stream, and the certificate names it."""
        if auth.mechanism != "EXTERNAL":
            raise SaslFailure("invalid-mechanism", "only EXTERNAL is offered to servers")
        try:
            wanted = (auth.initial or b"").decode()
        except UnicodeDecodeError:
            raise SaslFailure("invalid-authzid", "that is no domain") from None
        if wanted and dialback.domain_of(wanted) != self.remote:
            raise SaslFailure("invalid-authzid", "that is not where the stream is from")
        if not self.remote or not self._certified(self.remote):
            raise SaslFailure("not-authorized", "the certificate is not trusted, or not for that domain")

    # ── dialback ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _dialback(self, nonza: Nonza) -> list[Act]:
        said = dialback.parse(nonza.element)
        if said is None or said.answer:
            return self._fail(StreamError("improper-addressing", "that is no dialback request"))
        return self._key_of_ours(said) if nonza.tag == dialback.VERIFY else self._request(said)

    def _key_of_ours(self, said: Dialback) -> list[Act]:
        """We are the authoritative server: is this key one we gave? XEP-0220 §2.2.2."""
        if not self._policy.serves(said.to):
            return [Write(dialback.write("verify", said.to, said.sender, id=said.id, answer="error",
                                         error="item-not-found"))]  # fmt: skip
        good = dialback.is_key(said.key, self._secret, said.sender, said.to, said.id)
        answer: dialback.Answer = "valid" if good else "invalid"
        return [Write(dialback.write("verify", said.to, said.sender, id=said.id, answer=answer))]

    def _request(self, said: Dialback) -> list[Act]:
        """The peer wants to be believed that it is `said.sender`. XEP-0220 §2.1.2."""
        pair = (said.sender, said.to)
        if not self._policy.serves(said.to):
            return self._answer(said.sender, said.to, "error", "item-not-found")
        if not self._policy.allows(said.sender):
            return self._answer(said.sender, said.to, "error", "policy-violation")
        if len(self.proved) >= DOMAINS_MAX or len(self._asked) >= QUESTIONS_MAX or pair in self._asked:
            return self._answer(said.sender, said.to, "error", "resource-constraint")
        if self._certified(said.sender):
            # XEP-0344 §2.2: a certificate that names the domain says more than a call back could.
            return self._prove(said.sender, said.to, "certificate")
        if not self._policy.dialback:
            return self._answer(said.sender, said.to, "error", "not-authorized")
        self._asked.add(pair)
        return [Verify(said.sender, said.to, self.stream_id, said.key)]

    def verified(self, remote: str, local: str, answer: dialback.Answer) -> list[Act]:
        """What the authoritative server of `remote` said to our question."""
        if (remote, local) not in self._asked or self.state is State.CLOSED:
            return []
        self._asked.discard((remote, local))
        if answer == "valid":
            return self._prove(remote, local, "dialback")
        return self._answer(remote, local, answer, "remote-server-timeout" if answer == "error" else "")

    def _prove(self, remote: str, local: str, how: str) -> list[Act]:
        self.proved.add(remote)
        self._moves.move(Move.PROVED)
        both_ways = self._both_ways and how == "certificate" and remote == self.remote
        return [*self._answer(remote, local, "valid"), Ready(remote, local, how, both_ways)]

    def _answer(self, remote: str, local: str, answer: dialback.Answer, error: str = "") -> list[Act]:
        return [Write(dialback.write("result", local, remote, answer=answer, error=error))]

    # ── stanzas ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _stanza(self, stanza: Stanza) -> list[Act]:
        problem = check(stanza, self._policy, self.proved) if self.state is State.RUNNING else "not-authorized"
        return self._fail(StreamError(problem)) if problem else [Take(stanza)]


def check(stanza: Stanza, policy: Policy, proved: set[str]) -> str:
    """The stream error that a stanza's addresses deserve; "" where they are right (RFC 6120 §8.1.1.2, §8.1.2.2)."""
    try:
        sender, to = stanza.sender, stanza.to
    except InvalidJid:
        return "improper-addressing"
    if sender is None or to is None:
        return "improper-addressing"
    if sender.domain not in proved:
        return "invalid-from" if proved else "not-authorized"
    return "" if policy.serves(to.domain) else "host-unknown"
