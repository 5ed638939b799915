"""Names of the whole world on a printed page.

The fonts every PDF reader has know the letters of cp1252. Noto Sans, which is embedded where it is needed, has the rest
of Latin, Greek, Cyrillic and Devanagari; Chinese, Japanese and Korean go by the names of fonts that readers bring for
them (ISO 32000-1 §9.7.5.2). Letters of other scripts become question marks.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import as_file, files
from itertools import groupby
from xml.sax.saxutils import escape

from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph

_WIDE, _HAN, _HANGUL = "NotoSans", "STSong-Light", "HYSMyeongJo-Medium"


@cache
def _letters() -> frozenset[int]:
    """What Noto Sans can show. Registers the fonts: the file is two megabytes, and most invoices do without it."""
    with as_file(files("fontpkg_noto_sans").joinpath("files", "NotoSans[wdth,wght].ttf")) as path:
        font = TTFont(_WIDE, str(path))
    pdfmetrics.registerFont(font)
    for name in (_HAN, _HANGUL):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return frozenset(font.face.charToGlyph)


def paragraphs(text: str, style: ParagraphStyle) -> list[Flowable]:
    """One for each line. A line with letters beyond cp1252 is in Noto Sans as a whole, so that letters which change or
    move beside others (Devanagari) are joined: that works in one font alone."""
    return [_paragraph(line, style) for line in text.splitlines()]


def _paragraph(line: str, style: ParagraphStyle) -> Paragraph:
    fonts = {_font_of(letter) for letter in unicodedata.normalize("NFC", line)}
    if _WIDE in fonts:
        joins = int(not fonts & {_HAN, _HANGUL})
        style = ParagraphStyle(f"{style.name}-wide", parent=style, fontName=_WIDE, shaping=joins)
    return Paragraph(marked_up(line), style)


def marked_up(text: str) -> str:
    """`text` as the markup of a paragraph: escaped, and each run of letters in a font that has them."""
    runs = groupby(unicodedata.normalize("NFC", text), _font_of)
    return "".join(_run(font, "".join(letters)) for font, letters in runs)


def _run(font: str | None, text: str) -> str:
    if font is None:
        return "?" * len(text)
    return f'<font name="{font}">{escape(text)}</font>' if font else escape(text)


def _font_of(letter: str) -> str | None:
    """The font for a letter: "" for the one of the paragraph, None where there is none."""
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        pass
    else:
        return ""
    if ord(letter) in _letters():
        return _WIDE
    name = unicodedata.name(letter, "")
    if name.startswith("HANGUL SYLLABLE"):
        return _HANGUL
    if name.startswith(("CJK UNIFIED", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC")) and ord(letter) < 0x10000:
        return _HAN
    return None
