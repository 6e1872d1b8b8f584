"""How much a Sharpe ratio can be trusted.

Sharpe ratios here are per period (not annualised); kurtosis is not excess (normal: 3).
Sources: Lo 2002; Mertens 2002; Bailey & Lopez de Prado 2012 ("The Sharpe ratio efficient
frontier"); Lopez de Prado, Lipton & Zoonekynd 2025 ("How to use the Sharpe ratio").
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from thunes.core.stats.performance import sharpe

Floats = NDArray[np.float64]
VarianceAt = Literal["null", "estimate"]

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """A return series in brief: its Sharpe ratio and the moments that make it uncertain."""

    sharpe: float
    observations: int
    skew: float = 0.0
    kurtosis: float = 3.0
    autocorrelation: float = 0.0
    """Of returns one period apart, inside (-1, 1)."""


def track_record(returns: Floats) -> TrackRecord | None:
    """Measure a return series (population moments); None where its Sharpe ratio is None."""
    ratio = sharpe(returns)
    if ratio is None:
        return None
    z = (returns - returns.mean()) / returns.std()
    return TrackRecord(
        sharpe=ratio,
        observations=returns.size,
        skew=float(np.mean(z**3)),
        kurtosis=float(np.mean(z**4)),
        autocorrelation=float(np.dot(z[1:], z[:-1]) / np.dot(z, z)),
    )


def annualisation_factor(autocorrelations: Floats, periods: int) -> float | None:
    """What a per-period Sharpe ratio is multiplied by to hold over `periods` (Lo 2002).

    q / sqrt(q + 2 * sum over k < q of (q - k) * rho_k), where `autocorrelations[k - 1]` is rho_k
    and those not given are zero: without any it is sqrt(q). None if the variance is not positive.
    """
    rho = autocorrelations[: periods - 1]
    weights = periods - np.arange(1.0, rho.size + 1)
    variance = periods + 2 * float(np.dot(weights, rho))
    return periods / math.sqrt(variance) if variance > 0 else None


def sharpe_variance(
    record: TrackRecord, at: float | None = None, variance_at: VarianceAt = "null"
) -> float | None:
    """The variance of the Sharpe estimate if the true ratio is `at` (default: the estimate).

    "null" is the AR(1) form of 2025, over T; "estimate" is Mertens' form for independent returns,
    over T - 1, which ignores the autocorrelation. None for fewer than two observations, or if the
    moments contradict each other so that it is not positive.
    """
    ratio = record.sharpe if at is None else at
    r = record.autocorrelation if variance_at == "null" else 0.0
    count = record.observations if variance_at == "null" else record.observations - 1
    if record.observations < 2:
        return None
    spread = (
        (1 + r) / (1 - r)
        - (1 + r / (1 - r) + r * r / (1 - r * r)) * record.skew * ratio
        + (1 + r * r) / (1 - r * r) * (record.kurtosis - 1) / 4 * ratio * ratio
    )
    return spread / count if spread > 0 else None


def probabilistic_sharpe(
    record: TrackRecord, benchmark: float = 0.0, variance_at: VarianceAt = "null"
) -> float | None:
    """The confidence, in [0, 1], that the true Sharpe ratio exceeds `benchmark`.

    "null" takes the variance as if the benchmark were true (2025), "estimate" as if the estimate
    were (2012, 2014). None where `sharpe_variance` is None.
    """
    at = benchmark if variance_at == "null" else record.sharpe
    variance = sharpe_variance(record, at, variance_at)
    if variance is None:
        return None
    return _NORMAL.cdf((record.sharpe - benchmark) / math.sqrt(variance))


def minimum_track_record(
    record: TrackRecord,
    benchmark: float = 0.0,
    confidence: float = 0.95,
    variance_at: VarianceAt = "null",
) -> float | None:
    """Observations needed before the Sharpe ratio exceeds `benchmark` with this confidence.

    Everything but the number of observations is taken from `record`. None if the ratio does not
    exceed the benchmark: no record is then long enough.
    """
    at = benchmark if variance_at == "null" else record.sharpe
    variance = sharpe_variance(record, at, variance_at)
    if variance is None or record.sharpe <= benchmark:
        return None
    degrees_lost = 0 if variance_at == "null" else 1
    per_observation = variance * (record.observations - degrees_lost)
    z = _NORMAL.inv_cdf(confidence) / (record.sharpe - benchmark)
    return degrees_lost + per_observation * z * z
