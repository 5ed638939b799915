"""Plays scripted scenes of Prosody's suite (`*.scs`, the language of its tool scansion) against the whole program.

`python -m tests.clients.scansion FILE...`: the scripts are the user's own copies, none is shipped here. A step
`X receives` is met by the first stanza that waits for X, or comes within the time, and has in it all that is written
(`scansion:strict='true'`: and nothing else); what else came before is told, but does not fail the scene, since most
scripts write down one of several orders that the standards allow. Each scene has accounts and rooms of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

from plauder import app
from plauder.app import App
from plauder.kit.config import Config
from plauder.wire.events import Event
from plauder.wire.stanza import Stanza
from plauder.wire.xml import parse
from tests.raw import Lost, RawClient

SCANSION: Final = "{https://matthewwild.co.uk/projects/scansion}"
WAIT_SECONDS: Final = 2.0
_STEP: Final = re.compile(r"^(?P<who>(?!//|--|#)[^\s<].*?) (?P<what>(dis)?connects|sends|receives( nothing)?):?\s*$")
_JID: Final = re.compile(r"([\w.-]+)@(localhost|conference\.localhost)")
_FORM: Final = re.compile(r"(<value>\s*http://jabber\.org/protocol/muc#roomconfig\s*</value>\s*</field>)")
_ID: Final = re.compile(r"id=(['\"])(.*?)\1")
_ANY: Final = re.compile(r"\{scansion:(any|capture:\w+)\}")


class Failed(Exception):
    """A step that was not met."""


@dataclass(frozen=True, slots=True)
class Step:
    line: int
    who: str
    what: str
    xml: str


@dataclass(slots=True)
class Script:
    people: dict[str, dict[str, str]] = field(default_factory=dict)
    """Settings by name: jid, resource."""
    steps: list[Step] = field(default_factory=list)


class Player(RawClient):
    """A client that keeps all that comes, and answers only whether it is there: until then nothing more comes."""

    password = "secret-word"

    def __init__(self, local: str, port: int, resource: str) -> None:
        super().__init__(local, port, resource=resource)
        self.waiting: list[Stanza] = []
        self.came = asyncio.Event()

    def _take(self, event: Event) -> None:
        if isinstance(event, Stanza) and event.find("{urn:xmpp:ping}ping") is not None:
            super()._take(event)
        elif isinstance(event, Stanza):
            self.waiting.append(event)
            self.came.set()


def read(text: str) -> Script:
    """A script's text, taken apart."""
    script, current = Script(), ""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if line.startswith("[Client]"):
            current = line.removeprefix("[Client]").strip()
            script.people[current] = {}
        elif current and (setting := re.match(r"\s+(\w+):\s*(\S+)", line)):
            script.people[current][setting[1]] = setting[2]
        elif step := _STEP.match(line):
            current = ""
            block = itertools.takewhile(lambda each: not each.strip() or each[0].isspace(), lines[number:])
            script.steps.append(Step(number, step["who"], step["what"], "\n".join(block).strip()))
    return script


def localise(text: str, mark: str) -> str:
    """Addresses of a scene's own: our rooms are at `groups`, and what asks a pubsub service asks an account's."""
    text = text.replace("pubsub.localhost", "admin@localhost")
    for name, value in (("membersonly", "0"), ("whois", "moderators")):  # a room is private here unless it is said
        if f"#roomconfig_{name}" not in text:
            text = _FORM.sub(rf"\1<field var='muc#roomconfig_{name}'><value>{value}</value></field>", text)
    moved = _JID.sub(lambda m: f"{m[1]}{mark}@{'groups.' if '.' in m[2] else ''}localhost", text)
    return moved.replace("conference.localhost", "groups.localhost").replace("upload.localhost", "localhost")


def written(xml: str) -> list[Element]:
    """The stanzas of a block."""
    root = f"<scene xmlns='jabber:client' xmlns:scansion='{SCANSION[1:-1]}'>{xml}</scene>"
    return list(parse(root.encode()))


def differs(want: Element, got: Element) -> str:
    """Why `got` does not have all of `want` in it; "" where it has."""
    if want.tag != got.tag:
        return f"<{got.tag}> is not <{want.tag}>"
    if want.tag == "{urn:ietf:params:xml:ns:xmpp-stanzas}text":
        return ""  # for people, in any words
    free = {"ver", "label", *(("id", "from") if want.get("type") in ("get", "set") else ())}  # the server's to choose
    attrs = {name: value for name, value in want.items() if not name.startswith(SCANSION) and name not in free}
    for name, value in attrs.items():
        if got.get(name) is None or (got.get(name) != value and not _ANY.fullmatch(value)):
            return f"{want.tag} {name}: {got.get(name)!r} is not {value!r}"
    text = (want.text or "").strip()
    if text and not _ANY.fullmatch(text) and text != (got.text or "").strip():
        return f"{want.tag}: {got.text!r} is not {text!r}"
    rest = list(got)
    for child in want:
        reasons = [differs(child, each) for each in rest]
        if "" not in reasons:
            near = [reason for reason, each in zip(reasons, rest, strict=True) if each.tag == child.tag]
            return near[0] if near else f"{want.tag} has no {child.tag}"
        del rest[reasons.index("")]
    if want.get(f"{SCANSION}strict") == "true" and (rest or len(attrs) != len(got.attrib)):
        return f"{want.tag} has more than it should"
    return ""


