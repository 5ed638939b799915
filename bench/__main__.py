"""`python -m bench [--only text,login] [--runs 3] [--peers plauder,ejabberd]`: the table, side by side in one run."""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from bench import app
from bench.peers import PEERS, Peer
from bench.workloads import Result, Work
from bench.works import WORKS


def main() -> int:
    arguments = _arguments()
    only = arguments.only.split(",") if arguments.only else []
    if only == ["app"]:
        return _app()
    wanted = [work for work in WORKS if not only or work.key in only]
    names = arguments.peers.split(",") if arguments.peers else [peer.name for peer in PEERS]
    peers = [peer for peer in PEERS if peer.name in names and peer.is_installed()]
    if not wanted or not peers:
        print(f"nothing to measure; works are {', '.join(work.key for work in WORKS)}, app", file=sys.stderr)
        return 2
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {', '.join(f'{peer.name} {peer.version()}' for peer in peers)}, "
        f"median of {arguments.runs} runs\n"
    )
    head = [peer.name for peer in peers]
    print(f"| work | {' | '.join(head)} | ratio to ejabberd | to reach |")
    print(f"|---|{'--:|' * len(head)}--:|--:|")
    for work in wanted:
        _row(work, peers, arguments.runs if not work.key.startswith("memory") else 1)
    return _app() if not only or "app" in only else 0


def _app() -> int:
    """The web app's budgets, where there is a build and a browser."""
    if not (app.WEB / "dist" / "integrity.json").exists() or not Path(app.CHROMIUM).exists():
        print("\nthe app was not measured: it needs web/dist (`make web/dist/.built`) and Chromium", file=sys.stderr)
        return 0
    print()
    for line in app.table(10_000):
        print(line, flush=True)
    return 0


def _row(work: Work, peers: list[type[Peer]], runs: int) -> None:
    found: dict[str, list[tuple[Result, ...]]] = {peer.name: [] for peer in peers}
    for _ in range(runs):
        for peer in peers:  # in turn, so that a drift of the machine meets all of them
            try:
                found[peer.name].append(_measure(work, peer))
            except Exception as problem:  # a peer that fails must not end the run
                print(f"  {peer.name}, {work.key}: {type(problem).__name__}: {problem}"[:400], file=sys.stderr)
    for n, (title, goal) in enumerate(zip(work.titles, work.goals, strict=True)):
        medians = {
            name: statistics.median(result[n].value for result in results) if results else None
            for name, results in found.items()
        }
        cells = [_cell(medians[peer.name], found[peer.name], n) for peer in peers]
        ours, theirs = medians.get("plauder"), medians.get("ejabberd")
        ratio = f"{ours / theirs:.2f} ×" if ours and theirs else "–"
        print(f"| {title} | {' | '.join(cells)} | {ratio} | {goal} |", flush=True)


def _cell(median: float | None, results: list[tuple[Result, ...]], n: int) -> str:
    if median is None:
        return "failed"
    result = results[-1][n]
    digits = 0 if median >= 100 else 1 if median >= 10 else 2
    return f"{median:.{digits}f} {result.unit}" + (f" ({result.note})" if result.note else "")


def _measure(work: Work, peer: type[Peer]) -> tuple[Result, ...]:
    with peer() as running:
        result = uvloop.run(work.measure(running))  # type: ignore[arg-type]
    return result if isinstance(result, tuple) else (result,)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default="", help="works, by comma: " + ", ".join(work.key for work in WORKS))
    parser.add_argument("--peers", default="", help="servers, by comma: " + ", ".join(peer.name for peer in PEERS))
    parser.add_argument("--runs", type=int, default=3, help="runs of each (memory: one)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
