"""The corpus of clean strategies: families of honest ones over their parameters, some tricky."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from scipy import signal

from tests.research.cheats import Made, crosses, states
from tests.research.planted import DAY, flips, series
from thunes.core.domain.market import Floats
from thunes.core.market.bars import Bars
from thunes.core.market.indicators import atr, bollinger, donchian, ema, rsi, sma
from thunes.core.market.rolling import rolling_max, rolling_min
from thunes.core.strategy.protocol import Signals

HOUR = 3_600 * 10**9


def sma_cross(b: Bars, fast: int, slow: int) -> Signals:
    return crosses(sma(b.close, fast), sma(b.close, slow))


def ema_cross(b: Bars, fast: int, slow: int) -> Signals:
    return crosses(ema(b.close, fast), ema(b.close, slow))


def strength(b: Bars, n: int, level: float) -> Signals:
    return crosses(rsi(b.close, n), level, 100 - level)


def channel(b: Bars, n: int, leave: int) -> Signals:
    return states(
        b.close > donchian(b.high, b.low, n)[0], b.close < donchian(b.high, b.low, leave)[1]
    )


def bands(b: Bars, n: int, width: float) -> Signals:
    above, _, below = bollinger(b.close, n, width)
    return states(b.close < below, b.close > above)


def ranged_stop(b: Bars, n: int, width: float) -> Signals:
    found = crosses(b.close, ema(b.close, n))
    return Signals(found.enter, found.exit, width * atr(b.high, b.low, b.close, n) / b.close)


def keltner(b: Bars, n: int, width: float) -> Signals:
    middle, reach = ema(b.close, n), atr(b.high, b.low, b.close, n)
    return states(b.close > middle + width * reach, b.close < middle)


def loud(b: Bars, n: int, times: float) -> Signals:
    return states(b.volume > times * sma(b.volume, n), b.volume < sma(b.volume, n))


def hours(b: Bars, begin: int, end: int) -> Signals:
    hour = (b.open_time // HOUR + 1) % 24
    return Signals(enter=hour == begin, exit=hour == end)


def weekday(b: Bars, day: int) -> Signals:
    today = (b.open_time // DAY + 3) % 7
    return flips(today == day)


def higher_ema(b: Bars, frame: str, n: int) -> Signals:
    known = b.at(frame)
    return crosses(b.close, known.align(ema(known.close, n)))


def higher_switch(b: Bars, frame: str, n: int) -> Signals:
    known = b.at(frame)
    up = known.align(known.close > sma(known.close, n))
    return states(up & (b.close > sma(b.close, 5)), ~up)


def higher_by_hand(b: Bars, hours_: int) -> Signals:
    """The close of the last whole period, found by dividing times."""
    ends = (b.open_time // HOUR + 1) % hours_ == 0
    last = np.maximum.accumulate(np.where(ends, np.arange(len(b)), -1))
    level = np.where(last >= 0, b.close[np.maximum(last, 0)], np.nan)
    return crosses(b.close, level)


def momentum(b: Bars, n: int) -> Signals:
    change = np.full(len(b), np.nan)
    change[n:] = b.close[n:] / b.close[: max(len(b) - n, 0)] - 1.0
    return crosses(change, 0.0)


def macd(b: Bars, fast: int, slow: int, smooth: int) -> Signals:
    line = ema(b.close, fast) - ema(b.close, slow)
    return crosses(line, ema(line, smooth))


def stochastic(b: Bars, n: int, level: float) -> Signals:
    low, high = rolling_min(b.low, n), rolling_max(b.high, n)
    return crosses((b.close - low) / (high - low), level, 1 - level)


def prefix_sums(b: Bars, n: int) -> Signals:
    sums = np.concatenate([[0.0], np.cumsum(b.close)])
    mean = np.full(len(b), np.nan)
    mean[n - 1 :] = (sums[n:] - sums[: max(sums.size - n, 0)]) / n
    return states(b.close > mean, b.close < mean)


def expanding(b: Bars, width: float) -> Signals:
    count = np.arange(1, len(b) + 1)
    mean = np.cumsum(b.close) / count
    spread = np.sqrt(np.maximum(np.cumsum(b.close**2) / count - mean**2, 0.0))
    return states(b.close < mean - width * spread, b.close > mean + width * spread)


def one_pole(b: Bars, weight: float) -> Signals:
    out, held = np.empty(len(b)), np.nan
    for row, price in enumerate(b.close.tolist()):
        held = price if np.isnan(held) else held + weight * (price - held)
        out[row] = held
    return states(b.close > out, b.close < out)


def kalman(b: Bars, noise: float) -> Signals:
    estimate, doubt = np.nan, 1.0
    out = np.empty(len(b))
    for row, price in enumerate(b.close.tolist()):
        if np.isnan(estimate):
            estimate = price
        doubt += noise
        gain = doubt / (doubt + 1.0)
        estimate += gain * (price - estimate)
        doubt *= 1.0 - gain
        out[row] = estimate
    return states(b.close > out, b.close < out)


def balance_volume(b: Bars, n: int) -> Signals:
    side = np.sign(np.append(0.0, np.diff(b.close)))
    total = np.cumsum(side * b.volume)
    return crosses(total, sma(total, n))


def vwap(b: Bars, n: int) -> Signals:
    found = sma(b.close * b.volume, n) / sma(b.volume, n)
    return crosses(b.close, found)


def vwap_of_day(b: Bars, shift: int) -> Signals:
    """Cumulated from the day's first bar."""
    day = (b.open_time + shift * HOUR) // DAY
    frame = pd.DataFrame({"d": np.array(day), "v": np.array(b.volume)})
    frame["pv"] = np.array(b.close * b.volume)
    sums = frame.groupby("d")[["v", "pv"]].cumsum()
    return flips(b.close > (sums["pv"] / sums["v"]).to_numpy())


