"""The statistics give the numbers that their sources print."""

import math
from dataclasses import replace

import numpy as np
import pytest

from thunes.core.stats.cscv import overfitting
from thunes.core.stats.discovery import (
    missed,
    observed_false_discovery,
    planned_false_discoveries,
)
from thunes.core.stats.drawdown import max_drawdown, ulcer_index
from thunes.core.stats.overfitting import (
    deflated_sharpe,
    effective_rank,
    expected_maximum_sharpe,
    minimum_backtest_length,
)
from thunes.core.stats.performance import sharpe, sortino
from thunes.core.stats.sharpe import (
    TrackRecord,
    annualisation_factor,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_variance,
)

FRONTIER = "Bailey & Lopez de Prado 2012"
DEFLATED = "Bailey & Lopez de Prado 2014"
NOTICES = "Bailey, Borwein, Lopez de Prado & Zhu 2014"
HOW_TO = "Lopez de Prado, Lipton & Zoonekynd 2025"

SKEWED = TrackRecord(0.458, 24, -2.448, 10.164)
HEDGE_FUND = TrackRecord(0.036 / 0.079, 24, -2.448, 10.164)
DAILY = TrackRecord(2.5 / math.sqrt(250), 1250, -3, 10)
INDEX_A = TrackRecord(0.7079, 134, -0.2250, 2.9570)
INDEX_B = TrackRecord(0.8183, 134, -1.4455, 7.0497)


def normal(record: TrackRecord) -> TrackRecord:
    return replace(record, skew=0.0, kurtosis=3.0)


def sigma(record: TrackRecord, how: str) -> float:
    return math.sqrt(sharpe_variance(record, variance_at=how))


def two_against_one(periods: int, skew: float = 0.0, kurtosis: float = 3.0) -> float:
    """Years to tell an annualised Sharpe ratio of 2 from 1 at 95 %."""
    root = math.sqrt(periods)
    record = TrackRecord(2 / root, periods, skew, kurtosis)
    return minimum_track_record(record, 1 / root, variance_at="estimate") / periods


def years_of_months(record: TrackRecord) -> float:
    return minimum_track_record(record, variance_at="estimate") / 12


def deflated_2014(record: TrackRecord, trials: int) -> float:
    return deflated_sharpe(record, trials, 0.5 / 250, "estimate")


def days_to_prove(annual: float, skew: float = 0.0, kurtosis: float = 3.0) -> float:
    record = TrackRecord(annual / math.sqrt(365), 100, skew, kurtosis)
    return minimum_track_record(record, variance_at="estimate")


def week_above(true: float, limit: float) -> float:
    """The probability that the annualised Sharpe ratio of seven days comes out above `limit`."""
    week = TrackRecord(limit / math.sqrt(365), 7)
    return 1 - probabilistic_sharpe(week, true / math.sqrt(365))


def lo(rho: float) -> float:
    return annualisation_factor(rho ** np.arange(1.0, 12), 12)


MONTHS = np.array(
    [0.259, 0.198, 0.364, -0.081, 0.057, 0.055, 0.188, 0.317, 0.24, 0.184, -0.01, 0.526]
)
ROLLINGER = np.array([0.17, 0.15, 0.23, -0.05, 0.12, 0.09, 0.13, -0.04])
CURVE = np.array([100.0, 120, 90, 110, 80, 130])
CORRELATION = np.array([[10.0, 1, 7], [1, 10, 8], [7, 8, 10]]) / 10
# A week's Sharpe ratio has a standard error of sqrt(365 / 7).
WEEK, MONTH = TrackRecord(0.0, 7), TrackRecord(0.0, 30)

TWO_TRIALS = [1, 2, 3, 2, 2, 0, 4, 1, -1, 3, 0, 5, 1, 1, -2, 2.5]

