"""Invoices as people and machines read them: PDF, JSON, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from xml.sax.saxutils import escape

import orjson
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from plauder.kit.money import MICRO, Money
from plauder.money.billing.fonts import is_plain
from plauder.money.billing.invoices import CREDIT_NOTE, Document, Line
from plauder.money.billing.lines import Lines

_TITLES = {"invoice": "Invoice", CREDIT_NOTE: "Credit note"}
_INK, _LINE = colors.HexColor("#13202b"), colors.HexColor("#e2dfd9")


def to_json(document: Document) -> bytes:
    """The whole document; amounts are integer micro-units of `currency`."""
    return orjson.dumps(asdict(document), option=orjson.OPT_INDENT_2)


def to_csv(document: Document) -> str:
    """One row a line, then tax, rounding and total; amounts as exact decimals."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["document", "market", "category", "type", "messages", "unit", "amount", "currency"])

    def row(market: str, category: str, type_: str, messages: int | str, unit: str, amount: int) -> None:
        exact = f"{Money(amount, document.currency).decimal:f}"
        writer.writerow([document.number, market, category, type_, messages, unit, exact, document.currency])

    for line in document.lines:
        row(line.market, line.category, line.type, line.messages, _exact(line.unit, document.currency), line.amount)
    for name in ("tax", "rounding", "total"):
        row("", "", name, "", "", getattr(document, name))
    return out.getvalue()


def to_pdf(document: Document) -> bytes:
    """A page to print and to keep."""
    styles = getSampleStyleSheet()
    plain = ParagraphStyle("plain", parent=styles["Normal"], textColor=_INK, leading=14)
    title = ParagraphStyle("title", parent=plain, fontName="Helvetica-Bold", fontSize=22, leading=28)
    kind = _TITLES[document.kind]
    about = f"for {document.about} · issued {document.issued} · due {document.due}"
    if document.kind == CREDIT_NOTE:  # nothing is to be paid
        about = f"on invoice {document.about} · issued {document.issued}"
    story: list[Flowable] = [
        *paragraphs(document.seller, plain),
        Spacer(1, 12 * mm),
        *paragraphs("\n".join(v for v in document.buyer.values() if v), plain),
        Spacer(1, 10 * mm),
        *paragraphs(f"{kind} {document.number}", title),
        *paragraphs(about, plain),
        *(paragraphs(f"Reason: {document.reason}", plain) if document.reason else []),
        Spacer(1, 6 * mm),
        _table(document),
    ]
    buffer = io.BytesIO()
    template = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=20 * mm,
        rightMargin=20 * mm,
        title=f"{kind} {document.number}",
        author=document.seller,
    )
    template.build(story)
    return buffer.getvalue()


def paragraphs(text: str, style: ParagraphStyle) -> list[Flowable]:
    """One for each line."""
    lines = text.splitlines()
    return [Paragraph(escape(line), style) if is_plain(line) else Lines(line, style) for line in lines]


def _table(document: Document) -> Table:
    head = ["Market", "Category", "Messages", "Each", f"Amount {document.currency}"]
    # Every amount of a column has as many decimals as the one that needs most: points stand under points.
    places = _places([line.unit for line in document.lines])
    sums_ = (document.net, document.tax, document.rounding)
    exact = _places([*(line.amount for line in document.lines), *sums_])
    body = [_cells(line, places, exact) for line in document.lines]
    tax = f"{document.tax_name} {document.tax_basis_points / 100:g} %"
    sums = [("Net", document.net), (tax, document.tax), ("Rounding", document.rounding), ("Total", document.total)]
    right = ParagraphStyle("sum", textColor=_INK, alignment=TA_RIGHT)
    names = [paragraphs(name, right) for name, _ in sums[:-1]]
    feet = [
        ["", "", "", name, _decimal(micros, exact)] for name, (_, micros) in zip([*names, "Total"], sums, strict=True)
    ]
    feet[-1][-1] = _decimal(document.total, 2)
    widths = [40 * mm, 44 * mm, 24 * mm, 28 * mm, 29 * mm]
    table = Table([head, *body, *feet], colWidths=widths, repeatRows=1, hAlign="LEFT")
    style = TableStyle()
    style.add("LEFTPADDING", (0, 0), (0, -1), 0)
    style.add("RIGHTPADDING", (-1, 0), (-1, -1), 0)
    style.add("TEXTCOLOR", (0, 0), (-1, -1), _INK)
    style.add("FONT", (0, 0), (-1, 0), "Helvetica-Bold")
    style.add("FONT", (0, -1), (-1, -1), "Helvetica-Bold")
    style.add("ALIGN", (2, 0), (-1, -1), "RIGHT")
    style.add("LINEBELOW", (0, 0), (-1, -5), 0.5, _LINE)
    table.setStyle(style)
    return table


def _cells(line: Line, places: int, exact: int) -> list[str]:
    each = "free" if not line.unit else _decimal(line.unit, places)
    return [_market(line.market), line.category, f"{line.messages:,}", each, _decimal(line.amount, exact)]


def _market(name: str) -> str:
    """ "rest-of-western-europe" as people write it; countries stay their two letters."""
    return " ".join(word if word in ("of", "and") else word[:1].upper() + word[1:] for word in name.split("-"))


def _places(amounts: Sequence[int]) -> int:
    """How many decimals show all of these micro-units: two to six."""
    return max(2, *(len(f"{abs(micros) % MICRO:06d}".rstrip("0")) for micros in (*amounts, 0)))


def _decimal(micros: int, places: int) -> str:
    return f"{Decimal(micros) / MICRO:,.{max(places, 2)}f}"


def _exact(micros: int, currency: str) -> str:
    """At least two, at most six decimals: nothing is rounded away."""
    whole, _, part = f"{Money(micros, currency).decimal:f}".partition(".")
    return f"{whole}.{part.rstrip('0').ljust(2, '0')}"
