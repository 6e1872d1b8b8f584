"""Brings into the catalog what it lacks of a span: new bars, and those in its gaps."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from thunes.adapters.storage.bars.check import check_bars, read_bars
from thunes.adapters.storage.bars.importing import import_reports
from thunes.adapters.storage.bars.paths import Shelf
from thunes.adapters.venues.binance.history import PAGE, History, Span
from thunes.core.domain.errors import UsageError
from thunes.core.domain.market import Bar, BarColumns, Ints
from thunes.core.domain.units import (
    NS_PER_DAY,
    NS_PER_SECOND,
    Instant,
    Symbol,
    format_instant,
    format_timeframe,
)

SINCE_DAYS = 30
SAVE_EVERY = 50
"""Pages after which what was fetched is written: so much is lost at most when it is interrupted."""

Told = Callable[[int, int], object]
"""Told how many pages are done, of how many."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Bars of one series that open from `since` until before `until`.

    By default `since` is where the catalog begins, or some days ago, and `until` the time at the
    venue.
    """

    shelf: Shelf
    since: Instant | None = None
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the catalog has now; `absent` bars of the span the venue does not have either."""

    path: Path
    rows: int
    new: int
    absent: int
    quarantine: tuple[Path, ...]


async def fetch(history: History, wanted: Wanted, catalog: Path, told: Told) -> Fetched:
    """Fetch what is lacking and write it, a part at a time.

    Raises UsageError for an unknown symbol or a span without bars, Unavailable where the venue does
    not answer, DataError where what it says contradicts itself.
    """
    shelf = wanted.shelf
    held = _held(shelf, catalog)
    span = await _span(history, wanted, held)
    lacking = np.setdiff1d(np.arange(span.begin, span.end, shelf.timeframe), held)
    pages = _pages(lacking, shelf.timeframe)
    saving = _Saving(shelf, catalog, lacking, rows=int(held.size))
    told(0, len(pages))
    done = 0
    async for bars in history.pages(Symbol(shelf.symbol), format_timeframe(shelf.timeframe), pages):
        done += 1
        saving.take(bars)
        if done % SAVE_EVERY == 0:
            saving.save()
        told(done, len(pages))
    saving.save()
    absent = int(lacking.size) - saving.got
    new = saving.rows - int(held.size)
    return Fetched(shelf.file(catalog), saving.rows, new, absent, tuple(saving.aside))


@dataclass(slots=True)
class _Saving:
    """Writes what was fetched and lacking; of other bars the catalog knows already."""

    shelf: Shelf
    catalog: Path
    lacking: Ints
    rows: int  # of the catalog now
    got: int = 0
    aside: list[Path] = field(default_factory=list)
    _part: list[Bar] = field(default_factory=list)

    def take(self, bars: list[Bar]) -> None:
        self._part += bars

    def save(self) -> None:
        """Bring into the catalog what was taken since the last time."""
        bars, self._part = _columns(self._part, self.lacking), []
        if not len(bars):
            return
        self.got += len(bars)
        name = Path(f"fetched-{bars.open_time[0] // NS_PER_SECOND}")
        report = check_bars(bars, name, self.shelf.timeframe)
        saved = import_reports([report], self.catalog, self.shelf.venue, self.shelf.symbol)
        self.rows = saved.rows
        self.aside += saved.quarantine


def _held(shelf: Shelf, catalog: Path) -> Ints:
    """The open times that the catalog has."""
    file = shelf.file(catalog)
    if not file.exists():
        return np.empty(0, np.int64)
    return read_bars(file, shelf.timeframe).open_time


async def _span(history: History, wanted: Wanted, held: Ints) -> Span:
    """What there may be: from the first bar of the venue to the last that has closed."""
    step = wanted.shelf.timeframe
    now = await history.venue_time()
    end = min(now, now if wanted.until is None else wanted.until) // step * step
    since = wanted.since
    if since is None:
        since = Instant(int(held[0]) if held.size else end - SINCE_DAYS * NS_PER_DAY)
    begin = -(-since // step) * step
    if begin >= end:
        raise UsageError(
            f"no bar of {format_timeframe(step)} opens and closes between {format_instant(since)} "
            f"and {format_instant(end)}; at the venue it is "
            f"{format_instant(now // NS_PER_SECOND * NS_PER_SECOND)}"
        )
    symbol = Symbol(wanted.shelf.symbol)
    first = await history.first(symbol, format_timeframe(step), Instant(begin))
    if first is None or first >= end:
        raise UsageError(
            f"Binance has no bars of {symbol} between {format_instant(begin)} and "
            f"{format_instant(end)}"
        )
    return Span(first, Instant(end))


def _pages(lacking: Ints, step: int) -> list[Span]:
    """As few pages as hold all that is lacking."""
    pages: list[Span] = []
    at = 0
    while at < lacking.size:
        begin = int(lacking[at])
        at = int(np.searchsorted(lacking, begin + PAGE * step))
        pages.append(Span(Instant(begin), Instant(int(lacking[at - 1]) + step)))
    return pages


def _columns(bars: list[Bar], lacking: Ints) -> BarColumns:
    times = np.array([bar.open_time for bar in bars], np.int64)
    kept = np.flatnonzero(np.isin(times, lacking))
    values = [
        np.array([getattr(bars[k], name) for k in kept], np.float64)
        for name in ("open", "high", "low", "close", "volume")
    ]
    return BarColumns(times[kept], *values)
