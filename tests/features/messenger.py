"""All features of the messenger, in the order they register: for scenes played on the engine itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from plauder.core.server import Server
from plauder.features.blocking.feature import register as blocking
from plauder.features.carbons.feature import register as carbons
from plauder.features.csi.feature import register as csi
from plauder.features.disco.feature import register as disco
from plauder.features.discretion.feature import register as discretion
from plauder.features.last.feature import register as last
from plauder.features.mam.feature import register as mam
from plauder.features.ping.feature import register as ping
from plauder.features.presence.feature import register as presence
from plauder.features.private.feature import register as private
from plauder.features.pubsub.feature import register as pubsub
from plauder.features.roster.feature import register as roster
from plauder.features.time.feature import register as time
from plauder.features.vcard.feature import register as vcard
from plauder.features.version.feature import register as version

MESSENGER: Final[tuple[Callable[[Server], Any], ...]] = (
    blocking,
    roster,
    disco,
    pubsub,
    discretion,
    presence,
    vcard,
    carbons,
    csi,
    last,
    mam,
    ping,
    private,
    time,
    version,
)
