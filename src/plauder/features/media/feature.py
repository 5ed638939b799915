"""HTTP File Upload on the server's own address (XEP-0363 1.1): registration and the one request."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from plauder.features.media.service import Grant, Media, Refused
from plauder.wire.forms import Form
from plauder.wire.stanza_error import ErrorType, StanzaError
from plauder.wire.xml import E

if TYPE_CHECKING:
    from plauder.core.server import Server
    from plauder.core.session import Session
    from plauder.wire.stanza import Stanza

NS = "urn:xmpp:http:upload:0"
SWEEP_SECONDS = 600.0
_ERRORS: dict[str, tuple[ErrorType, str, str]] = {
    "too-large": ("modify", "not-acceptable", "The file is too large."),
    "empty": ("modify", "bad-request", "The file has no size."),
    "type-blocked": ("modify", "not-acceptable", "Files of this type are not accepted here."),
    "daily-quota": ("wait", "resource-constraint", "You have uploaded as much as you may in a day; try again later."),
    "kept-quota": ("wait", "resource-constraint", "Your files take all of your room; delete some or wait."),
    "disk-full": ("wait", "resource-constraint", "The server has no room for files right now; try again later."),
}


def register(server: Server, media: Media) -> None:
    """Give slots, announce the size limit, sweep expired files, forget those of removed accounts."""

    async def request(session: Session, iq: Stanza, payload: Element) -> Element:
        name, size = payload.get("filename", ""), payload.get("size", "")
        if not name or not (size.isascii() and size.isdigit() and len(size) <= 15):
            raise StanzaError("modify", "bad-request", "A slot needs a filename and a size in bytes.")
        try:
            grant = await media.grant(
                str(session.account), name, int(size), payload.get("content-type", "application/octet-stream")
            )
        except Refused as refused:
            raise _error(str(refused.details["why"]), media.policy.max_bytes) from None
        return _slot(grant)

    async def sweep() -> None:
        await media.sweep()

    server.advertise(NS)
    server.identity("store", "file", "Files")
    server.extended_info(Form.of("result", NS, {"max-file-size": str(media.policy.max_bytes)}))
    server.on_iq("get", NS, "request", do=request)
    server.on_forgotten(lambda account: media.forget(str(account)))
    server.every(SWEEP_SECONDS, sweep, "media: sweep expired files")


def _slot(grant: Grant) -> Element:
    header = E(f"{{{NS}}}header", {"name": "Authorization"}, f"Bearer {grant.secret}")
    put = E(f"{{{NS}}}put", {"url": grant.put_url}, header)
    return E(f"{{{NS}}}slot", {}, put, E(f"{{{NS}}}get", {"url": grant.get_url}))


def _error(why: str, max_bytes: int) -> StanzaError:
    kind, condition, text = _ERRORS[why]
    app = None
    if why == "too-large":
        app = E(f"{{{NS}}}file-too-large", {}, E(f"{{{NS}}}max-file-size", {}, str(max_bytes)))
    return StanzaError(kind, condition, text, app)
