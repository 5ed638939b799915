"""Build or test the web app with the Node that comes from PyPI: `python tools/web.py install|build|test|check`."""

from __future__ import annotations

import gzip
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

WEB = Path(__file__).resolve().parent.parent / "web"
NODE = Path(sys.executable).parent

COMPRESSED = {".css", ".html", ".js", ".json", ".mjs", ".svg", ".txt", ".wasm", ".webmanifest"}


def npm(*arguments: str) -> None:
    import os

    environment = os.environ | {
        "PATH": f"{NODE}{os.pathsep}{os.environ['PATH']}",
        "npm_config_update_notifier": "false",
    }
    subprocess.run([str(NODE / "npm"), *arguments], cwd=WEB, env=environment, check=True)


def install() -> None:
    """`npm ci`, once per lock file."""
    digest = sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    stamp = WEB / "node_modules" / ".installed"
    if stamp.exists() and stamp.read_text() == digest:
        return
    npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
    stamp.write_text(digest)


def compress() -> None:
    """Put a compressed twin beside every text and module of the built app; the server sends that where it is wanted."""
    for path in (WEB / "dist").rglob("*"):
        if path.suffix in COMPRESSED and path.stat().st_size > 1_024:
            twin = path.with_name(f"{path.name}.gz")
            twin.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def main(task: str) -> int:
    if not (WEB / "package-lock.json").exists():
        print("web/ has no package-lock.json: nothing to do")
        (WEB / "dist").mkdir(parents=True, exist_ok=True)
        return 0
    try:
        install()
        if task != "install":
            npm("run", "--silent", task)
        if task == "build":
            compress()
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
