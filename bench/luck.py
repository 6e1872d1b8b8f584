"""Statistics: eight figures of a year of minutes, overfitting, superior predictive ability."""

from collections.abc import Callable
from dataclasses import astuple

import numpy as np

from bench.data import table
from bench.harness import CSCV, FIGURES, OURS, SPA, Row, measure
from thunes.core.stats.bootstrap import Sampling
from thunes.core.stats.cscv import overfitting
from thunes.core.stats.summary import summarise
from thunes.core.stats.superior import superior_ability

MINUTES_A_YEAR = 525_600
DRAWS = 1_000


def rows(runs: int) -> list[Row]:
    """Each beside what it came to: every run gives the same, on any number of threads."""
    closes = np.ascontiguousarray(table("d2")[3])
    noise = np.random.default_rng(6).standard_normal((2_000, 10_000)) * 0.01

    def figures() -> str:
        return figures_text(astuple(summarise(closes, MINUTES_A_YEAR)))

    def luck() -> str:
        found = overfitting(noise[:1_000])
        return f"PBO {found.probability:.4f} of {found.rank.size:,} splits"

    def superiority() -> str:
        found = superior_ability(noise, Sampling(10.0, DRAWS, 1))
        return f"p {found.lower:.4f}, {found.consistent:.4f}, {found.upper:.4f}"

    work: tuple[tuple[str, Callable[[], str], int, str], ...] = (
        (FIGURES, figures, closes.size - 1, "points/s"),
        (CSCV, luck, 10_000, "trials/s"),
        (SPA, superiority, 10_000 * DRAWS, "means/s"),
    )
    return [
        _measured(Row(work=name, who=OURS, times=[], units=units, unit=unit), call, runs)
        for name, call, units, unit in work
    ]


def figures_text(figures: tuple[float | None, ...]) -> str:
    """Eight figures as they are compared: to four decimals."""
    return " ".join("-" if value is None else f"{value:.4f}" for value in figures)


def _measured(row: Row, call: Callable[[], str], runs: int) -> Row:
    def run() -> tuple[float, int]:
        row.note = call()
        return 0.0, 0

    measured = measure(row, run, max(runs, 5))
    measured.equity = measured.entries = None
    return measured
