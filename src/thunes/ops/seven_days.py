"""Seven days: the Sharpe ratio of a short record, and what it cannot show."""

import math
from collections.abc import Sequence
from decimal import Decimal
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from thunes.core.domain.units import NS_PER_DAY, Instant
from thunes.core.stats.performance import DAYS_A_YEAR, period_returns, sharpe

SHARPE_MIN = 0.8
_GOOD = 2.0
_Z = NormalDist().inv_cdf(0.975)


class ShortRecord(NamedTuple):
    """An annualised Sharpe ratio over `days`, its 95 % interval, and the chance to exceed 0.8
    without any edge and with a true ratio of 2."""

    days: int
    sharpe: float | None
    error: float
    low: float | None
    high: float | None
    by_luck: float
    if_good: float

    @property
    def said(self) -> str:
        """In words, for whoever would take it for more than it is."""
        return (
            f"Over {self.days} days a Sharpe ratio has a standard error of {self.error:.1f}. "
            f"A bot without any edge exceeds {SHARPE_MIN} with a chance of {self.by_luck:.0%}, "
            f"one with a true ratio of {_GOOD:g} with {self.if_good:.0%}: passing or failing says "
            "next to nothing of the strategy. These days certify operations. An edge shows in the "
            "shortfall of each fill against the backtest, and over years."
        )


def short_record(samples: Sequence[tuple[Instant, Decimal]]) -> ShortRecord:
    """The record of equity samples, oldest first, by days from the first one on; the standard error
    is sqrt(365 / days)."""
    at = np.array([when for when, _ in samples], dtype=np.int64)
    equity = np.array([float(value) for _, value in samples])
    whole = np.arange(at[0], at[-1] + 1, NS_PER_DAY) if at.size else at
    whole = np.append(whole, at[-1:]) if at.size and at[-1] - whole[-1] > NS_PER_DAY // 2 else whole
    daily = equity[np.searchsorted(at, whole, side="right") - 1]
    days = max(1, daily.size - 1)
    found = sharpe(period_returns(daily), DAYS_A_YEAR) if daily.size > 2 else None
    error = standard_error(days)
    # A ratio far from zero is known less well (Lo 2002, independent returns).
    reach = _Z * math.sqrt((DAYS_A_YEAR + (found or 0.0) ** 2 / 2) / days)
    return ShortRecord(
        days=days,
        sharpe=found,
        error=error,
        low=None if found is None else found - reach,
        high=None if found is None else found + reach,
        by_luck=1.0 - chance_below(SHARPE_MIN, 0.0, days),
        if_good=1.0 - chance_below(SHARPE_MIN, _GOOD, days),
    )


def standard_error(days: int) -> float:
    """Of an annualised Sharpe ratio over so many days."""
    return math.sqrt(DAYS_A_YEAR / days)


def chance_below(limit: float, true: float, days: int) -> float:
    """The chance that the ratio of so many days lies below `limit` where it truly is `true`."""
    return NormalDist(true, standard_error(days)).cdf(limit)
