"""Limits of profiles and automation. Pure; the reference §5 and §8."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
    return kept


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