def high_of_day_so_far(b: Bars, shift: int) -> Signals:
    day = np.array((b.open_time + shift * HOUR) // DAY)
    top = series(b, b.high).groupby(day).cummax().to_numpy()
    return states(b.close > 0.9996 * top, b.close < 0.999 * top)


def high_of_yesterday(b: Bars, shift: int) -> Signals:
    day = np.array((b.open_time + shift * HOUR) // DAY)
    top = series(b, b.high).groupby(day).max().shift(1)
    level = pd.Series(day).map(top).to_numpy(dtype=float)
    return states(b.close > level, b.close < 0.999 * level)


def engulfing(b: Bars, bars_back: int) -> Signals:
    up = np.append(np.zeros(bars_back, bool), b.close[bars_back:] > b.high[:-bars_back])
    down = np.append(np.zeros(bars_back, bool), b.close[bars_back:] < b.low[:-bars_back])
    return states(up[: len(b)], down[: len(b)])


def hammer(b: Bars, times: float) -> Signals:
    body = np.maximum(np.abs(b.close - b.open), 1e-5 * b.close)
    return states(
        np.minimum(b.open, b.close) - b.low > times * body,
        b.high - np.maximum(b.open, b.close) > times * body,
    )


def pandas_rolling(b: Bars, n: int, how: str) -> Signals:
    level = getattr(series(b).rolling(n), how)()
    return flips((series(b) >= level).to_numpy())


def pandas_ewm(b: Bars, span: int) -> Signals:
    return flips((series(b) > series(b).ewm(span=span, adjust=False).mean()).to_numpy())


def pandas_expanding(b: Bars, how: str) -> Signals:
    return flips((series(b) > getattr(series(b).expanding(20), how)()).to_numpy())


def pandas_resample(b: Bars, frame: str) -> Signals:
    """Labelled by its end, and known only then: at the bar that closes with it."""
    if not len(b):
        return flips(b.close > 0)
    found = series(b).resample(frame, label="right", closed="left").last()
    ends = pd.to_datetime(np.array(b.close_time))
    return flips(b.close > found.reindex(ends, method="ffill").to_numpy())


def pandas_rank(b: Bars, n: int) -> Signals:
    return flips((series(b).rolling(n).rank(pct=True) > 0.7).to_numpy())


def pandas_ffill(b: Bars, level: float) -> Signals:
    return flips(b.close > series(b).where(np.array(b.volume) > level).ffill().to_numpy())


def noise(b: Bars, seed: int) -> Signals:
    """Chance that belongs to a bar by its time, the same whenever it is asked."""
    mixed = (b.open_time // HOUR * 2_654_435_761 + seed * 97) % 1_000
    return Signals(enter=mixed < 60, exit=(mixed >= 60) & (mixed < 150))


def swing_known_later(b: Bars, half: int) -> Signals:
    """A swing low counts when it is confirmed, half a window after it was made."""
    low = rolling_min(b.low, 2 * half + 1)
    middle = np.full(len(b), np.nan)
    middle[half:] = b.low[: max(len(b) - half, 0)]
    return states(middle == low, (middle > low) & (b.close < sma(b.close, 5)))


def slope(b: Bars, n: int) -> Signals:
    out = np.full(len(b), np.nan)
    weights = np.arange(n) - (n - 1) / 2
    for row in range(n - 1, len(b)):
        out[row] = float(np.dot(weights, b.close[row - n + 1 : row + 1]))
    return crosses(out, 0.0)


def below_peak(b: Bars, share: float) -> Signals:
    top = np.maximum.accumulate(b.high)
    return states(b.close < (1 - share) * top, b.close > (1 - share / 3) * top)


def after_a_hole(b: Bars, least: int) -> Signals:
    hole = np.append(False, np.diff(b.open_time) > least * b.timeframe)
    return states(hole, b.close < ema(b.close, 5))


def clockwork(b: Bars, every: int) -> Signals:
    place = b.open_time // HOUR % every
    return Signals(enter=place == 0, exit=place == every // 2)


def filtered(b: Bars, cut: float) -> Signals:
    if not len(b):
        return flips(b.close > 0)
    top, bottom = signal.butter(2, cut)
    change = np.append(0.0, np.diff(b.close))
    return crosses(signal.lfilter(top, bottom, change), 0.0)


def correlated(b: Bars, n: int) -> Signals:
    return flips((series(b).rolling(n).corr(series(b, b.volume)) > 0.1).to_numpy())


def held_for(b: Bars, n: int) -> Signals:
    """A machine of its own: in for n bars after a new high, not again before it is out."""
    enter, leave = np.zeros((2, len(b)), dtype=bool)
    top, since = -np.inf, -1
    for row, price in enumerate(b.close.tolist()):
        if since >= 0 and row - since >= n:
            leave[row], since = True, -1
        elif since < 0 and price > top:
            enter[row], since = True, row
        top = max(top, price)
    return Signals(enter, leave)


def windows(b: Bars, n: int) -> Signals:
    level = np.full(len(b), np.nan)
    if len(b) >= n:
        level[n - 1 :] = np.median(sliding_window_view(b.close, n), axis=1)
    return states(b.close > level, b.close < level)


def warm_up(b: Bars, rows: int) -> Signals:
    """Raises below so many bars, as some indicators do."""
    b.close[rows]
    return crosses(sma(b.close, 4), sma(b.close, 11))


def relative_low(b: Bars, n: int) -> Signals:
    """Divides by what may be nothing: NaN and infinities on the way."""
    with np.errstate(all="ignore"):
        up = np.diff(b.close, prepend=b.close[:1])
        share = sma(np.maximum(up, 0.0), n) / sma(np.abs(up), n)
    return crosses(np.nan_to_num(share, nan=0.5, posinf=1.0, neginf=0.0), 0.6, 0.4)


def chandelier(b: Bars, n: int, width: float) -> Signals:
    reach: Floats = atr(b.high, b.low, b.close, n)
    return states(b.close > sma(b.close, n), b.close < rolling_max(b.high, n) - width * reach)


FAMILIES: list[tuple[Callable[..., Signals], list[tuple[object, ...]]]] = [
    (sma_cross, [(f, s) for f in (1, 2, 3, 5, 8) for s in (9, 13, 21, 34)]),
    (ema_cross, [(f, s) for f in (2, 3, 5) for s in (8, 13, 21, 40)]),
    (strength, [(n, level) for n in (2, 3, 5, 9, 14) for level in (35.0, 40.0, 45.0)]),
    (channel, [(n, leave) for n in (3, 5, 10, 20) for leave in (2, 4, 9)]),
    (bands, [(n, w) for n in (8, 12, 20, 30) for w in (1.0, 1.5, 2.0)]),
    (ranged_stop, [(n, w) for n in (3, 7, 14) for w in (1.0, 2.0, 3.0)]),
    (keltner, [(n, w) for n in (5, 12, 20) for w in (0.4, 0.7)]),
    (chandelier, [(n, w) for n in (5, 12, 20) for w in (1.0, 2.0)]),
    (loud, [(n, t) for n in (4, 9, 20) for t in (1.2, 1.5, 1.9)]),
    (hours, [(0, 8), (8, 16), (13, 20), (23, 2), (5, 6), (16, 0)]),
    (weekday, [(0,), (2,), (4,), (5,), (6,)]),
    (higher_ema, [(f, n) for f in ("2h", "4h", "6h", "8h", "12h") for n in (1, 3, 5)]),
    (higher_switch, [(f, n) for f in ("2h", "4h", "12h", "1d") for n in (2, 4)]),
    (higher_by_hand, [(2,), (3,), (4,), (6,), (12,), (24,)]),
    (momentum, [(1,), (2,), (5,), (12,), (24,), (48,)]),
    (macd, [(3, 8, 3), (5, 13, 4), (12, 26, 9), (2, 20, 5)]),
    (stochastic, [(n, level) for n in (4, 8, 14, 30) for level in (0.2, 0.3)]),
    (prefix_sums, [(3,), (7,), (20,), (50,)]),
    (expanding, [(0.5,), (1.0,), (1.5,), (2.0,)]),
    (one_pole, [(0.05,), (0.1,), (0.3,), (0.7,)]),
    (kalman, [(0.001,), (0.01,), (0.1,)]),
    (balance_volume, [(5,), (10,), (30,)]),
    (vwap, [(4,), (12,), (24,)]),
    (vwap_of_day, [(0,), (5,), (-8,)]),
    (high_of_day_so_far, [(0,), (3,)]),
    (high_of_yesterday, [(0,), (3,)]),
    (engulfing, [(1,), (2,), (3,)]),
    (hammer, [(1.0,), (2.0,)]),
    (pandas_rolling, [(n, how) for n in (5, 14) for how in ("mean", "median", "max")]),
    (pandas_ewm, [(3,), (10,), (25,)]),
    (pandas_expanding, [("mean",), ("median",)]),
    (pandas_resample, [("2h",), ("4h",), ("1D",)]),
    (pandas_rank, [(10,), (30,)]),
    (pandas_ffill, [(5.0,), (9.0,)]),
    (noise, [(1,), (2,), (3,)]),
    (swing_known_later, [(2,), (3,), (5,)]),
    (slope, [(4,), (10,), (20,)]),
    (below_peak, [(0.001,), (0.002,), (0.003,)]),
    (after_a_hole, [(1,), (2,)]),
    (clockwork, [(6,), (10,), (24,)]),
    (filtered, [(0.05,), (0.2,), (0.5,)]),
    (correlated, [(8,), (20,)]),
    (held_for, [(2,), (6,), (15,)]),
    (windows, [(5,), (11,), (30,)]),
    (warm_up, [(10,), (60,)]),
    (relative_low, [(4,), (9,)]),
]


def clean() -> Iterator[Made]:
    for family, parameters in FAMILIES:
        for given in parameters:
            name = f"{family.__name__}({', '.join(map(str, given))})"
            yield Made(name=name, make=partial(_asked, family, given))


def _asked(family: Callable[..., Signals], given: tuple[object, ...], bars: Bars) -> Signals:
    return family(bars, *given)
