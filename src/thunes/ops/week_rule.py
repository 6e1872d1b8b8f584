"""The rule of weeks: a Sharpe ratio of 7 days below 1 on three distinct days in a row.

It is told with how often it alarms while nothing has decayed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from thunes.core.stats.bootstrap import Sampling, resampled_rows
from thunes.core.stats.performance import DAYS_A_YEAR, Floats, sharpe

WEEK = 7
LEAST, CRITICAL = 1.0, 0.5
IN_A_ROW = 3


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


def false_alarms(kept: Floats, sampling: Sampling) -> FalseAlarms:
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
