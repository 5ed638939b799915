"""What stands in deploy/ is true: the example is the program's own, the recipes are accepted by their programs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from plauder.kit import config

DEPLOY = Path(__file__).parent.parent / "deploy"


def test_the_example_configuration_is_the_program_s() -> None:
    text = (DEPLOY / "plauder.toml").read_text()
    assert text == config.example(), "run `plauder config init` anew into deploy/plauder.toml"


@pytest.mark.server
@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_accepts_the_recipe(tmp_path: Path) -> None:
    recipe = (DEPLOY / "nginx.conf").read_text()
    lines = [line for line in recipe.splitlines() if "ssl_certificate" not in line]
    whole = "\n".join(lines).replace("listen 443 ssl", "listen 443").replace("listen [::]:443 ssl", "listen [::]:443")
    file = tmp_path / "nginx.conf"
    file.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{whole}\n}}\n".replace("http2 on;", ""))
    done = subprocess.run(["nginx", "-t", "-q", "-c", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.server
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    unit = (DEPLOY / "plauder.service").read_text()
    file = tmp_path / "plauder.service"
    file.write_text(unit.replace("/opt/plauder/bin/plauder", "/bin/true").replace("User=plauder\nGroup=plauder\n", ""))
    done = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True, check=False)
    own = [line for line in done.stderr.splitlines() if "plauder.service" in line]
    assert own == []
