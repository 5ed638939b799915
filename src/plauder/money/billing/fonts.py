"""Names of the whole world on a printed page: which font has a letter, and what stands left of what.

The fonts every PDF reader has know the letters of cp1252. The rest of Latin, Greek, Cyrillic and Devanagari are in Noto
Sans, Arabic and Thai in its sisters, Hebrew in Heebo; they are embedded where they are needed. Chinese, Japanese and
Korean go by the names of fonts that readers bring for them (ISO 32000-1 §9.7.5.2). Letters of other scripts become
question marks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from itertools import groupby, pairwise

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

from plauder.money.billing.bidi import levels

HAN, HANGUL = "STSong-Light", "HYSMyeongJo-Medium"

_EMBEDDED = {
    "NotoSans": ("fontpkg_noto_sans", "NotoSans[wdth,wght].ttf"),
    "NotoSansArabic": ("fontpkg_noto_sans_arabic", "NotoSansArabic[wdth,wght].ttf"),
    "Heebo": ("fontpkg_heebo", "Heebo[wght].ttf"),
    "NotoSansThai": ("fontpkg_noto_sans_thai", "NotoSansThai[wdth,wght].ttf"),
}
_Run = tuple[int, str | None, str]
"""Level, font, letters."""
_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")
_RIGHT_TO_LEFT = frozenset({"NotoSansArabic", "Heebo"})


@dataclass(frozen=True, slots=True)
class Piece:
    """Letters of one font; `text` is in the order of reading, unless nothing of it says which way it goes."""

    font: str
    text: str


@cache
def _fonts() -> Mapping[str, frozenset[int]]:
    """Font → what it can show. Registers them: they are megabytes, and most invoices do without."""
    shown = {}
    for name, (package, file) in _EMBEDDED.items():
        with as_file(files(package).joinpath("files", file)) as path:
            font = TTFont(name, str(path))
        pdfmetrics.registerFont(font)
        shown[name] = frozenset(font.face.charToGlyph)
    for name in (HAN, HANGUL):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return shown


def is_plain(text: str) -> bool:
    """Whether every reader's own fonts can show it."""
    try:
        unicodedata.normalize("NFC", text).encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def pieces(text: str, plain: str) -> list[Piece]:
    """The text of one line from left to right; `plain` is the font for the letters of cp1252."""
    letters = levels(unicodedata.normalize("NFC", text))
    fonts = _chosen([letter for letter, _ in letters], plain)
    runs = [
        (level, font, "".join(letter for (letter, _), _ in run))
        for (level, font), run in groupby(zip(letters, fonts, strict=True), lambda one: (one[0][1], one[1]))
    ]
    return [Piece(font or plain, _read(text, level, font)) for level, font, text in _visual(runs)]


def _chosen(letters: list[str], plain: str) -> list[str | None]:
    """A font for each letter. Marks stay in the font of what they stand on, which joins them."""
    found = [_font_of(letter, plain) for letter in letters]
    for place, (before, letter) in enumerate(pairwise(letters), start=1):
        beneath = found[place - 1]
        if before and unicodedata.combining(letter) and beneath in _EMBEDDED and ord(letter) in _fonts()[beneath]:
            found[place] = beneath
    return found


def _font_of(letter: str, plain: str) -> str | None:
    """None where there is none."""
    if is_plain(letter):
        return plain
    for name, letters in _fonts().items():
        if ord(letter) in letters:
            return name
    name = unicodedata.name(letter, "")
    if name.startswith("HANGUL SYLLABLE"):
        return HANGUL
    if name.startswith(("CJK UNIFIED", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC")) and ord(letter) < 0x10000:
        return HAN
    return None


def _visual(runs: Sequence[_Run]) -> list[_Run]:
    """UAX #9 rule L2: from the highest level to the lowest odd one, what is at least there is turned round."""
    ordered = list(runs)
    for level in range(max((run[0] for run in runs), default=0), 0, -1):
        start = 0
        while start < len(ordered):
            end = start
            while end < len(ordered) and ordered[end][0] >= level:
                end += 1
            ordered[start:end] = reversed(ordered[start:end])
            start = max(end, start + 1)
    return ordered


def _read(text: str, level: int, font: str | None) -> str:
    """What is handed to the font. One that runs to the left turns its letters round itself; for others that is done."""
    if font is None:
        return "?" * len(text)
    if level % 2 == 0 or font in _RIGHT_TO_LEFT:
        return text
    return text[::-1].translate(_MIRRORED)
