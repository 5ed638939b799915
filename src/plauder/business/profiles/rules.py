"""Limits of profiles and automation. Pure; the reference §5 and §8."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from plauder.business.shared.errors import invalid

VERTICALS = frozenset(
    {
        "UNDEFINED",
        "OTHER",
        "AUTO",
        "BEAUTY",
        "APPAREL",
        "EDU",
        "ENTERTAIN",
        "EVENT_PLAN",
        "FINANCE",
        "GROCERY",
        "GOVT",
        "HOTEL",
        "HEALTH",
        "NONPROFIT",
        "PROF_SERVICES",
        "RETAIL",
        "TRAVEL",
        "RESTAURANT",
        "NOT_A_BIZ",
        "ALCOHOL",
        "ONLINE_GAMBLING",
        "PHYSICAL_GAMBLING",
        "OTC_DRUGS",
    }
)
LENGTHS: Mapping[str, int] = {"about": 139, "address": 256, "description": 512, "email": 128}


def check_profile(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields to change. Raises error 100."""
    kept: dict[str, Any] = {}
    for name, most in LENGTHS.items():
        if name in given:
            text = str(given[name])
            if len(text) > most or (name == "about" and not text):
                raise invalid(f"Param {name} must have 1 to {most} characters")
            kept[name] = text
    if kept.get("email") and "@" not in kept["email"]:
        raise invalid("Param email must be an e-mail address")
    if "vertical" in given:
        vertical = str(given["vertical"]).upper()
        if vertical and vertical not in VERTICALS:
            raise invalid(f"Param vertical must be one of {', '.join(sorted(VERTICALS))}")
        kept["vertical"] = vertical or "UNDEFINED"
    if "websites" in given:
        sites = [str(site) for site in given["websites"]]
        if len(sites) > 2 or any(len(site) > 256 or not site.startswith(("http://", "https://")) for site in sites):
            raise invalid("Param websites must have at most 2 URLs of 256 characters that start with http")
        kept["websites"] = sites
    if "hours" in given:
        kept["hours"] = check_hours(given["hours"])
    return kept


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")


def check_hours(given: Any) -> dict[str, Any] | None:
    """Opening hours, ours beside the Cloud API: `{timezone, days: {mon: [["09:00", "18:00"], …], …}}`. None for none.

    A day that is missing is closed; spans of a day are in order and do not overlap. Raises error 100.
    """
    if given is None:
        return None
    days = given.get("days") if isinstance(given, Mapping) else None
    zone = given.get("timezone") if isinstance(given, Mapping) else None
    if not isinstance(days, Mapping) or set(days) - set(DAYS) or not isinstance(zone, str) or not is_zone(zone):
        raise invalid("Param hours must have a timezone and days from mon to sun")
    return {"timezone": zone, "days": {day: _spans(days[day]) for day in DAYS if days.get(day)}}


def is_zone(name: str) -> bool:
    """Whether the IANA database has it."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _spans(given: Any) -> list[list[str]]:
    is_list = isinstance(given, list) and len(given) <= 3
    if not is_list or not all(isinstance(span, list) and len(span) == 2 for span in given):
        raise invalid("A day of hours has at most 3 spans, each with its begin and end")
    times = [time for span in given for time in span]
    if not all(isinstance(time, str) and _TIME.fullmatch(time) for time in times) or times != sorted(set(times)):
        raise invalid("Times of hours are like 09:00, in order, without overlaps")
    return [list(span) for span in given]


def check_automation(
    *, welcome: bool | None, prompts: Sequence[Any] | None, commands: Sequence[Any] | None
) -> dict[str, Any]:
    """The parts of conversational automation that were given."""
    kept: dict[str, Any] = {}
    if welcome is not None:
        kept["enable_welcome_message"] = welcome
    if prompts is not None:
        if len(prompts) > 4 or any(not isinstance(item, str) or not 1 <= len(item) <= 80 for item in prompts):
            raise invalid("Param prompts must have at most 4 texts of 1 to 80 characters")
        kept["prompts"] = list(prompts)
    if commands is not None:
        if len(commands) > 30:
            raise invalid("Param commands must have at most 30 elements")
        kept["commands"] = [_command(item) for item in commands]
    return kept


def _command(item: Any) -> dict[str, str]:
    if not isinstance(item, Mapping):
        raise invalid("Each of commands must be an object")
    name, description = str(item.get("command_name", "")), str(item.get("command_description", ""))
    if not 1 <= len(name) <= 32 or not 1 <= len(description) <= 256:
        raise invalid("command_name has 1 to 32, command_description 1 to 256 characters")
    return {"command_name": name, "command_description": description}
