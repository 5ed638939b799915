"""The table of standards is true and its pages are fresh."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools import specs

ROWS = specs.load()


def test_every_row_is_sound_and_names_what_exists() -> None:
    assert [problem for row in ROWS for problem in row.problems()] == []


def test_the_generated_pages_are_fresh() -> None:
    hint = "run python tools/specs.py"
    assert specs.TABLE.read_text() == specs.table(ROWS), hint
    assert specs.DOAP.read_text() == specs.doap(ROWS), hint


def test_the_doap_file_is_well_formed_and_complete() -> None:
    root = ElementTree.fromstring(specs.DOAP.read_bytes())
    listed = root.findall(".//{https://linkmauve.fr/ns/xmpp-doap#}xep")
    assert len(listed) == sum(row.id.startswith("XEP-") for row in ROWS)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"status": "done"}, "unknown status"),
        ({"sides": ("moon",)}, "sides must be"),
        ({"status": "planned"}, "nowhere yet"),
        ({"where": ()}, "must say where"),
        ({"status": "partial"}, "what is missing"),
        ({"where": ("plauder.wire.nothing",)}, "there is no plauder.wire.nothing"),
        ({"where": ("web/nothing.ts",)}, "there is no web/nothing.ts"),
    ],
)
def test_what_a_row_must_not_be(row: dict[str, object], problem: str) -> None:
    good = {"id": "XEP-0198", "title": "t", "sides": ("server",), "status": "supported", "where": ("plauder.wire",)}
    assert specs.Standard(**good).problems() == []
    assert any(problem in found for found in specs.Standard(**{**good, **row}).problems())


@pytest.mark.parametrize(
    "text",
    [
        '[[standard]]\nid="XEP-0001"\ntitle="a"\nsides=[]\nstatus="planned"\n' * 2,
        '[[standard]]\nid="XEP-0001"\ntitle="a"\nsides=[]\nstatus="planned"\ncolour="red"\n',
        '[[standard]]\nid="XEP-0001"\n',
    ],
)
def test_malformed_tables_are_refused(tmp_path: Path, text: str) -> None:
    source = tmp_path / "standards.toml"
    source.write_text(text)
    with pytest.raises(ValueError, match="XEP-0001"):
        specs.load(source)
