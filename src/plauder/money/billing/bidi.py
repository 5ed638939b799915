"""Which way each letter of a line runs: the Unicode bidirectional algorithm (UAX #9), without its controls. Pure.

Marks that embed, override or isolate are left out: a name that needs them shows as if it had none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_LEFT_OUT = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "BN", "B"})
_NEUTRAL = frozenset({"S", "WS", "ON"})
_RIGHT = frozenset({"R", "EN", "AN"})  # N1: numbers stand for R
_BRACKETS = {"(": ")", "[": "]", "{": "}"}  # of N0, those that names have
_DEEPEST = 63


def levels(text: str) -> list[tuple[str, int]]:
    """Each letter with its level: odd ones run to the left. The line runs as its first strong letter does."""
    letters = [letter for letter in text if unicodedata.bidirectional(letter) not in _LEFT_OUT]
    given = [unicodedata.bidirectional(letter) or "L" for letter in letters]
    base = next((int(kind != "L") for kind in given if kind in ("L", "R", "AL")), 0)
    side = "LR"[base]
    kinds = _weak(given, side)
    _brackets(letters, kinds, given, side)
    _neutral(kinds, side)
    steps = ({"R": 1, "AN": 2, "EN": 2}, {"L": 1, "AN": 1, "EN": 1})[base]
    found = [base + steps.get(kind, 0) for kind in kinds]
    _ends(found, given, base)
    return list(zip(letters, found, strict=True))


def _weak(given: Sequence[str], side: str) -> list[str]:
    """W1 to W7."""
    kinds, strong, before = [], side, side
    for kind in given:
        if kind == "NSM":
            kind = before  # W1
        before = kind
        if kind in ("L", "R", "AL"):
            strong = kind
        kinds.append("AN" if kind == "EN" and strong == "AL" else kind)  # W2
    kinds = ["R" if kind == "AL" else kind for kind in kinds]  # W3
    for place in range(1, len(kinds) - 1):  # W4
        kind, left, right = kinds[place], kinds[place - 1], kinds[place + 1]
        if left == right and ((kind == "ES" and left == "EN") or (kind == "CS" and left in ("EN", "AN"))):
            kinds[place] = left
    for start, end in _runs(kinds, frozenset({"ET"})):  # W5
        if "EN" in (kinds[start - 1] if start else "", kinds[end] if end < len(kinds) else ""):
            kinds[start:end] = ["EN"] * (end - start)
    kinds = ["ON" if kind in ("ET", "ES", "CS") else kind for kind in kinds]  # W6
    strong = side
    for place, kind in enumerate(kinds):  # W7
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[place] = "L"
    return kinds


def _brackets(letters: Sequence[str], kinds: list[str], given: Sequence[str], side: str) -> None:
    """N0: a pair of brackets goes the way of what it holds."""
    for opening, closing in sorted(_pairs(letters, kinds)):
        inside = {"R" if kind in _RIGHT else kind for kind in kinds[opening + 1 : closing]} & {"L", "R"}
        if not inside:
            continue
        if side not in inside:
            before = ("R" if one in _RIGHT else one for one in reversed(kinds[:opening]))
            context = next((one for one in before if one in ("L", "R")), side)
            found = context if context in inside else side
        else:
            found = side
        for place in (opening, closing):
            kinds[place] = found
            for after in range(place + 1, len(kinds)):  # marks on a bracket go with it
                if given[after] != "NSM":
                    break
                kinds[after] = found


def _pairs(letters: Sequence[str], kinds: Sequence[str]) -> list[tuple[int, int]]:
    """BD16."""
    open_: list[tuple[str, int]] = []
    pairs = []
    for place, letter in enumerate(letters):
        if kinds[place] != "ON":
            continue
        if letter in _BRACKETS:
            if len(open_) == _DEEPEST:
                return []
            open_.append((_BRACKETS[letter], place))
        elif letter in _BRACKETS.values():
            for depth in range(len(open_) - 1, -1, -1):
                if open_[depth][0] == letter:
                    pairs.append((open_[depth][1], place))
                    del open_[depth:]
                    break
    return pairs


def _neutral(kinds: list[str], side: str) -> None:
    """N1 and N2."""
    for start, end in _runs(kinds, _NEUTRAL):
        left = kinds[start - 1] if start else side
        right = kinds[end] if end < len(kinds) else side
        left, right = ("R" if kind in _RIGHT else kind for kind in (left, right))
        kinds[start:end] = [left if left == right else side] * (end - start)


def _ends(found: list[int], given: Sequence[str], base: int) -> None:
    """L1: separators, and white space before them and at the end, stand as the line does."""
    at_end = True
    for place in range(len(found) - 1, -1, -1):
        at_end = given[place] == "S" or (at_end and given[place] == "WS")
        if at_end:
            found[place] = base


def _runs(kinds: Sequence[str], of: frozenset[str]) -> list[tuple[int, int]]:
    """Where `kinds` are all in `of`: from, to."""
    runs, start = [], 0
    while start < len(kinds):
        end = start
        while end < len(kinds) and kinds[end] in of:
            end += 1
        if end > start:
            runs.append((start, end))
        start = max(end, start + 1)
    return runs
