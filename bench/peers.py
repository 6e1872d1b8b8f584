"""The peers: their own scripts, run as they are, each in its own environment."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.harness import (
    FIGURES,
    ROOT,
    SCREEN_LEVELS,
    SCREEN_MANY,
    SCREEN_SHARED,
    SCREEN_YEAR,
    Failed,
    Row,
    in_own_process,
    on_cpu_clock,
)

HOME = Path(os.environ.get("PEERS_DIR", Path.home() / ".cache" / "peers"))
SCRIPTS = ROOT.parent / "shared" / "bench" / "peers"
NAMES = {
    "backtesting": "backtesting.py",
    "nautilus": "nautilus",
    "backtrader": "backtrader",
}
_WITHOUT = {("backtesting", "W7")}
_WHOLE = {"W3": 525_600, "W7": 1_944_000}
_NOTES = (("full cash", "full cash"), ("SL/TP 0.2%/0.4%", "0.2%/0.4%"), ("SL/TP 2%/4%", "2%/4%"))


# Runs a script as it is, with a clock that counts the processor's seconds.
_ON_CPU_CLOCK = (
    "import runpy, sys, time; time.perf_counter = time.process_time; del sys.argv[0]; "
    "sys.path.insert(0, sys.argv[0].rpartition('/')[0]); "
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)


def missing(scripts: Path, peer: str) -> str:
    """What is not there to run a peer, or nothing."""
    python = _home(peer) / "bin" / "python"
    for path in (scripts / f"{peer}_bench.py", python, HOME / "data"):
        if not path.exists():
            return f"{path} is not there"
    return ""


def _home(peer: str) -> Path:
    """The environment of a peer, the faster one where there are two."""
    faster = HOME / f"{peer}_rust"
    return faster if faster.exists() else HOME / peer


def rows(scripts: Path, peer: str, work: str) -> list[Row] | Failed:
    """What a peer's script measures for one work item (`W1`, `W3`, `W7`)."""
    if (peer, work) in _WITHOUT:
        return []
    read = _run(scripts, peer, work)
    if isinstance(read, Failed):
        return read
    return [row for row in (_row(NAMES[peer], each) for each in read) if row is not None]


def figures(scripts: Path) -> list[Row] | Failed:
    """Eight figures of the closes of D2 (W6), by each library that the script measures."""
    read = _run(scripts, "metrics", "W6")
    if isinstance(read, Failed):
        return read
    return [
        Row(
            work=FIGURES,
            who=each["peer"],
            times=[each["min_s"], *[each["median_s"]] * (each["runs"] - 2), each["max_s"]],
            units=each["units"],
            unit=each["unit"],
            peak_mb=each["peak_mb"],
            note=" ".join(f"{value:.4f}" for value in each["check"]),
        )
        for each in read
        if each["data"] == "d2"
    ]


def screens(scripts: Path, *, whole: bool) -> list[Row] | Failed:
    """vectorbt's form of the screen; the `whole` of it takes a minute and 15 GB for one item."""
    works = ("W2", "W3", "W7", *(("W2d2",) if whole else ()))
    found: list[Row] = []
    for work in works:
        read = _run(scripts, "vectorbt", work)
        if isinstance(read, Failed):
            return read
        for each in read:
            named = next((name for name, signs in _SCREENS.items() if signs(each)), None)
            if named is not None:
                found.append(_screen_row(named, each))
    return found


_SCREENS: dict[str, Callable[[dict[str, Any]], bool]] = {
    SCREEN_MANY: lambda each: each["item"] == "W2" and "Sharpe" in each["note"],
    SCREEN_YEAR: lambda each: each["item"] == "W2" and each["data"] == "d2",
    SCREEN_LEVELS: lambda each: each["item"] == "W3" and "0.2%/0.4%" in each["note"],
    SCREEN_SHARED: lambda each: each["item"] == "W7",
}


def _screen_row(named: str, read: dict[str, Any]) -> Row:
    equity, entries = read["check"]
    return Row(
        work=named,
        who=read["peer"],
        times=[read["min_s"], *[read["median_s"]] * (read["runs"] - 2), read["max_s"]],
        units=read["units"],
        unit="bar-sets/s",
        equity=equity,
        entries=entries,
        peak_mb=read["peak_mb"],
        note=read["note"],
    )


def cold(scripts: Path, peer: str, starts: int) -> list[Row] | Failed:
    """Seconds from a start of the process to the result on D1."""
    row = Row(work="cold start", who=NAMES[peer], times=[])
    for _ in range(starts):
        read = _run(scripts, peer, "cold")
        if isinstance(read, Failed):
            return read
        row.times.append(read[0]["median_s"])
        row.equity, row.entries = read[0]["check"]
        row.peak_mb = read[0]["peak_mb"]
    return [row]


def _run(scripts: Path, peer: str, work: str) -> list[dict[str, Any]] | Failed:
    python, script = _home(peer) / "bin" / "python", scripts / f"{peer}_bench.py"
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.jsonl"
        environment = {
            "PEERS_DIR": str(HOME),
            "PEERS_RESULTS": str(results),
            "PYTHONDONTWRITEBYTECODE": "1",
            "BENCH_T0": repr(time.time()),
        }
        try:
            clocked = ["-c", _ON_CPU_CLOCK] if on_cpu_clock() else []
            in_own_process([str(python), *clocked, str(script), work], environment)
        except subprocess.CalledProcessError as error:
            return Failed(f"{peer} {work}", (error.stderr or "").strip()[-400:])
        except subprocess.TimeoutExpired as error:
            return Failed(f"{peer} {work}", f"no end after {error.timeout:.0f} s")
        return [json.loads(line) for line in results.read_text().splitlines()]


def _row(who: str, read: dict[str, Any]) -> Row | None:
    """One of their result lines, under our name for the work; None where we have no like."""
    work, data, units, note = read["item"], read["data"].upper(), read["units"], read["note"]
    kind = next((name for sign, name in _NOTES if sign in note), "one unit")
    if work == "W3" and "SL/TP" not in note:
        return None
    if work == "W7":
        kind = "45 symbols"
    part = units < _WHOLE.get(work, 0)
    equity, entries = read["check"]
    return Row(
        work=f"{work} {data} {kind}",
        who=who + (f", {units:,} bars" if part else ""),
        times=[read["min_s"], *[read["median_s"]] * (read["runs"] - 2), read["max_s"]][
            : read["runs"]
        ],
        units=units,
        unit="bars/s",
        equity=equity,
        entries=entries,
        peak_mb=read["peak_mb"],
        note=note,
        part=part,
    )
