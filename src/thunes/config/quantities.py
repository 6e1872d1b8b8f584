"""Quantities: what limits, sizing and exits come to in quote money at an equity."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from thunes.config.tables import Config
from thunes.core.domain.amounts import fraction
from thunes.core.domain.units import ONE, ZERO
from thunes.core.portfolio.sizing import parse_sizing


class Term(NamedTuple):
    """One side: `value` at an equity, None where it is wide open or follows the market."""

    name: str
    places: tuple[str, ...]
    value: Callable[[Config, Decimal], Decimal | None]


def limit(name: str) -> Term:
    def value(config: Config, _: Decimal) -> Decimal | None:
        found = getattr(config.limits, name)
        return None if found is None else Decimal(found)

    return Term(name, (f"limits.{name}",), value)


def share(name: str) -> Term:
    part = limit(name)

    def value(config: Config, equity: Decimal) -> Decimal | None:
        found = part.value(config, equity)
        return None if found is None else found * equity

    return Term(f"{name} x equity", (*part.places, "account.cash"), value)


def constant(name: str, number: Decimal) -> Term:
    return Term(name, (), lambda _, __: number)


def _size_at(config: Config, equity: Decimal) -> Decimal | None:
    """What an entry costs by the rule, as the engine reckons it; None if it follows the market."""
    sizing = parse_sizing(config.sizing.rule)
    match sizing.kind:
        case "fixed":
            return sizing.value
        case "all_cash":
            return equity
        case "equity":
            return equity * sizing.value
        case "risk" if (stop := stop_of(config)) is not None:
            return min(equity * sizing.value / stop, equity)
        case _:
            return None


def _loss_at_stop(config: Config, equity: Decimal) -> Decimal | None:
    size, stop = _size_at(config, equity), stop_of(config)
    return None if size is None or stop is None else size * stop


def stop_of(config: Config) -> Decimal | None:
    """The configured stop; a strategy may have one of its own instead."""
    return fraction("exits.stop", config.exits.stop) if config.exits.stop else None


def _cost(config: Config, equity: Decimal) -> Decimal | None:
    """An entry with its fee; a rule that follows equity leaves room for the fee by itself."""
    if not config.sizing.rule.startswith("fixed"):
        return None
    size = _size_at(config, equity)
    fee = config.costs.fee_bps if config.costs.fee_asset == "quote" else ZERO
    return None if size is None else size * (ONE + fee / 10_000)


def _daily_loss(config: Config, equity: Decimal) -> Decimal | None:
    """The tighter of both limits of a day."""
    limits = config.limits
    share = None if limits.daily_loss_share is None else limits.daily_loss_share * equity
    given = [each for each in (limits.daily_loss, share) if each is not None]
    return min(given, default=None)


def _live_loss(config: Config, _: Decimal) -> Decimal | None:
    return config.limits.daily_loss if config.run.mode == "live" else None


def _live_max(config: Config, _: Decimal) -> Decimal:
    return config.run.live_daily_loss_max


_OF_SIZE = ("sizing.rule", "exits.stop", "account.cash")
_OF_DAY = ("limits.daily_loss", "limits.daily_loss_share", "account.cash")

SIZE = Term("the configured order size", _OF_SIZE, _size_at)
COST = Term("an entry with its fee", (*_OF_SIZE, "costs"), _cost)
STOPPED = Term("stop x order size", _OF_SIZE, _loss_at_stop)
DAY = Term("the loss of a day", _OF_DAY, _daily_loss)
LIVE_DAY = Term("daily_loss with mode live", ("limits.daily_loss", "run.mode"), _live_loss)
LIVE_MAX = Term("live_daily_loss_max", ("run.live_daily_loss_max",), _live_max)
EQUITY = Term("equity", ("account.cash",), lambda _, equity: equity)
