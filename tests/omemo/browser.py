"""The browser's session core (`web/packages/crypto`), run by Node, spoken to in JSON lines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self
from xml.etree.ElementTree import Element

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "web/packages/crypto"
NODE = Path(sys.executable).parent / "node"

AXOLOTL = "eu.siacs.conversations.axolotl"
OMEMO2 = "urn:xmpp:omemo:2"


def to_plain(element: Element) -> dict[str, Any]:
    """An ElementTree element as the plain data that the TypeScript side works with."""
    namespace, _, name = element.tag[1:].rpartition("}")
    children: list[Any] = [element.text] if element.text else []
    for child in element:
        children.append(to_plain(child))
        if child.tail:
            children.append(child.tail)
    return {"name": name, "ns": namespace, "attrs": dict(element.attrib), "children": children}


def to_element(plain: dict[str, Any]) -> Element:
    element = Element(f"{{{plain['ns']}}}{plain['name']}", plain["attrs"])
    for child in plain["children"]:
        if isinstance(child, dict):
            element.append(to_element(child))
        elif len(element):
            element[-1].tail = (element[-1].tail or "") + child
        else:
            element.text = (element.text or "") + child
    return element


class Node:
    """One Node process for any number of devices."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [str(NODE), "--disable-warning=ExperimentalWarning", "test/driver.ts"],
            cwd=PACKAGE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    def call(self, device: str, method: str, *args: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"device": device, "method": method, "args": args}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the Node process has ended")
        reply = json.loads(line)
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply["result"]


class Browser:
    """A device of the browser's core, with the face all devices of these tests have."""

    def __init__(self, node: Node, name: str, jid: str, namespace: str) -> None:
        self._node = node
        self._name = name
        self.jid = jid
        self.namespace = namespace
        opened = self.call("open", jid)
        self.device_id: int = opened["deviceId"]
        self.fingerprint: str = opened["fingerprint"]

    def call(self, method: str, *args: Any) -> Any:
        return self._node.call(self._name, method, *args)

    async def bundle(self) -> Element:
        publication = self.call("publication", self.namespace)
        self.call("confirmPublished", self.namespace, publication["revision"])
        return to_element(publication["bundle"])

    async def meet(self, jid: str, device_id: int, bundle: Element) -> None:
        """Learn of another device: its list and its bundle."""
        name = "list" if self.namespace == AXOLOTL else "devices"
        device = {"name": "device", "ns": self.namespace, "attrs": {"id": str(device_id)}, "children": []}
        plain = {"name": name, "ns": self.namespace, "attrs": {}, "children": [device]}
        self.call("receiveDeviceList", jid, self.namespace, plain)
        outcome = self.offer(jid, device_id, bundle)
        assert outcome["result"] == "accepted", outcome

    def offer(self, jid: str, device_id: int, bundle: Element) -> dict[str, Any]:
        reply: dict[str, Any] = self.call(
            "offerBundle", {"jid": jid, "deviceId": device_id}, self.namespace, to_plain(bundle)
        )
        return reply

    async def say(self, jid: str, text: str) -> Element:
        body = {"name": "body", "ns": "jabber:client", "attrs": {}, "children": [text]}
        sent = self.call("encrypt", {"to": [jid], "content": [body], "legacyBody": text})
        assert sent["notSent"] == [], sent
        return to_element(sent["elements"][0])

    async def nod(self, jid: str, device_id: int) -> Element:
        """An empty message."""
        sent = self.call("encryptEmpty", {"jid": jid, "deviceId": device_id}, self.namespace)
        assert sent["notSent"] == [], sent
        return to_element(sent["elements"][0])

    def read(self, jid: str, element: Element) -> dict[str, Any]:
        reply: dict[str, Any] = self.call("decrypt", {"from": jid, "elements": [to_plain(element)]})
        return reply

    async def hear(self, jid: str, element: Element) -> str:
        """The text; "" for an empty message; "(reason)" when it can't be read."""
        outcome = self.read(jid, element)
        if outcome["kind"] == "failed":
            return f"({outcome['reason']})"
        if outcome["kind"] == "empty":
            return ""
        return "".join(outcome["content"][0]["children"])
