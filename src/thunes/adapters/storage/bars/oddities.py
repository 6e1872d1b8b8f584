"""What is odd though no rule is broken: noted, and kept."""

import numpy as np

from thunes.adapters.storage.bars.faults import Fault, finely_divided, placed
from thunes.adapters.storage.bars.findings import Finding, Kind, Severity
from thunes.adapters.storage.bars.series import Series
from thunes.core.domain.market import Floats
from thunes.core.domain.units import NS_PER_DAY, format_instant

_FROZEN_BARS_MIN = 10
_PEG_WIDTH_MAX = 0.01
_PEG_BARS_MIN = 100
_SPIKE_MIN = 0.10
_SPIKE_TYPICAL_RANGES = 15.0
_LISTING_FACTOR_MIN = 1.5
_FORMING_BARS = 30
_FORMING_VOLUME_SHARE_MAX = 0.02
_FORMING_RARE_SHARE = 0.01
_ENDED_DAYS_MIN = 7


def oddities(series: Series, timeframe: int, now: int | None) -> list[Fault]:
    """Notes on a series whose rows are sound and in order; `now` (ns) is None where nobody knows.

    The only row left out by a note is a last bar that was still forming.
    """
    found = [
        _zero_volume(series),
        _frozen(series),
        _nearly_constant(series),
        _listing_jump(series),
        _spikes(series, timeframe),
        _forming(series, timeframe, now),
        _ended(series, timeframe, now),
        _computed(series),
    ]
    return [fault for fault in found if fault is not None]


def _note(series: Series, k: int, kind: Kind, text: str, count: int = 1) -> Fault:
    return Fault(placed(series, k, Finding(kind, Severity.NOTE, text, count=count)))


def _zero_volume(series: Series) -> Fault | None:
    zero = series.bars.volume == 0
    count = int(np.count_nonzero(zero))
    if count == 0:
        return None
    text = f"{count} of {zero.size} bars ({count / zero.size:.1%}) have no volume"
    text += "; no order would have filled there"
    return _note(series, int(np.argmax(zero)), Kind.ZERO_VOLUME, text, count)


