"""Watches whether a strategy still earns what it earned: a one-sided CUSUM of its daily returns.

Source: Page 1954. A day adds how far its return lies below the expected one, in standard
deviations, less a slack; the sum never falls below zero, and an alarm is raised when it reaches a
threshold. The threshold is set by simulation so that a strategy that still earns what it did raises
a false alarm once in a stated number of days.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from thunes.core.stats.bootstrap import Ints, Sampling, resampled_rows
from thunes.core.stats.series import BadSeries, Floats, checked_series

TWO_YEARS = 730
"""Days between false alarms, unless told."""


@dataclass(frozen=True, slots=True)
class DecayWatch:
    """What to expect a day (a fraction of equity), its deviation, and the limits in deviations.

    `days_between_false_alarms` is their mean for a strategy that still earns `mean` a day;
    `days_to_detect` the mean delay until the alarm once it earns nothing.
    """

    mean: float
    deviation: float
    slack: float
    threshold: float
    days_between_false_alarms: float
    days_to_detect: float

    def levels(self, returns: ArrayLike) -> Floats:
        """The sum after each day, one number a return; an alarm where it is >= `threshold`.

        Raises BadSeries.
        """
        below = (self.mean - checked_series(returns, 1)) / self.deviation - self.slack
        # max(0, s + x) day by day is the running total above its lowest point so far.
        total = np.cumsum(below)
        return np.asarray(total - np.minimum(np.minimum.accumulate(total), 0.0))

    def alarm(self, returns: ArrayLike) -> int | None:
        """The first day (0: the first return) of an alarm; None while there is none."""
        days = np.flatnonzero(self.levels(returns) >= self.threshold)
        return int(days[0]) if days.size else None


def watch_decay(
    returns: ArrayLike, sampling: Sampling, days_between: float = TWO_YEARS
) -> DecayWatch:
    """Set the limits for a strategy whose daily `returns` (>= 30) so far are what it should earn.

    The slack is half its Sharpe ratio a day: most sensitive to losing all of it. `sampling.draws`
    lives of 4 * `days_between` days are resampled from `returns` in blocks, so that fat tails and
    dependent days are in them. Raises BadSeries, also for returns that earn nothing: there is
    nothing to lose.
    """
    series = checked_series(returns, 30)
    sampling.check_against(series.size)
    mean, deviation = float(series.mean()), float(series.std(ddof=1))
    if not mean > 0 or not deviation > 0:
        raise BadSeries(f"a mean of {mean:g} a day: only an edge above zero can decay")
    days = int(4 * days_between)
    slack = mean / deviation / 2
    standard = (mean - series) / deviation
    highest, lost = (
        _highest(standard[_days(series.size, sampling, days)] + gone - slack)
        for gone in (0.0, mean / deviation)
    )
    threshold = _threshold(highest, days_between)
    watch = mean, deviation, slack, threshold
    return DecayWatch(*watch, _mean_run(highest, threshold), _mean_run(lost, threshold))


def _days(rows: int, sampling: Sampling, days: int) -> Ints:
    """Rows of resampled lives, draws x days: resamples one after the other until long enough."""
    lives = -(-days // rows)
    picked = resampled_rows(rows, sampling, range(sampling.draws * lives))
    return picked.reshape(sampling.draws, lives * rows)[:, :days]


def _highest(steps: Floats) -> Floats:
    """The highest level up to each day of each life: what it has reached was an alarm."""
    total = np.cumsum(steps, axis=1)
    levels = total - np.minimum(np.minimum.accumulate(total, axis=1), 0.0)
    return np.asarray(np.maximum.accumulate(levels, axis=1))


def _mean_run(highest: Floats, threshold: float) -> float:
    """Days lived without an alarm, over alarms: the mean run, though some lives end without one."""
    quiet = highest < threshold
    alarms = int((~quiet[:, -1]).sum())
    return (int(quiet.sum()) + alarms) / max(alarms, 1)


def _threshold(highest: Floats, days_between: float) -> float:
    """The level at which the mean run is `days_between`, by halving an interval."""
    low, high = 0.0, float(highest.max())
    for _ in range(40):
        middle = (low + high) / 2
        if _mean_run(highest, middle) < days_between:
            low = middle
        else:
            high = middle
    return high
