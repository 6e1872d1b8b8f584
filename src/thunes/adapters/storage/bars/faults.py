"""Faults of single rows: values that no bar can have, and stamps that are absent."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from thunes.adapters.storage.bars.findings import Finding, Kind, Severity
from thunes.adapters.storage.bars.series import Series
from thunes.adapters.storage.bars.times import NO_TIME

Mask = NDArray[np.bool_]

_PRICES = ("open", "high", "low", "close")
_CONTRADICTIONS_SHARE_MAX = 0.05
_DECIMALS_OF_VENUES = 8


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding and, where import leaves rows out because of it, which ones (length n, or None)."""

    finding: Finding
    out: Mask | None = None


def placed(series: Series, k: int, finding: Finding) -> Finding:
    """The finding with the row and time of bar k."""
    at = int(series.bars.open_time[k])
    return replace(finding, row=int(series.rows[k]), at=None if at == NO_TIME else at)


def quarantined(series: Series, kind: Kind, mask: Mask, text: str) -> Fault:
    """The rows of `mask` (one at least) put aside; the finding stands at the first of them."""
    count = int(np.count_nonzero(mask))
    if count > 1:
        text += f" ({count} rows, the last is row {series.rows[np.flatnonzero(mask)[-1]]})"
    finding = Finding(kind, Severity.QUARANTINE, text, count=count)
    return Fault(placed(series, int(np.argmax(mask)), finding), mask)


def faults_of_rows(series: Series) -> list[Fault]:
    """Each kind of impossible row, once, with all its rows."""
    bars = series.bars
    faults: list[Fault] = []
    if (mask := bars.open_time == NO_TIME).any():
        text = "no open time between 1980 and 2100; give epoch s, ms, us, ns or ISO 8601"
        faults.append(quarantined(series, Kind.BAD_TIME, mask, text))
    columns = [getattr(bars, name) for name in (*_PRICES, "volume")]
    # One pass finds whether anything is not finite; the sum of sound columns is finite.
    if not all(np.isfinite(column.sum()) for column in columns):
        faults += _not_finite(series)
    lowest = np.minimum(np.minimum(bars.open, bars.close), np.minimum(bars.low, bars.high))
    if (mask := lowest <= 0).any():
        k = int(np.argmax(mask))
        name = next(name for name in _PRICES if getattr(bars, name)[k] <= 0)
        text = f"{name} is {getattr(bars, name)[k]}; a spot price is above 0"
        faults.append(quarantined(series, Kind.NOT_POSITIVE, mask, text))
    if (mask := bars.volume < 0).any():
        text = f"volume is {bars.volume[np.argmax(mask)]}"
        faults.append(quarantined(series, Kind.NEGATIVE_VOLUME, mask, text))
    return faults + _contradictions(series)


def _not_finite(series: Series) -> list[Fault]:
    faults: list[Fault] = []
    for kind, test in ((Kind.NOT_A_NUMBER, np.isnan), (Kind.INFINITE, np.isinf)):
        masks = {name: test(getattr(series.bars, name)) for name in (*_PRICES, "volume")}
        mask = np.logical_or.reduce(list(masks.values()))
        if mask.any():
            k = int(np.argmax(mask))
            names = ", ".join(name for name, column in masks.items() if column[k])
            said = "is absent or not a number" if kind is Kind.NOT_A_NUMBER else "is infinite"
            if k == mask.size - 1 and kind is Kind.NOT_A_NUMBER:
                said += "; it is the last row: the file may have been cut short"
            faults.append(quarantined(series, kind, mask, f"{names} {said}"))
    return faults


def _contradictions(series: Series) -> list[Fault]:
    bars = series.bars
    over, under = np.maximum(bars.open, bars.close), np.minimum(bars.open, bars.close)
    mask = (bars.high < over) | (bars.low > under)
    count = int(np.count_nonzero(mask))
    if count == 0:
        return []
    k = int(np.argmax(mask))
    if bars.high[k] < over[k]:
        name = "open" if over[k] == bars.open[k] else "close"
        told = f"high {bars.high[k]} is below {name} {over[k]}"
    else:
        name = "open" if under[k] == bars.open[k] else "close"
        told = f"low {bars.low[k]} is above {name} {under[k]}"
    faults = [quarantined(series, Kind.OHLC, mask, told)]
    if count > _CONTRADICTIONS_SHARE_MAX * mask.size:
        text = (
            f"{count} of {mask.size} bars contradict themselves, which no venue writes: the "
            "columns are in another order (say --columns), or the series was computed"
        )
        if finely_divided(series):
            text += f"; its prices have more than {_DECIMALS_OF_VENUES} decimals, too"
        finding = Finding(Kind.INVENTED, Severity.REFUSE, text, count=count)
        faults.append(Fault(placed(series, k, finding)))
    return faults


def finely_divided(series: Series) -> bool:
    """True where most closes have more decimals than any venue's tick: computed, not traded."""
    close = series.bars.close[(series.bars.close > 1e-3) & np.isfinite(series.bars.close)]
    beyond = np.count_nonzero(np.round(close, _DECIMALS_OF_VENUES) != close)
    return bool(beyond > close.size / 2)
