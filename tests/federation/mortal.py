"""A server to be killed: `python -m tests.federation.mortal DIRECTORY S2S_PORT THEIR_PORT`. Says `ready PORT`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from plauder.edge.federation.service import Settings
from tests.federation.prosody import DOMAIN
from tests.federation.town import town


async def run(directory: Path, port: int, theirs: int) -> None:
    async with town(
        directory,
        "ours.test",
        accounts=["ana"],
        places={DOMAIN: f"127.0.0.1:{theirs}"},
        port=port,
        settings=Settings(allow=(DOMAIN,)),
    ) as ours:
        print("ready", ours.port, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
