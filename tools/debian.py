"""Install the Debian packages that the tests drive, where they are missing: `python3 tools/debian.py chromium …`.

Needs root (or passwordless sudo) only when something is missing; says what to run by hand otherwise. No service is
started: the tests start their own, on free ports, in temporary directories.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROBES = {
    "postgresql": "/usr/lib/postgresql",
    "chromium": "chromium",
    "coturn": "turnserver",
}


def is_there(package: str) -> bool:
    probe = PROBES.get(package, package)
    return Path(probe).exists() if probe.startswith("/") else shutil.which(probe) is not None


def main(packages: list[str]) -> int:
    missing = [package for package in packages if not is_there(package)]
    if not missing:
        return 0
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    install = [*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    print(f"installing for the tests: {' '.join(missing)}", flush=True)
    try:
        subprocess.run([*prefix, "apt-get", "update", "-qq"], check=True, env=environment, stdout=subprocess.DEVNULL)
        subprocess.run(install, check=True, env=environment, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        print(f"could not install {' '.join(missing)}; as root run: {' '.join(install)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