def _frozen(series: Series) -> Fault | None:
    """The longest run of bars without any movement."""
    bars = series.bars
    still = np.concatenate(([False], (bars.high == bars.low)[1:] & (np.diff(bars.close) == 0)))
    edges = np.flatnonzero(np.diff(np.concatenate(([False], still, [False])).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    if starts.size == 0 or (ends - starts).max() < _FROZEN_BARS_MIN:
        return None
    longest = int(np.argmax(ends - starts))
    k, length = int(starts[longest]), int(ends[longest] - starts[longest])
    text = (
        f"{length} bars in a row stand at {bars.close[k]}, the longest such run: a dead market or "
    )
    return _note(series, k, Kind.FROZEN, text + "a feed that repeats its last value", length)


def _nearly_constant(series: Series) -> Fault | None:
    close = series.bars.close
    if close.size < _PEG_BARS_MIN:
        return None
    low, middle, high = (float(k) for k in np.quantile(close, (0.01, 0.5, 0.99)))
    if high - low > _PEG_WIDTH_MAX * middle:
        return None
    text = (
        f"98 % of the closes lie between {low:g} and {high:g}: a pegged pair; measures that divide "
        "by the variation of its price mean nothing here"
    )
    return _note(series, 0, Kind.NEARLY_CONSTANT, text, close.size)


def _listing_jump(series: Series) -> Fault | None:
    bars = series.bars
    factor = float(bars.close[0] / bars.open[0])
    if 1 / _LISTING_FACTOR_MIN < factor < _LISTING_FACTOR_MIN:
        return None
    text = (
        f"the first bar opens at {bars.open[0]} and closes at {bars.close[0]}: a listing day, "
        "whose open nobody could trade; start later"
    )
    return _note(series, 0, Kind.LISTING_JUMP, text)


def _spikes(series: Series, timeframe: int) -> Fault | None:
    """Bars that left the previous close by far more than usual."""
    bars = series.bars
    if len(bars) < _FORMING_BARS:
        return None
    before = bars.close[:-1]
    reach = np.maximum(bars.high[1:] / before, before / bars.low[1:]) - 1
    typical = float(np.median(bars.high / bars.low - 1))
    wild = reach > max(_SPIKE_MIN, _SPIKE_TYPICAL_RANGES * typical)
    wild &= np.diff(bars.open_time) == timeframe
    found = np.flatnonzero(wild) + 1
    if found.size == 0:
        return None
    largest = found[np.argsort(-reach[found - 1], kind="stable")][:3]
    texts = [_reach(series, int(j)) for j in largest]
    texts[1:] = [
        f"{told} at {format_instant(int(bars.open_time[j]))}"
        for told, j in zip(texts[1:], largest[1:], strict=True)
    ]
    k = int(largest[0])
    text = f"{texts[0]}; {found.size} such bars" if found.size > 1 else texts[0]
    if len(texts) > 1:
        text += f" (also {'; '.join(texts[1:])})"
    text += ". Kept: a crash is real until another source disproves it (--against FILE)"
    return _note(series, k, Kind.SPIKE, text, int(found.size))


def _reach(series: Series, k: int) -> str:
    bars = series.bars
    before, high, low, close = (
        float(v) for v in (bars.close[k - 1], bars.high[k], bars.low[k], bars.close[k])
    )
    up = high / before >= before / low
    move = high / before - 1 if up else low / before - 1
    back = abs(close - before) < abs((high if up else low) - before) / 3
    return f"{move:+.0%} against the close before {'and back' if back else 'and stayed'}"


def _forming(series: Series, timeframe: int, now: int | None) -> Fault | None:
    """The last bar, where it closes after `now` or its volume is that of a bar just begun."""
    last = series.bars.open_time.size - 1
    close_time = int(series.bars.open_time[last]) + timeframe
    if now is not None and close_time > now:
        text = f"it closes at {format_instant(close_time)}, later than now; import drops it"
    elif (share := _forming_share(series.bars.volume)) is not None:
        text = (
            f"its volume is {share:.1%} of the usual: it was downloaded before it closed, "
            "it seems; import drops it"
        )
    else:
        return None
    out = np.zeros(last + 1, np.bool_)
    out[last] = True
    return Fault(_note(series, last, Kind.FORMING, text).finding, out)


def _forming_share(volume: Floats) -> float | None:
    """Last volume over the median of the bars before it, where that is suspiciously small."""
    usual = float(np.median(volume[-_FORMING_BARS - 1 : -1])) if volume.size > 1 else 0.0
    floor = _FORMING_VOLUME_SHARE_MAX * usual
    thin = np.count_nonzero(volume < floor) > max(1.0, _FORMING_RARE_SHARE * volume.size)
    if volume[-1] >= floor or volume.size <= _FORMING_BARS or thin:
        return None
    return float(volume[-1]) / usual


def _ended(series: Series, timeframe: int, now: int | None) -> Fault | None:
    last = series.bars.open_time.size - 1
    closed = int(series.bars.open_time[last]) + timeframe
    if now is None or now - closed < max(_ENDED_DAYS_MIN * NS_PER_DAY, 10 * timeframe):
        return None
    text = f"the last bar is {(now - closed) // NS_PER_DAY} days old: delisted, or an old download"
    return _note(series, last, Kind.SERIES_END, text)


def _computed(series: Series) -> Fault | None:
    if not finely_divided(series):
        return None
    text = (
        f"prices such as {series.bars.close[0]!r} have more decimals than any venue quotes: "
        "computed, converted or rounded to float32, not traded; compare with --against FILE"
    )
    return _note(series, 0, Kind.INVENTED, text, series.bars.open_time.size)
