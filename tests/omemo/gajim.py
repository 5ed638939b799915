"""Gajim's engine (`omemo-dr`, a descendant of libsignal in C and Python) as a device. 0.3 only."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

from tests.omemo.browser import AXOLOTL

ORACLES = Path(sys.prefix) / "oracles"
NS = f"{{{AXOLOTL}}}"


def why_missing() -> str | None:
    """Why the engine can't be used here, or None."""
    if not (ORACLES / "omemo_dr").exists():
        return "omemo-dr is not built: it needs a C compiler (`python tools/oracles.py`)"
    if str(ORACLES) not in sys.path:
        sys.path.append(str(ORACLES))
    return None


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(element: Element | None) -> bytes:
    assert element is not None
    return base64.b64decode(element.text or "")


def new_store() -> Any:
    from omemo_dr.state.store import Store

    class Memory(Store):  # type: ignore[misc]
        """The parts of the store that one conversation needs; one identity per address."""

        def __init__(self) -> None:
            self.own: Any = None
            self.prekeys: dict[int, Any] = {}
            self.signed: dict[int, Any] = {}
            self.sessions: dict[tuple[str, int], bytes] = {}
            self.identities: dict[str, Any] = {}

        def needs_init(self) -> bool:
            return self.own is None

        def set_our_identity(self, device_id: int, identity_key_pair: Any) -> None:
            self.own = (device_id, identity_key_pair)

        def get_identity_key_pair(self) -> Any:
            return self.own[1]

        def get_our_device_id(self) -> int:
            device_id: int = self.own[0]
            return device_id

        def save_identity(self, recipient_id: str, identity_key: Any) -> None:
            self.identities[recipient_id] = identity_key

        def delete_identity(self, recipient_id: str, identity_key: Any) -> None:
            self.identities.pop(recipient_id, None)

        def is_trusted_identity(self, recipient_id: str, identity_key: Any) -> bool:
            return True

        def set_trust(self, *_: Any) -> None: ...

        def set_identity_last_seen(self, *_: Any) -> None: ...

        def get_identity_infos(self, recipient_ids: Any) -> list[Any]:
            return []

        def get_pre_key_count(self) -> int:
            return len(self.prekeys)

        def load_pre_key(self, pre_key_id: int) -> Any:
            return self.prekeys[pre_key_id]

        def load_pending_pre_keys(self) -> list[Any]:
            return list(self.prekeys.values())

        def get_current_pre_key_id(self) -> int | None:
            return max(self.prekeys, default=None)

        def store_pre_key(self, pre_key_id: int, pre_key_record: Any) -> None:
            self.prekeys[pre_key_id] = pre_key_record

        def contains_pre_key(self, pre_key_id: int) -> bool:
            return pre_key_id in self.prekeys

        def remove_pre_key(self, pre_key_id: int) -> None:
            self.prekeys.pop(pre_key_id, None)

        def load_signed_pre_key(self, signed_pre_key_id: int) -> Any:
            return self.signed[signed_pre_key_id]

        def load_signed_pre_keys(self) -> list[Any]:
            return list(self.signed.values())

        def store_signed_pre_key(self, signed_pre_key_id: int, signed_pre_key_record: Any) -> None:
            self.signed[signed_pre_key_id] = signed_pre_key_record

        def contains_signed_pre_key(self, signed_pre_key_id: int) -> bool:
            return signed_pre_key_id in self.signed

        def get_current_signed_pre_key_id(self) -> int:
            return next(iter(self.signed))

        def get_signed_pre_key_timestamp(self, signed_pre_key_id: int) -> int:
            timestamp: int = self.signed[signed_pre_key_id].get_timestamp()
            return timestamp

        def remove_old_signed_pre_keys(self, timestamp: int) -> None: ...

        def remove_signed_pre_key(self, signed_pre_key_id: int) -> None: ...

        def load_session(self, recipient_id: str, device_id: int) -> Any:
            from omemo_dr.state.sessionrecord import SessionRecord

            known = self.sessions.get((recipient_id, device_id))
            return SessionRecord(serialized=known)

        def store_session(self, recipient_id: str, device_id: int, session_record: Any) -> None:
            self.sessions[recipient_id, device_id] = session_record.serialize()

        def contains_session(self, recipient_id: str, device_id: int) -> bool:
            return (recipient_id, device_id) in self.sessions

        def get_inactive_sessions_keys(self, recipient_id: str) -> list[Any]:
            return []

        def delete_session(self, recipient_id: str, device_id: int) -> None:
            self.sessions.pop((recipient_id, device_id), None)

        def delete_all_sessions(self, recipient_id: str) -> None: ...

        def get_active_device_tuples(self) -> list[Any]:
            return []

        def get_trust_for_identity(self, *_: Any) -> int:
            return 3

        def get_unacknowledged_count(self, *_: Any) -> int:
            return 0

        def set_active_state(self, *_: Any) -> None: ...

        def set_inactive(self, *_: Any) -> None: ...

        def is_trusted(self, recipient_id: str, device_id: int) -> bool:
            return True

    return Memory()


