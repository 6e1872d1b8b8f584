"""Decay: whether a strategy still earns what its backtest did, by two rules, each with its errors.

The first is a CUSUM of daily returns against those of the backtest, whose false alarms are set
(`core.stats.decay`). The second is the one that was asked for: a Sharpe ratio of 7 days below 1 on
three days in a row; it is told with how often it alarms while nothing has decayed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from thunes.core.stats.bootstrap import Sampling, automatic_block
from thunes.core.stats.decay import TWO_YEARS, DecayWatch, watch_decay
from thunes.core.stats.performance import Floats
from thunes.core.stats.series import BadSeries
from thunes.ops.seven_days import chance_below, standard_error
from thunes.ops.week_rule import LEAST, WEEK, FalseAlarms, WeekRule, false_alarms, week_rule

_DRAWS, _SEED = 600, 20_240_101
_GOOD = 2.0


@dataclass(frozen=True, slots=True)
class Drift:
    """The CUSUM of the days lived: its level now, and the first day of an alarm, if there was."""

    watch: DecayWatch
    level: float
    alarm: int | None


@dataclass(frozen=True, slots=True)
class Decay:
    """Both rules over the days lived. Without a backtest to compare with `drift` and `healthy` are
    None, and `why` says what lacks."""

    lived: Mapping[int, float]
    weeks: WeekRule
    drift: Drift | None = None
    healthy: FalseAlarms | None = None
    why: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def missing(self) -> int:
        """Days between the first and the last on which nothing was seen."""
        return max(self.lived) - min(self.lived) + 1 - len(self.lived) if self.lived else 0

    @property
    def said(self) -> str:
        """What the rule of weeks can show, in words."""
        chance = chance_below(LEAST, _GOOD, WEEK)
        text = (
            f"Over {WEEK} days a Sharpe ratio has a standard error of {standard_error(WEEK):.1f}: "
            f"with a true ratio of {_GOOD:g} it lies below {LEAST:g} with a chance of {chance:.1%}."
        )
        if self.healthy is not None:
            text += (
                f" On returns like the backtest's this alarm stands on {self.healthy.share:.0%} of "
                f"days, first after {self.healthy.days_until:.0f} days, though nothing decayed."
            )
        return f"{text} By itself it is no reason to stop; the CUSUM is."


def judge_decay(
    kept: Floats | None, lived: Mapping[int, float], days_between: float = TWO_YEARS
) -> Decay:
    """Judge the returns `lived`, by UTC day; `kept` are the daily ones of a backtest."""
    days = dict(sorted(lived.items()))
    weeks = week_rule(days)
    if kept is None:
        return Decay(days, weeks, why="no daily returns were kept with the parameters")
    try:
        sampling = Sampling(automatic_block(kept), _DRAWS, _SEED)
        healthy = false_alarms(kept, sampling)
        watch = watch_decay(kept, sampling, days_between)
    except BadSeries as error:
        return Decay(days, weeks, why=f"the daily returns that were kept cannot be used: {error}")
    return Decay(days, weeks, _drift(watch, days), healthy)


def _drift(watch: DecayWatch, lived: Mapping[int, float]) -> Drift:
    if not lived:
        return Drift(watch, 0.0, None)
    returns, days = np.array(list(lived.values())), list(lived)
    first = watch.alarm(returns)
    return Drift(watch, float(watch.levels(returns)[-1]), None if first is None else days[first])
