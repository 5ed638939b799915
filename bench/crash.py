"""`python -m bench.crash [--rounds 200] [--seed 1]`: kill the engine again and again, and look for what is missing.

Each round Ana writes to people and to a group they are members of: people who acknowledge at once, after 30 to 120 ms
or never, who stop reading their socket, who are away, who log in anew each time and die with a hand-out they have not
acknowledged, and who have two devices of which one is mute. At a random moment the process is killed (kill -9) or
stopped (SIGTERM). Everybody comes back and resumes, or logs in anew, and the next round begins. At the end everything
that Ana was told is safe must have arrived, each conversation in order, and nothing twice where the client resumed.
Prints the time from sending to acknowledgement, too.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.raw import Lost, RawClient

from plauder.wire.stanza import Stanza

PEOPLE = ("ana", "bruno", "carla", "davi", "eva", "fabio", "gil", "hana", "ida")
MEMBERS = ("bruno", "davi", "eva", "fabio", "gil", "hana")
GROUP = "club@groups.localhost"
BODY = "{jabber:client}body"
NAMELESS = ("hana",)
"""Their clients were never seen before and read the account's shared queue."""
FILLER = "x" * 16_000
"""What is sent to the one who does not read carries this, so that her socket fills up."""


class Engine:
    """The process, on the same files each time."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = 0
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.engine", str(self.directory), str(self.port), *PEOPLE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": "src:.", "GROUPS": "yes"},
        )  # fmt: skip
        assert self._process.stdout is not None
        self.port = int((await self._process.stdout.readline()).split()[1])

    async def end(self, how: signal.Signals) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(how)
            await self._process.wait()


class Person:
    """A client and what it was shown. `is_exact`: it always resumes, so it must see nothing twice."""

    def __init__(self, client: RawClient, *, resumes: float = 1.0) -> None:
        self.client = client
        self.resumes = resumes
        self.is_exact = True
        self.bodies: list[str] = []
        client.on_message = self._take

    def _take(self, message: Stanza) -> None:
        key = (message.text(BODY) or "").partition(" ")[0]
        if key:
            self.bodies.append(key)

    async def come(self, port: int, chance: random.Random) -> None:
        client = self.client
        client.port = port
        if chance.random() > self.resumes:
            client.resume_id = ""
            self.is_exact = False
        for _ in range(100):
            try:
                await client.come()
            except (OSError, Lost):
                await asyncio.sleep(0.05)
            else:
                return
        raise RuntimeError(f"{client.name} cannot log in")


def cast() -> list[Person]:
    """Everybody but Ana, who writes, and Fabio, who is away."""
    return [
        Person(RawClient("bruno", 0, resource="prompt")),
        Person(RawClient("carla", 0, resource="late", delay=0.03)),
        Person(RawClient("carla", 0, resource="later", delay=0.12)),
        Person(RawClient("davi", 0, resource="mute", delay=None)),
        Person(RawClient("eva", 0, resource="prompt")),
        Person(RawClient("eva", 0, resource="mute", delay=None)),
        Person(RawClient("gil", 0, resource="either"), resumes=0.5),
        Person(RawClient("hana", 0, resource="stuck", reads=False)),
        Person(RawClient("ida", 0, resource="fresh", delay=None), resumes=0.0),
    ]


async def run(rounds: int, seed: int) -> int:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as directory:
        engine = Engine(Path(directory))
        await engine.start()
        ana = Person(RawClient("ana", 0, resource="phone"))
        others = cast()
        everybody = [ana, *others]
        sent: list[tuple[str, str]] = []
        times: list[float] = []
        watch_acknowledgements(ana.client, times)
        for person in everybody:
            await person.come(engine.port, chance)
            if person.client.name not in NAMELESS:
                # From the second visit on the resource is a device with a queue of its own.
                await person.client.leave()
                await person.come(engine.port, chance)
        await ana.client.found_group(GROUP, MEMBERS)
        deaths: Counter[str] = Counter()
        for number in range(rounds):
            how = chance.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM))
            deaths[how.name] += 1
            await one_round(engine, how, ana.client, everybody, sent, chance)
            if number % 20 == 19:
                print(f"{number + 1} rounds, {len(sent)} messages", flush=True)
        fabio = Person(RawClient("fabio", 0, resource="back"))
        await last_visit([*others, fabio], engine.port, chance)
        await quiet([ana.client, *(person.client for person in others), fabio.client])
        problems = [problem for person in [*others, fabio] for problem in judge(person, sent)]
        for person in [*everybody, fabio]:
            await person.client.vanish()
        await engine.end(signal.SIGKILL)
    refused = len(ana.client.refused)
    found = "; ".join(problems) or "nothing lost, doubled or out of order"
    print(f"{len(sent)} messages, {refused} refused, {dict(deaths)}: {found}")
    quick = statistics.quantiles(times, n=100)
    print(f"acknowledged after {quick[49] * 1e3:.1f} ms (median), {quick[98] * 1e3:.1f} ms (99th percentile)")
    return 1 if problems or refused else 0


async def last_visit(people: list[Person], port: int, chance: random.Random) -> None:
    """Who did not read or acknowledge comes back once more and does both."""
    for person in people:
        client = person.client
        if not client.reads or client.delay is None or not client.jid:
            await client.vanish()
            client.reads, client.delay = True, 0.0
            await person.come(port, chance)


def watch_acknowledgements(client: RawClient, times: list[float]) -> None:
    """Note for each message how long it took until the server said that it is safe."""
    started: dict[str, float] = {}
    send = client.send_message
    loop = asyncio.get_running_loop()

    def sending(to: str, body: str, key: str = "", *, ask: bool = True, kind: str = "chat") -> str:
        started[key] = loop.time()
        return send(to, body, key, ask=ask, kind=kind)

    class Acked(set[str]):
        def add(self, key: str) -> None:
            if key in started:
                times.append(loop.time() - started.pop(key))
            super().add(key)

    client.send_message = sending  # type: ignore[method-assign]
    client.acked = Acked()
    client.forget_times = started.clear  # type: ignore[attr-defined]


async def one_round(
    engine: Engine,
    how: signal.Signals,
    ana: RawClient,
    everybody: list[Person],
    sent: list[tuple[str, str]],
    chance: random.Random,
) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + chance.uniform(0.005, 0.25)
    while loop.time() < end:
        to = chance.choice(("group", *PEOPLE[1:]))
        key = f"{to}-{len(sent)}"
        sent.append((to, key))
        if to == "group":
            ana.send_message(GROUP, key, key, kind="groupchat")
        else:
            ana.send_message(f"{to}@localhost", f"{key} {FILLER}" if to == "hana" else key, key)
        await asyncio.sleep(chance.choice((0, 0, 0.001, 0.005)))
    await engine.end(how)
    ana.forget_times()  # type: ignore[attr-defined]
    for person in everybody:
        await person.client.vanish()
    await engine.start()
    for person in chance.sample(everybody, len(everybody)):
        await person.come(engine.port, chance)


async def quiet(clients: list[RawClient]) -> None:
    """Until everything sent is acknowledged and nothing more comes."""
    await until(lambda: not any(client.unacked for client in clients))
    while True:
        counts = [client.received for client in clients]
        await asyncio.sleep(1.0)
        if counts == [client.received for client in clients]:
            return


async def until(done: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not done():
            await asyncio.sleep(0.05)


def judge(person: Person, sent: list[tuple[str, str]]) -> list[str]:
    """What went wrong for one device."""
    name = f"{person.client.name}/{person.client.resource}"
    conversations = {person.client.name, "group"} if person.client.name in MEMBERS else {person.client.name}
    found = []
    for conversation in sorted(conversations):
        expected = [key for to, key in sent if to == conversation]
        shown = [key for key in dict.fromkeys(person.bodies) if key.partition("-")[0] == conversation]
        missing = set(expected) - set(shown)
        if missing:
            found.append(f"{name} lacks {len(missing)}, such as {min(missing)}")
        if shown != [key for key in expected if key not in missing]:
            found.append(f"{name}: {conversation} out of order")
    twice = [key for key, count in Counter(person.bodies).items() if count > 1]
    if person.is_exact and twice:
        found.append(f"{name} was shown {len(twice)} twice, such as {twice[0]}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.crash", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    return asyncio.run(run(arguments.rounds, arguments.seed))


if __name__ == "__main__":
    raise SystemExit(main())
