"""A seeded market: bars with regimes, clustered volatility, price gaps and holes in the record.

Only additions, multiplications, divisions and square roots stand between the generator's raw bits
and the prices, so that one seed gives the same bits on every machine: PCG64's raw stream is
promised, numpy's normal variates and the last digit of `log` and `cos` are not.
"""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from thunes.core.domain.errors import UsageError
from thunes.core.domain.market import BarColumns, Floats, Ints
from thunes.core.domain.units import NS_PER_DAY, NS_PER_SECOND, Instant
from thunes.core.stats.kernel import kernel

_BARS_MAX = 20_000_000
_DAYS_PER_YEAR = 365.25
_YEARLY_VOLATILITY = 0.75
_SUBSTEPS = 8
_NORMAL_DRAWS = 12

# Regimes in this order: rise, range, fall, shock. Drift in sigmas per bar, volatility as a factor.
_DRIFT = (0.06, 0.0, -0.06, -0.25)
_LOUDNESS = (0.9, 0.7, 1.1, 2.5)
_GRAVITY = 0.02
_LASTS_BARS = (160.0, 200.0, 120.0, 12.0)
# Row: from; column: to; cumulative.
_NEXT = (
    (0.0, 0.55, 0.9, 1.0),
    (0.46, 0.46, 0.92, 1.0),
    (0.35, 0.85, 0.85, 1.0),
    (0.3, 0.6, 1.0, 1.0),
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to generate: the same recipe gives the same bars, to the last bit.

    `timeframe` and `start` are in ns, `start` a multiple of the timeframe; prices are in quote
    units and on `tick`; `missing` is the share of bars that the record lacks, in short outages.
    """

    seed: int
    bars: int = 2_400
    timeframe: int = 3_600 * NS_PER_SECOND
    start: Instant = Instant(1_704_067_200 * NS_PER_SECOND)
    start_price: Decimal = Decimal(30_000)
    tick: Decimal = Decimal("0.01")
    missing: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.bars <= _BARS_MAX:
            raise UsageError(f"bars = {self.bars} must be 1 to {_BARS_MAX}")
        if self.timeframe < NS_PER_SECOND or self.start % self.timeframe:
            raise UsageError("the start must be a multiple of the timeframe, of 1 s at least")
        if self.tick <= 0 or self.start_price < 100 * self.tick:
            raise UsageError(
                f"start price {self.start_price} must be 100 ticks of {self.tick} or more"
            )
        if not 0 <= self.missing <= 0.5:
            raise UsageError(f"missing = {self.missing} must be a share from 0 to 0.5")
        if self.seed < 0:
            raise UsageError(f"seed = {self.seed} must not be negative")


DEMO_MARKET = Recipe(seed=10)
"""Long enough for several dozens of trades of a moving-average cross, with a losing stretch."""


def synthesize(recipe: Recipe) -> BarColumns:
    """The market of a recipe: valid bars on the grid and on the tick, oldest first."""
    draws = _Draws(recipe.seed)
    regime = _regimes(draws.uniform(recipe.bars), draws.uniform(recipe.bars))
    normals = draws.normal(recipe.bars * _SUBSTEPS).reshape(recipe.bars, _SUBSTEPS)
    gaps = draws.normal(recipe.bars) * (draws.uniform(recipe.bars) < 0.02)
    sigma = _YEARLY_VOLATILITY * np.sqrt(recipe.timeframe / (_DAYS_PER_YEAR * NS_PER_DAY))
    paths = _paths(regime, normals, gaps, float(sigma), float(recipe.start_price / recipe.tick))
    opened, high, low, close = (np.rint(column) for column in paths)
    reach = (high - low) / (close * sigma)
    volume = np.rint((0.2 + reach) * (0.5 + draws.uniform(recipe.bars)) * 1e5) / 1e3
    times = recipe.start + recipe.timeframe * np.arange(recipe.bars, dtype=np.int64)
    prices = (_on_tick(column, recipe.tick) for column in (opened, high, low, close))
    kept = _recorded(draws.uniform(recipe.bars), recipe.missing)
    return BarColumns(*(np.ascontiguousarray(k[kept]) for k in (times, *prices, volume)))


class _Draws:
    """Uniform and normal variates made of raw bits by exact arithmetic."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def uniform(self, count: int) -> Floats:
        """In [0, 1), multiples of 2**-53."""
        raw = np.asarray(self._bits.random_raw(count), np.uint64)
        return np.asarray((raw >> np.uint64(11)) * 2.0**-53, np.float64)

    def normal(self, count: int) -> Floats:
        """Sums of 12 uniforms less 6: mean 0, variance 1, never beyond 6."""
        total = np.full(count, -_NORMAL_DRAWS / 2)
        for _ in range(_NORMAL_DRAWS):
            total += self.uniform(count)
        return total


@kernel
def _regimes(leaves: Floats, chooses: Floats) -> Ints:
    """The regime of each bar: a Markov chain that starts in a range."""
    regime = np.empty(leaves.size, np.int64)
    now = 1
    for k in range(leaves.size):
        if leaves[k] * _LASTS_BARS[now] < 1.0:
            row = _NEXT[now]
            draw = chooses[k]
            now = 0 if draw < row[0] else 1 if draw < row[1] else 2 if draw < row[2] else 3
        regime[k] = now
    return regime


@kernel
def _paths(
    regime: Ints, normals: Floats, gaps: Floats, sigma: float, start: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Open, high, low, close in ticks (not yet whole), each bar walked in small steps.

    Variance is GARCH(1, 1) around 1 with weights 0.10 (last move) and 0.88 (last variance);
    a range pulls the price back to where the range began, and a weak pull towards the start keeps
    decades of bars from drifting to nothing.
    """
    bars, steps = normals.shape
    columns = (np.empty(bars), np.empty(bars), np.empty(bars), np.empty(bars))
    price, anchor, variance = start, start, 1.0
    for k in range(bars):
        kind = regime[k]
        if k > 0 and kind != regime[k - 1]:
            anchor = price
        scale = sigma * np.sqrt(variance)
        before = price
        price = max(price * (1.0 + 3.0 * scale * gaps[k]), 50.0)
        loud = _LOUDNESS[kind] * scale
        drift = _DRIFT[kind] * sigma + 0.5 * loud * loud
        drift -= _GRAVITY * sigma * (price - start) / (price + start)
        if kind == 1:
            drift -= 0.02 * (price / anchor - 1.0)
        high = low = opened = price
        step = loud / np.sqrt(steps)
        for j in range(steps):
            price = max(price * (1.0 + drift / steps + step * normals[k, j]), 50.0)
            high, low = max(high, price), min(low, price)
        columns[0][k], columns[1][k], columns[2][k], columns[3][k] = opened, high, low, price
        move = (price / before - 1.0) / (sigma * _LOUDNESS[kind])
        variance = min(0.02 + 0.10 * move * move + 0.88 * variance, 25.0)
    return columns


def _on_tick(ticks: Floats, tick: Decimal) -> Floats:
    """Whole ticks as prices, each the float64 nearest to the exact decimal."""
    numerator, denominator = tick.as_integer_ratio()
    return np.asarray(ticks * numerator / denominator, np.float64)


def _recorded(draws: Floats, share: float) -> Ints:
    """The indices of the bars that are on record; outages last 1 to 24 bars, the ends are kept."""
    kept = np.ones(draws.size, np.bool_)
    mean_outage = 12.5
    for k in np.flatnonzero(draws * mean_outage < share):
        length = 1 + int(draws[k] * mean_outage / share * 24)
        kept[max(int(k), 1) : min(int(k) + length, draws.size - 1)] = False
    return np.flatnonzero(kept)
