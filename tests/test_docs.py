"""What the documents point to is there: files, headings, commands, targets of make."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from plauder.ops import cli

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("bench/*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("specs/*.md")]
COMMAND = re.compile(r"(?:`|^|sudo -u plauder )(?:\S*/bin/)?plauder ([a-z][a-z -]*[a-z])", re.MULTILINE)


def anchor(heading: str) -> str:
    """As the hosts of repositories make them."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


def ids(document: Path) -> list[str]:
    return [anchor(heading) for heading in re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(((?!https?:|mailto:)[^)\s]+)\)", document.read_text(encoding="utf-8")):
        path, _, heading = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        assert not heading or heading in ids(target), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_and_targets_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for words in COMMAND.findall(text):
        command = typer.main.get_command(cli.application())
        for word in words.split():
            known = getattr(command, "commands", None)
            if known is None:
                break
            assert word in known, f"plauder {words}"
            command = known[word]
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for target in re.findall(r"`(?:[A-Z_]+=\w+ )?make ([a-z0-9-]+)`", text):
        assert target in targets, f"make {target}"
