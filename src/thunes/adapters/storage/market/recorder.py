"""The recorder: the quotes and trades that a process hears, in columns, a part at a time.

A quote is on tape if it was the last one of its symbol in an interval; trades in a row at one price
within an interval are one. What waits in memory when a process is killed is gone: some seconds.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thunes.adapters.storage.market.parts import Parts
from thunes.core.domain.market import PublicTrade, Quote
from thunes.core.domain.units import (
    NS_PER_DAY,
    NS_PER_SECOND,
    Instant,
    Price,
    Symbol,
    format_instant,
)

WAITING_MAX = 100_000
"""Rows of a kind that wait to be written, some 30 MB; of those that come then none is kept."""

QUOTES: Mapping[str, type] = {
    "at": np.int64,
    "symbol": np.object_,
    "bid": np.float64,
    "bid_quantity": np.float64,
    "ask": np.float64,
    "ask_quantity": np.float64,
}
TRADES: Mapping[str, type] = {
    "at": np.int64,
    "symbol": np.object_,
    "price": np.float64,
    "quantity": np.float64,
}
Row = tuple[object, ...]


class _Run(NamedTuple):
    """Trades in a row at one price."""

    at: Instant
    price: Price
    quantity: float


class Recorder:
    """Told on the thread that hears the venue; another one writes, by `flush`."""

    def __init__(self, directory: Path, every_ms: int, keep_days: int) -> None:
        self.dropped = 0  # rows for which there was no room
        self._every_ns = every_ms * NS_PER_SECOND // 1_000
        self._lock = Lock()
        self._last: dict[Symbol, Quote] = {}
        self._runs: dict[Symbol, _Run] = {}
        self._waiting: tuple[list[Row], list[Row]] = ([], [])
        self._parts = tuple(Parts(directory / kind, keep_days) for kind in ("quotes", "trades"))

    def quoted(self, quote: Quote) -> None:
        """Hear a quote."""
        with self._lock:
            last = self._last.get(quote.symbol)
            self._last[quote.symbol] = quote
            if last is not None and not self._is_near(last.at, quote.at):
                self._keep(0, _quote_row(last))

    def traded(self, trade: PublicTrade) -> None:
        """Hear a trade."""
        at, symbol, price, quantity = trade.at, trade.symbol, trade.price, float(trade.quantity)
        with self._lock:
            run = self._runs.get(symbol)
            if run is not None and run.price == price and self._is_near(run.at, at):
                self._runs[symbol] = _Run(run.at, price, run.quantity + quantity)
                return
            self._runs[symbol] = _Run(at, price, quantity)
            if run is not None:
                self._keep(1, _trade_row(symbol, run))

    def flush(self, *, everything: bool = False) -> None:
        """Write what waits, and with `everything` what newer ones might yet take the place of.

        Raises ThunesError; what was not written goes on waiting.
        """
        if everything:
            with self._lock:
                for quote in self._last.values():
                    self._keep(0, _quote_row(quote))
                for symbol, run in self._runs.items():
                    self._keep(1, _trade_row(symbol, run))
                self._last, self._runs = {}, {}
        for parts, columns, rows in zip(self._parts, (QUOTES, TRADES), self._waiting, strict=True):
            with self._lock:
                rows.sort(key=_number_of_day)  # of a quiet symbol the last quote comes late
                left = len(rows)  # and what comes meanwhile is of the next part
            while left:
                count = _of_one_day(rows[:left])
                parts.write(_day(rows[0]), _in_columns(columns, rows[:count]))
                with self._lock:
                    del rows[:count]
                left -= count

    def _is_near(self, one: Instant, other: Instant) -> bool:
        return one // self._every_ns == other // self._every_ns

    def _keep(self, kind: int, row: Row) -> None:
        rows = self._waiting[kind]
        if len(rows) < WAITING_MAX:
            rows.append(row)
        else:
            self.dropped += 1


def _of_one_day(rows: Sequence[Row]) -> int:
    """How many rows there are before the first one of another day."""
    days = [_number_of_day(row) for row in rows]
    return next((place for place, day in enumerate(days) if day != days[0]), len(days))


def _number_of_day(row: Row) -> int:
    at = row[0]
    assert isinstance(at, int)
    return at // NS_PER_DAY


def _day(row: Row) -> str:
    return format_instant(_number_of_day(row) * NS_PER_DAY)[:10]


def _in_columns(columns: Mapping[str, type], rows: Sequence[Row]) -> dict[str, NDArray[Any]]:
    values = zip(*rows, strict=True)
    return {
        name: np.array(column, dtype=columns[name])
        for name, column in zip(columns, values, strict=True)
    }


def _quote_row(quote: Quote) -> Row:
    sides = (quote.bid, quote.bid_quantity, quote.ask, quote.ask_quantity)
    return (quote.at, quote.symbol, *map(float, sides))


def _trade_row(symbol: Symbol, run: _Run) -> Row:
    return (run.at, symbol, float(run.price), run.quantity)