class Gajim:
    """One device. The face is `browser.Browser`'s."""

    namespace = AXOLOTL

    def __init__(self, jid: str) -> None:
        from omemo_dr.session_manager import OMEMOSessionManager
        from omemo_dr.structs import OMEMOConfig

        self.jid = jid
        self._manager: Any = OMEMOSessionManager(jid, new_store(), OMEMOConfig(100, 80, 1 << 40, 1 << 40, 10**9))
        self.device_id: int = self._manager.get_our_device()
        self.fingerprint: str = self._manager.get_our_fingerprint(formatted=False).lower()

    async def bundle(self) -> Element:
        bundle = self._manager.get_bundle(AXOLOTL)
        element = Element(f"{NS}bundle")
        spk = ET.SubElement(element, f"{NS}signedPreKeyPublic", {"signedPreKeyId": str(bundle.spk["id"])})
        spk.text = _b64(bundle.spk["key"])
        ET.SubElement(element, f"{NS}signedPreKeySignature").text = _b64(bundle.spk_signature)
        ET.SubElement(element, f"{NS}identityKey").text = _b64(bundle.ik)
        prekeys = ET.SubElement(element, f"{NS}prekeys")
        for key in bundle.otpks:
            ET.SubElement(prekeys, f"{NS}preKeyPublic", {"preKeyId": str(key["id"])}).text = _b64(key["key"])
        return element

    async def meet(self, jid: str, device_id: int, bundle: Element) -> None:
        from omemo_dr.structs import OMEMOBundle

        spk = bundle.find(f"{NS}signedPreKeyPublic")
        assert spk is not None
        parsed = OMEMOBundle(
            device_id=device_id,
            ik=_bytes(bundle.find(f"{NS}identityKey")),
            namespace=AXOLOTL,
            otpks=[{"key": _bytes(key), "id": int(key.attrib["preKeyId"])} for key in bundle.iter(f"{NS}preKeyPublic")],
            spk={"key": _bytes(spk), "id": int(spk.attrib["signedPreKeyId"])},
            spk_signature=_bytes(bundle.find(f"{NS}signedPreKeySignature")),
        )
        self._parsed = parsed
        self._manager.update_devicelist(jid, [device_id])

    def _opened(self, jid: str) -> None:
        if self._manager.get_devices_without_sessions(jid):
            self._manager.build_session(jid, self._parsed)

    def _element(self, message: Any) -> Element:
        element = Element(f"{NS}encrypted")
        header = ET.SubElement(element, f"{NS}header", {"sid": str(message.sid)})
        for rid, (data, is_exchange) in message.keys.items():
            attributes = {"rid": str(rid)} | ({"prekey": "1"} if is_exchange else {})
            ET.SubElement(header, f"{NS}key", attributes).text = _b64(data)
        ET.SubElement(header, f"{NS}iv").text = _b64(message.iv)
        if message.payload is not None:
            ET.SubElement(element, f"{NS}payload").text = _b64(message.payload)
        return element

    async def say(self, jid: str, text: str) -> Element:
        self._opened(jid)
        return self._element(self._manager.encrypt(jid, text, groupchat=False))

    async def nod(self, jid: str, device_id: int) -> Element:
        self._opened(jid)
        return self._element(self._manager.encrypt_key_transport(jid, [device_id]))

    async def hear(self, jid: str, element: Element) -> str:
        from omemo_dr import exceptions
        from omemo_dr.structs import OMEMOMessage

        header = element.find(f"{NS}header")
        assert header is not None
        payload = element.find(f"{NS}payload")
        message = OMEMOMessage(
            sid=int(header.attrib["sid"]),
            iv=_bytes(header.find(f"{NS}iv")),
            keys={
                int(key.attrib["rid"]): (_bytes(key), key.get("prekey") in {"true", "1"})
                for key in header.iter(f"{NS}key")
            },
            payload=None if payload is None else _bytes(payload),
        )
        try:
            text, _, _ = self._manager.decrypt_message(message, jid)
        except exceptions.KeyExchangeMessage:
            return ""
        return str(text)
