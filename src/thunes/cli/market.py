"""The market of a request: bar files, the window of time, and what may be traded in which steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thunes.adapters.storage.bars.check import read_bars
from thunes.adapters.storage.bars.grid import common_spacing
from thunes.adapters.storage.bars.paths import symbol_in_name
from thunes.adapters.venues.binance.exchange_info import parse_exchange_info
from thunes.cli.times import window_asked
from thunes.core.domain.amounts import number
from thunes.core.domain.errors import DataError, UsageError
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import (
    ZERO,
    Asset,
    Money,
    Price,
    Quantity,
    Symbol,
    format_instant,
    format_timeframe,
    parse_timeframe,
)
from thunes.core.market.bars import Bars

QUOTES = ("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USD", "EUR", "GBP", "TRY", "BTC", "ETH", "BNB")


@dataclass(frozen=True, slots=True)
class MarketFlags:
    """What the command line said about the market; `filters` are tick, step and min notional."""

    symbols: Sequence[str]
    bars: Sequence[str]
    timeframe: str | None
    window: tuple[str | None, str | None]
    quote: str | None
    filters: tuple[str, str, str]
    exchange_info: Path | None


@dataclass(frozen=True, slots=True)
class MarketAsked:
    """Bars by symbol, their timeframe in ns, their instruments, and the symbols to trade."""

    timeframe: int
    columns: Mapping[Symbol, BarColumns]
    instruments: tuple[Instrument, ...]
    traded: tuple[Symbol, ...]


def market_asked(flags: MarketFlags) -> MarketAsked:
    """Read the bars and describe the instruments."""
    files = _files(flags)
    traded = _traded(flags, files)
    instruments = _instruments(tuple(files), flags)
    timeframe, columns = _columns(files, flags)
    for instrument in instruments:
        lowest = float(columns[instrument.symbol].low.min())
        if float(instrument.tick) > lowest:
            raise UsageError(
                f"the tick {instrument.tick:f} of {instrument.symbol} is above its price "
                f"({lowest:.15g} at the lowest): no order could have a price; give the real --tick"
            )
    return MarketAsked(timeframe, columns, instruments, traded)


def _files(flags: MarketFlags) -> dict[Symbol, Path]:
    files: dict[Symbol, Path] = {}
    for text in flags.bars:
        name, sign, rest = text.partition("=")
        named = sign == "=" and not Path(text).exists()
        if named and not (name and rest):
            raise UsageError(f"--bars {text} is neither a file nor SYMBOL=FILE")
        path = Path(rest if named else text)
        if not path.exists():
            raise UsageError(f"--bars: there is no file {path}")
        symbol = Symbol(name) if named else _symbol_of(path, flags)
        if symbol in files:
            raise UsageError(f"--bars is given twice for {symbol}")
        files[symbol] = path
    return files


def _symbol_of(path: Path, flags: MarketFlags) -> Symbol:
    """The symbol of a file given without one: what --symbol says, and the file's name agrees."""
    told = symbol_in_name(path)
    only = flags.symbols[0] if len(flags.symbols) == len(flags.bars) == 1 else None
    if only and told and _letters(only) != _letters(told):
        raise UsageError(
            f"--symbol {only}, but by its name {path} holds {told}; "
            f"if it does hold {only}, say --bars {only}={path}"
        )
    symbol = only or told
    if not symbol:
        raise UsageError(f"--bars {path}: say which symbol it is, as in --bars BTCUSDT={path}")
    return Symbol(symbol)


def _letters(symbol: str) -> str:
    return "".join(each for each in symbol.upper() if each.isalnum())


def _traded(flags: MarketFlags, files: Mapping[Symbol, Path]) -> tuple[Symbol, ...]:
    symbols = tuple(Symbol(symbol) for symbol in dict.fromkeys(flags.symbols)) or tuple(files)
    for symbol in symbols:
        if symbol not in files:
            raise UsageError(
                f"--symbol {symbol}: there are no bars of it; add --bars {symbol}=FILE"
            )
    return symbols


