"""Lines of text on a page, in whichever fonts and directions their letters need."""

from __future__ import annotations

from typing import Any

from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import ShapedStr, TTFont, shapeStr
from reportlab.platypus import Flowable

from plauder.money.billing.fonts import HAN, HANGUL, pieces

LONGEST = 2_000


class Lines(Flowable):
    """One paragraph, broken where it is too wide: between words, or anywhere in one that fills a line alone."""

    def __init__(self, text: str, style: ParagraphStyle) -> None:
        super().__init__()
        self._text = " ".join(text[:LONGEST].split())
        self._style = style
        self._lines: list[str] = []

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self._lines = self._broken(width)
        self.width = width
        self.height = len(self._lines) * self._style.leading
        return width, self.height

    def _broken(self, width: float) -> list[str]:
        lines: list[str] = []
        for word in _words(self._text):
            if lines and self._width((lines[-1] + word).strip()) <= width:
                lines[-1] += word
                continue
            lines.append("")
            for letter in [word] if self._width(word.strip()) <= width else word:
                if lines[-1] and self._width(lines[-1] + letter) > width:
                    lines.append("")
                lines[-1] += letter
        return [line.strip() for line in lines]

    def _width(self, text: str) -> float:
        return sum(width for _, _, width in self._shaped(text))

    def _shaped(self, text: str) -> list[tuple[str, str, float]]:
        """(font, what to draw, width in points) from left to right."""
        size = self._style.fontSize
        return [(one.font, *_shape(one.text, one.font, size)) for one in pieces(text, self._style.fontName)]

    def draw(self) -> None:
        style = self._style
        self.canv.setFillColor(style.textColor)
        for number, line in enumerate(self._lines, start=1):
            shaped = self._shaped(line)
            x = self.width - sum(width for _, _, width in shaped) if style.alignment == TA_RIGHT else 0.0
            y = self.height - number * style.leading + (style.leading - style.fontSize)
            for font, text, width in shaped:
                written: Any = self.canv.beginText(x, y)
                written.setFont(font, style.fontSize)
                written.textOut(text)
                self.canv.drawText(written)
                x += width


def _words(text: str) -> list[str]:
    """Where a line may end: after a space, and after any letter of scripts that know none."""
    words = [""]
    for letter in text:
        words[-1] += letter
        if letter == " " or any(one.font in (HAN, HANGUL) for one in pieces(letter, "Helvetica")):
            words.append("")
    return [word for word in words if word]


def _shape(text: str, font: str, size: float) -> tuple[str, float]:
    """What joins or moves beside others is joined and moved (HarfBuzz), and how wide that is."""
    if isinstance(pdfmetrics.getFont(font), TTFont):
        shaped: Any = shapeStr(text, font, size)
        if isinstance(shaped, ShapedStr):
            data: Any = shaped
            return shaped, sum(one.x_advance for one in data.__shapeData__) * size / 1_000
        text = shaped
    return text, pdfmetrics.stringWidth(text, font, size)
