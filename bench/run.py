"""Measure speed and memory, and print ours beside the peers: `make bench`."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import cold, peers
from bench.data import agrees_with
from bench.harness import CLOCK, Failed, Row, item, on_cpu_clock, pooled
from bench.reference import checks
from bench.table import show, targets

RUNS, QUICK_RUNS = 3, 1
STARTS, QUICK_STARTS = 5, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs, without backtrader")
    parser.add_argument(
        "--peers", type=Path, default=peers.SCRIPTS, help="the directory of the peers' scripts"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--cpu", action="store_true", help="processor seconds, where others work")
    asked = parser.parse_args()
    if asked.cpu:
        os.environ[CLOCK] = "cpu"
    rows: list[Row] = []
    for found in measured(asked.peers, quick=asked.quick):
        if isinstance(found, Failed):
            print(f"  no row: {found.work}: {found.said}", file=sys.stderr)
        else:
            rows.extend(found)
    if asked.json:
        reach = [target._asdict() for target in targets(rows)]
        print(json.dumps({"rows": msgspec.to_builtins(rows), "targets": reach}, indent=2))
    else:
        show(rows, checks(), heading())


def measured(scripts: Path, *, quick: bool) -> Iterator[list[Row] | Failed]:
    """The rows of every work item; ours before and after the peers', so that load hits both."""
    names = ["backtesting", "nautilus"] if quick else ["backtesting", "nautilus", "backtrader"]
    present = list(_present(scripts, names))
    runs, starts = (QUICK_RUNS, QUICK_STARTS) if quick else (RUNS, STARTS)
    for work in ("W1", "W3", "W7"):
        before = _told(f"{work} thunes", item(work, runs))
        if work == "W1":
            yield _told("W1-D1 thunes", item("W1-D1", 7))
        theirs = [_told(f"{work} {name}", peers.rows(scripts, name, work)) for name in present]
        after = _told(f"{work} thunes again", item(work, runs))
        both = [found for found in (before, after) if not isinstance(found, Failed)]
        yield pooled([row for found in both for row in found])
        yield from (found for found in (before, after) if isinstance(found, Failed))
        yield from theirs
    for name in (
        "S1",
        "S2",
        "S3",
        "S4",
        "S5",
        "flat",
        "journal",
        "tables",
        "simulate",
        "week",
        "wire",
        "sent",
        "sandbox",
        "live",
        "luck",
    ):
        yield _told(name, item(name, runs))
    lacking = peers.missing(scripts, "vectorbt")
    if lacking:
        print(f"  without vectorbt: {lacking}", file=sys.stderr)
    else:
        yield _told("screens vectorbt", peers.screens(scripts, whole=not quick))
    lacking = peers.missing(scripts, "metrics")
    if lacking:
        print(f"  without empyrical and quantstats: {lacking}", file=sys.stderr)
    else:
        yield _told("W6 metrics", peers.figures(scripts))
    yield _told("cold thunes", cold.rows(starts))
    for name in present:
        yield _told(f"cold {name}", peers.cold(scripts, name, starts))


def heading() -> str:
    """The machine, and whether the data are the peers' to the byte."""
    same = {True: "the same bytes", False: "OTHER BYTES", None: "not there to compare"}
    clock = "processor" if on_cpu_clock() else "wall"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    data = same[agrees_with(peers.HOME / "data")]
    return f"{clock} seconds; {machine}, numpy {np.__version__}; the peers' data: {data}"


def _present(scripts: Path, names: list[str]) -> Iterator[str]:
    for name in names:
        lacking = peers.missing(scripts, name)
        if lacking:
            print(f"  without {name}: {lacking}", file=sys.stderr)
        else:
            yield name


def _told(name: str, found: list[Row] | Failed) -> list[Row] | Failed:
    print(f"  measured {name}", file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    main()
