"""How fast a journal gets into the tables: all of it anew, and a second of a live one in turn."""

import tempfile
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from statistics import median

from bench.data import CACHE
from bench.harness import OURS, Row
from thunes.adapters.storage.journal import Journal
from thunes.adapters.storage.projections.keeping import Projections
from thunes.adapters.storage.reading import read_steps
from thunes.core.domain.event import QuoteReceived
from thunes.core.domain.line import Line, encode
from thunes.core.domain.market import Quote
from thunes.core.domain.units import Instant, Price, Quantity, Symbol

QUOTES_EACH = 19  # of a live journal nineteen lines in twenty are quotes
TURN_LINES = 50


def rows(recorded: Path, runs: int) -> list[Row]:
    """The rows for a journal that a backtest has left in `recorded`."""
    steps = [line for _, line in read_steps(recorded)]
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        busy = _journal(steps, Path(folder) / "busy")
        live = _journal(_among_quotes(steps), Path(folder) / "live")
        found = [
            _anew("tables, lines of a backtest", busy, runs),
            _anew("tables, lines of a live run", live, runs),
        ]
        found.append(_turns(steps, Path(folder) / "turns"))
    return found


def _anew(work: str, journal: Path, runs: int) -> Row:
    row = Row(work=work, who=OURS, times=[], unit="lines/s")
    with Projections(journal.parent / f"{journal.name}.db", journal) as tables:
        row.units = tables.lines()
        for _ in range(runs):
            start = time.perf_counter()
            tables.rebuild()
            row.times.append(time.perf_counter() - start)
    return row


def _turns(steps: Sequence[bytes], journal: Path) -> Row:
    """Turn by turn, as beside a live process: what is new, into the tables, on disk."""
    times: list[float] = []
    place = journal.parent / "turns.db"
    with Journal.create(journal, b"{}") as writer, Projections(place, journal) as tables:
        for turn in range(len(steps) // TURN_LINES):
            for line in steps[turn * TURN_LINES : (turn + 1) * TURN_LINES]:
                writer.append(line, durable=False)
            start = time.perf_counter()
            tables.catch_up()
            times.append(time.perf_counter() - start)
    times.sort()
    late = times[len(times) * 99 // 100]
    note = f"p99 {late * 1e3:.1f} ms; p50 {median(times) * 1e3:.1f} ms"
    return Row(work=f"tables, a turn of {TURN_LINES} lines", who=OURS, times=[late], note=note)


def _journal(lines: Sequence[bytes], directory: Path) -> Path:
    with Journal.create(directory, b"{}") as journal:
        for line in lines:
            journal.append(line, durable=False)
    return directory


def _among_quotes(steps: Sequence[bytes]) -> list[bytes]:
    at, one = Instant(0), Quantity(Decimal("1.5"))
    quote = Quote(at, Symbol("BTCUSDT"), Price(Decimal("60000.1")), one, Price(Decimal(60001)), one)
    told = encode(Line(QuoteReceived(at, quote), (), ()))
    return [line for step in steps for line in (*[told] * QUOTES_EACH, step)]
