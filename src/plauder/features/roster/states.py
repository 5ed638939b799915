"""The subscription state machine of RFC 6121, appendix A, as tables."""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal, NamedTuple

Kind = Literal["subscribe", "subscribed", "unsubscribe", "unsubscribed"]
KINDS: Final[tuple[Kind, ...]] = ("subscribe", "subscribed", "unsubscribe", "unsubscribed")


class State(Enum):
    """RFC 6121 §A.1: one contact in one roster. The value is (subscription, pending out, pending in) in short."""

    NONE = "none"
    NONE_OUT = "none/out"
    NONE_IN = "none/in"
    NONE_OUT_IN = "none/out+in"
    TO = "to"
    TO_IN = "to/in"
    FROM = "from"
    FROM_OUT = "from/out"
    BOTH = "both"

    @property
    def subscription(self) -> str:
        """The `subscription` attribute of the roster item: none, to, from or both."""
        return self.value.partition("/")[0]

    @property
    def is_asking(self) -> bool:
        """A request of ours is not answered yet: `ask='subscribe'`."""
        return "out" in self.value

    @property
    def is_asked(self) -> bool:
        """A request of theirs is not answered yet."""
        return self.value.endswith("in")

    @property
    def sees(self) -> bool:
        """The account sees the contact's presence."""
        return self in _SEEING

    @property
    def shows(self) -> bool:
        """The contact sees the account's presence."""
        return self in _SHOWING


class Step(NamedTuple):
    """What a presence stanza of a subscription does: is it passed on, and what is the state then."""

    passes: bool
    state: State


_SEEING: Final = frozenset({State.TO, State.TO_IN, State.BOTH})
_SHOWING: Final = frozenset({State.FROM, State.FROM_OUT, State.BOTH})

NO: Final = False
YES: Final = True

# §A.2: what the account itself sends. §A.2.1 routes every request, so that a server that lost it gets it again.
OUTBOUND: Final[dict[Kind, dict[State, Step]]] = {
    "subscribe": {
        State.NONE: Step(YES, State.NONE_OUT),
        State.NONE_OUT: Step(YES, State.NONE_OUT),
        State.NONE_IN: Step(YES, State.NONE_OUT_IN),
        State.NONE_OUT_IN: Step(YES, State.NONE_OUT_IN),
        State.TO: Step(YES, State.TO),
        State.TO_IN: Step(YES, State.TO_IN),
        State.FROM: Step(YES, State.FROM_OUT),
        State.FROM_OUT: Step(YES, State.FROM_OUT),
        State.BOTH: Step(YES, State.BOTH),
    },
    "unsubscribe": {
        State.NONE: Step(YES, State.NONE),
        State.NONE_OUT: Step(YES, State.NONE),
        State.NONE_IN: Step(YES, State.NONE_IN),
        State.NONE_OUT_IN: Step(YES, State.NONE_IN),
        State.TO: Step(YES, State.NONE),
        State.TO_IN: Step(YES, State.NONE_IN),
        State.FROM: Step(YES, State.FROM),
        State.FROM_OUT: Step(YES, State.FROM),
        State.BOTH: Step(YES, State.FROM),
    },
    "subscribed": {
        State.NONE: Step(NO, State.NONE),
        State.NONE_OUT: Step(NO, State.NONE_OUT),
        State.NONE_IN: Step(YES, State.FROM),
        State.NONE_OUT_IN: Step(YES, State.FROM_OUT),
        State.TO: Step(NO, State.TO),
        State.TO_IN: Step(YES, State.BOTH),
        State.FROM: Step(NO, State.FROM),
        State.FROM_OUT: Step(NO, State.FROM_OUT),
        State.BOTH: Step(NO, State.BOTH),
    },
    "unsubscribed": {
        State.NONE: Step(NO, State.NONE),
        State.NONE_OUT: Step(NO, State.NONE_OUT),
        State.NONE_IN: Step(YES, State.NONE),
        State.NONE_OUT_IN: Step(YES, State.NONE_OUT),
        State.TO: Step(NO, State.TO),
        State.TO_IN: Step(YES, State.TO),
        State.FROM: Step(YES, State.NONE),
        State.FROM_OUT: Step(YES, State.NONE_OUT),
        State.BOTH: Step(YES, State.TO),
    },
}

# §A.3: what arrives from the contact.
INBOUND: Final[dict[Kind, dict[State, Step]]] = {
    "subscribe": {
        State.NONE: Step(YES, State.NONE_IN),
        State.NONE_OUT: Step(YES, State.NONE_OUT_IN),
        State.NONE_IN: Step(NO, State.NONE_IN),
        State.NONE_OUT_IN: Step(NO, State.NONE_OUT_IN),
        State.TO: Step(YES, State.TO_IN),
        State.TO_IN: Step(NO, State.TO_IN),
        State.FROM: Step(NO, State.FROM),
        State.FROM_OUT: Step(NO, State.FROM_OUT),
        State.BOTH: Step(NO, State.BOTH),
    },
    "unsubscribe": {
        State.NONE: Step(NO, State.NONE),
        State.NONE_OUT: Step(NO, State.NONE_OUT),
        State.NONE_IN: Step(YES, State.NONE),
        State.NONE_OUT_IN: Step(YES, State.NONE_OUT),
        State.TO: Step(NO, State.TO),
        State.TO_IN: Step(YES, State.TO),
        State.FROM: Step(YES, State.NONE),
        State.FROM_OUT: Step(YES, State.NONE_OUT),
        State.BOTH: Step(YES, State.TO),
    },
    "subscribed": {
        State.NONE: Step(NO, State.NONE),
        State.NONE_OUT: Step(YES, State.TO),
        State.NONE_IN: Step(NO, State.NONE_IN),
        State.NONE_OUT_IN: Step(YES, State.TO_IN),
        State.TO: Step(NO, State.TO),
        State.TO_IN: Step(NO, State.TO_IN),
        State.FROM: Step(NO, State.FROM),
        State.FROM_OUT: Step(YES, State.BOTH),
        State.BOTH: Step(NO, State.BOTH),
    },
    "unsubscribed": {
        State.NONE: Step(NO, State.NONE),
        State.NONE_OUT: Step(YES, State.NONE),
        State.NONE_IN: Step(NO, State.NONE_IN),
        State.NONE_OUT_IN: Step(YES, State.NONE_IN),
        State.TO: Step(YES, State.NONE),
        State.TO_IN: Step(YES, State.NONE_IN),
        State.FROM: Step(NO, State.FROM),
        State.FROM_OUT: Step(YES, State.FROM),
        State.BOTH: Step(YES, State.FROM),
    },
}
