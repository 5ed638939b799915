"""python-omemo's engines (`oldmemo` for 0.3, `twomemo` for omemo:2) as a device: an oracle, independent of ours."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import oldmemo
import oldmemo.etree
import twomemo
import twomemo.etree
import xeddsa
from omemo.message import Message
from omemo.session import Initiation
from omemo.storage import Just, Maybe, Nothing, Storage

from tests.omemo.browser import AXOLOTL, OMEMO2

SCE = "urn:xmpp:sce:1"


class Shelf(Storage):
    """Storage in memory."""

    def __init__(self) -> None:
        super().__init__(disable_cache=True)
        self._values: dict[str, Any] = {}

    async def _load(self, key: str) -> Maybe[Any]:
        return Just(self._values[key]) if key in self._values else Nothing()

    async def _store(self, key: str, value: Any) -> None:
        self._values[key] = value

    async def _delete(self, key: str) -> None:
        self._values.pop(key, None)


class Syndace:
    """One device. The face is `browser.Browser`'s."""

    def __init__(self, jid: str, device_id: int, namespace: str) -> None:
        self.jid = jid
        self.device_id = device_id
        self.namespace = namespace
        storage = Shelf()
        self._backend: Any = oldmemo.Oldmemo(storage) if namespace == AXOLOTL else twomemo.Twomemo(storage)
        self._tree: Any = oldmemo.etree if namespace == AXOLOTL else twomemo.etree
        self._met: dict[str, tuple[int, Any]] = {}
        self.sign = 0
        """Sign bit of the identity in its Edwards form, once a bundle was made."""
        self.fingerprint = ""

    async def refill(self) -> None:
        missing = 100 - await self._backend.get_num_visible_pre_keys()
        await self._backend.generate_pre_keys(missing)

    async def bundle(self) -> Element:
        await self.refill()
        bundle = await self._backend.get_bundle(self.jid, self.device_id)
        self.sign = bundle.identity_key[31] >> 7
        self.fingerprint = xeddsa.ed25519_pub_to_curve25519_pub(bundle.identity_key).hex()
        element: Element = self._tree.serialize_bundle(bundle)
        return element

    async def meet(self, jid: str, device_id: int, bundle: Element) -> None:
        self._met[jid] = (device_id, self._tree.parse_bundle(bundle, jid, device_id))

    async def _seal(self, jid: str, content: Any, material: Any) -> Element:
        device_id, bundle = self._met[jid]
        session = await self._backend.load_session(jid, device_id)
        if session is None:
            session, sealed = await self._backend.build_session_active(jid, device_id, bundle, material)
        else:
            sealed = await self._backend.encrypt_key_material(session, material)
        await self._backend.store_session(session)
        unanswered = session.initiation is Initiation.ACTIVE and not session.confirmed
        exchange = session.key_exchange if unanswered else None
        message = Message(self.namespace, self.jid, self.device_id, content, frozenset({(sealed, exchange)}))
        element: Element = self._tree.serialize_message(message)
        return element

    async def say(self, jid: str, text: str) -> Element:
        plaintext = text.encode() if self.namespace == AXOLOTL else self._envelope(text)
        return await self._seal(jid, *await self._backend.encrypt_plaintext(plaintext))

    async def nod(self, jid: str, _device_id: int) -> Element:
        return await self._seal(jid, *await self._backend.encrypt_empty())

    def _envelope(self, text: str) -> bytes:
        envelope = Element(f"{{{SCE}}}envelope")
        content = ET.SubElement(envelope, f"{{{SCE}}}content")
        content.append(Element("{jabber:client}body"))
        content[0].text = text
        ET.SubElement(envelope, f"{{{SCE}}}from", {"jid": self.jid})
        ET.SubElement(envelope, f"{{{SCE}}}rpad").text = "0" * 20
        # ElementTree writes prefixes; our reader, like XMPP itself, wants namespaces declared where they are used.
        text = ET.tostring(envelope, encoding="unicode")
        text = text.replace("ns0:", "").replace("xmlns:ns0=", "xmlns=").replace(' xmlns:ns1="jabber:client"', "")
        return text.replace("<ns1:body", '<body xmlns="jabber:client"').replace("</ns1:body", "</body").encode()

    async def _parse(self, jid: str, element: Element) -> Message:
        if self.namespace == OMEMO2:
            message: Message = twomemo.etree.parse_message(element, jid)
            return message
        device_id, bundle = self._met[jid]

        async def information(_jid: str) -> list[Any]:
            return [SimpleNamespace(device_id=device_id, identity_key=bundle.identity_key)]

        manager: Any = SimpleNamespace(get_device_information=information)
        return await oldmemo.etree.parse_message(element, jid, self.jid, manager)

    async def hear(self, jid: str, element: Element) -> str:
        message = await self._parse(jid, element)
        sealed, exchange = next(
            (key, kex) for key, kex in message.keys if key.bare_jid == self.jid and key.device_id == self.device_id
        )
        session = await self._backend.load_session(jid, message.device_id)
        if exchange and not (session and session.key_exchange.builds_same_session(exchange)):
            session, material = await self._backend.build_session_passive(jid, message.device_id, exchange, sealed)
            await self._backend.store_session(session)
            await self._backend.delete_pre_key(session)
        else:
            if session is None:
                return "(no-session)"
            material = await self._backend.decrypt_key_material(session, sealed)
            await self._backend.store_session(session)
        if message.content.empty:
            return ""
        plaintext: bytes = await self._backend.decrypt_plaintext(message.content, material)
        if self.namespace == AXOLOTL:
            return plaintext.decode()
        envelope = ET.fromstring(plaintext)
        assert envelope.tag == f"{{{SCE}}}envelope"
        sender = envelope.find(f"{{{SCE}}}from")
        assert sender is not None
        assert sender.get("jid") == jid
        assert envelope.find(f"{{{SCE}}}rpad") is not None
        return envelope.findtext(f"{{{SCE}}}content/{{jabber:client}}body", "")