def _columns(
    files: Mapping[Symbol, Path], flags: MarketFlags
) -> tuple[int, dict[Symbol, BarColumns]]:
    asked = parse_timeframe(flags.timeframe) if flags.timeframe else None
    start, end = window_asked(*flags.window)
    found: dict[Symbol, BarColumns] = {}
    for symbol, path in files.items():
        columns = read_bars(path)
        native = common_spacing(columns.open_time) or asked
        if native is None:
            raise UsageError(f"{path} has one bar: say what it is with --timeframe")
        asked = asked or native
        if native != asked:
            columns = _aggregated(symbol, path, columns, (native, asked))
        first = 0 if start is None else int(np.searchsorted(columns.open_time, start))
        last = len(columns) if end is None else int(np.searchsorted(columns.open_time, end))
        if first >= last:
            held = " to ".join(format_instant(int(columns.open_time[k])) for k in (0, -1))
            raise DataError(f"{path}: no bar opens in the window asked for; it holds {held}")
        found[symbol] = columns.rows(first, last)
    assert asked is not None, "there is at least one file"
    return asked, found


def _aggregated(
    symbol: Symbol, path: Path, columns: BarColumns, frames: tuple[int, int]
) -> BarColumns:
    native, asked = frames
    if asked % native:
        raise UsageError(
            f"{path} holds bars of {format_timeframe(native)}, from which bars of "
            f"{format_timeframe(asked)} cannot be made"
        )
    return Bars(symbol, native, columns).at(format_timeframe(asked)).columns


def _instruments(symbols: tuple[Symbol, ...], flags: MarketFlags) -> tuple[Instrument, ...]:
    if flags.exchange_info is not None:
        return _listed(symbols, flags.exchange_info)
    tick, step, least = (
        number(flag, text)
        for flag, text in zip(("--tick", "--step", "--min-notional"), flags.filters, strict=True)
    )
    for flag, value in (("--tick", tick), ("--step", step)):
        if value <= ZERO:
            raise UsageError(f"{flag} must be above zero, not {value}")
    if least < ZERO:
        raise UsageError(f"--min-notional must not be below zero, not {least}")
    found = []
    for symbol in symbols:
        base, quoted = _split(symbol, flags.quote)
        found.append(
            Instrument(
                symbol=symbol,
                base=base,
                quote=quoted,
                tick=Price(tick),
                step=Quantity(step),
                min_quantity=Quantity(step),
                min_notional=Money(least),
            )
        )
    return _one_quote(tuple(found))


def _listed(symbols: tuple[Symbol, ...], path: Path) -> tuple[Instrument, ...]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"--exchange-info {path} cannot be read: {error.strerror}") from error
    try:
        known = parse_exchange_info(data)
    except DataError as error:
        raise DataError(f"--exchange-info {path}: {error}") from None
    for symbol in symbols:
        if symbol not in known:
            raise UsageError(f"{path} does not list {symbol}")
    return _one_quote(tuple(known[symbol] for symbol in symbols))


def _one_quote(instruments: tuple[Instrument, ...]) -> tuple[Instrument, ...]:
    quotes = dict.fromkeys(instrument.quote for instrument in instruments)
    if len(quotes) > 1:
        raise UsageError(
            f"one account has one quote asset, but the symbols have {', '.join(quotes)}"
        )
    return instruments


def _split(symbol: Symbol, quote: str | None) -> tuple[Asset, Asset]:
    for ending in (quote,) if quote else QUOTES:
        base = symbol.removesuffix(ending).rstrip("/-_")
        if base and base != symbol:
            return Asset(base), Asset(ending)
    if quote:
        raise UsageError(f"--quote {quote}: {symbol} does not end in it")
    raise UsageError(f"what is {symbol} quoted in? Say it with --quote, as in --quote USDT")
