"""Delay: what becomes of a strategy whose signals come one bar later than they do (G6)."""

import math
from dataclasses import dataclass

import numpy as np

from thunes.core.domain.market import Floats
from thunes.core.domain.units import NS_PER_DAY
from thunes.core.market.bars import Bars
from thunes.core.stats.performance import DAYS_A_YEAR
from thunes.core.strategy.protocol import Signals
from thunes.research.round_trips import RoundTrips, round_trips

ERRORS_MAX = 4.0
KEPT_MIN = 0.3
"""Less than this share of a Sharpe ratio left is a collapse."""

TRADES_MIN = 30


@dataclass(frozen=True, slots=True)
class Delay:
    """Sharpe ratios by year, of bars, without costs: as the signals come, and one bar later.

    `gained` is how many standard errors the later one is better by, `earned` how many the first
    one lies above zero.
    """

    trades: int
    sharpe: float
    later: float
    gained: float
    earned: float

    @property
    def tells(self) -> bool:
        return self.trades >= TRADES_MIN

    @property
    def raises(self) -> bool:
        return self.tells and self.gained > ERRORS_MAX

    @property
    def collapses(self) -> bool:
        hangs = self.tells and self.earned > ERRORS_MAX
        return hangs and self.later < KEPT_MIN * self.sharpe


def delay(signals: Signals, bars: Bars) -> Delay:
    """The same signals on the same bars, twice. The difference of the ratios is judged as by
    Jobson and Korkie (1981) with the correction of Memmel (2003)."""
    now, then = round_trips(signals, bars), round_trips(_one_later(signals), bars)
    a, b = _returns(now, bars), _returns(then, bars)
    first, second = _ratio(a), _ratio(b)
    spread = a.std() * b.std()
    alike = float(np.mean((a - a.mean()) * (b - b.mean())) / spread) if spread > 0.0 else 0.0
    both = first**2 + second**2 - 2.0 * first * second * alike**2
    variance = (2.0 - 2.0 * alike + 0.5 * both) / max(a.size, 1)
    gained = (second - first) / math.sqrt(variance) if variance > 1e-18 else 0.0
    yearly = math.sqrt(DAYS_A_YEAR * NS_PER_DAY / bars.timeframe)
    count, earned = now.entry.size, first * math.sqrt(a.size)
    return Delay(count, first * yearly, second * yearly, gained, earned)


def _one_later(signals: Signals) -> Signals:
    no, distance = np.array([False]), signals.stop_distance
    return Signals(
        enter=np.concatenate([no, signals.enter[:-1]]),
        exit=np.concatenate([no, signals.exit[:-1]]),
        stop_distance=None if distance is None else np.append(np.nan, distance[:-1]),
    )


def _returns(trips: RoundTrips, bars: Bars) -> Floats:
    """By bar, from its open to the next; a stop ends it within."""
    after = np.append(bars.open[1:], bars.close[-1:])
    grown = after / bars.open - 1.0
    turns = np.zeros(len(bars) + 1, dtype=np.int64)
    np.add.at(turns, trips.entry, 1)
    np.add.at(turns, np.minimum(trips.leave, len(bars)), -1)
    held = np.where(np.cumsum(turns)[:-1] > 0, grown, 0.0)
    rows = trips.leave[trips.stopped]
    held[rows] += trips.exit_price[trips.stopped] / bars.open[rows] - 1.0
    return np.asarray(held)


def _ratio(returns: Floats) -> float:
    spread = float(returns.std(ddof=1)) if returns.size > 1 else 0.0
    return float(returns.mean()) / spread if spread > 0.0 else 0.0
