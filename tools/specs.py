"""Writes the support table and the DOAP file from specs/standards.toml; with `--check` only compares them.

The DOAP file is as XEP-0453 has it; xmpp.org and others read it to list what software supports.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "specs" / "standards.toml"
TABLE = ROOT / "docs" / "reference" / "standards.md"
DOAP = ROOT / "plauder.doap"

DOAP_STATUS = {"supported": "complete", "partial": "partial", "planned": "planned"}
SIDES = ("server", "client")
SINCE = "0.1.0"


@dataclass(frozen=True)
class Standard:
    """One row: a document, and how far it is implemented where."""

    id: str
    title: str
    sides: tuple[str, ...]
    status: str
    version: str = ""
    where: tuple[str, ...] = ()
    note: str = ""

    @property
    def url(self) -> str:
        series, number = self.id.split(maxsplit=1) if " " in self.id else self.id.split("-", 1)
        if series == "RFC":
            return f"https://www.rfc-editor.org/rfc/rfc{number}.html"
        return f"https://xmpp.org/extensions/xep-{number}.html"

    def problems(self, root: Path = ROOT) -> list[str]:
        """What is wrong with the row itself."""
        found = []
        if self.status not in DOAP_STATUS:
            found.append(f"{self.id}: unknown status {self.status!r}")
        if not self.sides or not set(self.sides) <= set(SIDES):
            found.append(f"{self.id}: sides must be some of {SIDES}")
        if (self.status == "planned") is bool(self.where):
            found.append(f"{self.id}: what is planned is nowhere yet, all else must say where it is")
        if self.status == "partial" and not self.note:
            found.append(f"{self.id}: the note must say what is missing")
        found += [f"{self.id}: there is no {place}" for place in self.where if not path_of(place, root).exists()]
        return found


def path_of(place: str, root: Path = ROOT) -> Path:
    """The file or folder that a module name, or a path, means."""
    if "/" in place:
        return root / place
    module = root / "src" / Path(*place.split("."))
    return module if module.is_dir() else module.with_suffix(".py")


def load(source: Path = SOURCE) -> list[Standard]:
    """The rows, those of the IETF first, each series by number; raises `ValueError` where one is twice or malformed."""
    rows = []
    for entry in tomllib.loads(source.read_text())["standard"]:
        lists = {key: tuple(entry.pop(key, ())) for key in ("sides", "where")}
        try:
            rows.append(Standard(**entry, **lists))
        except TypeError as problem:
            raise ValueError(f"{entry.get('id')}: {problem}") from None
    names = [row.id for row in rows]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"listed twice: {', '.join(sorted(twice))}")
    return sorted(rows, key=lambda row: (row.id[0] != "R", int(row.id[4:])))


def table(rows: list[Standard]) -> str:
    """The page for people."""
    count = {status: sum(row.status == status for row in rows) for status in DOAP_STATUS}
    lines = [
        "# Standards",
        "",
        "<!-- Generated from specs/standards.toml by tools/specs.py; edit that. -->",
        "",
        "What Plauder speaks, and where in the source. "
        + ", ".join(f"{number} {status}" for status, number in count.items() if number)
        + ".",
        "",
        "| Document | Version | Title | Sides | Status | Where | Note |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        where = ", ".join(f"`{place.removeprefix('plauder.')}`" for place in row.where)
        cells = [f"[{row.id}]({row.url})", row.version, row.title, ", ".join(row.sides), row.status, where, row.note]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def doap(rows: list[Standard]) -> str:
    """The file for machines."""
    lines = [
        "<?xml version='1.0' encoding='UTF-8'?>",
        "<!-- Generated from specs/standards.toml by tools/specs.py; edit that. -->",
        "<rdf:RDF xmlns='http://usefulinc.com/ns/doap#'",
        "         xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'",
        "         xmlns:xmpp='https://linkmauve.fr/ns/xmpp-doap#'>",
        "  <Project xml:lang='en'>",
        "    <name>Plauder</name>",
        "    <shortdesc>A messaging network that anyone can run</shortdesc>",
        "    <description>An XMPP server with a web client for people, and a Cloud API for businesses.</description>",
        "    <license rdf:resource='https://spdx.org/licenses/AGPL-3.0-or-later.html'/>",
        "    <programming-language>Python</programming-language>",
        "    <programming-language>TypeScript</programming-language>",
        "    <os>Linux</os>",
    ]
    lines += [
        f"    <category rdf:resource='https://linkmauve.fr/ns/xmpp-doap#category-{category}'/>" for category in SIDES
    ]
    for row in rows:
        if row.id.startswith("RFC"):
            if row.status != "planned":
                lines.append(f"    <implements rdf:resource={quoteattr(row.url)}/>")
            continue
        lines += [
            "    <implements>",
            "      <xmpp:SupportedXep>",
            f"        <xmpp:xep rdf:resource={quoteattr(row.url)}/>",
            f"        <xmpp:status>{DOAP_STATUS[row.status]}</xmpp:status>",
            f"        <xmpp:version>{escape(row.version)}</xmpp:version>",
        ]
        if row.status != "planned":
            lines.append(f"        <xmpp:since>{SINCE}</xmpp:since>")
        if row.note:
            lines.append(f"        <xmpp:note xml:lang='en'>{escape(row.note)}</xmpp:note>")
        lines += ["      </xmpp:SupportedXep>", "    </implements>"]
    return "\n".join([*lines, "  </Project>", "</rdf:RDF>"]) + "\n"


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` only compare them; 1 if something is wrong."""
    rows = load()
    problems = [problem for row in rows for problem in row.problems()]
    for path, text in ((TABLE, table(rows)), (DOAP, doap(rows))):
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            problems.append(f"{path.relative_to(ROOT)} is stale: run python tools/specs.py")
    print("\n".join(problems) or f"{len(rows)} standards")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
