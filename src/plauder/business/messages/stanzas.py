"""Business messages as XMPP: what goes to people as elements, and what people's elements mean. Pure.

A message carries `<body>` for any client and `<business xmlns='urn:plauder:business:0' type='…'>JSON</business>` for
ours, both inside the encrypted envelope where there is one. What people send back is untrusted: it is taken only in
the shapes the webhooks know, and bounded.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

import orjson

from plauder.business.messages.ports import Payload
from plauder.core.storing import expiring
from plauder.wire.xml import E

BUSINESS = "urn:plauder:business:0"
CLIENT = "jabber:client"
RECEIPTS = "urn:xmpp:receipts"
MARKERS = "urn:xmpp:chat-markers:0"
STATES = "http://jabber.org/protocol/chatstates"
HINTS = "urn:xmpp:hints"
REPLY = "urn:xmpp:reply:0"
REACTIONS = "urn:xmpp:reactions:0"
CORRECT = "urn:xmpp:message-correct:0"
RETRACT = "urn:xmpp:message-retract:1"
FALLBACK = "urn:xmpp:fallback:0"
OOB = "jabber:x:oob"
NICK = "http://jabber.org/protocol/nick"
GEOLOC = "http://jabber.org/protocol/geoloc"
FORWARDED = "urn:plauder:forwarded:0"
SFS = "urn:xmpp:sfs:0"
ESFS = "urn:xmpp:esfs:0"
FILE = "urn:xmpp:file:metadata:0"
URL_DATA = "http://jabber.org/protocol/url-data"
AES_256_GCM = "urn:xmpp:ciphers:aes-256-gcm-nopadding:0"
MEDIA_EXTRA = "urn:plauder:media:0"
ORIGIN = "urn:xmpp:sid:0"

MAX_JSON = 65_536
MAX_TEXT = 65_536
MAX_IDS = 64

_AESGCM = re.compile(r"aesgcm://([^\s#]+)#((?:[0-9a-f]{2}){44}|(?:[0-9a-f]{2}){48})", re.IGNORECASE)
_GEO = re.compile(r"geo:(-?\d{1,3}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)(?:[;?]\S*)?")


# ── to people ─────────────────────────────────────────────────────────────────────────────────────────────────────


def content_of(payload: Payload, jid_of: Callable[[str], str]) -> list[Element]:
    """What is said: belongs inside the envelope. `jid_of` makes the address of a number's digits."""
    if payload.kind == "reaction":
        emojis = [E(f"{{{REACTIONS}}}reaction", {}, payload.emoji)] if payload.emoji else []
        return [E(f"{{{REACTIONS}}}reactions", {"id": payload.target}, *emojis)]
    elements = [E(f"{{{CLIENT}}}body", {}, payload.fallback)]
    if payload.business is not None:
        text = orjson.dumps(payload.business).decode()
        elements.append(E(f"{{{BUSINESS}}}business", {"type": payload.kind}, text))
    if payload.link:
        elements.append(E(f"{{{OOB}}}x", {}, E(f"{{{OOB}}}url", {}, payload.link)))
    if payload.quoted:
        elements.append(E(f"{{{REPLY}}}reply", {"id": payload.quoted, "to": jid_of(payload.quoted_by)}))
    return elements


def wrapping_of(payload: Payload) -> list[Element]:
    """What servers and devices need to see: belongs outside the envelope."""
    elements = [E(f"{{{ORIGIN}}}origin-id", {"id": payload.id}), E(f"{{{HINTS}}}store")]
    if payload.kind != "reaction":
        elements += [E(f"{{{RECEIPTS}}}request"), E(f"{{{MARKERS}}}markable")]
    if payload.expires_at is not None:
        elements.append(expiring(payload.expires_at))
    return elements


def displayed(stanza_id: str) -> list[Element]:
    return [E(f"{{{MARKERS}}}displayed", {"id": stanza_id}), E(f"{{{HINTS}}}store")]


def receipt(stanza_id: str) -> list[Element]:
    return [E(f"{{{RECEIPTS}}}received", {"id": stanza_id}), E(f"{{{HINTS}}}store")]


