"""Where features hook into the engine: what they advertise, answer, filter and watch.

`Hooks` only registers and looks up; `Server` inherits it, `Router` and `Session` call what is registered. A hook that
may wait is allowed to be a coroutine function or a plain function: plain ones run at once and cost a call, coroutines
hold back the later stanzas of the session they work for, so order is kept.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal
from xml.etree.ElementTree import Element

from plauder.core.commands import Command
from plauder.core.people import People
from plauder.wire.disco import Entry, Identity, Info
from plauder.wire.events import SM
from plauder.wire.forms import Form
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import serialize

if TYPE_CHECKING:
    from plauder.core.delivery import Delivery
    from plauder.core.session import Session
    from plauder.wire.jid import Jid

Target = Literal["server", "account", "self", "any"]
"""Whom an IQ may be addressed to: "server" = the domain; "self" = the sender's own account (its bare JID, or no `to`);
"account" = any local account's bare JID, the own one included; "any" = server or account."""

Entity = Literal["server", "account"]


class Action(Enum):
    """What becomes of a stanza after a filter looked at it."""

    PASS = "pass"  # noqa: S105 - not a password
    CONSUME = "consume"
    CHANGE = "change"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A filter's decision and its reason, which is logged, counted and asserted on."""

    action: Action
    why: str
    stanza: Stanza | None = None
    error: StanzaError | None = None

    @classmethod
    def consume(cls, why: str) -> Verdict:
        """The filter has dealt with it: it is handled, and goes no further."""
        return cls(Action.CONSUME, why)

    @classmethod
    def change(cls, stanza: Stanza, why: str) -> Verdict:
        """Go on with this stanza in its place."""
        return cls(Action.CHANGE, why, stanza=stanza)

    @classmethod
    def refuse(cls, error: StanzaError, why: str) -> Verdict:
        """Answer with an error; the stanza goes no further."""
        return cls(Action.REFUSE, why, error=error)


class Hold(Enum):
    """When an inactive client (XEP-0352) gets a stanza."""

    NOW = "now"
    LATER = "later"
    """With the next stanza that is due now, or when the client is active again."""
    LATEST = "latest"
    """As LATER, and only the latest of its kind and sender is kept."""
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Routed:
    """A message that was routed from or to a local account, for carbons, PEP and the like.

    `direction` is from the account's point of view; a message between two local accounts is seen twice.
    """

    stanza: Stanza
    direction: Literal["sent", "received"]
    account: Jid
    """Bare JID of the local account."""
    origin: Session | None
    """The session it came from, when it came from a session."""
    reached: frozenset[str]
    """Device ids and resources of `account` that are handed this stanza anyway ("received"), or the origin ("sent")."""
    copy_to: Callable[[Sequence[str], Stanza], None]
    """`copy_to(device_ids_or_resources, stanza)`: hand those devices of `account` this stanza too. The sender's
    acknowledgement waits for the copies as for the original: they are kept for devices that are away."""


Answer = Element | None
IqHandler = Callable[["Session", Stanza, Element], Answer | Awaitable[Answer]]
Filter = Callable[["Session", Stanza], Verdict | Awaitable[Verdict | None] | None]
Watcher = Callable[["Session"], Awaitable[None] | None]
AccountWatcher = Callable[["Jid"], Awaitable[None]]
RenameWatcher = Callable[["Jid", "Jid"], Awaitable[None]]
InfoSource = Callable[["Session", "Jid", str], Awaitable[Info | None]]
ItemSource = Callable[["Session", "Jid", str], Awaitable[list[Entry] | None]]
PresenceWatcher = Callable[["Session", Stanza, bool], Awaitable[None] | None]
KeptWatcher = Callable[["Delivery"], None]
RoutedWatcher = Callable[[Routed], None]
Holder = Callable[["Session", Stanza], Hold]
Nonza = Callable[["Session", Element], None]
Bind2 = Callable[["Session", Element], Answer]
FeatureMaker = Callable[[], Answer]


@dataclass(slots=True)
class Visitor:
    """A client that has not logged in: its IP address, and what features note of it while it is connected."""

    address: str
    memory: dict[str, object] = field(default_factory=dict)


Stranger = Callable[[Visitor, Stanza, Element], Awaitable[Answer]]
HostHandler = Callable[["Session | None", Stanza], Awaitable[None]]

NORMAL: Final = 500
"""The middle priority: filters with a lower number run earlier."""


