"""Reads requests and decides what becomes of a stanza between two people. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from xml.etree.ElementTree import Element

from plauder.core.hooks import Verdict
from plauder.core.people import BlockList, Report
from plauder.wire.jid import InvalidJid, Jid
from plauder.wire.stanza import Stanza
from plauder.wire.stanza_error import StanzaError
from plauder.wire.xml import E

NS: Final = "urn:xmpp:blocking"
ITEM: Final = f"{{{NS}}}item"
ERRORS: Final = "urn:xmpp:blocking:errors"

MAX_BLOCKED: Final = 5_000

REPORTING: Final = "urn:xmpp:reporting:1"
REPORT: Final = f"{{{REPORTING}}}report"
STANZA_ID: Final = "{urn:xmpp:sid:0}stanza-id"
MAX_REASON: Final = 1_023
MAX_TEXT: Final = 4_096
MAX_EVIDENCE: Final = 32


def read(payload: Element) -> list[Jid]:
    """The addresses that a `<block/>` or `<unblock/>` names. Raises StanzaError."""
    try:
        return list(dict.fromkeys(Jid.parse(item.get("jid", "")) for item in payload.findall(ITEM)))
    except InvalidJid as error:
        raise StanzaError("modify", "jid-malformed", "One of the addresses is not valid.") from error


def reports_in(block: Element, reporter: Jid, at: datetime) -> list[Report]:
    """The reports in a `<block/>` (XEP-0377 §2): a registered or private reason, words, messages as evidence."""
    found: list[Report] = []
    for item in block.findall(ITEM):
        report = item.find(REPORT)
        if report is None:
            continue
        reason = report.get("reason", "")[:MAX_REASON]
        text = (report.findtext(f"{{{REPORTING}}}text") or "")[:MAX_TEXT]
        ids = [f"{e.get('by', '')} {e.get('id', '')}"[:MAX_REASON] for e in report.findall(STANZA_ID)]
        jid = Jid.parse(item.get("jid", ""))
        found.append(Report(reporter.text, jid.text, reason, text, tuple(ids[:MAX_EVIDENCE]), at))
    return found


def listed(tag: str, jids: list[Jid]) -> Element:
    """`<blocklist/>`, `<block/>` or `<unblock/>` with these addresses."""
    return E(f"{{{NS}}}{tag}", None, *(E(ITEM, {"jid": jid.text}) for jid in jids))


def leaving(stanza: Stanza, blocked: BlockList, to: Jid) -> Verdict | None:
    """May the owner of the list send this? XEP-0191 §3.3, example 6: not to whom they block."""
    if to not in blocked or stanza.type in ("error", "result", "unavailable"):
        return None
    error = StanzaError("cancel", "not-acceptable", "You have blocked this address.", E(f"{{{ERRORS}}}blocked"))
    return Verdict.refuse(error, "to a blocked address")


def arriving(stanza: Stanza, blocked: BlockList, sender: Jid) -> Verdict | None:
    """May this reach the owner of the list? XEP-0191 §3.3: as if they were not there."""
    if sender not in blocked:
        return None
    if stanza.kind == "presence" or stanza.type in ("error", "headline", "result"):
        return Verdict.consume("from a blocked address")
    return Verdict.refuse(StanzaError("cancel", "service-unavailable"), "from a blocked address")