def composing() -> list[Element]:
    return [E(f"{{{STATES}}}composing"), E(f"{{{HINTS}}}no-store")]


# ── from people ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file somewhere; with key and IV it is encrypted (AES-GCM, tag at the end)."""

    url: str
    mime_type: str = ""
    name: str = ""
    caption: str = ""
    key: bytes = b""
    iv: bytes = b""
    voice: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What a person's message means. Empty `kind`: nothing to tell the business, perhaps receipts."""

    kind: str = ""
    content: Any = None
    quoted: str = ""
    target: str = ""
    nick: str = ""
    forwarded: bool = False
    file: SharedFile | None = None
    received: Sequence[str] = ()
    displayed: Sequence[str] = ()
    wants_receipt: bool = False
    marketing: str = ""
    referral_token: str = ""
    referred_product: Mapping[str, Any] | None = field(default=None)


def _find(elements: Sequence[Element], namespace: str, name: str) -> Element | None:
    tag = f"{{{namespace}}}{name}"
    return next((element for element in elements if element.tag == tag), None)


def _id_of(elements: Sequence[Element], namespace: str, name: str) -> str:
    element = _find(elements, namespace, name)
    return (element.get("id") or "")[:512] if element is not None else ""


def _ids(elements: Sequence[Element], tag: str) -> list[str]:
    return [found[:512] for element in elements if element.tag == tag and (found := element.get("id"))][:MAX_IDS]


def read(elements: Sequence[Element]) -> Said:
    """What these elements (of a message or an envelope) say. Never raises."""
    kind, marketing = "", ""
    content: Any = None
    file = _file(elements)
    business = _find(elements, BUSINESS, "business")
    text = _body(elements)
    target, reactions = "", _find(elements, REACTIONS, "reactions")
    referral = _find(elements, BUSINESS, "referral")
    if reactions is not None:
        emojis = [(item.text or "").strip()[:64] for item in reactions if item.text]
        kind, content, target = "reaction", {"emoji": emojis[-1] if emojis else ""}, reactions.get("id", "")[:512]
    elif target := _id_of(elements, RETRACT, "retract"):
        kind, content = "revoke", {}
    elif target := _id_of(elements, CORRECT, "replace"):
        kind, content = "edit", {"message": {"type": "text", "text": {"body": text}}}
    elif business is not None:
        kind, content, marketing = _answer(business)
    elif file is not None:
        kind, content = _file_kind(file), {}
    elif (place := _place(elements, text)) is not None:
        kind, content = "location", place
    elif text:
        kind, content = "text", {"body": text}
    return Said(
        kind=kind,
        content=content,
        quoted=_id_of(elements, REPLY, "reply"),
        target=target,
        nick=_text(_find(elements, NICK, "nick"))[:128],
        forwarded=_find(elements, FORWARDED, "forwarded") is not None,
        file=file if kind in ("image", "video", "audio", "document", "sticker") else None,
        received=_ids(elements, f"{{{RECEIPTS}}}received"),
        displayed=_ids(elements, f"{{{MARKERS}}}displayed"),
        wants_receipt=_find(elements, RECEIPTS, "request") is not None,
        marketing=marketing,
        referral_token=(referral.get("token") or "")[:2_048] if referral is not None else "",
    )


