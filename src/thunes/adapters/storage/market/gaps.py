"""Gaps: what is on tape of a day, and where a symbol was not heard of for too long."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from thunes.adapters.storage.bars.duck import columns_of, duck, file_argument
from thunes.adapters.storage.market.parts import days_in, files_of
from thunes.core.domain.units import NS_PER_SECOND, Instant, Symbol


class Gap(NamedTuple):
    """Nothing is on tape of the symbol between these two times."""

    symbol: Symbol
    begin: Instant
    end: Instant


class Day(NamedTuple):
    """What is on tape of a UTC day."""

    day: str
    quotes: int
    trades: int
    size: int  # bytes
    gaps: tuple[Gap, ...]


def look_through(directory: Path, longest_s: float) -> list[Day]:
    """Every day on tape, oldest first, with the gaps in its quotes; one over midnight is of the day
    in which it ends.

    Whoever listens asks for the quote of a symbol that was quiet for five seconds, so that what is
    much longer is a gap of ours.
    """
    days = sorted({*days_in(directory / "quotes"), *days_in(directory / "trades")})
    last: dict[Symbol, Instant] = {}
    found = []
    for day in days:
        quotes, trades = (files_of(directory / kind, day) for kind in ("quotes", "trades"))
        size = sum(path.stat().st_size for path in quotes + trades)
        gaps = _gaps(quotes, last, int(longest_s * NS_PER_SECOND))
        found.append(Day(day, _count(quotes), _count(trades), size, tuple(gaps)))
    return found


def _count(files: list[Path]) -> int:
    return int(_asked("SELECT count(*) AS n FROM read_parquet(?)", files)["n"][0]) if files else 0


def _gaps(files: list[Path], last: dict[Symbol, Instant], limit: int) -> list[Gap]:
    """The gaps in these files and before them; `last` is brought up to their end."""
    if not files:
        return []
    edges = _asked(
        'SELECT symbol, min("at") AS first, max("at") AS final '
        "FROM read_parquet(?) GROUP BY symbol",
        files,
    )
    found = []
    for symbol, first, final in _rows(edges, "symbol", "first", "final"):
        if first - last.get(symbol, first) > limit:
            found.append(Gap(symbol, last[symbol], Instant(first)))
        last[symbol] = Instant(final)
    inside = _asked(
        'SELECT symbol, "before", "at" FROM (SELECT symbol, "at", lag("at") OVER '
        '(PARTITION BY symbol ORDER BY "at") AS "before" FROM read_parquet(?)) '
        f'WHERE "at" - "before" > {limit}',
        files,
    )
    found += [Gap(*row) for row in _rows(inside, "symbol", "before", "at")]
    return sorted(found, key=lambda gap: (gap.begin, gap.symbol))


def _rows(columns: dict[str, NDArray[Any]], *names: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(columns[name].tolist() for name in names), strict=True)


def _asked(question: str, files: list[Path]) -> dict[str, NDArray[Any]]:
    with duck() as connection:
        return columns_of(connection.execute(question, [[file_argument(path) for path in files]]))
