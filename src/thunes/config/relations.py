"""Relations: the order that limits must have among each other, proven or shown to be broken.

Both sides of each are linear in equity, but for the loss of a day, the lower of a constant and a
share. So one that is broken at any equity of a range is broken at one of its ends, and looking
there, in exact decimals, is a proof.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from typing import NamedTuple

import msgspec

from thunes.config.tables import Config
from thunes.core.domain.amounts import fraction
from thunes.core.domain.units import EXACT, ONE, ZERO
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.risk.limits import BELOW, BELOW_ONE, NOT_ABOVE, Limits

_GROWTH = 2
_DAY_S = Decimal(86_400)


def limits_of(config: Config) -> Limits:
    """The limits of the file as the core knows them."""
    return msgspec.convert(config.limits.model_dump(), Limits)


class Term(NamedTuple):
    """One side: `value` at an equity, None where it is wide open or follows the market."""

    name: str
    places: tuple[str, ...]
    value: Callable[[Config, Decimal], Decimal | None]


class Ordering(NamedTuple):
    """`low` is not above `high`; if `strict`, it is below it."""

    low: Term
    high: Term
    strict: bool = False

    @property
    def name(self) -> str:
        return f"{self.low.name} {'<' if self.strict else '<='} {self.high.name}"

    def speaks_of(self, wrong: Sequence[str]) -> bool:
        """Whether a side is made of one of these settings, or of a part of one."""
        places = self.low.places + self.high.places
        return any(f"{place}.".startswith(f"{each}.") for place in places for each in wrong)

    def breach(self, config: Config, equity: Decimal) -> str:
        """What is wrong at this equity, with its numbers; "" if nothing is."""
        low, high = self.low.value(config, equity), self.high.value(config, equity)
        if low is None or high is None or low < high or (low == high and not self.strict):
            return ""
        must = "must be below" if self.strict else "must not be above"
        return f"{self.low.name} = {_text(low)} {must} {self.high.name} = {_text(high)}"


class Proof(NamedTuple):
    """What became of an ordering: `holds` is None where nothing can be told before the market is
    known, or a side is wide open; a `breach` that is not that of the cash names its equity."""

    name: str
    holds: bool | None
    breach: str = ""


def prove(config: Config) -> list[Proof]:
    """Every ordering over all equities from where the drawdown halts to twice the cash."""
    with localcontext(EXACT):
        return [_proof(each, config) for each in ORDERINGS]


def broken_orderings(config: Config, equity: Decimal, wrong: Sequence[str] = ()) -> list[str]:
    """A sentence for each ordering that is broken at this equity; those that speak of a `wrong`
    setting are not looked at, for its value is not known."""
    with localcontext(EXACT):
        known = [each for each in ORDERINGS if not each.speaks_of(wrong)]
        return [said for each in known if (said := each.breach(config, equity))]


def _equities(config: Config) -> tuple[Decimal, ...]:
    """The cash, and both ends of the range."""
    cash = config.account.cash
    return cash, cash * (ONE - (config.limits.drawdown_limit or ONE)), cash * _GROWTH


def _proof(ordering: Ordering, config: Config) -> Proof:
    cash = config.account.cash
    known = [side.value(config, cash) for side in (ordering.low, ordering.high)]
    if None in known:
        return Proof(ordering.name, None)
    for equity in _equities(config):
        if breach := ordering.breach(config, equity):
            where = "" if equity == cash else f" at an equity of {_text(equity)}"
            return Proof(ordering.name, False, breach + where)
    return Proof(ordering.name, True)


def _limit(name: str) -> Term:
    def value(config: Config, _: Decimal) -> Decimal | None:
        found = getattr(config.limits, name)
        return None if found is None else Decimal(found)

    return Term(name, (f"limits.{name}",), value)


def _share(name: str) -> Term:
    limit = _limit(name)

    def value(config: Config, equity: Decimal) -> Decimal | None:
        share = limit.value(config, equity)
        return None if share is None else share * equity

    return Term(f"{name} x equity", (*limit.places, "account.cash"), value)


def _constant(name: str, number: Decimal) -> Term:
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
        case "risk" if (stop := _stop_of(config)) is not None:
            return min(equity * sizing.value / stop, equity)
        case _:
            return None


def _loss_at_stop(config: Config, equity: Decimal) -> Decimal | None:
    size, stop = _size_at(config, equity), _stop_of(config)
    return None if size is None or stop is None else size * stop


def _stop_of(config: Config) -> Decimal | None:
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


_SIZE_PLACES = ("sizing.rule", "exits.stop", "account.cash")
_SIZE = Term("the configured order size", _SIZE_PLACES, _size_at)
_EQUITY = Term("equity", ("account.cash",), lambda _, equity: equity)
_DAILY = ("limits.daily_loss", "limits.daily_loss_share", "account.cash")

ORDERINGS: Sequence[Ordering] = (
    *(Ordering(_limit(low), _limit(high)) for low, high in NOT_ABOVE),
    *(Ordering(_limit(low), _limit(high), strict=True) for low, high in BELOW),
    *(Ordering(_limit(name), _constant("the whole", ONE), strict=True) for name in BELOW_ONE),
    Ordering(_limit("total_exposure"), _constant("the whole", ONE)),
    Ordering(_limit("min_notional"), _SIZE),
    Ordering(_SIZE, _limit("order_size")),
    Ordering(_SIZE, _share("symbol_exposure")),
    Ordering(_limit("order_size"), _share("symbol_exposure")),
    Ordering(Term("an entry with its fee", (*_SIZE_PLACES, "costs"), _cost), _EQUITY),
    Ordering(
        Term("stop x order size", _SIZE_PLACES, _loss_at_stop),
        _limit("loss_per_trade"),
    ),
    Ordering(_limit("loss_per_trade"), _share("daily_loss_share")),
    Ordering(Term("the loss of a day", _DAILY, _daily_loss), _share("drawdown_limit")),
    Ordering(_limit("loss_cool_down_s"), _constant("a day", _DAY_S)),
    Ordering(
        Term("daily_loss with mode live", ("limits.daily_loss", "run.mode"), _live_loss),
        Term(
            "live_daily_loss_max",
            ("run.live_daily_loss_max",),
            lambda config, _: config.run.live_daily_loss_max,
        ),
        strict=True,
    ),
)
"""Every relation that has a name; a configuration is refused where one is broken at its cash."""


def _text(number: Decimal) -> str:
    return f"{number.normalize():f}"
