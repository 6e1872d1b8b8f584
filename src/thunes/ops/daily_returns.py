"""Daily returns: what was earned on each UTC day, as the lines of a journal tell it."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from thunes.adapters.storage.tail import marked
from thunes.core.domain.errors import DataError, UsageError
from thunes.core.domain.event import BarsClosed, Event
from thunes.core.domain.fact import DayRolled, Fact, PositionChanged, TradeClosed
from thunes.core.domain.line import decode_line
from thunes.core.domain.units import (
    NS_PER_DAY,
    Instant,
    StrategyId,
    Symbol,
    format_instant,
    parse_instant,
)

_ROLLED = b'"type":"day_rolled"'
_MARKS = (
    _ROLLED,
    b'"type":"bars_closed"',
    b'"type":"trade_closed"',
    b'"type":"position_changed"',
)

Days = dict[int, float]
"""Returns (fractions) by UTC day, counted from 1970. Only days that have ended are in it."""


class StrategyDays:
    """What one strategy of an account earned each day, over the account's equity as it began.

    Profit counts, and not equity: what was deposited or withdrawn is no return. The fees of an
    entry count when it is closed. What was earned while nothing ran counts to the last day before;
    the days without a closing are not there.
    """

    def __init__(self, strategy: StrategyId) -> None:
        self.returns: Days = {}
        self._strategy = strategy
        self._closed = 0.0
        self._held: dict[Symbol, tuple[float, float]] = {}  # quantity, entry price
        self._price: dict[Symbol, float] = {}
        self._began: tuple[int, float, float] | None = None  # day, equity, profit until then

    def take(self, event: Event, facts: Sequence[Fact]) -> None:
        """One more step, oldest first."""
        if isinstance(event, BarsClosed):
            for symbol, bars in event.bars.items():
                self._price[symbol] = float(bars[-1].close)
        for fact in facts:
            if isinstance(fact, TradeClosed):
                if fact.trade.strategy == self._strategy:
                    self._closed += float(fact.trade.pnl)
            elif isinstance(fact, PositionChanged):
                self._change(fact)
        for fact in facts:
            if isinstance(fact, DayRolled):
                self._roll(fact.day, float(fact.equity))

    def _change(self, fact: PositionChanged) -> None:
        if fact.quantity and fact.strategy == self._strategy:
            self._held[fact.symbol] = (float(fact.quantity), float(fact.entry_price))
        else:
            self._held.pop(fact.symbol, None)

    def _roll(self, day: int, equity: float) -> None:
        profit = self._closed + sum(
            quantity * (self._price.get(symbol, entry) - entry)
            for symbol, (quantity, entry) in self._held.items()
        )
        if self._began is not None:
            before, worth, earned = self._began
            self.returns[before] = (profit - earned) / worth if worth > 0 else 0.0
        self._began = (day, equity, profit)


def days_of_account(journal: Path, strategy: StrategyId) -> Days:
    """Of a strategy of an account. Raises DataError for a journal that is damaged."""
    days = StrategyDays(strategy)
    for data in marked(journal, _MARKS):
        line = decode_line(data)
        days.take(line.event, line.facts)
    return days.returns


def days_of_backtest(journal: Path) -> Days:
    """Of the whole equity of a run over the past: nobody deposits there, and every day begins."""
    found: Days = {}
    began: tuple[int, float] | None = None
    for data in marked(journal, (_ROLLED,)):
        for fact in decode_line(data).facts:
            if isinstance(fact, DayRolled):
                equity = float(fact.equity)
                if began is not None:
                    found[began[0]] = equity / began[1] - 1 if began[1] > 0 else 0.0
                began = (fact.day, equity)
    return found


def days_in_csv(file: Path) -> Days:
    """Of a file with the columns `date` (2026-11-21) and `return` (a fraction), oldest first; other
    columns are left alone. DataError names the line that is wrong, UsageError a file that is no
    file."""
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is no text: {error.reason} at byte {error.start}") from error
    rows = csv.reader(text.splitlines())
    names = [name.strip().lower() for name in next(rows, [])]
    if not {"date", "return"} <= set(names):
        raise DataError(f"{file}: its first line must name the columns date and return")
    found: Days = {}
    for row in rows:
        if not row:
            continue
        day, value = _row(f"{file}, line {rows.line_num}", dict(zip(names, row, strict=False)))
        if found and day <= next(reversed(found)):
            said = "stands there twice" if day in found else "comes after a later day"
            raise DataError(f"{file}, line {rows.line_num}: {day_text(day)} {said}")
        found[day] = value
    return found


def _row(where: str, row: dict[str, str]) -> tuple[int, float]:
    date, value = row.get("date", "").strip(), row.get("return", "").strip()
    try:
        at = parse_instant(date)
    except UsageError:
        at = None
    if at is None or at % NS_PER_DAY:
        raise DataError(f"{where}: {date!r} is not a day such as 2026-11-21")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not -1 <= number < math.inf:
        raise DataError(f"{where}: {value!r} is not a return: a fraction of at least -1")
    return at // NS_PER_DAY, number


def day_text(day: int) -> str:
    """A day since 1970 as 2026-11-21."""
    return format_instant(Instant(day * NS_PER_DAY))[:10]
