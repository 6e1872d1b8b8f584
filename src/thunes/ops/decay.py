"""Decay: whether a strategy still earns what its backtest did, by two rules, each with its errors.

The first is a CUSUM of daily returns against those of the backtest, whose false alarms are set
(`core.stats.decay`). The second is the one that was asked for: a Sharpe ratio of 7 days below 1 on
three days in a row; it is told with how often it alarms while nothing has decayed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from thunes.core.stats.bootstrap import Sampling, automatic_block, resampled_rows
from thunes.core.stats.decay import TWO_YEARS, DecayWatch, watch_decay
from thunes.core.stats.performance import DAYS_A_YEAR, Floats, sharpe
from thunes.core.stats.series import BadSeries
from thunes.ops.seven_days import chance_below, standard_error

WEEK = 7
LEAST, CRITICAL = 1.0, 0.5
IN_A_ROW = 3
_DRAWS, _SEED = 600, 20_240_101
_GOOD = 2.0


@dataclass(frozen=True, slots=True)
class WeekRule:
    """Sharpe ratios of 7 days (a year, 365 days) by the day that they end with; `below`: on how
    many days in a row, up to the newest, they were below 1."""

    sharpes: Mapping[int, float]
    below: int

    @property
    def newest(self) -> float | None:
        return self.sharpes[max(self.sharpes)] if self.sharpes else None

    @property
    def alarm(self) -> bool:
        return self.below >= IN_A_ROW

    @property
    def critical(self) -> bool:
        return self.alarm and self.newest is not None and self.newest < CRITICAL


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """What the rule of weeks does to returns that are those of the backtest, resampled: the share
    of days on which its alarm stands, and the mean days until it first does."""

    share: float
    days_until: float


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
    """Judge the returns `lived`, by UTC day, and `kept`, the daily ones of a backtest (None: none)."""
    days = dict(sorted(lived.items()))
    weeks = week_rule(days)
    if kept is None:
        return Decay(days, weeks, why="no daily returns were kept with the parameters")
    try:
        sampling = Sampling(automatic_block(kept), _DRAWS, _SEED)
        healthy = _false_alarms(kept, sampling)
        watch = watch_decay(kept, sampling, days_between)
    except BadSeries as error:
        return Decay(days, weeks, why=f"the daily returns that were kept cannot be used: {error}")
    return Decay(days, weeks, _drift(watch, days), healthy)


def week_rule(lived: Mapping[int, float]) -> WeekRule:
    """By distinct days: however often a day is looked at, it counts once. A day whose week is not
    whole, or did not vary, says nothing and ends the row."""
    found = {day: sharpe_until(lived, day, WEEK) for day in sorted(lived)}
    sharpes = {day: value for day, value in found.items() if value is not None}
    below, day = 0, max(lived, default=0)
    while sharpes.get(day, math.inf) < LEAST:
        below, day = below + 1, day - 1
    return WeekRule(sharpes, below)


def sharpe_until(lived: Mapping[int, float], day: int, days: int) -> float | None:
    """A year (365 days), of the `days` that end with `day`; None if one lacks or none varies."""
    returns = [lived[each] for each in range(day - days + 1, day + 1) if each in lived]
    return sharpe(np.array(returns), DAYS_A_YEAR) if len(returns) == days else None


def _drift(watch: DecayWatch, lived: Mapping[int, float]) -> Drift:
    if not lived:
        return Drift(watch, 0.0, None)
    returns, days = np.array(list(lived.values())), list(lived)
    first = watch.alarm(returns)
    return Drift(watch, float(watch.levels(returns)[-1]), None if first is None else days[first])


def _false_alarms(kept: Floats, sampling: Sampling) -> FalseAlarms:
    """Lives of a year, resampled in blocks."""
    rows = resampled_rows(kept.size, sampling, range(sampling.draws))
    lives = -(-DAYS_A_YEAR // kept.size)
    whole = sampling.draws // lives
    days = rows[: whole * lives].reshape(whole, lives * kept.size)[:, :DAYS_A_YEAR]
    weeks = np.lib.stride_tricks.sliding_window_view(kept[days], WEEK, axis=1)
    deviation = weeks.std(axis=2, ddof=1)
    low = weeks.mean(axis=2) * math.sqrt(DAYS_A_YEAR) < LEAST * deviation
    low &= deviation > 0
    stands = np.asarray(np.lib.stride_tricks.sliding_window_view(low, IN_A_ROW, axis=1).all(axis=2))
    alarmed = np.asarray(stands.any(axis=1))
    first = np.where(alarmed, stands.argmax(axis=1) + WEEK + IN_A_ROW - 1, DAYS_A_YEAR)
    alarms = int(alarmed.sum())
    return FalseAlarms(float(stands.mean()), float(first.sum()) / max(alarms, 1))
