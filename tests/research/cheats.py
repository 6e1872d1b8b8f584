"""Strategies that cheat, each in one known way, and honest ones drawn at random."""

from collections.abc import Callable

import numpy as np

from thunes.core.domain.market import Floats
from thunes.core.market.bars import Bars
from thunes.core.market.indicators import atr, bollinger, donchian, ema, rsi, sma
from thunes.core.market.rolling import rolling_max
from thunes.core.market.signals import Flags, crossed_above, crossed_below
from thunes.core.strategy.protocol import Signals, SignalStrategy

Make = Callable[[Bars], Signals]


class Made(SignalStrategy):
    """A strategy of one function, under a name."""

    name: str
    make: Make

    def signals(self, bars: Bars) -> Signals:
        return self.make(bars)


def crosses(fast: Floats, slow: Floats | float, leave: float | None = None) -> Signals:
    return Signals(
        enter=crossed_above(fast, slow),
        exit=crossed_below(fast, slow if leave is None else leave),
    )


def states(enter: Flags, leave: Flags) -> Signals:
    return Signals(enter=enter & ~leave, exit=leave & ~enter)


def shifted(values: np.ndarray, by: int) -> np.ndarray:
    """What pandas calls shift(-by): row t holds row t + by."""
    out = np.full(values.size, np.nan) if values.dtype == np.float64 else np.zeros_like(values)
    out[: max(values.size - by, 0)] = values[by:]
    return out


def centred(values: Floats, half: int) -> Floats:
    """rolling(2 * half + 1, center=True).mean()"""
    out = np.full(values.size, np.nan)
    for row in range(half, values.size - half):
        out[row] = values[row - half : row + half + 1].mean()
    return out


def joined_at_open(bars: Bars, timeframe: str, values: Callable[[Bars], Floats]) -> Floats:
    """A higher timeframe merged on its open time: resample, then a merge by time as it stands."""
    higher = bars.at(timeframe)
    rows = np.searchsorted(higher.open_time, bars.open_time, side="right") - 1
    return np.append(values(higher), np.nan)[rows] if len(higher) else np.full(len(bars), np.nan)


def z_score(values: Floats) -> Floats:
    return (values - np.nanmean(values)) / np.nanstd(values)


def min_max(values: Floats) -> Floats:
    return (values - values.min()) / (values.max() - values.min())


def _swing(bars: Bars) -> Signals:
    """Swing lows known at their own bar, which takes five bars after it."""
    low = bars.low
    swing = np.zeros(len(bars), dtype=bool)
    for row in range(5, len(bars) - 5):
        swing[row] = low[row] == low[row - 5 : row + 6].min()
    return states(swing, crossed_below(rsi(bars.close, 14), 60.0))


def _shifted_cross(bars: Bars) -> Signals:
    honest = crosses(sma(bars.close, 10), sma(bars.close, 30))
    return Signals(enter=shifted(honest.enter, 1), exit=shifted(honest.exit, 1))


def _last_row(bars: Bars) -> Signals:
    return states(bars.close < bars.close[-1:], bars.close > bars.close[-1:])


CHEATS: dict[str, tuple[str, Make]] = {
    "shift(-1) of the signals": ("next bar", _shifted_cross),
    "shift(-1) of the close": (
        "next bar",
        lambda b: states(shifted(b.close, 1) > b.close, shifted(b.close, 1) < b.close),
    ),
    "shift(-1) into an rsi": ("next bar", lambda b: crosses(shifted(rsi(b.close, 14), 1), 30, 70)),
    "shift(-3) of the close": (
        "bars ahead",
        lambda b: states(shifted(b.close, 3) > b.close, shifted(b.close, 3) < b.close),
    ),
    "shift(-2) of an average": (
        "bars ahead",
        lambda b: crosses(shifted(sma(b.close, 10), 2), shifted(sma(b.close, 40), 2)),
    ),
    "centred average": ("centred window", lambda b: crosses(b.close, centred(b.close, 5))),
    "wide centred average": (
        "centred window",
        lambda b: states(b.close < centred(b.close, 20), b.close > centred(b.close, 20)),
    ),
    "swing at its own bar": ("centred window", _swing),
    "z-score of everything": ("whole sample", lambda b: crosses(z_score(b.close), -1.0, 1.0)),
    "min-max of everything": ("whole sample", lambda b: crosses(min_max(b.close), 0.2, 0.8)),
    "z-score of a distance": (
        "whole sample",
        lambda b: crosses(z_score(b.close - ema(b.close, 9)), -1.5, 1.5),
    ),
    "the last row": ("whole sample", _last_row),
    "4h close at its open": (
        "open-time join",
        lambda b: crosses(b.close, joined_at_open(b, "4h", lambda h: h.close)),
    ),
    "4h average at its open": (
        "open-time join",
        lambda b: crosses(b.close, joined_at_open(b, "4h", lambda h: sma(h.close, 5))),
    ),
    "1d average cross at its open": (
        "open-time join",
        lambda b: crosses(
            joined_at_open(b, "1d", lambda h: sma(h.close, 2)),
            joined_at_open(b, "1d", lambda h: sma(h.close, 5)),
        ),
    ),
    "2h rsi at its open": (
        "open-time join",
        lambda b: crosses(joined_at_open(b, "2h", lambda h: rsi(h.close, 5)), 30, 70),
    ),
}


def honest(seed: int) -> Made:
    """An honest strategy drawn at random from what the indicators offer."""
    rng = np.random.default_rng(seed)
    a, b = sorted(rng.choice(np.arange(2, 80), 2, replace=False).tolist())
    level = float(rng.integers(20, 50))
    frame = str(rng.choice(["2h", "4h", "12h", "1d"]))
    width = float(rng.choice([1.0, 2.0, 2.5]))

    def higher(bars: Bars) -> Signals:
        known = bars.at(frame)
        return crosses(bars.close, known.align(ema(known.close, a)))

    def breaks(bars: Bars) -> Signals:
        upper, lower = donchian(bars.high, bars.low, b)[0], donchian(bars.high, bars.low, a)[1]
        return states(bars.close > upper, bars.close < lower)

    def banded(bars: Bars) -> Signals:
        above, _, below = bollinger(bars.close, b, width)
        return states(bars.close < below, bars.close > above)

    def stopped(bars: Bars) -> Signals:
        found = crosses(ema(bars.close, a), ema(bars.close, b))
        distance = width * atr(bars.high, bars.low, bars.close, a) / bars.close
        return Signals(enter=found.enter, exit=found.exit, stop_distance=distance)

    def trailing(bars: Bars) -> Signals:
        fall = bars.close < 0.98 * rolling_max(bars.close, b)
        return states(crossed_above(rsi(bars.close, min(a, 14)), level), fall)

    def switched(bars: Bars) -> Signals:
        known = bars.at(frame)
        trend = known.align(crossed_above(known.close, sma(known.close, a)))
        return states(trend & (bars.close > sma(bars.close, b)), bars.close < sma(bars.close, a))

    forms: list[Make] = [
        lambda bars: crosses(sma(bars.close, a), sma(bars.close, b)),
        lambda bars: crosses(rsi(bars.close, min(a, 14)), level, 100 - level),
        lambda bars: crosses(bars.volume, sma(bars.volume, b)),
        higher,
        breaks,
        banded,
        stopped,
        trailing,
        switched,
    ]
    return Made(name=f"honest {seed}", make=forms[seed % len(forms)])
