"""Tapes: the bar files of a folder or a catalog, with the filters of what is listed."""

from collections.abc import Collection
from pathlib import Path

from thunes.adapters.storage.bars.catalog import entries
from thunes.adapters.storage.bars.paths import symbol_in_name
from thunes.cli.market import MarketFlags, market_asked
from thunes.core.domain.errors import UsageError
from thunes.sandbox.instruments import LISTED
from thunes.sandbox.tape import Tape

_FILTERS = ("0.01", "0.00001", "5")  # tick, step and least notional of what is not listed


def tape_in(folder: Path, symbols: Collection[str] = ()) -> Tape:
    """The bar files of a folder, named like their symbols, or the one timeframe of a catalog, of
    these symbols or of all; what is listed has its own filters."""
    if not folder.is_dir():
        raise UsageError(f"--tape {folder}: there is no such folder")
    files = sorted(path for path in folder.iterdir() if path.is_file() and symbol_in_name(path))
    if not files:
        files = sorted(entry.shelf.file(folder) for entry in entries(folder))
    if not files:
        raise UsageError(f"--tape {folder}: no file there is named like BTCUSDT_1m.parquet")
    if symbols:
        there = {symbol_in_name(path): path for path in files}
        if missing := [symbol for symbol in symbols if symbol not in there]:
            raise UsageError(f"--tape {folder}: there is no file of {', '.join(missing)}")
        files = [there[symbol] for symbol in symbols]
    flags = MarketFlags((), [str(path) for path in files], None, (None, None), None, _FILTERS, None)
    found = market_asked(flags)
    known = [LISTED[one.symbol][0] if one.symbol in LISTED else one for one in found.instruments]
    return Tape(found.timeframe, known, found.columns)