def _text(element: Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _body(elements: Sequence[Element]) -> str:
    """The body without what is there for clients that know no replies (XEP-0428)."""
    element = _find(elements, CLIENT, "body")
    text = (element.text or "")[:MAX_TEXT] if element is not None else ""
    for fallback in elements:
        if fallback.tag == f"{{{FALLBACK}}}fallback" and fallback.get("for") == REPLY:
            part = fallback.find(f"{{{FALLBACK}}}body")
            if part is not None:
                return _without(text, part.get("start", "0"), part.get("end", str(len(text))))
    return text


def _without(text: str, start: str, end: str) -> str:
    if not (start.isascii() and start.isdecimal() and end.isascii() and end.isdecimal()):
        return text
    first, last = int(start), int(end)
    return text[:first] + text[last:] if first <= last <= len(text) else text


def _place(elements: Sequence[Element], text: str) -> dict[str, Any] | None:
    geoloc = _find(elements, GEOLOC, "geoloc")
    if geoloc is not None:
        found = _text(geoloc.find(f"{{{GEOLOC}}}lat")), _text(geoloc.find(f"{{{GEOLOC}}}lon"))
        name = _text(geoloc.find(f"{{{GEOLOC}}}description"))[:1_000]
    elif match := _GEO.fullmatch(text.strip()):
        found, name = (match[1], match[2]), ""
    else:
        return None
    return _coordinates(*found, name)


def _coordinates(latitude: Any, longitude: Any, name: str = "", address: str = "") -> dict[str, Any] | None:
    try:
        lat, lon = float(latitude), float(longitude)
    except (TypeError, ValueError, OverflowError):
        return None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None
    place: dict[str, Any] = {"latitude": lat, "longitude": lon}
    return place | ({"name": name} if name else {}) | ({"address": address} if address else {})


# ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _file(elements: Sequence[Element]) -> SharedFile | None:
    share = _find(elements, SFS, "file-sharing")
    if share is not None:
        return _shared(share)
    text = _text(_find(elements, CLIENT, "body"))
    if match := _AESGCM.match(text):
        secret = bytes.fromhex(match[2])
        url = f"https://{match[1]}"
        return SharedFile(url, name=url.rsplit("/", 1)[-1], key=secret[-32:], iv=secret[:-32])
    oob = _find(elements, OOB, "x")
    url = _text(oob.find(f"{{{OOB}}}url")) if oob is not None else ""
    if url and url == text and url.startswith(("http://", "https://")):
        return SharedFile(url[:2_048], name=url.partition("?")[0].rsplit("/", 1)[-1])
    return None


def _shared(share: Element) -> SharedFile | None:
    """XEP-0447 with a plain or an encrypted (XEP-0448) source."""
    meta = share.find(f"{{{FILE}}}file")
    encrypted = share.find(f"{{{SFS}}}sources/{{{ESFS}}}encrypted")
    key = iv = b""
    if encrypted is not None:
        if encrypted.get("cipher") != AES_256_GCM:
            return None
        key, iv = _bytes(encrypted.find(f"{{{ESFS}}}key")), _bytes(encrypted.find(f"{{{ESFS}}}iv"))
        if len(key) != 32 or not 12 <= len(iv) <= 16:
            return None
    holder = encrypted if encrypted is not None else share
    source = holder.find(f"{{{SFS}}}sources/{{{URL_DATA}}}url-data")
    url = source.get("target", "") if source is not None else ""
    if not url.startswith(("http://", "https://")) or len(url) > 2_048:
        return None

    def metadata(name: str) -> str:
        return _text(meta.find(f"{{{FILE}}}{name}")) if meta is not None else ""

    return SharedFile(
        url,
        metadata("media-type")[:128],
        metadata("name")[:240],
        metadata("desc")[:1_024],
        key,
        iv,
        share.find(f"{{{MEDIA_EXTRA}}}voice") is not None,
    )


def _bytes(element: Element | None) -> bytes:
    """Base64 as XEP-0448 has it, or hex as older builds of the app sent it."""
    text = _text(element)
    try:
        return bytes.fromhex(text) if len(text) in (24, 32, 64) and _is_hex(text) else base64.b64decode(text)
    except (ValueError, binascii.Error):
        return b""


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdefABCDEF" for character in text)


def _file_kind(file: SharedFile) -> str:
    kind = file.mime_type.partition("/")[0]
    if file.mime_type == "image/webp" and not file.caption:
        return "sticker"
    if not kind:
        suffix = file.name.rsplit(".", 1)[-1].lower()
        kind = {"jpg": "image", "jpeg": "image", "png": "image", "mp4": "video", "ogg": "audio", "m4a": "audio"}.get(
            suffix, ""
        )
    return kind if kind in ("image", "video", "audio") else "document"


# ── answers of our own app ────────────────────────────────────────────────────────────────────────────────────────

_UNSUPPORTED = {
    "errors": [
        {
            "code": 131051,
            "title": "Message type unknown",
            "message": "Message type unknown",
            "error_data": {"details": "Message type is currently not supported."},
        }
    ],
    "unsupported": {"type": "unknown"},
}


def _answer(element: Element) -> tuple[str, Any, str]:
    """(kind, content, wish about marketing) of a `<business>` element."""
    text = element.text or ""
    try:
        value = orjson.loads(text) if len(text) <= MAX_JSON else None
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        return "unsupported", _UNSUPPORTED, ""
    kind = str(value.get("type") or element.get("type") or "")
    if kind == "user_preferences" and value.get("value") in ("stop", "resume"):
        return "", None, str(value["value"])
    reader = _ANSWERS.get(kind)
    inner = value.get(kind, value) if reader is not _interactive else value.get("interactive", value)
    content = reader(inner) if reader else None
    if content is None:
        return "unsupported", _UNSUPPORTED, ""
    return ("interactive" if reader is _interactive else kind), content, ""


def _line(value: Any, most: int) -> str:
    return value[:most] if isinstance(value, str) else ""


def _interactive(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    kind = value.get("type") or next((name for name in _REPLIES if name in value), "")
    reply = value.get(kind) if isinstance(kind, str) else None
    if kind not in _REPLIES or not isinstance(reply, dict):
        return None
    if kind in ("button_reply", "list_reply"):
        kept = {name: _line(reply.get(name), 256) for name in ("id", "title")}
        if description := _line(reply.get("description"), 256):
            kept["description"] = description
        return {"type": kind, kind: kept} if kept["id"] else None
    if kind == "nfm_reply":
        data = reply.get("response_json")
        data = data if isinstance(data, str) else orjson.dumps(data or {}).decode()
        kept = {"name": _line(reply.get("name"), 64) or "flow", "body": _line(reply.get("body"), 1_024) or "Sent"}
        return {"type": kind, kind: kept | {"response_json": data[:MAX_JSON]}}
    answer = reply.get("response")
    if answer not in ("accept", "reject"):
        return None
    return {"type": kind, kind: {"response": answer, "response_source": "user_action"}}


_REPLIES = ("button_reply", "list_reply", "nfm_reply", "call_permission_reply")


def _button(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict) or not _line(value.get("text"), 256):
        return None
    text = _line(value.get("text"), 256)
    return {"payload": _line(value.get("payload"), 256) or text, "text": text}


def _order(value: Any) -> dict[str, Any] | None:
    items = value.get("product_items") if isinstance(value, dict) else None
    if not isinstance(items, list) or not 1 <= len(items) <= 100:
        return None
    kept = []
    for item in items:
        quantity = item.get("quantity") if isinstance(item, dict) else None
        if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity <= 9_999:
            return None
        price = item.get("item_price")
        kept.append(
            {
                "product_retailer_id": _line(item.get("product_retailer_id"), 100),
                "quantity": quantity,
                "item_price": price if isinstance(price, int | float) and not isinstance(price, bool) else 0,
                "currency": _line(item.get("currency"), 3),
            }
        )
    text = _line(value.get("text"), 1_024)
    return {"catalog_id": _line(value.get("catalog_id"), 64), "product_items": kept} | ({"text": text} if text else {})


def _location(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    name, address = _line(value.get("name"), 1_000), _line(value.get("address"), 1_000)
    return _coordinates(value.get("latitude"), value.get("longitude"), name, address)


def _contacts(value: Any) -> list[Any] | None:
    if not isinstance(value, list) or not 1 <= len(value) <= 50:
        return None
    kept = []
    for item in value:
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, dict) or not _line(name.get("formatted_name"), 512):
            return None
        names = ("name", "phones", "emails", "urls", "addresses", "org", "birthday")
        asked = {"origin": "contact_request"} if item.get("origin") == "contact_request" else {}
        kept.append({key: item[key] for key in names if isinstance(item.get(key), dict | list | str)} | asked)
    return kept


_ANSWERS: Mapping[str, Callable[[Any], Any]] = {
    "reply": _interactive,
    "interactive": _interactive,
    "button_reply": _interactive,
    "list_reply": _interactive,
    "nfm_reply": _interactive,
    "call_permission_reply": _interactive,
    "button": _button,
    "order": _order,
    "location": _location,
    "contacts": _contacts,
}
