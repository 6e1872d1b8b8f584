"""Cold starts of the command line: process start to the printed result, caches warm.

Warm means that Python's compiled files are there, as pip leaves them in the peers' environments;
uv does not, so they are kept beside the benchmark's data.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from bench.data import CACHE, D1, columns, table
from bench.harness import OURS, Failed, Row, in_own_process
from thunes.adapters.storage.bars.catalog import save_bars

THUNES = str(Path(sys.executable).with_name("thunes"))
WARM = {"PYTHONPYCACHEPREFIX": str(CACHE / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}


def rows(starts: int) -> list[Row] | Failed:
    """90 days of 1h bars from a Parquet file, as a table on the terminal; and `--help`."""
    path = CACHE / "BTCUSDT_1h.parquet"
    if not path.exists():
        save_bars(path, columns(D1, table("d1")))
    flags = ["--cash", "10000", "--fee-bps", "10", "--slippage-bps", "5", "--sizing", "all_cash"]
    grid = ["--tick", "0.00000000001", "--step", "0.0000000000000001"]
    command = [THUNES, "backtest", "--strategy", "sma_cross", "--bars", str(path), *flags, *grid]
    try:
        figures = json.loads(in_own_process([*command, "--json"], WARM))
        result = _starts("cold start", command, starts)
        result.equity = figures["final_equity"]
        result.entries = figures["trades"] + figures["open_positions"]
        return [result, _starts("thunes --help", [THUNES, "--help"], starts)]
    except subprocess.CalledProcessError as error:
        return Failed("cold start", (error.stderr or "").strip()[-400:])


def _starts(work: str, command: list[str], starts: int) -> Row:
    """Start a program once to warm the caches, then `starts` times; its highest memory."""
    row = Row(work=work, who=OURS, times=[], peak_mb=0.0)
    environment = {**os.environ, **WARM}
    for number in range(starts + 1):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        if status:
            raise subprocess.CalledProcessError(status, command)
        if number:
            row.times.append(time.perf_counter() - start)
        row.peak_mb = max(row.peak_mb or 0.0, used.ru_maxrss / 1024.0)
    return row
