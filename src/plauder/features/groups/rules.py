"""Who may do what in a room: XEP-0045 §5 as tables and pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OWNER, ADMIN, MEMBER, NONE, OUTCAST = "owner", "admin", "member", "none", "outcast"
MODERATOR, PARTICIPANT, VISITOR, NO_ROLE = "moderator", "participant", "visitor", "none"

RANK: Final = {OUTCAST: -1, NONE: 0, MEMBER: 1, ADMIN: 2, OWNER: 3}
ROLES: Final = {NO_ROLE: 0, VISITOR: 1, PARTICIPANT: 2, MODERATOR: 3}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it may be done, and why (not)."""

    allowed: bool
    why: str


YES: Final = Verdict(True, "allowed")


def initial_role(affiliation: str, *, moderated: bool) -> str:
    """§5.1.2: the role that goes with an affiliation on entering."""
    if RANK[affiliation] >= RANK[ADMIN]:
        return MODERATOR
    if affiliation == MEMBER or not moderated:
        return PARTICIPANT
    return VISITOR


def may_enter(affiliation: str, *, members_only: bool, occupants: int, max_users: int) -> Verdict:
    """§7.2: who comes in."""
    if affiliation == OUTCAST:
        return Verdict(False, "banned")
    if members_only and RANK[affiliation] < RANK[MEMBER]:
        return Verdict(False, "members-only")
    if occupants >= max_users and RANK[affiliation] < RANK[ADMIN]:
        return Verdict(False, "full")
    return YES


def may_set_affiliation(actor: str, target_now: str, target_next: str, *, is_self: bool, owners: int) -> Verdict:
    """§5.2.1, §8 and §9: who changes whose affiliation."""
    if target_now == OWNER and target_next != OWNER and owners <= 1:
        return Verdict(False, "last-owner")
    if is_self:
        # §9.7 and §10.5: anybody may step down, nobody may rise by themselves, nobody may ban themselves.
        stepping_down = RANK[target_next] <= RANK[target_now] and target_next != OUTCAST
        return YES if stepping_down else Verdict(False, "self")
    if actor == OWNER:
        return YES
    if actor == ADMIN and RANK[target_now] < RANK[ADMIN] and RANK[target_next] < RANK[ADMIN]:
        return YES
    return Verdict(False, "rank")


def may_set_role(actor_role: str, actor: str, target: str, target_next: str, target_now: str) -> Verdict:
    """§8.2 to §8.4 and §9.6: who kicks, gives and takes voice, makes moderators. `actor`, `target`: affiliations."""
    if actor_role != MODERATOR:
        return Verdict(False, "not-moderator")
    if target_next == MODERATOR or (target_now == MODERATOR and target_next != MODERATOR):
        if RANK[actor] < RANK[ADMIN]:
            return Verdict(False, "not-admin")
        if RANK[target] >= RANK[ADMIN] and target_next != MODERATOR:
            return Verdict(False, "rank")  # §9.7: an admin or owner stays a moderator
        return YES
    if target_next == NO_ROLE and RANK[target] > RANK[actor]:
        return Verdict(False, "rank")
    if target_next == VISITOR and RANK[target] >= RANK[ADMIN]:
        return Verdict(False, "rank")
    return YES


def may_read_list(affiliation: str, wanted: str, *, non_anonymous: bool) -> Verdict:
    """§9.4, §9.8, §10.6 and what OMEMO needs: members of a non-anonymous room read who else is in it."""
    if RANK[affiliation] >= RANK[ADMIN]:
        return YES
    if wanted in (OWNER, ADMIN, MEMBER) and non_anonymous and affiliation == MEMBER:
        return YES
    return Verdict(False, "rank")


def may_change_subject(role: str, *, anyone: bool) -> Verdict:
    """§8.1."""
    return YES if role == MODERATOR or (anyone and role == PARTICIPANT) else Verdict(False, "subject")


def may_invite(affiliation: str, role: str, *, members_only: bool, members_invite: bool) -> Verdict:
    """§7.8.2: in a members-only room an invitation makes a member, so it takes an admin, or the room's consent."""
    if RANK[affiliation] >= RANK[ADMIN]:
        return YES
    if not members_only and role in (PARTICIPANT, MODERATOR):
        return YES
    return YES if members_invite and affiliation == MEMBER else Verdict(False, "invite")
