"""The corpus of cheats: what people fool themselves with, each as a strategy of one function.

Those of `cheats.CHEATS` are held to the name of their kind as well; here it is only to be caught.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import ndimage, signal

from tests.research.cheats import CHEATS, Made, Make, centred, crosses, shifted, states
from thunes.core.domain.market import Floats
from thunes.core.market.bars import Bars
from thunes.core.market.indicators import atr, ema, rsi, sma
from thunes.core.strategy.protocol import Signals, SignalStrategy

DAY = 86_400 * 10**9


def around(values: Floats, middle: Floats) -> Signals:
    """In while below, out while above."""
    return states(values < middle, values > middle)


def series(bars: Bars, values: Floats | None = None) -> pd.Series:
    at = pd.to_datetime(np.array(bars.open_time))
    return pd.Series(np.array(bars.close if values is None else values), index=at)


def flips(up: np.ndarray) -> Signals:
    up = np.asarray(up, dtype=bool)
    return Signals(enter=up & ~np.append(False, up[:-1]), exit=~up & np.append(False, up[:-1]))


def trend(bars: Bars) -> Floats:
    rows = np.arange(len(bars), dtype=float)
    if len(bars) < 3:
        return bars.close.copy()
    return np.polyval(np.polyfit(rows, bars.close, 1), rows)


def low_pass(bars: Bars) -> Floats:
    spectrum = np.fft.rfft(bars.close)
    spectrum[max(2, spectrum.size // 20) :] = 0
    return np.fft.irfft(spectrum, len(bars))


def padded(values: Floats, least: int, smooth: Callable[[Floats], Floats]) -> Floats:
    return smooth(np.array(values)) if values.size >= least else np.full(values.size, np.nan)


def smoothed_back(bars: Bars) -> Floats:
    """A Kalman filter and its smoother, which goes back over what it knows by then."""
    estimate = ema(bars.close, 5)
    out = estimate.copy()
    for row in range(len(bars) - 2, -1, -1):
        if np.isfinite(out[row + 1]) and np.isfinite(estimate[row]):
            out[row] = estimate[row] + 0.6 * (out[row + 1] - estimate[row])
    return out


def zigzag(bars: Bars) -> Signals:
    """Turns of 2 %, painted at the extreme where they turn out to have been."""
    enter, leave = np.zeros((2, len(bars)), dtype=bool)
    place, rising = 0, True
    for row in range(1, len(bars)):
        best, now = bars.close[place], bars.close[row]
        if (now > best) == rising and now != best:
            place = row
        elif abs(now / best - 1) > 0.004:
            (leave if rising else enter)[place] = True
            place, rising = row, not rising
    return Signals(enter=enter, exit=leave)


def pivots(bars: Bars) -> Floats:
    """Straight lines between the closes of every twelfth hour: the next one is drawn towards."""
    rows = np.arange(len(bars))
    known = (bars.open_time // (3_600 * 10**9)) % 12 == 0
    return np.interp(rows, rows[known], bars.close[known]) if known.any() else bars.close * np.nan


def by_day(bars: Bars, values: Floats, how: str) -> Floats:
    return series(bars, values).groupby(np.array(bars.open_time) // DAY).transform(how).to_numpy()


def resampled(bars: Bars, label: str, closed: str) -> Floats:
    if not len(bars):
        return bars.close
    found = series(bars).resample("4h", label=label, closed=closed).last()
    return found.reindex(series(bars).index, method="ffill").to_numpy()


def as_of(bars: Bars, direction: str) -> Floats:
    left = pd.DataFrame({"at": np.array(bars.open_time)})
    every = slice(3, None, 6)
    right = pd.DataFrame({"at": np.array(bars.open_time)[every], "x": np.array(bars.close)[every]})
    return pd.merge_asof(left, right, on="at", direction=direction)["x"].to_numpy()


def fitted(bars: Bars) -> Signals:
    """A regression of the next return on three features, fitted on the bars that it trades."""
    change = np.append(0.0, np.diff(np.log(bars.close)))
    features = np.column_stack([change, np.append(0.0, change[:-1]), bars.volume - 5.0])
    target = shifted(change, 1)
    if len(bars) < 12:
        return flips(np.zeros(len(bars), dtype=bool))
    known = np.isfinite(target) & np.isfinite(features).all(axis=1)
    weights = np.linalg.lstsq(features[known], target[known], rcond=None)[0]
    return flips(features @ weights > 0)


def hour_means(bars: Bars) -> Signals:
    """Each hour of the day has the mean return that it turns out to have."""
    frame = pd.DataFrame({"h": np.array(bars.open_time) // (3_600 * 10**9) % 24})
    frame["next"] = shifted(np.append(0.0, np.diff(bars.close)), 1)
    return flips(frame.groupby("h")["next"].transform("mean").to_numpy() > 0)


def best_of(bars: Bars, tried: list[tuple[int, int]]) -> Signals:
    """The pair of averages that has earned most in the end."""
    change = np.append(np.diff(bars.close), 0.0)
    scores = []
    for fast, slow in tried:
        up = sma(bars.close, fast) > sma(bars.close, slow)
        scores.append(np.nansum(np.where(up, change, 0.0)))
    fast, slow = tried[int(np.argmax(scores))]
    return crosses(sma(bars.close, fast), sma(bars.close, slow))


def best_level(bars: Bars) -> Signals:
    strength = rsi(bars.close, 5)
    change = np.append(np.diff(bars.close), 0.0)
    levels = [20.0, 30.0, 40.0, 50.0, 60.0]
    earned = [np.nansum(np.where(strength < level, change, 0.0)) for level in levels]
    return crosses(strength, levels[int(np.argmax(earned))], 70.0)


def without_crashes(bars: Bars) -> Signals:
    """Honest crosses, less the entries after which it would have fallen."""
    honest = crosses(sma(bars.close, 3), sma(bars.close, 8))
    falls = shifted(bars.close, 4) < bars.close
    return Signals(enter=honest.enter & ~falls, exit=honest.exit)


def survivors(bars: Bars) -> Signals:
    """Trades only what is worth more today than when it was listed: the universe of today."""
    alive = len(bars) > 0 and bars.close[-1] > bars.close[0]
    found = crosses(sma(bars.close, 3), sma(bars.close, 8))
    return found if alive else flips(np.zeros(len(bars), dtype=bool))


def adjusted(bars: Bars) -> Floats:
    """Prices divided by what the coin came to: adjusted back from its last day."""
    return bars.close / bars.close[-1:] if len(bars) else bars.close


def nearest_base(bars: Bars) -> Signals:
    """The bars that its own ones are a view of."""
    whole = bars.close
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    whole = whole[-len(bars) :] if whole.size < len(bars) else whole
    later = np.append(whole[1:], np.nan)[: len(bars)]
    return around(bars.close, later)


_SEEN: list[Floats] = []


class Remembers(SignalStrategy):
    """Keeps the longest history that it was ever shown, and reads the next bar there."""

    def signals(self, bars: Bars) -> Signals:
        if not _SEEN or len(bars) > _SEEN[-1].size:
            _SEEN.append(bars.close)
        later = np.append(_SEEN[-1][1:], np.nan)[: len(bars)]
        return states(later > bars.close, later < bars.close)


def gap_ahead(bars: Bars) -> Signals:
    """Out before the record has a hole: nobody knows of an outage before."""
    hole = np.append(np.diff(bars.open_time) > bars.timeframe, False)
    return states(~hole, hole)


def first_half(bars: Bars) -> Signals:
    return flips((np.arange(len(bars)) < len(bars) / 2) & (bars.close > ema(bars.close, 4)))


def stop_below_what_comes(bars: Bars) -> Signals:
    honest = crosses(sma(bars.close, 4), sma(bars.close, 9))
    comes = np.minimum.accumulate(bars.low[::-1])[::-1]
    distance = np.clip(1 - 0.999 * comes / bars.close, 0.001, 0.5)
    return Signals(enter=honest.enter, exit=honest.exit, stop_distance=distance)


def clustered(bars: Bars) -> Signals:
    """Calm and loud by the terciles that the whole sample turns out to have."""
    loud = atr(bars.high, bars.low, bars.close, 5) / bars.close
    if not np.isfinite(loud).any():
        return flips(np.zeros(len(bars), dtype=bool))
    return flips(loud < np.nanquantile(loud, 1 / 3))


MORE: dict[str, Make] = {
    "np.roll(-1)": lambda b: around(b.close, np.roll(b.close, -1)),
    "the next open": lambda b: states(shifted(b.open, 1) > b.open, shifted(b.open, 1) < b.open),
    "the next high": lambda b: states(
        shifted(b.high, 1) > b.close + 0.02, shifted(b.high, 1) < b.close + 0.01
    ),
    "the next volume": lambda b: states(shifted(b.volume, 1) > 7.0, shifted(b.volume, 1) < 3.0),
    "volume five bars on": lambda b: crosses(shifted(b.volume, 5), sma(b.volume, 9)),
    "pandas shift(-1)": lambda b: flips((series(b).shift(-1) > series(b)).to_numpy()),
    "pandas shift(-24)": lambda b: flips((series(b).shift(-24) > series(b)).to_numpy()),
    "pandas pct_change(-2)": lambda b: flips((series(b).pct_change(-2) < 0).to_numpy()),
    "pandas diff(-1)": lambda b: flips((series(b).diff(-1) < 0).to_numpy()),
    "centred of 3": lambda b: crosses(b.close, centred(b.close, 1)),
    "centred of 21": lambda b: crosses(b.close, centred(b.close, 10)),
    "pandas centred median": lambda b: around(
        b.close, series(b).rolling(9, center=True).median().to_numpy()
    ),
    "pandas centred deviation": lambda b: flips(
        (series(b).rolling(7, center=True).std() < series(b).rolling(30).std()).to_numpy()
    ),
    "gradient": lambda b: flips(np.gradient(b.close) > 0 if len(b) > 1 else b.close > 0),
    "convolve same": lambda b: around(
        b.close, padded(b.close, 7, lambda v: np.convolve(v, np.ones(7) / 7, "same"))
    ),
    "gaussian blur": lambda b: around(b.close, ndimage.gaussian_filter1d(np.array(b.close), 3)),
    "median filter": lambda b: around(b.close, padded(b.close, 9, lambda v: signal.medfilt(v, 9))),
    "savgol": lambda b: around(
        b.close, padded(b.close, 11, lambda v: signal.savgol_filter(v, 11, 2))
    ),
    "filtfilt": lambda b: around(
        b.close, padded(b.close, 16, lambda v: signal.filtfilt(*signal.butter(2, 0.2), v))
    ),
    "fft low pass": lambda b: around(b.close, low_pass(b)),
    "hilbert envelope": lambda b: flips(
        padded(b.close, 8, lambda v: np.imag(signal.hilbert(v - v[0]))) > 0
    ),
    "detrended by a regression": lambda b: around(b.close, trend(b)),
    "scipy detrend": lambda b: flips(
        padded(b.close, 3, lambda v: np.asarray(signal.detrend(v))) > 0
    ),
    "kalman smoother": lambda b: around(b.close, smoothed_back(b)),
    "mean of everything": lambda b: crosses(b.close, np.full(len(b), b.close.mean())),
    "median of everything": lambda b: crosses(b.close, np.full(len(b), np.median(b.close))),
    "max of everything": lambda b: crosses(b.close / b.close.max(), 0.997, 0.995),
    "quantile of everything": lambda b: crosses(
        b.close, np.full(len(b), np.quantile(b.close, 0.3))
    ),
    "deviation of everything": lambda b: flips(
        np.append(0.0, np.diff(b.close)) > 1.2 * np.std(np.diff(b.close))
    ),
    "volume of everything": lambda b: flips(b.volume > b.volume.mean()),
    "rank of everything": lambda b: flips((series(b).rank(pct=True) > 0.6).to_numpy()),
    "argsort": lambda b: flips(np.argsort(np.argsort(b.close)) > len(b) * 0.4),
    "log range of everything": lambda b: crosses(
        np.log(b.close / b.close.min()) / max(np.log(b.close.max() / b.close.min()), 1e-9), 0.5
    ),
    "clusters of everything": clustered,
    "cumulated from the end": lambda b: flips(np.cumsum(b.volume[::-1])[::-1] % 20 < 10),
    "the fall to come": lambda b: states(
        np.minimum.accumulate(b.low[::-1])[::-1] >= b.close - 0.05,
        np.minimum.accumulate(b.low[::-1])[::-1] < b.close - 0.3,
    ),
    "share of what will be traded": lambda b: flips(
        np.cumsum(b.volume) / b.volume.sum() % 0.1 < 0.05
    ),
    "reversed ema": lambda b: around(b.close, ema(np.ascontiguousarray(b.close[::-1]), 9)[::-1]),
    "pandas bfill": lambda b: around(
        b.close, series(b).where(np.array(b.volume) > 8).bfill().to_numpy()
    ),
    "interpolated": lambda b: around(
        b.close, series(b).where(np.array(b.volume) > 8).interpolate().to_numpy()
    ),
    "lines between pivots": lambda b: around(b.close, pivots(b)),
    "resample labelled left": lambda b: crosses(b.close, resampled(b, "left", "left")),
    "resample closed right": lambda b: crosses(b.close, resampled(b, "left", "right")),
    "merge_asof forward": lambda b: crosses(b.close, as_of(b, "forward")),
    "merge_asof nearest": lambda b: crosses(b.close, as_of(b, "nearest")),
    "today's high": lambda b: states(
        b.close > by_day(b, b.high, "max") - 0.02, b.close < by_day(b, b.high, "max") - 0.2
    ),
    "today's close": lambda b: around(b.close, by_day(b, b.close, "last")),
    "today's mean volume": lambda b: flips(b.volume > by_day(b, b.volume, "mean")),
    "scaled before the window": lambda b: flips(
        sma((b.close - b.close.mean()) / b.close.std(), 5) > 0.3
    ),
    "target leaks into weights": fitted,
    "target leaks into hours": hour_means,
    "parameters of the whole sample": lambda b: best_of(b, [(2, 5), (3, 9), (4, 15), (6, 20)]),
    "threshold of the whole sample": best_level,
    "zigzag": zigzag,
    "entries that would lose left out": without_crashes,
    "universe of today": survivors,
    "adjusted from the last day": lambda b: crosses(adjusted(b), 1.0),
    "the memory behind a view": nearest_base,
    "the hole to come": gap_ahead,
    "the first half": first_half,
    "stop below what comes": stop_below_what_comes,
}

PLANTED: dict[str, Make] = {**{name: make for name, (_, make) in CHEATS.items()}, **MORE}


def planted(name: str) -> SignalStrategy:
    return Made(name=name, make=PLANTED[name])
