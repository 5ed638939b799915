"""Scenes: people who talk, written down line by line, played on the harness.

    # A message reaches a phone that was offline
    Ana connects
    Ana sends:      <message to="bruno" type="chat"><body>Oi!</body></message>
    Bruno's phone connects
    Bruno's phone receives:
        <message from="ana"><body>Oi!</body><delay xmlns="urn:xmpp:delay" stamp="{any}"/></message>

Who: a name, or a name with a device ("Bruno's phone"), which is then one that the server knows again. What they do:

    connects                            logs in and sends presence; "connects with stream management"
    connects quietly                    logs in without presence
    disconnects, vanishes, resumes      ends the stream, loses the connection, comes back to the same stream
    falls silent, speaks again          stops acknowledging, begins again
    sends: …                            one or more stanzas
    receives: …                         the next stanzas, in this order, and matching
    receives nothing
    is told that N are safe             the h of the server's latest acknowledgement
    N seconds pass, N days pass

What is expected is a pattern: attributes and children that are named must be there, others may be. `{any}` matches any
text. Addresses may be names; elements without a namespace are in that of their parent.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from plauder.wire.xml import parse
from tests.harness import DOMAIN, Client, World

_WHO = re.compile(r"(?P<name>[A-Z]\w+)(?:'s (?P<device>\w+))? (?P<act>.+)", re.DOTALL)
_TIME = re.compile(r"(\d+) (second|minute|day)s? pass(?:es)?")
_SECONDS = {"second": 1, "minute": 60, "day": 86_400}
ANY = "{any}"


class SceneFailed(AssertionError):
    """The scene went another way; says at which line."""


class Play:
    """Plays scenes in one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people: dict[str, Client] = {}

    async def run(self, scene: str) -> None:
        """Play a scene. Raises SceneFailed at the first line that does not come true."""
        for number, line in _lines(scene):
            try:
                await self._line(line)
            except AssertionError as problem:
                raise SceneFailed(f"line {number}: {line}\n{problem}") from problem

    async def _line(self, line: str) -> None:
        if passes := _TIME.fullmatch(line):
            await self.world.advance(int(passes[1]) * _SECONDS[passes[2]])
            return
        match = _WHO.fullmatch(line)
        assert match, "nobody does anything here"
        await self._act(match["name"].lower(), match["device"] or "", match["act"])

    async def _act(self, name: str, device: str, act: str) -> None:
        key = f"{name}'s {device}"
        verb, _, rest = act.partition(":")
        if verb.startswith("connects"):
            self.people[key] = await self.world.connect(
                name, device, sm="stream management" in verb, available="quietly" not in verb
            )
            return
        client = self.people[key]
        if verb == "sends":
            await client.send(self._expand(rest.strip()))
        elif verb == "receives":
            self._expect(client, self._expand(rest.strip()))
        elif verb == "receives nothing":
            assert not client.received, f"received {client.received}"
        elif verb == "disconnects":
            await client.disconnect()
        elif verb == "vanishes":
            await client.vanish()
        elif verb == "resumes":
            await client.resume()
        elif verb in ("falls silent", "speaks again"):
            client.mute = verb == "falls silent"
            if not client.mute:
                await client.ack()
        elif safe := re.fullmatch(r"is told that (\d+) (?:is|are) safe", verb):
            assert await client.ask_ack() == int(safe[1]), f"{client.acknowledged} are safe"
        else:
            raise AssertionError(f"what is it to {verb!r}?")

    def _expand(self, text: str) -> str:
        """Names as addresses: `to="bruno"`, `from="ana/phone"`."""
        known = "|".join(sorted(self._names(), key=len, reverse=True))
        return re.sub(rf"""\b(to|from|by|jid)=(["'])({known})(/[^"']*)?\2""", rf"\1=\2\3@{DOMAIN}\4\2", text)

    def _names(self) -> set[str]:
        passwords = getattr(self.world.credentials, "passwords", {})
        return set(passwords) or {"nobody"}

    def _expect(self, client: Client, text: str) -> None:
        wanted = parse(f"<scene xmlns='jabber:client'>{text}</scene>".encode())
        for pattern in wanted:
            assert client.received, f"received nothing; expected {pattern.tag} {pattern.attrib}"
            stanza = client.received.pop(0)
            why = _differs(pattern, stanza.to_element(), is_top=True)
            assert why is None, f"{why}\nreceived {stanza.to_bytes().decode()}"


def _differs(pattern: Element, actual: Element, *, is_top: bool = False) -> str | None:
    """Why an element is not what the pattern asks for; None if it is."""
    if pattern.tag != actual.tag:
        return f"<{actual.tag}> is not <{pattern.tag}>"
    for name, value in pattern.items():
        found = actual.get(name)
        bare = found is not None and is_top and name in ("from", "to") and "/" not in value
        if found is None or (value not in (ANY, found) and not (bare and found.partition("/")[0] == value)):
            return f"{name}={found!r} is not {value!r}"
    text = (pattern.text or "").strip()
    if text not in ("", ANY, (actual.text or "").strip()):
        return f"{actual.text!r} is not {text!r}"
    rest = list(actual)
    for child in pattern:
        reasons = []
        for candidate in rest:
            why = _differs(child, candidate)
            if why is None:
                rest.remove(candidate)
                break
            reasons.append(why)
        else:
            return f"no child like <{child.tag} {child.attrib}>: {'; '.join(reasons) or 'there is none'}"
    return None


def _lines(scene: str) -> list[tuple[int, str]]:
    """The acts of a scene: comments and empty lines away, what is indented joined to the line above."""
    acts: list[tuple[int, str]] = []
    indent: int | None = None
    for number, raw in enumerate(scene.splitlines(), 1):
        if not raw.strip() or raw.strip().startswith("#"):
            continue
        depth = len(raw) - len(raw.lstrip())
        indent = depth if indent is None else indent
        if depth > indent and acts:
            acts[-1] = (acts[-1][0], f"{acts[-1][1]} {raw.strip()}")
        else:
            acts.append((number, raw.strip()))
    return acts


async def play(world: World, scene: str) -> None:
    """Play one scene in a fresh world."""
    await Play(world).run(scene)


__all__ = ["Play", "SceneFailed", "play"]
