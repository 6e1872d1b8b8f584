"""`thunes data fetch`: public bars of a venue into the catalog."""

import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thunes.cli.data import Catalog, Json, app
from thunes.cli.extras import brought_by
from thunes.cli.progress import progress_bar
from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import Instant, format_timeframe, parse_instant, parse_timeframe

if TYPE_CHECKING:
    from thunes.compose.fetch import Fetched, Wanted

_INTERVALS = (
    "1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d",
)  # fmt: skip
_Symbols = Annotated[list[str], typer.Argument(metavar="SYMBOL...", help="Like BTCUSDT.")]
_Timeframe = Annotated[str, typer.Option(help=f"One of {', '.join(_INTERVALS)}.")]
_Since = Annotated[
    str | None,
    typer.Option(help="Open time of the first bar. Default: where the catalog begins, or 30 days."),
]
_Until = Annotated[
    str | None, typer.Option(help="Bars that have closed by then. Default: all that have closed.")
]
_BaseUrl = Annotated[
    str, typer.Option(help="live, testnet, demo, or a sandbox such as http://127.0.0.1:8080.")
]
_Venue = Annotated[
    str | None,
    typer.Option(help="Its name in the catalog. Default: binance, or of what --base-url is."),
]
_Parallel = Annotated[int, typer.Option(min=1, max=32, help="Pages that are asked for at once.")]


@app.command("fetch")
def fetch_command(
    symbols: _Symbols,
    timeframe: _Timeframe = "1h",
    since: _Since = None,
    until: _Until = None,
    catalog: Catalog = Path("data"),
    base_url: _BaseUrl = "live",
    venue: _Venue = None,
    parallel: _Parallel = 4,
    as_json: Json = False,
) -> None:
    """Fetch bars of Binance Spot that the catalog lacks: new ones, and those in its gaps.

    No account is needed. Half of the venue's request limits are left alone. What was fetched is
    kept when it is interrupted: the same command goes on from there.

    Exit code 1: the venue does not answer or has banned this address, 2: asked wrongly.

    Example: thunes data fetch BTCUSDT ETHUSDT --timeframe 1m --since 2024-01-01 --catalog data
    """
    with brought_by("live", "fetching", "ccxt", "cryptography"):
        from thunes.compose.fetch import Wanted
    from thunes.adapters.storage.bars.paths import Shelf

    if timeframe not in _INTERVALS:
        raise UsageError(f"--timeframe {timeframe!r} is not one of {', '.join(_INTERVALS)}")
    name = venue or _named(base_url)
    bounds = [None if text is None else parse_instant(text) for text in (since, until)]
    wanted = [
        Wanted(Shelf(name, symbol, parse_timeframe(timeframe)), *bounds) for symbol in symbols
    ]
    fetched = asyncio.run(_fetch(wanted, catalog, base_url, parallel))
    lines = [_told(each, done, as_json=as_json) for each, done in zip(wanted, fetched, strict=True)]
    if as_json:
        typer.echo(json.dumps(lines, ensure_ascii=False, indent=2))


async def _fetch(
    wanted: "list[Wanted]", catalog: Path, base_url: str, parallel: int
) -> "list[Fetched]":
    from thunes.adapters.venues.binance.history import history_at
    from thunes.compose.fetch import fetch

    done = []
    async with history_at(base_url, lambda: Instant(time.time_ns()), parallel) as history:
        for each in wanted:
            with progress_bar(each.shelf.symbol) as told:
                done.append(await fetch(history, each, catalog, told))
    return done


def _named(base_url: str) -> str:
    """What the catalog calls a place: prices of a testnet are not those of the market."""
    if base_url == "live":
        return "binance"
    return "sandbox" if "://" in base_url else f"binance_{base_url}"


def _told(wanted: "Wanted", done: "Fetched", *, as_json: bool) -> dict[str, object]:
    """Say what was fetched; as JSON it is said later."""
    if not as_json:
        typer.echo(f"{done.path}: {done.rows} bars, {done.new} of them new")
        if done.absent:
            typer.echo(f"  {done.absent} bars of the span the venue does not have either")
        for path in done.quarantine:
            typer.echo(f"  {path}: rows left out, with reasons")
    return {
        "file": str(done.path),
        "venue": wanted.shelf.venue,
        "symbol": wanted.shelf.symbol,
        "timeframe": format_timeframe(wanted.shelf.timeframe),
        "rows": done.rows,
        "new_rows": done.new,
        "rows_absent_at_venue": done.absent,
        "quarantine": [str(path) for path in done.quarantine],
    }
