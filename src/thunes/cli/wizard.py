"""The wizard: a few questions on a terminal, and a configuration whose limits agree."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from getpass import getpass
from pathlib import Path
from typing import NamedTuple, TypeVar

import typer

from thunes.adapters.secrets.env_file import write_env_file
from thunes.adapters.secrets.secret import Secret
from thunes.adapters.secrets.sources import ENV_FILES
from thunes.cli.market import QUOTES
from thunes.config.names import KEYS_OF
from thunes.config.relations import prove
from thunes.config.rules import broken_rules
from thunes.config.tables import Config
from thunes.core.domain.amounts import LARGEST, fraction, number
from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import ONE, ceil_to, floor_to, parse_timeframe
from thunes.core.strategy.catalog import SHIPPED

T = TypeVar("T")

_LEAST = Decimal(10)  # what an entry is worth at least
_ENTRY_SHARE = Decimal("0.8")  # of the money: after a drawdown it must still be there
_DAY_SHARE = Decimal("0.1")  # below the drawdown that halts
_STOP_LEAST, _STOP, _STOP_MAX = Decimal("0.005"), Decimal("0.02"), Decimal("0.5")
_CENT, _FINE = Decimal("0.01"), Decimal("0.0001")


def ask_all() -> Config:
    """Asks for venue, symbols, strategy, money and risk; whatever is answered, limits agree."""
    typer.echo("Enter takes what stands in brackets; everything can be changed later.")
    venue = _asked(f"Venue ({', '.join(KEYS_OF)})", "sandbox", _one_of(KEYS_OF))
    symbols = _asked("Symbols, with commas between", "BTCUSDT", _symbols)
    timeframe = _asked("Timeframe of the bars", "1h", _timeframe)
    strategy = _asked(f"Strategy ({', '.join(SHIPPED)})", "sma_cross", _one_of(SHIPPED))
    money = _money(real=venue == "binance")
    config = Config.model_validate(
        {
            "run": {
                "mode": "live" if venue == "binance" else "paper",
                "venue": venue,
                "symbols": symbols,
                "timeframe": timeframe,
            },
            "strategy": [{"source": strategy}],
            "account": {"cash": money.cash, "quote": _quote_of(symbols)},
            "sizing": {"rule": f"fixed:{_plain(money.entry)}"},
            "exits": {"stop": _percent(money.stop)},
            "limits": _limits(money),
        }
    )
    assert not broken_rules(config, {}), "the wizard asks for nothing that cannot be"
    assert not any(each.holds is False for each in prove(config)), "its limits agree"
    return config


def offer_keys(venue: str, directory: Path) -> None:
    """Where there is none yet, offers to write a `.env` with the keys of the venue."""
    path = directory / ENV_FILES[1]
    if venue == "sandbox":
        return
    pair = KEYS_OF[venue]
    if path.exists():
        typer.echo(f"{path} exists already; it was left alone. It needs {pair.key}, {pair.secret}.")
        return
    typer.echo(f"{venue} needs {pair.key} and {pair.secret}.")
    if not typer.confirm(f"Write them into {path}, which only you can read?", default=False):
        return
    # Not by typer: it says its prompt before the terminal is told to show nothing.
    values = {name: Secret(getpass(f"{name} (not shown): ").strip()) for name in pair}
    write_env_file(path, values)
    typer.echo(f"{path}: written, mode 0600. Keep it out of every repository.")


class _Money(NamedTuple):
    """Quote money, and the stop as a fraction."""

    cash: Decimal
    entry: Decimal
    stop: Decimal
    daily_loss: Decimal


def _money(*, real: bool) -> _Money:
    """Each answer stays within what the ones before leave, so that no limit contradicts another."""
    cash = _asked("Money to trade with", "10000", _between(_LEAST * 4, LARGEST))
    most = cash * _DAY_SHARE
    if real:  # it has to stay below what is allowed of real money
        most = min(most, Config().run.live_daily_loss_max - _CENT)
    largest = floor_to(min(cash * _ENTRY_SHARE, most / _STOP_LEAST), _CENT)
    usual = min(max(_LEAST, floor_to(cash / 100, _CENT)), largest)
    entry = _asked("Of that in one entry", _plain(usual), _between(_LEAST, largest))
    widest = floor_to(min(most / entry, _STOP_MAX), _FINE)
    stop = _asked("Stop below the entry", _percent(min(_STOP, widest)), _stop_within(widest))
    least = entry * stop
    daily = _asked(
        "Loss of a day that ends trading",
        _plain(max(least, floor_to(min(cash / 100, most), _CENT))),
        _between(least, most),
    )
    return _Money(cash, entry, stop, daily)


def _limits(money: _Money) -> dict[str, Decimal]:
    """Limits that agree at every equity down to where the drawdown halts."""
    limits = Config().limits
    assert limits.drawdown_limit is not None and limits.symbol_exposure is not None
    lowest = money.cash * (ONE - limits.drawdown_limit)
    return {
        "order_size": money.entry,
        "loss_per_trade": money.entry * money.stop,
        "daily_loss": money.daily_loss,
        "daily_loss_share": ceil_to(money.daily_loss / lowest, _FINE),
        "symbol_exposure": max(limits.symbol_exposure, ceil_to(money.entry / lowest, _FINE)),
    }


def _asked(question: str, default: str, read: Callable[[str], T]) -> T:
    """Asks until the answer can be read."""
    while True:
        try:
            return read(typer.prompt(question, default=default).strip())
        except UsageError as error:
            typer.echo(f"  {error}")


def _one_of(known: Iterable[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            raise UsageError(f"{text!r} is none of {', '.join(known)}")
        return text

    return read


def _between(least: Decimal, most: Decimal) -> Callable[[str], Decimal]:
    def read(text: str) -> Decimal:
        value = number("the amount", text)
        if not least <= value <= most:
            raise UsageError(f"it has to lie from {_plain(least)} to {_plain(most)}")
        return value

    return read


def _stop_within(widest: Decimal) -> Callable[[str], Decimal]:
    def read(text: str) -> Decimal:
        value = fraction("the stop", text)
        if value > widest:
            raise UsageError(f"with such an entry it may be {_percent(widest)} at most")
        return value

    return read


def _symbols(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(each.strip().upper() for each in text.split(",") if each.strip()))
    if not names or not all(name.isalnum() for name in names):
        raise UsageError(f"{text!r} is not like BTCUSDT,ETHUSDT")
    quote = _quote_of(names)
    for name in names:
        if not name.endswith(quote):
            raise UsageError(f"one account has one quote asset, but {name} is not in {quote}")
    return names


def _quote_of(symbols: tuple[str, ...]) -> str:
    for quote in QUOTES:
        if symbols[0].endswith(quote) and symbols[0] != quote:
            return quote
    raise UsageError(f"what {symbols[0]} is quoted in is not known; known are {', '.join(QUOTES)}")


def _timeframe(text: str) -> str:
    parse_timeframe(text)
    return text


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _percent(value: Decimal) -> str:
    return f"{_plain(value * 100)}%"
