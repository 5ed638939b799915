"""Build the test oracle that has no wheels, where there is a C compiler: `python tools/oracles.py`.

omemo-dr is the engine of Gajim. The tests that use it say why they are skipped when it is missing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ORACLES = Path(sys.prefix) / "oracles"
REQUIREMENT = "omemo-dr==1.2.0 --hash=sha256:18b6542b3bb7ed6dce34dd02f32b16401982ba24f0146ddae091dcb92c79a484"


def main() -> int:
    if not any(shutil.which(compiler) for compiler in ("cc", "gcc", "clang")):
        print("no C compiler: the tests against omemo-dr will be skipped")
        return 0
    requirements = Path(sys.prefix) / "oracles.txt"
    requirements.write_text(REQUIREMENT + "\n")
    uv = Path(sys.executable).parent / "uv"
    command = [str(uv), "pip", "install", "-q", "--target", str(ORACLES), "--no-deps", "--require-hashes"]
    done = subprocess.run([*command, "-r", str(requirements)])
    if done.returncode:
        print("omemo-dr does not build here (Python headers missing?): its tests will be skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
