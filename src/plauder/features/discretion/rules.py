"""Wishes as they are published. Pure."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

from plauder.core.people import USUAL, Audience, Wishes

NODE: Final = "urn:plauder:privacy:0"


def read(payload: Element | None) -> Wishes:
    """What an item says. Never fails: what is not understood is as if it were not there."""
    if payload is None or payload.tag != f"{{{NODE}}}privacy":
        return USUAL
    return Wishes(
        online=_audience(payload, "online", USUAL.online),
        last_seen=_audience(payload, "last-seen", USUAL.last_seen),
        groups=_audience(payload, "groups", USUAL.groups),
    )


def _audience(payload: Element, name: str, usual: Audience) -> Audience:
    try:
        return Audience(payload.get(name, usual))
    except ValueError:
        return usual