PUBLISHED = [
    (FRONTIER, "PSR(0), normal", probabilistic_sharpe(normal(SKEWED), 0, "estimate"), 0.982),
    (FRONTIER, "PSR(0), skewed", probabilistic_sharpe(SKEWED, 0, "estimate"), 0.913),
    (FRONTIER, "sigma of SR, n = 134, first", sigma(INDEX_A, "estimate"), 0.1028),
    (FRONTIER, "sigma of SR, n = 134, second", sigma(INDEX_B, "estimate"), 0.1550),
    (
        FRONTIER,
        "MinTRL years, first",
        years_of_months(INDEX_A),
        0.7152,
    ),
    (
        FRONTIER,
        "MinTRL years, second",
        years_of_months(INDEX_B),
        1.1593,
    ),
    (FRONTIER, "MinTRL years, daily", two_against_one(250), 2.73),
    (FRONTIER, "MinTRL years, weekly", two_against_one(52), 2.83),
    (FRONTIER, "MinTRL years, monthly", two_against_one(12), 3.24),
    (FRONTIER, "MinTRL years, monthly, skewed", two_against_one(12, -0.72, 5.78), 4.99),
    (DEFLATED, "SR0 daily, N = 100", expected_maximum_sharpe(100, 0.5 / 250), 0.1132),
    (DEFLATED, "DSR, N = 100", deflated_2014(DAILY, 100), 0.9004),
    (DEFLATED, "DSR, N = 46", deflated_2014(DAILY, 46), 0.9505),
    (DEFLATED, "DSR, normal, N = 88", deflated_2014(normal(DAILY), 88), 0.9505),
    (NOTICES, "E[max], N = 10", expected_maximum_sharpe(10), 1.57),
    (NOTICES, "MinBTL years, N = 45, target 1", minimum_backtest_length(45, 1.0), 4.998),
    (HOW_TO, "sigma", sigma(HEDGE_FUND, "null"), 0.329),
    (HOW_TO, "sigma, Gaussian", sigma(normal(HEDGE_FUND), "null"), 0.214),
    (HOW_TO, "MinTRL", minimum_track_record(HEDGE_FUND), 13.029),
    (HOW_TO, "PSR(0)", probabilistic_sharpe(HEDGE_FUND), 0.987),
    (HOW_TO, "PSR(0.1)", probabilistic_sharpe(HEDGE_FUND, 0.1), 0.939),
    (HOW_TO, "beta at SR1 = 0.5", missed(HEDGE_FUND, 0.5), 0.315),
    (HOW_TO, "pFDR(.05, .05, .315)", planned_false_discoveries(0.05, 0.05, 0.315), 0.581),
    (HOW_TO, "oFDR, SR1 = 0.5", observed_false_discovery(HEDGE_FUND, 0.5, 0.05), 0.306),
    (
        "derived",
        "PBO, 8 rows of 2 trials in 4 blocks",
        overfitting(np.reshape(TWO_TRIALS, (8, 2)), 4).probability,
        1 / 3,
    ),
    ("Roy & Vetterli 2007", "effective rank", effective_rank(CORRELATION), 1.84),
    ("textbook", "Sharpe, benchmark 5 %", sharpe(MONTHS, benchmark=0.05), 0.834364),
    ("Rollinger & Hoffman 2013", "Sortino, target 0", sortino(ROLLINGER), 4.417261),
    ("derived", "max drawdown", max_drawdown(CURVE), -0.333333),
    ("derived", "ulcer index", ulcer_index(CURVE), 0.173472),
    ("Lo 2002", "q = 12, rho -0.2", lo(-0.2), 4.171),
    ("Lo 2002", "q = 12, rho 0", lo(0.0), 3.464),
    ("Lo 2002", "q = 12, rho 0.1", lo(0.1), 3.160),
    ("Lo 2002", "q = 12, rho 0.2", lo(0.2), 2.879),
    ("Lo 2002", "q = 12, rho 0.5", lo(0.5), 2.121),
    ("live record", "standard error of a week", sigma(WEEK, "null") * math.sqrt(365), 7.22),
    ("live record", "standard error of a month", sigma(MONTH, "null") * math.sqrt(365), 3.49),
    ("live record", "a week above 0.8 without edge", week_above(0, 0.8), 0.456),
    ("live record", "a week above 0.8 with Sharpe 2", week_above(2, 0.8), 0.566),
    ("live record", "a week below 1 with Sharpe 2", 1 - week_above(2, 1), 0.445),
    ("live record", "days to prove 1", days_to_prove(1), 990),
    ("live record", "days to prove 2", days_to_prove(2), 249),
    ("live record", "days to prove 3", days_to_prove(3), 112),
    ("live record", "days to prove 1, skewed", days_to_prove(1, -1, 10), 1046),
    ("live record", "days to prove 2, skewed", days_to_prove(2, -1, 10), 280),
    ("live record", "days to prove 3, skewed", days_to_prove(3, -1, 10), 134),
]


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        pytest.param(value, number, id=f"{source}: {what}")
        for source, what, value, number in PUBLISHED
    ],
)
def test_published_number(value: float, printed: float) -> None:
    decimals = len(str(printed).partition(".")[2])
    unit = 10.0**-decimals
    # Half a unit of the last printed digit; printed whole numbers are rounded either way.
    assert abs(value - printed) <= (unit / 2 if decimals else unit) * (1 + 1e-9)


def test_five_years_bear_forty_five_trials() -> None:
    assert minimum_backtest_length(45, 1.0) < 5 < minimum_backtest_length(46, 1.0)
