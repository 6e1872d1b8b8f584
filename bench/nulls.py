"""How often a search is promoted where there is no edge, and how often one that is there is found.

`.venv/bin/python -m bench.nulls [MARKETS]`: searches of 1,000 trials over three years of days, half
of them by moving averages, half by sources of signals, each put to every test; about a second each.
"""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from thunes.core.stats.neighbourhood import most_robust
from thunes.core.stats.paths import column_sharpes
from thunes.research.evidence import Evidence, Scrutiny, Search, weigh
from thunes.research.verdict import Verdict, judge

Floats = NDArray[np.float64]

MARKETS, DAYS = 200, 1_095
EDGES = (0.1, 0.15, 0.2)
DEVIATION = 0.02
FASTS, SLOWS = range(2, 52, 2), range(55, 255, 5)
SOURCES, WINDOWS, LIMITS = range(20), range(1, 11), range(5)
TRUE_SOURCE, KEPT = 7, 0.8


class Trials(NamedTuple):
    """Returns, days x trials, each decided on the day before; and the trials' parameters in steps,
    trials x parameters."""

    returns: Floats
    steps: Floats


def averages(rng: np.random.Generator, days: int, edge: float) -> Trials:
    """Long while a fast average is above a slow one, short below: 1,000 pairs, all much alike.

    The drift is +`edge` or -`edge` deviations a day and turns about every fifty days.
    """
    sign = np.where(np.cumsum(rng.random(days) > 0.98) % 2, -1.0, 1.0)
    returns = DEVIATION * (rng.standard_normal(days) + edge * sign)
    price = np.cumsum(np.log1p(returns))
    means = {window: moving(price[:, np.newaxis], window)[:, 0] for window in (*FASTS, *SLOWS)}
    pairs = list(product(FASTS, SLOWS))
    held = np.column_stack([np.sign(means[fast] - means[slow]) for fast, slow in pairs])
    steps = np.array([(fast / FASTS.step, slow / SLOWS.step) for fast, slow in pairs])
    return Trials(earned(held, returns), steps)


def sources(rng: np.random.Generator, days: int, edge: float) -> Trials:
    """Long or short by the average of one of 20 sources, if it is large enough: 1,000 trials of
    which 50 look at the right source.

    That one says `edge` deviations of the next day's return for each of its own.
    """
    values = rng.standard_normal((days, len(SOURCES)))
    for day in range(1, days):
        values[day] = KEPT * values[day - 1] + np.sqrt(1 - KEPT**2) * values[day]
    returns = DEVIATION * rng.standard_normal(days)
    returns[1:] += DEVIATION * edge * values[:-1, TRUE_SOURCE]
    held, steps = [], []
    for window, limit in product(WINDOWS, LIMITS):
        mean = np.nan_to_num(moving(values, window))
        held.append(np.where(np.abs(mean) > limit / 10, np.sign(mean), 0.0))
        # Sources are no neighbours of each other.
        steps += [(10 * source, window, limit) for source in SOURCES]
    return Trials(earned(np.hstack(held), returns), np.array(steps, dtype=np.float64))


DESIGNS: dict[str, Callable[[np.random.Generator, int, float], Trials]] = {
    "averages": averages,
    "sources": sources,
}


def moving(values: Floats, window: int) -> Floats:
    """The mean of each row and those before it; NaN before there are enough."""
    total = np.vstack([np.zeros(values.shape[1]), values.cumsum(axis=0)])
    mean = np.full(values.shape, np.nan)
    mean[window - 1 :] = (total[window:] - total[:-window]) / window
    return mean


def earned(held: Floats, returns: Floats) -> Floats:
    """What was held at the end of a day earns the next day's return."""
    found = np.zeros_like(held)
    found[1:] = np.nan_to_num(held[:-1]) * returns[1:, np.newaxis]
    return found


class Found(NamedTuple):
    """What a search came to."""

    verdict: Verdict
    evidence: Evidence


def searched(
    design: str, seed: int, edge: float, days: int = DAYS, scrutiny: Scrutiny | None = None
) -> Found:
    """One market, its search, and the verdict.

    Nothing costs anything, so that noise has every chance, and the gates are taken to hold.
    """
    trials = DESIGNS[design](np.random.default_rng(seed), days, edge)
    scores = column_sharpes(trials.returns)
    chosen = most_robust(trials.steps, scores)
    search = Search(returns=trials.returns, chosen=chosen, steps=trials.steps, scores=scores)
    whole = float(np.prod(1 + trials.returns[:, chosen]) - 1)
    evidence = replace(weigh(search, scrutiny), doubled_costs=whole, gates_hold=True)
    return Found(judge(evidence).verdict, evidence)


def told(design: str, edge: float, found: list[Found]) -> str:
    """A line of the table: verdicts, and how often each figure by itself would promote."""
    count = Counter(each.verdict for each in found)
    figures = [each.evidence for each in found]
    alone = {
        "PSR": [(e.psr or 0) >= 0.95 for e in figures],
        "DSR": [(e.dsr or 0) >= 0.95 for e in figures],
        "raw DSR": [(e.dsr_raw or 0) >= 0.95 for e in figures],
        "PBO": [e.pbo <= 0.1 for e in figures],
        "SPA": [e.spa <= 0.05 for e in figures],
        "paths": [e.path_low > 0 for e in figures],
    }
    verdicts = ", ".join(f"{verdict} {count[verdict]}" for verdict in Verdict)
    shares = ", ".join(f"{name} {np.mean(passed):.1%}" for name, passed in alone.items())
    return f"{design}, edge {edge:g}: {len(found)} markets: {verdicts}; alone: {shares}"


def main() -> None:
    markets = int(sys.argv[1]) if len(sys.argv) > 1 else MARKETS
    for design, edge in product(DESIGNS, (0.0, *EDGES)):
        count = markets // 2 if edge == 0.0 else max(1, markets // 10)
        print(told(design, edge, [searched(design, s, edge) for s in range(count)]), flush=True)


if __name__ == "__main__":
    main()
