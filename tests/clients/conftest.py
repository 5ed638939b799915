from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.live import Live


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with Live(tmp_path_factory.mktemp("live")) as live:
        yield live