class Scene:
    """A script that is played on a running program."""

    def __init__(self, served: App, text: str, mark: str) -> None:
        self.served = served
        self.mark = mark
        self.script = read(localise(text, mark))
        self.players: dict[str, Player] = {}
        self.is_silent = "muc" in text and not re.search(r"<presence\s*/?>", text)
        """Whether nobody sends a presence without an address."""
        self.ids: dict[str, tuple[str, str]] = {}
        """What the server's requests have for an id, by that of the script."""
        self.early: list[str] = []
        """What came before what a step waited for."""

    async def play(self) -> None:
        """Raises Failed at the first step that is not met."""
        locals_ = {settings["jid"].partition("@")[0] for settings in self.script.people.values()}
        for local in locals_ | {f"admin{self.mark}"}:
            await self.served.devices.create_with_password(local.lower(), Player.password)
        try:
            for step in self.script.steps:
                await self._do(step)
        finally:
            for player in self.players.values():
                await player.leave()

    async def _do(self, step: Step) -> None:
        if step.what == "connects":
            settings = self.script.people[step.who]
            bare, _, resource = settings["jid"].partition("/")
            player = Player(bare.partition("@")[0].lower(), self.served.xmpp_port, resource)
            self.players[step.who] = player
            # Scenes in rooms leave out the initial presence; who sends none gets nothing from the account's inbox.
            await player.come(sm=False, available=self.is_silent)
            return
        player = self.players[step.who]
        if step.what == "disconnects":
            player._write(b"</stream:stream>")
            await asyncio.sleep(0.05)
            await player.leave()
        elif step.what == "sends":
            player.send_raw(self._answered(self._filled(step.xml)).encode())
        elif step.what == "receives nothing" or not step.xml:
            await asyncio.sleep(0.2)
            if player.waiting:
                raise Failed(f"line {step.line}: {step.who} received {player.waiting[0].to_bytes().decode()}")
        else:
            for want in written(self._filled(step.xml)):
                await self._receive(player, step, want)

    def _filled(self, xml: str) -> str:
        for name, settings in self.script.people.items():
            player = self.players.get(name)
            xml = xml.replace(f"${{{name}'s full JID}}", player.jid if player else settings["jid"])
            xml = xml.replace(f"${{{name}'s JID}}", settings["jid"].lower().partition("/")[0])
        return xml

    def _answered(self, xml: str) -> str:
        """An answer to a request of the server, to where that came from."""
        key = _ID.search(xml)
        if key and key[2] in self.ids and re.search(r"type=['\"](result|error)", xml):
            real, asker = self.ids[key[2]]
            xml = re.sub(r" to=(['\"]).*?\1", f" to='{asker}'", xml, count=1)
            xml = xml.replace(key[0], f"id='{real}'", 1)
        return xml

    async def _receive(self, player: Player, step: Step, want: Element) -> None:
        seen = 0
        reasons: list[str] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS):
                while True:
                    for at in range(seen, len(player.waiting)):
                        got = written(player.waiting[at].to_bytes().decode())[0]
                        reason = differs(want, got)
                        if not reason:
                            if want.get("type") in ("get", "set"):
                                self.ids[want.get("id", "")] = (got.get("id", ""), got.get("from", ""))
                            self.early += [f"{step.line}: {each.kind}" for each in player.waiting[:at]]
                            del player.waiting[at]
                            return
                        reasons.append(f"{reason}\n      {player.waiting[at].to_bytes().decode()}")
                    seen = len(player.waiting)
                    player.came.clear()
                    await player.came.wait()
        why = "\n    ".join(reasons or ["nothing came"])
        raise Failed(f"line {step.line}: {step.who} did not receive it\n    {why}")


async def main(paths: list[Path]) -> int:
    failed = 0
    with tempfile.TemporaryDirectory() as home:
        config = Config(
            data_dir=Path(home),
            http={"port": 0},  # type: ignore[arg-type]
            xmpp={"port": 0, "tls_port": -1, "require_tls": False},  # type: ignore[arg-type]
            limits={"logins_per_minute": 1_000},  # type: ignore[arg-type]
            log={"level": "error"},  # type: ignore[arg-type]
        )
        async with app.running(config) as served:
            for number, path in enumerate(paths, 1):
                scene = Scene(served, path.read_text(), str(number))
                try:
                    await scene.play()
                except (Failed, Lost, TimeoutError) as why:
                    failed += 1
                    print(f"FAIL {path.stem}: {why or type(why).__name__}")
                else:
                    print(f"pass {path.stem}" + (f" (other order at {', '.join(scene.early)})" if scene.early else ""))
    return failed


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(main([Path(name) for name in sys.argv[1:]])) else 0)
