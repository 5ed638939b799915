"""The business platform from the program's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from starlette.types import Scope

from plauder.business.numbers import store as number_store
from plauder.business.sandbox.rules import PREFIX_CUSTOMER, PREFIX_NUMBER
from plauder.edge import terms
from plauder.edge.http.graph.api import GraphApi
from plauder.edge.http.graph.wiring import PlatformSettings
from plauder.kit.config import Config
from plauder.store.database import UnitOfWork


def settings_of(config: Config) -> PlatformSettings:
    """What `[business]` says."""
    business = config.business
    return PlatformSettings(
        public_url=config.public_url,
        allowed_networks=terms.networks(config),
        keep_content=timedelta(days=business.keep_content_days),
        policies=terms.policies(business),
        delivery=terms.delivery(business),
        conversation_objects=business.conversation_objects,
        api_hosts=business.api_hosts,
    )


async def is_business_number(uow: UnitOfWork, local: str) -> bool:
    """Whether a localpart belongs to a business or a sandbox, so that no person can register it."""
    if local.startswith((PREFIX_NUMBER, PREFIX_CUSTOMER)) and local.isdecimal():
        return True
    row = await number_store.by_digits(uow, local)
    return row is not None and row.status == "CONNECTED"


class Owner:
    """Which requests of the HTTP port are the Graph's: by path, or by one of the operator's host names."""

    def __init__(self, config: Config) -> None:
        self._hosts = frozenset(name.lower() for name in config.business.api_hosts)

    def __call__(self, scope: Scope) -> bool:
        return GraphApi.owns(scope["path"]) or (bool(self._hosts) and self._host(scope) in self._hosts)

    @staticmethod
    def _host(scope: Mapping[str, object]) -> str:
        headers = scope["headers"]
        assert isinstance(headers, list)
        return next(
            (value.decode("latin-1").partition(":")[0].lower() for name, value in headers if name == b"host"), ""
        )
