"""Names of the whole world on a page: every letter in a font that has it, in the order in which it is drawn."""

from __future__ import annotations

from unicodedata import bidirectional

import pytest
from bidi import get_display
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle

from plauder.money.billing.bidi import levels
from plauder.money.billing.fonts import is_plain, pieces
from plauder.money.billing.lines import Lines

STYLE = ParagraphStyle("plain", fontName="Helvetica", fontSize=10, leading=14)
P, N, A, H, T = "Helvetica", "NotoSans", "NotoSansArabic", "Heebo", "NotoSansThai"
HAN, HANGUL = "STSong-Light", "HYSMyeongJo-Medium"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Müller & Söhne <GmbH>", [(P, "Müller & Söhne <GmbH>")]),
        ("Łódź", [(N, "Ł"), (P, "ód"), (N, "ź")]),
        ("Lo\u0301dz", [(P, "Lódz")]),
        ("Хлеб हिन्दी", [(N, "Хлеб"), (P, " "), (N, "हिन्दी")]),
        ("น้ำ 5", [(T, "น้ำ"), (P, " 5")]),
        ("面包店 빵", [(HAN, "面包店"), (P, " "), (HANGUL, "빵")]),
        # Right to left: the first word stands at the right end, and is handed over as it is read.
        ("مخبز الشمس", [(A, "الشمس"), (P, " "), (A, "مخبز")]),
        ("הרצל 15, תל אביב", [(H, "אביב"), (P, " "), (H, "תל"), (P, " ,"), (P, "15"), (P, " "), (H, "הרצל")]),
        ("فرع (12)", [(P, "("), (P, "12"), (P, ") "), (A, "فرع")]),
        ("Sun شمس LLC", [(P, "Sun "), (A, "شمس"), (P, " LLC")]),
        ("\u10e5\u10d0\U0001f950", [(P, "???")]),
        ("", []),
    ],
)
def test_every_letter_is_in_a_font_that_has_it_and_in_its_place(text: str, shown: list[tuple[str, str]]) -> None:
    assert [(one.font, one.text) for one in pieces(text, P)] == shown


SOME = "abc אבג دبم 123٤٥ ,.:()[]-+/%€$\u0651\u05b4"


@settings(max_examples=500)
@given(st.text(st.sampled_from(SOME), max_size=30))
def test_the_order_is_that_of_the_unicode_algorithm(text: str) -> None:
    text = text.strip()
    drawn = turned([(level, letter) for letter, level in levels(text)])
    assert drawn == get_display(text, base_dir="LR"[base_of(text)])


def base_of(text: str) -> int:
    return next((int(kind != "L") for kind in map(bidirectional, text) if kind in ("L", "R", "AL")), 0)


def turned(letters: list[tuple[int, str]]) -> str:
    for level in range(max((one[0] for one in letters), default=0), 0, -1):
        start = 0
        while start < len(letters):
            end = start
            while end < len(letters) and letters[end][0] >= level:
                end += 1
            letters[start:end] = reversed(letters[start:end])
            start = max(end, start + 1)
    return "".join(letter for _, letter in letters)


def test_a_line_breaks_between_words_and_in_words_that_are_too_wide() -> None:
    lines = Lines("Łódź " * 10 + "Ł" * 60 + " 面包店" * 8, STYLE)
    _, height = lines.wrap(120, 1_000)
    assert height == 14 * len(lines._lines)
    assert all(lines._width(line) <= 120 for line in lines._lines)
    assert "".join(lines._lines).replace(" ", "") == ("Łódź " * 10 + "Ł" * 60 + " 面包店" * 8).replace(" ", "")


@given(st.text(max_size=60))
def test_whatever_somebody_calls_themselves_can_be_measured(text: str) -> None:
    _, height = Lines(text, ParagraphStyle("sum", parent=STYLE, alignment=TA_RIGHT)).wrap(60, 1_000)
    assert height >= 0
    assert is_plain("Ana")
    assert not is_plain("Łódź")
