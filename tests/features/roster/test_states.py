"""The tables of RFC 6121 appendix A hold together."""

from __future__ import annotations

import pytest

from plauder.features.roster.states import INBOUND, KINDS, OUTBOUND, State


@pytest.mark.parametrize("table", [OUTBOUND, INBOUND])
def test_every_state_has_a_row_for_every_stanza(table):
    assert set(table) == set(KINDS)
    for rows in table.values():
        assert set(rows) == set(State)


def facts(state: State) -> tuple[bool, bool, bool, bool]:
    return state.sees, state.is_asking, state.shows, state.is_asked


def test_states_differ_by_their_facts():
    assert len({facts(state) for state in State}) == len(State)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("kind", KINDS)
def test_outbound_touches_only_its_own_half(kind, state):
    """Asking changes what we see, granting what we show; never the other."""
    after = OUTBOUND[kind][state].state
    if kind in ("subscribe", "unsubscribe"):
        assert (after.shows, after.is_asked) == (state.shows, state.is_asked)
    else:
        assert (after.sees, after.is_asking) == (state.sees, state.is_asking)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("kind", KINDS)
def test_inbound_touches_only_its_own_half(kind, state):
    after = INBOUND[kind][state].state
    if kind in ("subscribe", "unsubscribe"):
        assert (after.sees, after.is_asking) == (state.sees, state.is_asking)
    else:
        assert (after.shows, after.is_asked) == (state.shows, state.is_asked)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("table", [OUTBOUND, INBOUND])
def test_what_changes_a_state_is_passed_on(table, state):
    for kind in KINDS:
        passes, after = table[kind][state]
        assert passes or after is state


@pytest.mark.parametrize("mine", list(State))
def test_two_rosters_agree_again_whatever_they_were(mine):
    """Mutual subscribe and subscribed end in both/both from any state, as the mirrored tables must."""
    theirs = State.NONE
    for _ in range(2):
        mine = OUTBOUND["subscribe"][mine].state
        theirs = INBOUND["subscribe"][theirs].state
        theirs = OUTBOUND["subscribed"][theirs].state
        mine = INBOUND["subscribed"][mine].state
        theirs = OUTBOUND["subscribe"][theirs].state
        mine = INBOUND["subscribe"][mine].state
        mine = OUTBOUND["subscribed"][mine].state
        theirs = INBOUND["subscribed"][theirs].state
    assert (mine, theirs) == (State.BOTH, State.BOTH)
