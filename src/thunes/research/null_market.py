"""The null market: random walks without a drift, on which nobody who waits for a close can earn.

G4 of the gates. Each price is a fair game of the one before, each bar opens where the one before
closed, and nothing costs anything. So the expected return of a position is zero, whatever a causal
strategy does; what knows the next bars earns there as well.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from thunes.core.domain.market import BarColumns, Floats
from thunes.core.market.bars import Bars
from thunes.core.strategy.feed import evaluate
from thunes.core.strategy.protocol import SignalStrategy
from thunes.research.round_trips import round_trips

TRADES = 100_000
"""Trades after which no more are asked for."""

TRADES_MIN = 1_000
MARKETS_MIN = 20
"""Fewer say nothing."""

ERRORS_MAX = 4.0
SECONDS = 5.0

_STEPS = 16
_STEPS_WITH_STOPS = 128
_ROWS = (2_000, 20_000)
_ROWS_IN_ALL = 6_000_000
_SWING = 0.8
"""What a walk moves by from its begin to its end, in logs: more rows of quiet bars."""

_VOLATILITY = (1e-4, 0.02)
_PATIENCE_S = 60.0
"""After so long not even the fewest markets are waited for."""


@dataclass(frozen=True, slots=True)
class Fortune:
    """What a strategy made of markets without an edge, as fractions a trade.

    `error` is the standard error of the mean, the larger of two: of single trades, and of markets
    as a whole, in which one fall may catch a loss that was put off. `slack` is what a stop may be
    met too well by, because a walk goes in steps.
    """

    trades: int
    markets: int
    won: float
    mean: float
    error: float
    slack: float = 0.0

    @property
    def tells(self) -> bool:
        return self.trades >= TRADES_MIN and self.markets >= MARKETS_MIN and self.error > 0.0

    @property
    def errors(self) -> float:
        """How many standard errors the mean lies from zero."""
        return self.mean / self.error if self.error > 0.0 else math.nan

    @property
    def fair(self) -> bool:
        """Whether chance explains it; what does not tell is taken to be fair."""
        return not self.tells or abs(self.mean) <= ERRORS_MAX * self.error + self.slack


def null_fortune(
    strategy: SignalStrategy,
    like: Bars,
    seconds: float = SECONDS,
    progress: Callable[[int, int], object] = lambda *_: None,
) -> Fortune:
    """Trade walks as loud as `like` until 100,000 trades are made or the time is up; at least 20.

    StrategyError: the strategy raised, or gave something else than signals.
    """
    rows, began = _rows(_loudness(like)), time.perf_counter()
    steps, found, sums, stopped = _STEPS, [], [], 0
    seed = made = 0
    while made < TRADES and seed * rows < _ROWS_IN_ALL:
        took = time.perf_counter() - began
        if took > (seconds if seed >= MARKETS_MIN else max(_PATIENCE_S, seconds)):
            break
        bars = walk(seed, rows, steps, like)
        with np.errstate(all="ignore"):
            signals = evaluate(strategy, bars)
        if signals.stop_distance is not None and steps == _STEPS:
            steps = _STEPS_WITH_STOPS
            continue
        trips = round_trips(signals, bars)
        found.append(trips.returns)
        sums.append(float(trips.returns.sum()))
        stopped += int(np.count_nonzero(trips.stopped))
        made += trips.entry.size
        seed += 1
        progress(min(made, TRADES), TRADES)
    step = step_of(like, steps)
    returns = np.concatenate(found) if found else np.empty(0)
    return fortune(returns, np.array(sums), step * stopped / max(made, 1))


def fortune(returns: Floats, by_market: Floats, slack: float = 0.0) -> Fortune:
    """What the returns of trades come to, and their sums by market."""
    count = returns.size
    if count < 2:
        return Fortune(count, by_market.size, 0.0, 0.0, 0.0, slack)
    single = float(returns.std(ddof=1)) / math.sqrt(count)
    whole = math.sqrt(float(np.sum(np.square(by_market)))) / count
    won, mean = float(np.mean(returns > 0.0)), float(returns.mean())
    return Fortune(count, by_market.size, won, mean, max(single, whole), slack)


def walk(seed: int, rows: int, steps: int, like: Bars) -> Bars:
    """A market of `rows` bars, each of so many steps up or down by one share of the price, with
    even odds: a fair game at each of them. It is as loud and about as dear as `like`."""
    rng = np.random.default_rng([2_024, seed])
    share = step_of(like, steps)
    up, down = math.log1p(share), math.log1p(-share)
    bits = np.unpackbits(np.frombuffer(rng.bytes(rows * steps // 8), dtype=np.uint8))
    moves = np.where(bits.reshape(rows, steps), np.float32(up), np.float32(down))
    inside = np.cumsum(moves, axis=1, dtype=np.float64)
    ends = np.cumsum(inside[:, -1])
    begins = np.concatenate([[0.0], ends[:-1]])
    price = float(np.median(like.close))
    digits = max(0, 2 - math.floor(math.log10(price * share)))

    def priced(logs: Floats) -> Floats:
        return np.asarray(np.round(price * np.exp(logs), digits))

    opened, close = priced(begins), priced(ends)
    high = np.maximum(priced(begins + inside.max(axis=1)), np.maximum(opened, close))
    low = np.minimum(priced(begins + inside.min(axis=1)), np.minimum(opened, close))
    volume = np.round(rng.gamma(2.0, 50.0, rows), 3)
    first = int(like.open_time[0])
    times = first + like.timeframe * np.arange(rows, dtype=np.int64)
    return Bars(like.symbol, like.timeframe, BarColumns(times, opened, high, low, close, volume))


def step_of(like: Bars, steps: int) -> float:
    """The share of the price by which a walk as loud as `like` moves at each step."""
    return _loudness(like) / math.sqrt(steps)


def _loudness(like: Bars) -> float:
    """The standard deviation of a bar's change, within what a walk can hold."""
    close = like.close[(like.close > 0.0) & np.isfinite(like.close)]
    changes = np.diff(np.log(close))
    found = float(np.median(np.abs(changes))) / 0.6745 if changes.size else 0.0
    return float(np.clip(found, *_VOLATILITY))


def _rows(loudness: float) -> int:
    return int(np.clip((_SWING / loudness) ** 2, *_ROWS)) // 8 * 8
