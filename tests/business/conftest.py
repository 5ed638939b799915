from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.business.cloud import Cloud


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    async with Cloud(tmp_path) as cloud:
        yield cloud