class Hooks:
    """Everything that features have registered."""

    def __init__(self) -> None:
        self.people = People()
        self.forgotten_watchers: list[AccountWatcher] = []
        self.renamed_watchers: list[RenameWatcher] = []
        self.stop_watchers: list[Callable[[], Awaitable[None]]] = []
        self.commands: dict[str, Command] = {}
        self.info_sources: list[InfoSource] = []
        self.item_sources: list[ItemSource] = []
        self.vars: dict[Entity, set[str]] = {"server": set(), "account": set()}
        self.identities: dict[Entity, list[Identity]] = {"server": [], "account": []}
        self.forms: dict[Entity, list[Form]] = {"server": [], "account": []}
        self.iq_handlers: dict[tuple[str, str, Target], IqHandler] = {}
        self.handlers_for_all: set[IqHandler] = set()
        self.message_filters: list[tuple[int, int, Filter]] = []
        self.presence_filters: list[tuple[int, int, Filter]] = []
        self.iq_filters: list[tuple[int, int, Filter]] = []
        self.routed_watchers: list[RoutedWatcher] = []
        self.kept_watchers: list[KeptWatcher] = []
        self.bound_watchers: list[Watcher] = []
        self.closed_watchers: list[Watcher] = []
        self.available_watchers: list[PresenceWatcher] = []
        self.unavailable_watchers: list[PresenceWatcher] = []
        self.holders: list[Holder] = []
        self.nonzas: dict[str, Nonza] = {}
        self.bind2_features: dict[str, Bind2] = {}
        self.bind2_namespaces: tuple[str, ...] = (SM,)
        self.stream_features: list[FeatureMaker] = []
        self.features_before_login: list[FeatureMaker] = []
        self._written: dict[str, bytes] = {}
        self.requests_before_login: dict[tuple[str, str], Stranger] = {}
        self.hosts: dict[str, HostHandler] = {}

    # ── what it says of itself ────────────────────────────────────────────────────────────────────────────────────

    def advertise(self, var: str, *, on: Entity = "server") -> None:
        """Name a feature in service discovery (XEP-0030) of the domain or of every account."""
        self.vars[on].add(var)
        self._written.clear()

    def identity(self, category: str, type: str, name: str = "", *, on: Entity = "server") -> None:  # noqa: A002
        """Name an identity in service discovery of the domain or of every account."""
        self.identities[on].append(Identity(category, type, name=name))
        self._written.clear()

    def extended_info(self, form: Form, *, on: Entity = "server") -> None:
        """Add a form to the service discovery answer (XEP-0128), e.g. the largest upload, or whom to contact."""
        self.forms[on].append(form)
        self._written.clear()

    def on_disco_info(self, source: InfoSource) -> None:
        """Add to disco#info. `source(session, jid, node)` returns what it knows of a node of the domain or of an
        account, or of the address itself where `node` is empty; there the answers of all sources are joined."""
        self.info_sources.append(source)

    def on_disco_items(self, source: ItemSource) -> None:
        """Add to disco#items, in the same way."""
        self.item_sources.append(source)

    def command(self, command: Command) -> None:
        """Offer a command to clients (XEP-0050)."""
        self.commands[command.node] = command

    def stream_feature(self, make: FeatureMaker) -> None:
        """Add to `<stream:features/>` after login what `make()` returns, None for nothing. It is called again only
        when something else is registered."""
        self.stream_features.append(make)
        self._written.clear()

    def feature_before_login(self, make: FeatureMaker) -> None:
        """The same before login, on streams where one may log in."""
        self.features_before_login.append(make)
        self._written.clear()

    def written_before_login(self) -> bytes:
        """What `feature_before_login` has added, as it is sent."""
        return self._write_features("before", self.features_before_login)

    def written_after_login(self) -> bytes:
        """What `stream_feature` has added, as it is sent."""
        return self._write_features("after", self.stream_features)

    def _write_features(self, which: str, makers: Sequence[FeatureMaker]) -> bytes:
        written = self._written.get(which)
        if written is None:
            made = [make() for make in makers]
            written = self._written[which] = b"".join([serialize(one) for one in made if one is not None])
        return written

    # ── what it answers ───────────────────────────────────────────────────────────────────────────────────────────

    def on_iq(
        self,
        type: str,  # noqa: A002 - the name of the attribute on the wire
        ns: str,
        name: str,
        *,
        do: IqHandler,
        to: Target = "server",
        from_elsewhere: bool = False,
    ) -> None:
        """Answer IQs of `type` ("get" or "set") whose payload is `{ns}name`; name "*" takes any name of the namespace.

        `do(session, iq, payload)` returns the payload of the result or None for an empty one; it raises StanzaError
        for an error. `session` is the sender's. A handler that is registered twice for the same is a mistake.

        `from_elsewhere`: entities of other domains are answered too, not accounts of this server alone.
        """
        key = (type, f"{{{ns}}}{name}", to)
        if key in self.iq_handlers:
            raise ValueError(f"two handlers for {key}")
        self.iq_handlers[key] = do
        if from_elsewhere:
            self.handlers_for_all.add(do)

    def find_iq_handler(self, type: str, tag: str, targets: Sequence[Target]) -> IqHandler | None:  # noqa: A002
        """The handler for a payload, the first of `targets` that has one."""
        handlers = self.iq_handlers
        for target in targets:
            found = handlers.get((type, tag, target))
            if found is not None:
                return found
        wild = tag[: tag.find("}") + 1] + "*"
        for target in targets:
            found = handlers.get((type, wild, target))
            if found is not None:
                return found
        return None

    def on_iq_before_login(self, type: str, ns: str, name: str, do: Stranger) -> None:  # noqa: A002
        """Answer an IQ of somebody who has not logged in (XEP-0077): `do(visitor, iq, payload)` returns the payload of
        the result; it raises StanzaError for an error."""
        self.requests_before_login[type, f"{{{ns}}}{name}"] = do

    def on_nonza(self, tag: str, do: Nonza) -> None:
        """Take a top-level element that is no stanza, e.g. `{urn:xmpp:csi:0}active`, from a bound session."""
        self.nonzas[tag] = do

    def on_bind2(self, tag: str, do: Bind2) -> None:
        """Take an element inside `<bind xmlns="urn:xmpp:bind:0">` (XEP-0386) with this tag; what it returns goes into
        `<bound/>`. Its namespace is announced in the inline features."""
        self.bind2_features[tag] = do
        self.bind2_namespaces = tuple(sorted({SM} | {tag[1:].partition("}")[0] for tag in self.bind2_features}))

    def host(self, domain: str, handler: HostHandler) -> None:
        """Serve a sub-domain in process: it gets every stanza addressed to it, with the sender's session if that is
        local, and answers with `server.route`."""
        self.hosts[domain] = handler

    # ── what it filters and watches ───────────────────────────────────────────────────────────────────────────────

    def on_message(self, do: Filter, *, priority: int = NORMAL) -> None:
        """Look at each message of a local session before it is routed, lower priorities first.

        `do(session, stanza)` returns a Verdict, or None to let it pass.
        """
        insort(self.message_filters, (priority, len(self.message_filters), do))

    def on_passing_iq(self, do: Filter, *, priority: int = NORMAL) -> None:
        """The same for IQs that are passed on: to a client, or to another domain."""
        insort(self.iq_filters, (priority, len(self.iq_filters), do))

    def on_presence(self, do: Filter, *, priority: int = NORMAL) -> None:
        """The same for presence, subscriptions and directed presence included."""
        insort(self.presence_filters, (priority, len(self.presence_filters), do))

    def on_routed_message(self, do: RoutedWatcher) -> None:
        """Watch each message from and to local accounts, once its devices are known. Must not wait."""
        self.routed_watchers.append(do)

    def on_kept(self, do: KeptWatcher) -> None:
        """`do(delivery)`: a message goes to disk, because not every device acknowledged it at once. `delivery.owing`
        tells, now and later, which devices have not got it yet. Must not wait."""
        self.kept_watchers.append(do)

    def on_bound(self, do: Watcher) -> None:
        """A session got its resource; also after a restart, when a client resumes a stream of the process before."""
        self.bound_watchers.append(do)

    def on_closed(self, do: Watcher) -> None:
        """A session is over and cannot be resumed; those who watch for unavailable presence were told before."""
        self.closed_watchers.append(do)

    def on_stop(self, do: Callable[[], Awaitable[None]]) -> None:
        """The server stops; all sessions are over. Write down what is only in memory."""
        self.stop_watchers.append(do)

    def on_renamed(self, do: RenameWatcher) -> None:
        """`do(old, new)`: an account goes on under another address (a new phone number): move what you keep of it.

        Called before the old address is forgotten.
        """
        self.renamed_watchers.append(do)

    def on_forgotten(self, do: AccountWatcher) -> None:
        """An account is removed (`Server.forget_account`): erase what you keep of it. Its sessions are over by then."""
        self.forgotten_watchers.append(do)

    def on_available(self, do: PresenceWatcher) -> None:
        """`do(session, presence, first)`: the session sent undirected available presence, `first` of this session."""
        self.available_watchers.append(do)

    def on_unavailable(self, do: PresenceWatcher) -> None:
        """`do(session, presence, first)`: the session went unavailable; `first` is whether it had been available.

        Also called when a session closes without saying so.
        """
        self.unavailable_watchers.append(do)

    def hold_back(self, do: Holder) -> None:
        """Decide what an inactive session (`session.is_active` False) gets now; the most patient answer wins not, but
        the first that is not NOW."""
        self.holders.append(do)
