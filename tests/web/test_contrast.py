"""Measures WCAG 2.2 contrast of every colour pair the interface uses, straight from its tokens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).resolve().parents[2] / "web" / "app" / "src" / "ui" / "tokens.css"
TEXT, CONTROL = 4.5, 3.0
"""1.4.3 (AA, text) and 1.4.11 (controls and graphics)."""

PAIRS = [
    *[("ink", ground, TEXT) for ground in ("ground", "surface", "surface-2", "surface-3", "bubble-in", "bubble-out")],
    *[("ink-2", ground, TEXT) for ground in ("ground", "surface", "surface-2", "surface-3", "bubble-in", "bubble-out")],
    *[("ink-3", ground, TEXT) for ground in ("ground", "surface", "surface-2", "surface-3", "bubble-in")],
    *[("brand", ground, TEXT) for ground in ("ground", "surface", "surface-2", "bubble-in", "bubble-out")],
    ("on-brand", "brand", TEXT),
    ("brand-strong", "brand-soft", TEXT),
    ("brand-strong", "bubble-out", TEXT),
    ("on-coral", "coral", TEXT),
    ("coral", "surface", TEXT),
    ("coral", "coral-soft", TEXT),
    ("on-plum", "plum", TEXT),
    ("plum", "surface", TEXT),
    ("plum", "plum-soft", TEXT),
    *[(name, ground, TEXT) for name in ("ok", "warn", "danger") for ground in ("surface", f"{name}-soft")],
    ("danger", "bubble-out", TEXT),
    *[(name, "bubble-in", TEXT) for name in ("brand-strong", "plum", "ok", "coral", "warn")],
    *[("line-strong", ground, CONTROL) for ground in ("ground", "surface", "surface-2")],
    *[(f"c{n}", "surface", CONTROL) for n in range(1, 6)],
]


def palette(theme: str) -> dict[str, str]:
    """Colours of a theme by name, as #rrggbb."""
    block = re.search(rf'\[data-theme="{theme}"\]\s*{{(.*?)\n}}', TOKENS.read_text(), re.DOTALL)
    assert block, f"no theme {theme}"
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", block.group(1)))


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_knows_black_on_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back", "needs"), PAIRS, ids=lambda value: str(value))
def test_every_pair_is_legible(theme: str, front: str, back: str, needs: float) -> None:
    colours = palette(theme)
    assert contrast(colours[front], colours[back]) >= needs
