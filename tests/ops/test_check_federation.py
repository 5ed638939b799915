"""`plauder check` on what other servers need."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from plauder.edge import certificates
from plauder.edge.federation.names import Record
from plauder.kit.clock import FakeClock, SystemClock
from plauder.kit.config import Config
from plauder.ops.check_federation import check
from tests.federation.town import Addresses

NOW = SystemClock().now()


def config(directory: Path, **federation: object) -> Config:
    settings = {"enabled": True, "allow": ["theirs.example"], **federation}
    made = Config(domain="ours.example", data_dir=directory, federation=settings)  # type: ignore[arg-type]
    certificates.files(made, NOW)
    return made


THERE = Addresses(hosts={"theirs.example": ["93.184.216.34"]})


async def test_all_is_well(tmp_path: Path) -> None:
    findings = await check(config(tmp_path, authorities=tmp_path / "tls" / "ca.pem"), NOW, lookup=THERE)
    assert [finding.level for finding in findings] == ["ok", "ok"]
    assert "93.184.216.34" in findings[-1].what


async def test_it_is_off(tmp_path: Path) -> None:
    assert await check(Config(data_dir=tmp_path), NOW) == []


async def test_a_private_certificate_convinces_nobody(tmp_path: Path) -> None:
    findings = await check(config(tmp_path), NOW, lookup=THERE)
    assert [finding.level for finding in findings] == ["error", "error", "ok"]
    assert "groups.ours.example" in findings[1].fix
    findings = await check(config(tmp_path, dialback=True), NOW, lookup=THERE)
    assert [finding.level for finding in findings] == ["warning", "warning", "warning", "ok"]


async def test_it_ends(tmp_path: Path) -> None:
    made = config(tmp_path, authorities=tmp_path / "tls" / "ca.pem")
    findings = await check(made, NOW + timedelta(days=500), lookup=THERE)
    assert findings[0].level == "error"


@pytest.mark.parametrize(
    ("lookup", "settings", "what"),
    [
        (Addresses(), {}, "does not exist"),
        (Addresses({"_xmpp-server._tcp.theirs.example": [Record(0, 0, 0, "")]}), {}, "no service"),
        (Addresses(hosts={"theirs.example": ["10.0.0.1"]}), {}, "private network"),
        (Addresses(), {"places": {"theirs.example": "nowhere.example:1"}}, "no address"),
        (THERE, {"port": -1, "tls_port": -1}, "Both ports are off"),
        (THERE, {"authorities": Path("/nonexistent.pem")}, "cannot be read"),
    ],
)
async def test_what_is_wrong_is_named(
    tmp_path: Path, lookup: Addresses, settings: dict[str, object], what: str
) -> None:
    findings = await check(config(tmp_path, **settings), FakeClock().now(), lookup=lookup)
    assert any(what in finding.what and finding.level == "error" and finding.fix for finding in findings)
