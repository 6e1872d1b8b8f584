"""Relations: the order that limits must have among each other, proven or shown to be broken.

Both sides of each are linear in equity, but for the loss of a day, the lower of a constant and a
share. So one that is broken at any equity of a range is broken at one of its ends, and looking
there, in exact decimals, is a proof.
"""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import NamedTuple

import msgspec

from thunes.config.quantities import (
    COST,
    DAY,
    EQUITY,
    LIVE_DAY,
    LIVE_MAX,
    SIZE,
    STOPPED,
    Term,
    constant,
    limit,
    share,
)
from thunes.config.tables import Config
from thunes.core.domain.units import EXACT, ONE
from thunes.core.risk.limits import BELOW, BELOW_ONE, NOT_ABOVE, Limits

_GROWTH = 2
_DAY_S = Decimal(86_400)


def limits_of(config: Config) -> Limits:
    """The limits of the file as the core knows them."""
    return msgspec.convert(config.limits.model_dump(), Limits)


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


ORDERINGS: Sequence[Ordering] = (
    *(Ordering(limit(low), limit(high)) for low, high in NOT_ABOVE),
    *(Ordering(limit(low), limit(high), strict=True) for low, high in BELOW),
    *(Ordering(limit(name), constant("the whole", ONE), strict=True) for name in BELOW_ONE),
    Ordering(limit("total_exposure"), constant("the whole", ONE)),
    Ordering(limit("min_notional"), SIZE),
    Ordering(SIZE, limit("order_size")),
    Ordering(SIZE, share("symbol_exposure")),
    Ordering(limit("order_size"), share("symbol_exposure")),
    Ordering(COST, EQUITY),
    Ordering(STOPPED, limit("loss_per_trade")),
    Ordering(limit("loss_per_trade"), share("daily_loss_share")),
    Ordering(DAY, share("drawdown_limit")),
    Ordering(limit("loss_cool_down_s"), constant("a day", _DAY_S)),
    Ordering(LIVE_DAY, LIVE_MAX, strict=True),
)
"""Every relation that has a name; a configuration is refused where one is broken at its cash."""


def _text(number: Decimal) -> str:
    return f"{number.normalize():f}"
