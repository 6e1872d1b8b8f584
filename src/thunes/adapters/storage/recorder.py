"""The tape recorder: every quote and trade of a process, in columns, a part of a file at a time.

Bars are on record in the journal, with the decisions made on them. What is not written yet when a
process dies is gone, and so is what nobody told it: `gaps` finds both by the time between.
"""

import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from threading import Event, Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thunes.adapters.storage.bars.duck import columns_of, duck, write_parquet
from thunes.core.domain.market import PublicTrade, Quote
from thunes.core.domain.units import NS_PER_SECOND, Instant, Symbol, format_instant

QUOTES = ("at", "symbol", "bid", "bid_quantity", "ask", "ask_quantity")
TRADES = ("at", "symbol", "price", "quantity")
FLUSH_S = 10.0
WAITING_MAX = 1_000_000
"""Rows that wait to be written; beyond that a part is dropped, and counted."""


class Gap(NamedTuple):
    """Nothing is on tape of the symbol between these two times."""

    symbol: Symbol
    begin: Instant
    end: Instant


class Recorder:
    """Any thread may tell it; `run`, on a thread of its own, writes."""

    def __init__(self, directory: Path) -> None:
        self.dropped = 0
        self._directory = directory
        self._lock = Lock()
        self._quotes: list[tuple[object, ...]] = []
        self._trades: list[tuple[object, ...]] = []
        self._stop = Event()

    def quoted(self, quote: Quote) -> None:
        sides = (quote.bid, quote.bid_quantity, quote.ask, quote.ask_quantity)
        self._keep(self._quotes, (quote.at, quote.symbol, *map(float, sides)))

    def traded(self, trade: PublicTrade) -> None:
        row = (trade.at, trade.symbol, float(trade.price), float(trade.quantity))
        self._keep(self._trades, row)

    def run(self) -> None:
        """Write what waits, every few seconds, until `stop`. Raises ThunesError."""
        while not self._stop.wait(FLUSH_S):
            self.flush()
        self.flush()

    def stop(self) -> None:
        self._stop.set()

    def flush(self) -> None:
        """Write what waits, each part whole or not at all. Raises ThunesError; it is kept then."""
        for name, columns, rows in (
            ("quotes", QUOTES, self._quotes),
            ("trades", TRADES, self._trades),
        ):
            with self._lock:
                part = rows[:]
            if part:
                self._write(name, columns, part)
                with self._lock:
                    del rows[: len(part)]

    def _keep(self, rows: list[tuple[object, ...]], row: tuple[object, ...]) -> None:
        with self._lock:
            if len(rows) < WAITING_MAX:
                rows.append(row)
            else:
                self.dropped += 1

    def _write(self, name: str, columns: Sequence[str], part: list[tuple[object, ...]]) -> None:
        day = format_instant(int(str(part[0][0])))[:10]
        folder = self._directory / name / day
        folder.mkdir(parents=True, exist_ok=True)
        values = dict(zip(columns, zip(*part, strict=True), strict=True))
        arrays: dict[str, NDArray[Any]] = {
            each: np.array(values[each], dtype=_kind(each)) for each in columns
        }
        path = folder / f"{part[0][0]}-{time.monotonic_ns()}.parquet"
        temporary = path.with_suffix(".tmp")
        write_parquet(temporary, arrays)
        temporary.replace(path)


def gaps(directory: Path, day: str, longest_s: float) -> list[Gap]:
    """Where quotes of a UTC day (`2026-11-21`) are more than so many seconds apart, by symbol."""
    folder = directory / "quotes" / day
    if not folder.is_dir():
        return []
    with duck() as connection:
        found = columns_of(
            connection.execute(
                'SELECT symbol, "at" FROM read_parquet(?) ORDER BY symbol, "at"',
                [str(folder / "*.parquet")],
            )
        )
    rows = list(zip(found["symbol"].tolist(), found["at"].tolist(), strict=True))
    limit = int(longest_s * NS_PER_SECOND)
    return [
        Gap(Symbol(one[0]), Instant(one[1]), Instant(other[1]))
        for one, other in pairwise(rows)
        if one[0] == other[0] and other[1] - one[1] > limit
    ]


def _kind(column: str) -> type:
    if column == "symbol":
        return np.object_
    return np.int64 if column == "at" else np.float64
